/// A handler in one file, with all that it requires and reads beside it:
///
///     -- Says hello.                                 the handler's header
///     -- @pack 1 hello.lua                           the form's version, and the handler's own file
///
///     package.preload["lib.names"] = function(...)   a module, up to the line `end -- lib.names`
///     local names = {}
///     return names
///     end -- lib.names
///
///     --[==[ text: banner.txt                        a file, up to the line that closes the comment
///     * * *
///     ]==]
///
///     -- The handler, hello.lua:                     the rest of the handler
///     local names = require "lib.names"
///
/// It is Lua, for people and their tools to read. dogger never runs it as one text: it takes it apart by these lines, refuses what
/// belongs to no part, and loads each part by its own name. So errors name the line that the author knows, and what `dogger show`
/// lists is all that there is.
public struct Pack: Equatable, Sendable {
    /// The handler's file name.
    public var main: String
    /// The handler's text.
    public var handler: [UInt8]
    /// The texts of the modules, by their paths: `lib/names.lua`.
    public var modules: [String: [UInt8]] = [:]
    /// The other files, by their paths.
    public var files: [String: [UInt8]] = [:]

    static let version = "1"
}

extension Pack {
    /// The text of a file that stands in the pack, by its path from the handler's directory.
    func content(of path: String) -> [UInt8]? {
        let parts = path.split(separator: "/").filter { $0 != "." }
        let plain = parts.joined(separator: "/")
        return files[plain] ?? modules[plain] ?? (plain == main ? handler : nil)
    }

    /// `lib/names.lua` of `lib.names`.
    static func path(ofModule name: String) -> String { name.split(separator: ".").joined(separator: "/") + ".lua" }

    static func module(ofPath path: String) -> String { path.dropLast(4).split(separator: "/").joined(separator: ".") }

    /// The lines that part a pack, for both who writes and who reads it.
    enum Line {
        static func tag(_ main: String) -> String { "-- @pack \(version) \(main)" }
        static func moduleStart(_ name: String) -> String { "package.preload[\"\(name)\"] = function(...)" }
        static func moduleEnd(_ name: String) -> String { "end -- \(name)" }
        static func fileStart(_ level: Int, _ form: Form, _ path: String) -> String {
            "--[\(String(repeating: "=", count: level))[ \(form.rawValue): \(path)"
        }
        static func fileEnd(_ level: Int) -> String { "]\(String(repeating: "=", count: level))]" }
        static func handler(_ main: String) -> String { "-- The handler, \(main):" }
    }

    /// How a file stands in a pack.
    enum Form: String, CaseIterable {
        case text
        /// A line feed was added to it.
        case openText = "text without newline"
        /// RFC 4648 section 4.
        case base64

        static func of(_ bytes: [UInt8]) -> Form {
            guard UTF8Text.isText(bytes), !bytes.contains(UInt8(ascii: "\r")) else { return .base64 }
            return bytes.isEmpty || bytes.last == UInt8(ascii: "\n") ? .text : .openText
        }
    }
}
