import ArgumentParser
import EventLoop
import Glibc
import Scripting
import Server

struct Record: RunsCommand {
    static let configuration = CommandConfiguration(
        abstract: "Record what goes to a server and comes back, as a handler that replays it.",
        usage: "dogger record -o <file> [<options>] [-- <command> ...]",
        discussion: """
            Stands in front of a server, changes nothing, and writes all that goes by to a tape: a Lua file, which \
            `dogger run` plays without the server, and which is made to be read and edited.

              dogger record -o tape.lua -- docker run --rm busybox echo hello
              dogger run tape.lua -- docker run --rm busybox echo hello

            Without a command it serves on unix:///tmp/dogger.sock, or where --socket says, until SIGTERM or Ctrl-C. The tape \
            is written after each exchange.

            A request that came several times gets its answers in their order, and then the last one again and again. Streams \
            (logs -f, events, attach, exec) are replayed with their pauses; the tape's SPEED makes them shorter. Not on the \
            tape: headers of requests, credentials, and bodies past --body-limit, which their answers say at the replay: to \
            have docker save and docker cp of some MiB on it, raise the limit. All else is on it: look through a tape, for what \
            containers have in their environment, before you share it.

            --har writes an HTTP Archive 1.2 as well, for the tools that read it.
            """)

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The tape. A file that dogger did not record is not overwritten.", valueName: "file"),
        completion: .file(extensions: ["lua"]))
    var output: String

    @Option(help: ArgumentHelp(
        "What to record: unix:///path, a path, tcp://host:port, or docker for the engine that the docker client would use.",
        valueName: "address"))
    var upstream = "docker"

    @Option(help: ArgumentHelp("An HTTP Archive, besides the tape.", valueName: "file"), completion: .file(extensions: ["har"]))
    var har: String?

    @Option(
        help: ArgumentHelp("The socket's path. It is made with mode 0600. (default: /tmp/dogger.sock)", valueName: "path"),
        completion: .file())
    var socket: String?

    @Option(help: ArgumentHelp(
        "The most bytes of a body that are kept, each way. All of it goes by in any case. (default: 1MiB)", valueName: "size"), transform: ByteCount.parse)
    var bodyLimit = ByteCount(1 << 20)

    @Option(help: ArgumentHelp("How long requests under way may go on after SIGTERM. (default: 10s)", valueName: "time"), transform: Duration.parse)
    var grace = Duration(seconds: 10)

    /// What stands behind `--`. The parser knows no second list, so `Dogger.main` puts it here.
    var command: [String] = []

    private enum CodingKeys: String, CodingKey {
        case output, upstream, har, socket, bodyLimit, grace
    }

    func validate() throws {
        if output == har { throw ValidationError("--output and --har name the same file, \(output): give each its own") }
        if [output, har].contains("-") {
            throw ValidationError("a recording is written anew after each exchange, and so it can't go to standard output: name a file")
        }
    }

    func run() throws {
        let plan = Recorder.Plan(tape: output, archive: har, command: command, bodyLimit: bodyLimit.bytes)
        do {
            let address = try UpstreamAddress.parse(upstream == "docker" ? DockerHost.address() : upstream)
            let session = try RecordingSession(plan, address, grace: grace.nanoseconds)
            if let socket {
                try session.announce(session.listen(socket))
            } else if command.isEmpty {
                try session.announce(session.listen("/tmp/dogger.sock"))
            }
            throw ExitCode(try command.isEmpty ? session.run() : session.run(command))
        } catch let error as RecordingFault {
            throw Failure(error.description)
        } catch let error as ListenError {
            throw Failure(error.description)
        } catch let error as UpstreamAddressError {
            throw ValidationError("--upstream: \(error)")
        }
    }
}

/// From the first listener to the last write of the tape.
private final class RecordingSession {
    private let loop: EventLoop
    private let log: Log
    private let server: Server
    private let recorder: Recorder
    private let upstream: Upstream
    private let grace: UInt64
    private var isEnding = false

    init(_ plan: Recorder.Plan, _ address: UpstreamAddress, grace: UInt64) throws {
        Descriptor.raiseLimit()
        loop = try EventLoop()
        log = Log(2, loop)
        self.grace = grace
        upstream = Upstream(loop: loop, address: address)
        recorder = try Recorder(plan, upstream, log)
        server = Server(loop: loop, handler: recorder)
    }

    func listen(_ path: String) throws -> Listener {
        let listener = try Listener.unix(path: path)
        if upstream.address.isSame(as: listener) {
            listener.close()
            throw Failure(
                "--upstream \(upstream.address) is the socket that dogger itself would serve on: requests would go round in a circle. Give --socket another path."
            )
        }
        try server.listen(listener)
        return listener
    }

    func announce(_ listener: Listener) { log.line("dogger: recording \(upstream.address) on \(listener.address)") }

    /// Records until SIGTERM or SIGINT.
    /// - Returns: the exit status.
    func run() throws -> Int32 {
        let signals = try Signals(loop, [SIGTERM, SIGINT, SIGHUP]) { [unowned self] _, _ in end() }
        log.flush()
        try loop.run()
        signals.close()
        return try finish()
    }

    /// Records what a command does with a socket that only it knows.
    /// - Returns: the command's exit status, as `PrivateSocket.run` has it.
    func run(_ command: [String]) throws -> Int32 {
        let directory = try PrivateSocket.makeDirectory()
        defer { rmdir(directory) }
        let path = "\(directory)/docker.sock"
        _ = try listen(path)
        log.flush()
        var status: Int32 = 0
        var child: ChildProcess?
        // What comes from the terminal reaches the command too, for it is in the same process group.
        let signals = try Signals(loop, [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2]) { [unowned self] number, sender in
            if child?.status != nil { return end() }
            if case .process = sender { child?.send(number) }
        }
        do throws(SystemError) {
            child = try ChildProcess(loop, command, environment: PrivateSocket.environment(path)) { [unowned self] end in
                switch end {
                case .exited(let code): status = code
                case .signalled(let number): status = 128 + number
                }
                self.end()
            }
        } catch {
            log.line("dogger: \(error.description)")
            status = error.code == ENOENT ? 127 : 126
            end()
        }
        try loop.run()
        signals.close()
        _ = try finish()
        return status
    }

    private func finish() throws -> Int32 {
        let summary = try recorder.finish()
        log.line("dogger: \(summary)")
        log.flush()
        return 0
    }

    /// Lets requests under way finish, up to the grace; asked once more, it cuts them off.
    private func end() {
        server.drain(upstream, grace: isEnding ? 0 : grace) { [unowned self] in
            log.tellCutOff(server)
            loop.stop()
        }
        isEnding = true
    }
}
