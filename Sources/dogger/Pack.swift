import ArgumentParser
import Scripting

struct PackHandler: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Put a handler and all that it needs beside it into one file.",
        discussion: """
            The pack has in it, readable, what the handler and its modules require, and the files that they name in \
            dogger.read_file("name"). `dogger run` needs nothing else, and `dogger show` tells what is in it. Errors name the \
            line of the original file. The same files make the same pack, to the byte.

              dogger pack handlers/nopriv.lua -o nopriv.pack.lua
              dogger run nopriv.pack.lua --upstream docker

            The SHA-256 is printed as sha256sum does: to standard output, or to standard error where the pack itself goes to \
            standard output. Nothing is run: where only the running script knows what it requires or reads, --include has to \
            name it.
            """)

    @Argument(help: "The handler's file, or its name.", completion: .file(extensions: ["lua"]))
    var handler: String

    @Option(name: [.short, .long], help: ArgumentHelp("Where to write the pack. A file that is no pack is not overwritten. (default: standard output)", valueName: "file"),
        completion: .file(extensions: ["lua"]))
    var output: String?

    @Option(help: ArgumentHelp("A file to put in as well, by its path from the handler's directory. May be repeated.", valueName: "file"))
    var include: [String] = []

    func run() throws {
        let (pack, remarks) = try HandlerSearch.all.pack(handler, including: include)
        for remark in remarks { Output.say("dogger: \(remark)", to: 2) }
        let text = try pack.text()
        if let output {
            try Pack.checkReplaceable(output)
            try SharedFile.write(text, to: output)
            Output.say("\(SharedFile.digest(text))  \(output)")
        } else {
            try Output.write(text)
            Output.say("\(SharedFile.digest(text))  -", to: 2)
        }
    }
}
