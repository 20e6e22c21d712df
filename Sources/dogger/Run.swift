import ArgumentParser
import EventLoop
import Glibc
import Scripting
import Server

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve handlers on a socket, and reload them when they are saved.",
        usage: "dogger run <handlers> ... [<options>] [-- <command> ...]",
        discussion: """
            Serves on unix:///tmp/dogger.sock, or where --socket and --listen say. Several handlers are asked in their \
            order: one that returns nil passes the request on to the next.

              dogger run handlers/ps.lua
              docker -H unix:///tmp/dogger.sock ps

            With -- and a command, the command runs with DOCKER_HOST (and DOGGER_SOCKET) set to a private socket that is \
            gone afterwards, and its exit status is dogger's:

              dogger run handlers/ps.lua -- docker ps

            Sizes are like 64KiB or 256MiB, times like 500ms or 10s. SIGTERM and SIGINT let requests under way finish; a \
            second one cuts them off. SIGHUP reloads the handlers.
            """)

    @Argument(help: "Handler files, in the order in which they are asked.", completion: .file(extensions: ["lua"]))
    var handlers: [String]

    @Option(help: ArgumentHelp("The socket's path. It is made with mode 0600. (default: /tmp/dogger.sock)", valueName: "path"), completion: .file())
    var socket: String?

    @Option(help: ArgumentHelp("Serve on TCP. Everybody who reaches the address may connect.", valueName: "host:port"))
    var listen: TCPAddress?

    @Flag(help: "Log headers and bodies too.")
    var trace = false

    @Flag(help: "Don't log requests. Errors are logged all the same.")
    var quiet = false

    @Flag(help: "Keep errors of scripts to the log: the client learns only that the handler failed.")
    var hideErrors = false

    @Option(help: ArgumentHelp("How long requests under way may go on after SIGTERM.", valueName: "time"))
    var grace = Duration(seconds: 10)

    @OptionGroup(title: "Limits") var limits: LimitOptions

    /// What stands behind `--`. The parser knows no second list, so `Dogger.main` puts it here.
    var command: [String] = []

    private enum CodingKeys: String, CodingKey {
        case handlers, socket, listen, trace, quiet, hideErrors, grace, limits
    }

    func run() throws {
        var scripting = limits.scripting
        scripting.hidesErrors = hideErrors
        scripting.traces = trace
        scripting.logsRequests = trace || (!quiet && command.isEmpty)
        let plan = Service.Plan(handlers: handlers, scripting: scripting, server: limits.server, grace: grace.nanoseconds)
        do {
            let listeners = try openListeners()
            throw try ExitCode(command.isEmpty ? serve(plan, listeners) : PrivateSocket.run(command, plan, listeners))
        } catch let error as ListenError {
            throw Failure(error.description)
        }
    }

    private func openListeners() throws -> [Listener] {
        var listeners = try Activation.takeListeners()
        if let listen { listeners.append(try .tcp(host: listen.host, port: listen.port)) }
        if let socket {
            listeners.append(try .unix(path: socket))
        } else if command.isEmpty, listeners.isEmpty {
            listeners.append(try .unix(path: "/tmp/dogger.sock"))
        }
        return listeners
    }

    /// Serves until a signal ends it.
    /// - Returns: the exit status.
    private func serve(_ plan: Service.Plan, _ listeners: [Listener]) throws -> Int32 {
        let supervisor = try Supervisor(plan, listeners, manager: .take())
        let signals = try Signals(supervisor.loop, [SIGTERM, SIGINT, SIGHUP]) { number, _ in
            if number == SIGHUP { supervisor.reload() } else { supervisor.end() }
        }
        defer { signals.close() }
        return try supervisor.run { supervisor.announce() }
    }
}
