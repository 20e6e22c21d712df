import ArgumentParser
import Scripting

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell what a handler is, what it needs and what it contains, without running it.",
        discussion: """
            Prints the header, the flags that the handler needs, which of dogger's modules it uses, what is in it with sizes and \
            SHA-256, and the file's own SHA-256. Nothing of the file is run, and control characters are shown, and not sent to your terminal.

              dogger show nopriv.pack.lua
              curl -s https://example.org/nopriv.pack.lua | dogger show -
            """)

    @Argument(help: "The handler's file, - for standard input, or its name.", completion: .file(extensions: ["lua"]))
    var handler: String

    func run() throws {
        let found = try HandlerSearch.all.find(handler)
        try Output.write(Array(Showing.text(of: found.text ?? SharedFile.read(found.path), path: found.path).utf8))
    }
}
