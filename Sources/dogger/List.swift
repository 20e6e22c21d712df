import ArgumentParser
import Scripting

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the handlers that have a name.",
        discussion: """
            Those here and in handlers/, the installed ones ($XDG_DATA_HOME/dogger/handlers, by default in ~/.local/share), and \
            those that dogger has in it, each with the first line of its header. In this order `dogger run NAME` looks for a name.

              dogger list
              dogger run ps -- docker ps
            """)

    @Flag(help: "An array of JSON objects: name, place, hidden, summary, and author, version, licence and needs where they are told.")
    var json = false

    func run() throws {
        let listed = HandlerSearch.all.list()
        if json {
            try Output.write(HandlerSearch.json(listed))
        } else {
            try Output.write(Array(HandlerSearch.table(listed, width: Terminal.width(1)).utf8))
        }
    }
}
