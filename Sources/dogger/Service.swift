import EventLoop
import Glibc
import Scripting
import Server

/// The handlers being served: from the first listener to the end of the last request.
final class Service {
    let loop: EventLoop
    let log: Log
    private let server: Server
    private let reloader: Reloader
    private let handlers: [String]
    private let grace: UInt64
    private let upstream: UpstreamAddress?
    private var isEnding = false

    /// Loads the handlers.
    init(_ handlers: [String], _ options: ScriptingOptions, _ serverOptions: ServerOptions, upstream: UpstreamAddress?, grace: UInt64) throws {
        Descriptor.raiseLimit()
        // The log may lose its reader, as in `dogger run ... 2>&1 | head`; requests go on.
        signal(SIGPIPE, SIG_IGN)
        self.handlers = handlers
        self.grace = grace
        loop = try EventLoop()
        log = Log(2, loop)
        self.upstream = upstream
        var options = options
        options.upstream = upstream.map { [loop] in Upstream(loop: loop, address: $0) }
        reloader = try Reloader(handlers, options, loop, log)
        server = Server(loop: loop, options: serverOptions, handler: reloader.requestHandler)
    }

    /// Listens, and says so.
    func listen(_ address: Listener.Address) throws {
        let real = try listenQuietly(address)
        let what = handlers.isEmpty ? "" : " " + handlers.joined(separator: ", ")
        let behind = upstream.map { " in front of \($0)" } ?? ""
        log.line("dogger: serving\(what)\(behind) on \(real)")
    }

    /// - Returns: the address with the port that the kernel chose where 0 was asked for.
    @discardableResult
    func listenQuietly(_ address: Listener.Address) throws -> Listener.Address {
        let listener =
            switch address {
            case .unix(let path): try Listener.unix(path: path)
            case .tcp(let host, let port): try Listener.tcp(host: host, port: port)
            }
        if let upstream, upstream.isSame(as: listener) {
            listener.close()
            throw Failure("--upstream \(upstream) is the socket that dogger itself would serve on: requests would go round in a circle. Give --socket another path.")
        }
        try server.listen(listener)
        return listener.address
    }

    /// Serves until SIGTERM or SIGINT.
    /// - Returns: the exit status.
    func run() throws -> Int32 {
        let signals = try Signals(loop, [SIGTERM, SIGINT, SIGHUP]) { [unowned self] number, _ in
            if number == SIGHUP { reloader.reload() } else { end() }
        }
        log.flush()
        try loop.run()
        signals.close()
        log.flush()
        return 0
    }

    /// Lets requests under way finish, up to the grace; asked once more, it cuts them off.
    func end() {
        server.drain(grace: isEnding ? 0 : grace) { [unowned self] in loop.stop() }
        if !isEnding, server.connectionCount > 0 { log.line("dogger: finishing the requests under way; a second signal cuts them off") }
        isEnding = true
    }
}
