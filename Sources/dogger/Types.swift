import ArgumentParser
import EventLoop
import Glibc
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
        let isFirst: Bool
        do throws(SystemError) {
            isFirst = try EditorTypes.write(to: directory)
        } catch {
            guard error.code == ENOENT || error.code == ENOTDIR else { throw error }
            throw Failure("\(directory) is no directory: make it first, or name the one that holds your handlers")
        }
        let inDirectory = directory == "." ? "" : "\(directory)/"
        Output.say("wrote \(inDirectory)\(EditorTypes.folder)\(isFirst ? " and \(inDirectory)\(EditorTypes.settings)" : "")")
        if isFirst {
            Output.say("  open \(directory == "." ? "this directory" : directory) in an editor that has the Lua language server")
        } else {
            Output.say("  \(inDirectory)\(EditorTypes.settings) is there already and was left as it is; if it is not from here, it needs \(EditorTypes.setting)")
        }
    }
}
