/// Gathers what a handler requires and reads beside it, from the texts alone: nothing is run.
public struct Packer {
    /// Reads what stands beside the handler.
    struct Folder {
        var module: (String) throws(SharingFault) -> [UInt8]
        var file: (String) throws(SharingFault) -> [UInt8]
    }

    private let folder: Folder
    private let path: String
    /// The paths that `--include` names, where scripts ask for what only they know.
    private let included: [String]
    private var pack: Pack
    /// What the user should know of, and what hinders nothing.
    private var remarks: [String] = []

    /// Packs a handler file; a pack is taken as it is.
    /// - Parameters:
    ///   - path: the handler's file.
    ///   - included: paths from the handler's directory, of files that it asks for by names that only the running script knows.
    /// - Returns: the pack, and sentences for the user.
    /// - Throws: where the pack would lack something, or could: with the file and the line.
    public static func pack(_ path: String, including included: [String] = []) throws(SharingFault) -> (pack: Pack, remarks: [String]) {
        let text = try SharedFile.read(path)
        if let pack = try Pack(text, path: path) {
            guard included.isEmpty else { throw SharingFault("\(path) is a pack already: nothing can be included") }
            return (pack, [])
        }
        let files = ScriptFiles()
        _ = try read { () throws(ScriptFiles.Fault) in try files.handler(path).text.bytes }
        let folder = Folder(
            module: { name throws(SharingFault) in
                try read { () throws(ScriptFiles.Fault) in try files.module(at: files.module(name, from: path)).bytes }
            },
            file: { name throws(SharingFault) in try read { () throws(ScriptFiles.Fault) in try files.file(name, from: path).bytes } })
        return try pack(text, path, folder, including: included)
    }

    static func pack(_ text: [UInt8], _ path: String, _ folder: Folder, including included: [String] = []) throws(SharingFault) -> (pack: Pack, remarks: [String]) {
        var packer = Packer(folder, text, path, included)
        try packer.gather()
        return (packer.pack, packer.remarks)
    }

    private init(_ folder: Folder, _ text: [UInt8], _ path: String, _ included: [String]) {
        self.folder = folder
        self.path = path
        self.included = included
        pack = Pack(main: path.split(separator: "/").last.map(String.init) ?? path, handler: text)
    }

    private mutating func gather() throws(SharingFault) {
        guard Pack.isPath(pack.main) else { throw SharingFault("\(path): a pack can't have a handler of this name in it") }
        for name in included {
            if name.hasSuffix(".lua") {
                try addModule(Pack.module(ofPath: name), at: "--include \(name)")
            } else {
                try addFile(name, at: "--include \(name)")
            }
        }
        try follow(pack.handler, path)
    }

    private mutating func follow(_ text: [UInt8], _ path: String) throws(SharingFault) {
        for use in Dependencies(text).uses {
            let place = "\(path):\(use.line)"
            guard let name = use.name else {
                guard included.isEmpty else { continue }
                throw SharingFault("\(place): only the running script knows what \(use.kind.rawValue) is asked for here: name each such file "
                    + "with --include, or write the name as one string behind \(use.kind.rawValue)")
            }
            switch use.kind {
            case .module: if !EmbeddedLua.has(name) { try addModule(name, at: place) }
            case .file: try addFile(name, at: place)
            }
        }
    }

    private mutating func addModule(_ name: String, at place: String) throws(SharingFault) {
        guard ScriptFiles.isModuleName(name) else { throw SharingFault("\(place): '\(name)' is no name of a module") }
        let path = Pack.path(ofModule: name)
        guard pack.modules[path] == nil else { return }
        do throws(SharingFault) {
            pack.modules[path] = try folder.module(name)
        } catch {
            throw SharingFault("\(place): \(error)")
        }
        try follow(pack.modules[path]!, Path.join(Path.directory(of: self.path), path))
    }

    private mutating func addFile(_ name: String, at place: String) throws(SharingFault) {
        let parts = name.split(separator: "/").filter { $0 != "." }
        let path = parts.joined(separator: "/")
        guard !name.hasPrefix("/"), Pack.isPath(path) else {
            remarks.append("\(place): \(name) is not beside the handler, so it is not in the pack")
            return
        }
        guard pack.files[path] == nil else { return }
        do throws(SharingFault) {
            pack.files[path] = try folder.file(name)
        } catch {
            throw SharingFault("\(place): \(error)")
        }
    }

    private static func read(_ body: () throws(ScriptFiles.Fault) -> [UInt8]) throws(SharingFault) -> [UInt8] {
        do throws(ScriptFiles.Fault) {
            return try body()
        } catch {
            throw SharingFault(error.message)
        }
    }
}

extension HandlerSearch {
    /// Packs the handler of that name; see `Packer.pack`.
    public func pack(_ name: String, including included: [String] = []) throws(SharingFault) -> (pack: Pack, remarks: [String]) {
        let found = try find(name)
        guard let text = found.text else { return try Packer.pack(found.path, including: included) }
        if let pack = try Pack(text, path: found.path) { return (pack, []) }
        let nothing = Packer.Folder(
            module: { name throws(SharingFault) in throw SharingFault("there is no module '\(name)' beside standard input") },
            file: { name throws(SharingFault) in throw SharingFault("there is no file '\(name)' beside standard input") })
        return try Packer.pack(text, "\(found.path).lua", nothing, including: included)
    }
}

extension Pack {
    /// Refuses to have anything but an older pack overwritten, such as the handler itself.
    public static func checkReplaceable(_ path: String) throws(SharingFault) {
        guard SharedFile.isThere(path) else { return }
        let old = try SharedFile.read(path)
        guard old.isEmpty || Header(old).value(of: "pack") != nil else { throw SharingFault("\(path) is there already and is no pack: name another file, or remove it") }
    }
}
