import ArgumentParser
import Scripting

struct Install: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep a handler where `dogger run NAME` finds it.",
        discussion: """
            The handler goes to $XDG_DATA_HOME/dogger/handlers, by default ~/.local/share/dogger/handlers, as one file: what is no \
            pack yet is packed. It is loaded once before, in the sandbox; what does not load is not installed. To remove it, \
            remove that file. Look at what you install first: dogger show FILE.

              dogger install nopriv.pack.lua --sha256 4e06a9a796f6...
              dogger run nopriv --upstream docker
              curl -s https://example.org/x.pack.lua | dogger install - --name x
            """)

    @Argument(help: "The handler's file, or - for standard input.", completion: .file(extensions: ["lua"]))
    var file: String

    @Option(help: ArgumentHelp("The SHA-256 that the file must have.", valueName: "hex"))
    var sha256: String?

    @Option(help: ArgumentHelp("What to call it. (default: the file's name, without .lua and .pack)", valueName: "name"))
    var name: String?

    @Flag(help: "Replace another version of that name.")
    var force = false

    @OptionGroup(title: "What it may reach while it is loaded") var grants: GrantOptions

    func validate() throws {
        if let sha256, sha256.count != 64 || !sha256.allSatisfy(\.isHexDigit) { throw ValidationError("--sha256 takes 64 hex digits, as sha256sum prints them") }
        if let name, !HandlerSearch.isName(name) { throw ValidationError("--name \(name): take letters, digits, '-' and '_'") }
    }

    func run() throws {
        guard let directory = HandlerSearch.installed else { throw Failure("there is no place for installed handlers: set HOME or XDG_DATA_HOME") }
        var options = ScriptingOptions()
        options.grants = grants.grants
        let order = Installation.Order(path: file, digest: sha256, name: name, replaces: force)
        let done = try Installation.install(order, into: directory, options)
        let flags = done.needs.map { " \($0.flag)" }.joined()
        Output.say(done.wasThere ? "\(done.path) is there already, in this version" : "installed \(done.path)", "  dogger run \(done.name)\(flags)")
    }
}
