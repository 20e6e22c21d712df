import ArgumentParser
import EventLoop
import Glibc
import Scripting
import Server
import Store

struct Run: RunsCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve handlers on a socket, and reload them when they are saved.",
        usage: "dogger run [<handlers> ...] [<options>] [-- <command> ...]",
        discussion: """
            Serves on unix:///tmp/dogger.sock, or where --socket and --listen say. Several handlers are asked in their \
            order: one that returns nil passes the request on to the next.

              dogger run handlers/ps.lua
              docker -H unix:///tmp/dogger.sock ps

            With --upstream, dogger stands in front of a server: what no handler answers goes on to it, and a handler \
            can have it answer and change that with req:forward(). Without any handler everything goes by as it is.

              dogger run readonly.lua --upstream /var/run/docker.sock

            A handler is a file, - for standard input, or a name: of a file here or in handlers/, of an installed handler, or of \
            one that dogger has in it; see `dogger list`.

            With -- and a command, the command runs with DOCKER_HOST (and DOGGER_SOCKET) set to a private socket that is \
            gone afterwards, and its exit status is dogger's:

              dogger run handlers/ps.lua -- docker ps

            Sockets that a service manager hands over (LISTEN_FDS) are served in place of the default one, and it is told how \
            the service does (NOTIFY_SOCKET).

            Sizes are like 64KiB or 256MiB, times like 500ms or 10s. SIGTERM and SIGINT let requests under way finish; a \
            second one cuts them off. SIGHUP reloads the handlers.
            """)

    @Argument(help: "Handler files, names, or - for standard input, in the order in which they are asked.", completion: .file(extensions: ["lua"]))
    var handlers: [String] = []

    @Option(help: ArgumentHelp("The socket's path. It is made with mode 0600. (default: /tmp/dogger.sock)", valueName: "path"), completion: .file())
    var socket: String?

    @Option(help: ArgumentHelp("Serve on TCP. Everybody on this machine may connect, so a loopback address is asked for, or --public.", valueName: "host:port"), transform: TCPAddress.parse)
    var listen: TCPAddress?

    @Flag(name: .customLong("public"), help: "Let --listen be an address that other machines reach, under any host name.")
    var isPublic = false

    @Option(help: ArgumentHelp("Let pages of this origin ask over TCP, as http://localhost:3000. May be repeated.", valueName: "origin"))
    var allowOrigin: [String] = []

    @Option(help: ArgumentHelp(
        "Where goes what no handler answers: unix:///path, a path, tcp://host:port, or docker for the engine that the docker client would use.", valueName: "address"))
    var upstream: String?

    @Option(help: ArgumentHelp("Keep what scripts put into dogger.store in this file, an SQLite database. (default: in memory, until dogger ends)", valueName: "file"),
        completion: .file())
    var store: String?

    @Flag(help: "Log headers and bodies too.")
    var trace = false

    @Flag(help: "Don't log requests. Errors are logged all the same.")
    var quiet = false

    @Flag(help: "Keep errors of scripts to the log: the client learns only that the handler failed.")
    var hideErrors = false

    @Option(help: ArgumentHelp("How long requests under way may go on after SIGTERM. (default: 10s)", valueName: "time"), transform: Duration.parse)
    var grace = Duration(seconds: 10)

    @OptionGroup(title: "What scripts may reach") var grants: GrantOptions

    @OptionGroup(title: "Limits") var limits: LimitOptions

    /// What stands behind `--`. The parser knows no second list, so `Dogger.main` puts it here.
    var command: [String] = []

    private enum CodingKeys: String, CodingKey {
        case handlers, socket, listen, isPublic, allowOrigin, upstream, store, trace, quiet, hideErrors, grace, grants, limits
    }

    func validate() throws {
        if handlers.isEmpty, upstream == nil { throw ValidationError("name a handler file, or an --upstream to pass everything on to") }
        if let listen, !isPublic, !listen.isLoopback {
            throw ValidationError("--listen \(listen.host):\(listen.port) can be reached by other machines: add --public if that is meant, or take 127.0.0.1:\(listen.port)")
        }
    }

    func run() throws {
        var scripting = limits.scripting
        scripting.grants = grants.grants
        scripting.hidesErrors = hideErrors
        scripting.traces = trace
        scripting.tcpGuard.allowsAnyHost = isPublic
        scripting.tcpGuard.origins = allowOrigin
        scripting.store = try openStore()
        scripting.logsRequests = trace || (!quiet && command.isEmpty)
        do {
            let address = try upstream.map { try UpstreamAddress.parse($0 == "docker" ? DockerHost.address() : $0) }
            let (paths, given) = try HandlerSearch.all.findAll(handlers)
            scripting.given = given
            let plan = Service.Plan(
                handlers: paths, scripting: scripting, server: limits.server, upstream: address, grace: grace.nanoseconds,
                tellsGaps: command.isEmpty)
            throw try ExitCode(command.isEmpty ? serve(plan) : PrivateSocket.run(command, plan, listen: openSockets))
        } catch let error as ListenError {
            throw Failure(error.description)
        } catch let error as UpstreamAddressError {
            throw ValidationError("--upstream: \(error)")
        }
    }

    /// In memory it is the parent's, so that it outlives its workers.
    private func openStore() throws -> Store {
        let limit = limits.storeLimit.bytes
        if let store { return Store(.file(store), limit: limit) }
        guard let files = MemoryFiles() else { throw SystemError("cannot make a store in memory") }
        return Store(.memory(files), limit: limit)
    }

    /// Serves until a signal ends it.
    /// - Returns: the exit status.
    private func serve(_ plan: Service.Plan) throws -> Int32 {
        let supervisor = try Supervisor(plan, manager: .take())
        // Taken over before there is anything to leave behind.
        let signals = try Signals(supervisor.loop, [SIGTERM, SIGINT, SIGHUP]) { number, _ in
            if number == SIGHUP { supervisor.reload() } else { supervisor.end() }
        }
        defer {
            supervisor.closeListeners()
            signals.close()
        }
        try openSockets(supervisor)
        return try supervisor.run { supervisor.announce() }
    }

    private func openSockets(_ supervisor: Supervisor) throws {
        let given = try Activation.takeListeners()
        for listener in given { try supervisor.listen(listener) }
        if let listen { try supervisor.listen(.tcp(host: listen.host, port: listen.port)) }
        if let socket {
            try supervisor.listen(.unix(path: socket))
        } else if command.isEmpty, listen == nil, given.isEmpty {
            try supervisor.listen(.unix(path: "/tmp/dogger.sock"))
        }
    }
}
