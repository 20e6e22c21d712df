import EventLoop
import Glibc

/// Puts handlers where `dogger run NAME` finds them: always as packs, so that each is one file, which reads nothing beside it.
public struct Installation {
    /// What to install, and under which conditions.
    public struct Order {
        /// A file, or `-` for standard input.
        public var path: String
        /// The SHA-256 that the file must have: 64 hex digits.
        public var digest: String?
        public var name: String?
        /// Another version of that name is replaced.
        public var replaces = false

        public init(path: String, digest: String? = nil, name: String? = nil, replaces: Bool = false) {
            self.path = path
            self.digest = digest
            self.name = name
            self.replaces = replaces
        }
    }

    /// What became of it.
    public struct Done: Equatable {
        public var name: String
        public var path: String
        public var needs: [Need]
        /// The same version was there already.
        public var wasThere: Bool
    }

    /// - Parameters:
    ///   - directory: made where it is not there.
    ///   - options: with what the file is loaded, to see whether it does.
    /// - Throws: a sentence; what was installed is as it was.
    public static func install(_ order: Order, into directory: String, _ options: ScriptingOptions) throws(SharingFault) -> Done {
        let bytes = try SharedFile.read(order.path)
        let shown = order.path == "-" ? "standard input" : order.path
        let digest = SharedFile.digest(bytes)
        if let wanted = order.digest, wanted.lowercased() != digest {
            throw SharingFault("\(shown) is not the file that was meant: its SHA-256 is \(digest)")
        }
        let pack = try pack(bytes, order.path)
        let text = try pack.text()
        let name = if let given = order.name { given } else { try self.name(of: order.path, pack) }
        guard HandlerSearch.isName(name) else {
            throw SharingFault("'\(Printable.text(name))' can't be a handler's name: give one of letters, digits, '-' and '_' with --name")
        }
        try check(text, "\(name).lua", options)
        let done = Done(name: name, path: "\(directory)/\(name).lua", needs: try Header(pack.handler).needs(shown), wasThere: false)
        return try put(text, done, replaces: order.replaces)
    }

    private static func put(_ text: [UInt8], _ done: Done, replaces: Bool) throws(SharingFault) -> Done {
        try makeDirectory(Path.directory(of: done.path))
        if SharedFile.isThere(done.path) {
            if let old = try? SharedFile.read(done.path), old == text {
                var done = done
                done.wasThere = true
                return done
            }
            guard replaces else {
                throw SharingFault("another version of \(done.name) is installed already, in \(done.path): add --force to replace it, or --name for another name")
            }
        }
        try SharedFile.write(text, to: done.path)
        return done
    }

    private static func pack(_ bytes: [UInt8], _ path: String) throws(SharingFault) -> Pack {
        if let pack = try Pack(bytes, path: path == "-" ? "stdin" : path) { return pack }
        return try (path == "-" ? Packer.packAlone(bytes, "stdin.lua") : Packer.pack(path)).pack
    }

    private static func name(of path: String, _ pack: Pack) throws(SharingFault) -> String {
        if path != "-" { return HandlerSearch.name(of: path) }
        guard pack.main != "stdin.lua" else { throw SharingFault("what comes on standard input has no name: give one with --name") }
        return HandlerSearch.name(of: pack.main)
    }

    /// Loads it, as `dogger check` does.
    private static func check(_ text: [UInt8], _ path: String, _ options: ScriptingOptions) throws(SharingFault) {
        var options = options
        options.given = [path: text]
        options.refusesNeeds = false
        let loop: EventLoop
        do throws(SystemError) { loop = try EventLoop() } catch { throw SharingFault(error.description) }
        if let fault = Reloader.check([path], options, loop, Log(2, loop)).first { throw SharingFault(fault.message) }
    }

    private static func makeDirectory(_ path: String) throws(SharingFault) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o777) == 0 || errno == EEXIST else {
                throw SharingFault("\(made) can't be made: \(String(cString: strerror(errno)))")
            }
        }
    }
}
