import EventLoop
import Glibc

/// What tells an editor the API: definitions for the Lua language server (LuaLS), and the settings that make it look at them.
///
/// The definitions are the files in `types/`, of which `docs/handler-api.md` is made, too.
public enum EditorTypes {
    /// Where the definitions go, from the directory of the handlers.
    public static let folder = ".dogger/types"
    public static let settings = ".luarc.json"

    private static let definitions: [(name: String, text: [UInt8])] = [
        ("dogger.d.lua", PackageResources.dogger_d_lua),
        ("json.d.lua", PackageResources.json_d_lua),
        ("docker.d.lua", PackageResources.docker_d_lua),
        ("store.d.lua", PackageResources.store_d_lua),
        ("http.d.lua", PackageResources.http_d_lua),
        ("handler.d.lua", PackageResources.handler_d_lua),
        ("request.d.lua", PackageResources.request_d_lua),
        ("test.d.lua", PackageResources.test_d_lua),
        ("busted.d.lua", PackageResources.busted_d_lua),
        ("globals.d.lua", PackageResources.globals_d_lua),
    ]

    /// Writes the definitions, over those of an older version, and the settings where there are none yet.
    /// - Parameter directory: a directory that is there: the one that the editor opens.
    /// - Returns: whether the settings were written; where it is false, they are the user's own, and were left as they are.
    /// - Throws: where something can't be written; what was there is as it was, or new.
    public static func write(to directory: String) throws(SystemError) -> Bool {
        for path in ["\(directory)/.dogger", "\(directory)/\(folder)"] where mkdir(path, 0o777) != 0 && errno != EEXIST {
            throw SystemError("cannot make \(path)")
        }
        for (name, text) in definitions { try WholeFile.write(text, to: "\(directory)/\(folder)/\(name)") }
        let path = "\(directory)/\(settings)"
        guard access(path, F_OK) != 0 else { return false }
        try WholeFile.write(Array(settingsText.utf8), to: path)
        return true
    }

    /// What a user adds to settings that are there already.
    public static let setting = "\"workspace.library\": [\"\(folder)\"]"

    /// `io` and the like are not there for handlers, and of `os` only what `globals.d.lua` says.
    private static let settingsText = """
        {
          "runtime.version": "Lua 5.4",
          "runtime.path": ["?.lua"],
          "runtime.builtin": { "io": "disable", "os": "disable", "debug": "disable" },
          \(setting),
          "workspace.checkThirdParty": false
        }

        """
}
