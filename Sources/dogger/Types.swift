import ArgumentParser
import Scripting

struct Types: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell an editor the handler API: completion, descriptions and checks while you write.",
        discussion: """
            Writes definitions for the Lua language server (LuaLS, which most editors have a plugin for) to \
            \(EditorTypes.folder), and \(EditorTypes.settings) where there is none, into the directory that holds your \
            handlers. Do it again after an update of dogger.

              dogger types handlers

            In a handler, say once what the parameter is, and the editor knows the rest:

              ---@param req dogger.Request
              return function(req)
            """)

    @Argument(help: "The directory that the editor opens.", completion: .directory)
    var directory = "."

    func run() throws {
        let isFirst = try EditorTypes.write(to: directory)
        if !isFirst {
            print("\(directory)/\(EditorTypes.settings) is there already and was left as it is; if it is not from here, it needs \(EditorTypes.setting)")
        }
    }
}
