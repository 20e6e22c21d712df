import ArgumentParser
import EventLoop
import Glibc
import Scripting

@main
struct Dogger: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dogger",
        abstract: "Answer HTTP on a Unix socket with a Lua function: hijack docker, or anything that speaks HTTP.",
        discussion: """
            A handler is a Lua file that returns a function of the request, or a table of routes. dogger serves it on a \
            socket; save the file, and the next request is answered by the new version.

              dogger run handlers/ps.lua
              docker -H unix:///tmp/dogger.sock ps

              dogger run handlers/ps.lua -- docker ps

            dogger --version --verbose says what of the kernel's means keeps scripts in on this machine.

            Exit status: 0 when all went well, 1 when something failed, 2 when dogger was used wrongly.
            """,
        version: "dogger \(DoggerVersion.number)",
        subcommands: [
            Run.self, New.self, Test.self, Check.self, List.self, PackHandler.self, Show.self, Install.self, Record.self, Types.self,
        ])

    /// As the parser's own `main`, but a wrong use ends with 2, and faults go to standard error in dogger's words.
    static func main() {
        let arguments = Environment.arguments.dropFirst()
        // Behind it stands the user's command, for those that run one, and for others what is no option.
        let own = runsCommand(arguments.first) ? arguments.prefix { $0 != "--" } : arguments
        do {
            if Set(own) == ["--version", "--verbose"] {
                Output.say(text: try Version.verbose())
                return
            }
            var command = try parseAsRoot(Run.withInspectAddress(Array(own)))
            let behind = Array(arguments.dropFirst(own.count + 1))
            if own.count < arguments.count, behind.isEmpty { throw ValidationError("no command stands behind --: name one, or leave -- out") }
            if var run = command as? any RunsCommand {
                run.command = behind
                try run.run()
            } else {
                try command.run()
            }
        } catch {
            let code = exitCode(for: error)
            let isOurs = error is Failure || error is SystemError || error is SharingFault
            let message = isOurs ? "\(error)" : fullMessage(for: error)
            if !message.isEmpty {
                if code != .success, logsObjects(own) {
                    Output.say(LogObject.error(message), to: 2)
                } else if isOurs {
                    Output.say("dogger: \(message)", to: 2)
                    if let excerpt = (error as? Failure)?.excerpt, !excerpt.isEmpty { Output.say(text: excerpt, to: 2) }
                } else {
                    Output.say(text: message, to: code == .success ? 1 : 2)
                }
            }
            Glibc.exit(code == .validationFailure ? 2 : code.rawValue)
        }
    }

    private static func runsCommand(_ name: String?) -> Bool {
        configuration.subcommands.contains { $0 is any RunsCommand.Type && $0._commandName == name }
    }

    /// `--log-format json`, asked of the text: arguments that are wrong are not parsed, and that has to be told in the same form.
    private static func logsObjects(_ arguments: ArraySlice<String>) -> Bool {
        arguments.contains("--log-format=json") || zip(arguments, arguments.dropFirst()).contains { $0 == ("--log-format", "json") }
    }
}

/// A subcommand that runs a command of the user's.
protocol RunsCommand: ParsableCommand {
    /// What stands behind `--`.
    var command: [String] { get set }
}

/// What ends a command: a sentence for standard error, and the exit status.
struct Failure: Error, CustomStringConvertible {
    var message: String
    /// Lines to be shown under it; empty where there are none.
    var excerpt: String
    var description: String { message }

    init(_ message: String, excerpt: String = "") {
        self.message = message
        self.excerpt = excerpt
    }
}
