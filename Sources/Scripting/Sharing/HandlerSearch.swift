import Glibc

/// Finds handlers by what the user calls them: a path, `-` for standard input, or a name.
public struct HandlerSearch {
    /// What was found: a path, which may stand for a text that is in no file.
    public struct Found: Equatable {
        public var path: String
        /// Nil: the path is a file's.
        public var text: [UInt8]?
    }

    /// Where `dogger install` puts handlers; nil where there is no home.
    public let directory: String?
    /// The handlers that dogger has in it, and their modules, by their paths: `ps.lua`, `lib/gate.lua`.
    let builtIn: [String: [UInt8]]

    public init(directory: String? = HandlerSearch.installed, builtIn: [String: [UInt8]] = [:]) {
        self.directory = directory
        self.builtIn = builtIn
    }

    /// `$XDG_DATA_HOME/dogger/handlers`, which is below ~/.local/share by default (XDG Base Directory Specification 0.8).
    public static var installed: String? {
        if let data = Environment.variable("XDG_DATA_HOME"), data.hasPrefix("/") { return "\(data)/dogger/handlers" }
        return Environment.variable("HOME").map { "\($0)/.local/share/dogger/handlers" }
    }

    /// - Throws: a sentence that lists where it looked.
    public func find(_ name: String) throws(SharingFault) -> Found {
        if name == "-" { return Found(path: "stdin", text: try SharedFile.read("-")) }
        if HandlerSearch.isFile(name) || !HandlerSearch.isName(name) { return Found(path: name, text: nil) }
        var places = ["\(name).lua", "handlers/\(name).lua"]
        if let directory { places.append("\(directory)/\(name).lua") }
        if let path = places.first(where: HandlerSearch.isFile) { return Found(path: path, text: nil) }
        if let text = builtIn["\(name).lua"] { return Found(path: "built-in/\(name)", text: try packed("\(name).lua", text)) }
        // A directory of that name is told as such by who reads it.
        if SharedFile.isThere(name) { return Found(path: name, text: nil) }
        throw SharingFault("there is no handler '\(name)': no file \(([name] + places).joined(separator: ", ")), and built in are "
            + builtInNames.joined(separator: ", "))
    }

    private func packed(_ path: String, _ text: [UInt8]) throws(SharingFault) -> [UInt8] {
        let find = { (path: String) throws(SharingFault) -> [UInt8] in
            guard let text = builtIn[path] else { throw SharingFault("dogger has no \(path) in it") }
            return text
        }
        let folder = Packer.Folder(module: { name throws(SharingFault) in try find(Pack.path(ofModule: name)) }, file: find)
        return try Packer.pack(text, path, folder).pack.text()
    }

    /// Each by itself, and the texts of those that are in no file by their paths.
    public func findAll(_ names: [String]) throws(SharingFault) -> (paths: [String], given: [String: [UInt8]]) {
        var given: [String: [UInt8]] = [:]
        var paths: [String] = []
        for name in names {
            let found = try find(name)
            paths.append(found.path)
            if let text = found.text { given[found.path] = text }
        }
        return (paths, given)
    }

    var builtInNames: [String] { builtIn.keys.filter { !$0.contains("/") }.map { String($0.dropLast(4)) }.sorted() }

    /// The name of a handler in this file: `ps` of `handlers/ps.lua` and of `ps.pack.lua`.
    public static func name(of path: String) -> String {
        var name = path.split(separator: "/").last.map(String.init) ?? ""
        for ending in [".lua", ".pack"] where name.hasSuffix(ending) { name.removeLast(ending.count) }
        return name
    }

    /// Letters, digits, `_`, `-` and dots, none of them at the start; what ends in `.lua` is a file's name.
    public static func isName(_ name: String) -> Bool {
        guard let first = name.first, first != ".", first != "-", !name.hasSuffix(".lua") else { return false }
        return name.utf8.allSatisfy { byte in
            let letter = byte | 0x20
            return (0x61...0x7A).contains(letter) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: ".")
        }
    }

    static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }
}
