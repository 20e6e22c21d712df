import CDogger
import Glibc
import HTTP

/// The files that one version of the handlers is made of: finds them, reads them, and remembers each, so that a change of any
/// of them makes the next version.
final class ScriptFiles {
    /// What tells one state of a file from the next.
    struct Stamp: Equatable {
        var device: UInt
        var inode: UInt
        var size: Int
        var seconds: Int
        var nanoseconds: Int

        init(_ status: stat) {
            device = UInt(status.st_dev)
            inode = UInt(status.st_ino)
            size = Int(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }

        /// Nil where nothing is at the path.
        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            self.init(status)
        }
    }

    /// A fault, in words for the user.
    struct Fault: Error {
        var message: String
        var isMissing = false
    }

    /// The absolute path of each file that was read or looked for, with its state then; nil where there was none.
    private(set) var touched: [String: Stamp?] = [:]
    /// A file that its owner and mode let this process read is out of its reach all the same: Landlock keeps it, which was told
    /// what is to be read before the directory was exchanged.
    private(set) var isKeptOut = false
    /// Called when a request reads a file that the version was not loaded from. From then on files that are not there are not
    /// remembered: each request looks for them anew, and clients could name any number of them.
    var whenNew: (() -> Void)?
    /// The directory that a chunk's `require` and `read_file` start from, by the chunk's name.
    private var rootOfChunk: [String: String] = [:]
    private var firstRoot = "."
    private static let mostBytes = 64 << 20
    private let grants: Grants
    /// Texts that stand in no file, by what takes the path's place.
    private let given: [String: [UInt8]]
    /// What the packs have in them, by their paths: to scripts a pack is a directory.
    private var packs: [String: Pack] = [:]

    init(_ grants: Grants = Grants(), given: [String: [UInt8]] = [:]) {
        self.grants = grants
        self.given = given
    }

    /// True when one of the files has changed since it was read.
    var isStale: Bool {
        touched.contains { path, stamp in Stamp(path: path) != stamp }
    }

    /// Reads a handler file; what it requires is looked for beside it, or in it where it is a pack.
    /// - Returns: how errors call it, and its text.
    func handler(_ path: String) throws(Fault) -> (name: String, text: ByteBuffer) {
        let isFirst = rootOfChunk.isEmpty
        start(path, below: given[path] != nil ? path : Path.directory(of: path), isFirst)
        let text = if let bytes = given[path] { ByteBuffer(bytes) } else { try read(path) }
        guard let pack = try pack(in: text, path) else { return (path, text) }
        let name = "\(path)/\(pack.main)"
        packs[path] = pack
        start(name, below: path, isFirst)
        return (name, ByteBuffer(pack.handler))
    }

    private func start(_ name: String, below root: String, _ isFirst: Bool) {
        if isFirst { firstRoot = root }
        rootOfChunk[name] = root
    }

    private func pack(in text: ByteBuffer, _ path: String) throws(Fault) -> Pack? {
        do throws(SharingFault) {
            return try Pack(text.bytes, path: path)
        } catch {
            throw Fault(message: error.description)
        }
    }

    /// Nothing is beside a pack's scripts but what it has in it, and nothing beside a text that came without a file: such come
    /// from others, and what lies where they happen to be is not theirs to read.
    private func isClosed(_ root: String) -> Bool { packs[root] != nil || given[root] != nil }

    /// The line that an error names, where it is one of a script.
    func excerpt(_ message: String) -> SourceExcerpt? {
        SourceExcerpt(message) { name in
            // What Lua cuts off is the beginning of a long name.
            let isCut = name.hasPrefix("...")
            guard let name = isCut ? rootOfChunk.keys.first(where: { $0.hasSuffix(name.dropFirst(3)) }) : name, let root = rootOfChunk[name] else { return nil }
            if let pack = packs[root] { return pack.content(of: String(name.dropFirst(root.count + 1))) }
            return given[name] ?? (try? SharedFile.read(name))
        }
    }

    /// The path of the module `a.b` that the chunk `source` asks for: `a/b.lua` beside the script.
    func module(_ name: String, from source: String) throws(Fault) -> String {
        let root = rootOfChunk[source] ?? firstRoot
        guard ScriptFiles.isModuleName(name) else {
            throw Fault(message: "'\(name)' is no name of a module: names look like \"lib.names\" for lib/names.lua beside the script")
        }
        let path = Path.join(root, Pack.path(ofModule: name))
        if isClosed(root) {
            guard packs[root]?.modules[Pack.path(ofModule: name)] != nil else {
                throw Fault(message: "there is no module '\(name)': \(root) does not have it in it, and dogger's own are \(EmbeddedLua.names)")
            }
        } else {
            guard Path.real(path) != nil else {
                remember(Path.absolute(path), nil)
                throw Fault(message: "there is no module '\(name)': no file \(path), and dogger's own are \(EmbeddedLua.names)")
            }
            _ = try whatMayBeRead(path, beside: root, mention: "require \"\(name)\"")
        }
        rootOfChunk[path] = root
        return path
    }

    static func isModuleName(_ name: String) -> Bool {
        name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
        }
    }

    /// Reads a module's text, at the path that `module` gave.
    func module(at path: String) throws(Fault) -> ByteBuffer {
        let root = rootOfChunk[path] ?? firstRoot
        if let pack = packs[root], let text = pack.modules[String(path.dropFirst(root.count + 1))] { return ByteBuffer(text) }
        return try read(path) { path throws(Fault) in dg_open_real(try self.whatMayBeRead(path, beside: root, mention: "require")) }
    }

    /// Reads a file that a script names, by a path from its own directory on, or an absolute one. Without such a directory a path
    /// begins at the current one, where nothing but a grant lets it.
    func file(_ name: String, from source: String) throws(Fault) -> ByteBuffer {
        guard !name.isEmpty, !name.utf8.contains(0) else {
            throw Fault(message: "read_file(\"\(name)\"): this is no path: write one that begins at the script's directory, such as \"data/names.json\"")
        }
        let root = rootOfChunk[source] ?? firstRoot
        if let content = packs[root]?.content(of: name) { return ByteBuffer(content) }
        return try read(isClosed(root) ? name : Path.join(root, name)) { path throws(Fault) in
            dg_open_real(try self.whatMayBeRead(path, beside: root, mention: "read_file(\"\(name)\")"))
        }
    }

    /// The real path of a file that is beside the script, or granted. Where nothing is there, that is told only of a path that
    /// would be: a script must not learn what exists elsewhere.
    /// - Parameter mention: what the script asked for, as the beginning of a sentence.
    private func whatMayBeRead(_ path: String, beside root: String, mention: String) throws(Fault) -> String {
        let real = Path.real(path)
        let code = errno
        let found = real ?? Path.realBeginning(path)
        let isBeside = !isClosed(root) && Path.real(root).map { Path.isWithin(found, $0) } ?? false
        if isBeside || grants.allows(read: found) {
            if let real { return real }
            remember(Path.absolute(path), nil)
            throw Fault(message: ScriptFiles.explain(path, code), isMissing: code == ENOENT)
        }
        let plain = Path.plain(path)
        let isLink = !isClosed(root) && Path.isWithin(plain, Path.plain(root)) || grants.read.contains { Path.isWithin(plain, Path.plain($0)) }
        let directory = Path.directory(of: isLink ? found : plain)
        let what = isLink ? "\(path) is a link that leads out of what a script may read"
            : isClosed(root) ? "\(root) does not have that file in it, and no flag grants it" : "a script reads what is beside it, and what a flag grants"
        throw Fault(message: "\(mention): \(what): dogger run --allow-read \(ShellWord.quoted(directory)) would grant it")
    }

    /// Reads a whole regular file.
    func read(_ path: String) throws(Fault) -> ByteBuffer {
        try read(path) { path in open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    }

    private func read(_ path: String, open: (String) throws(Fault) -> Int32) throws(Fault) -> ByteBuffer {
        let absolute = Path.absolute(path)
        let descriptor = try open(path)
        guard descriptor >= 0 else {
            let code = errno
            if code == EACCES, access(path, R_OK) == 0 { isKeptOut = true }
            // One that is there and can't be read has a state all the same: only a change of it is news.
            remember(absolute, Stamp(path: path))
            throw Fault(message: ScriptFiles.explain(path, code), isMissing: code == ENOENT)
        }
        defer { close(descriptor) }
        var status = stat()
        fstat(descriptor, &status)
        remember(absolute, Stamp(status))
        guard status.st_mode & S_IFMT == S_IFREG else {
            let what = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "not a regular file"
            throw Fault(message: "\(path) is \(what); name a file")
        }
        guard Int(status.st_size) <= ScriptFiles.mostBytes else {
            throw Fault(message: "\(path) is larger than 64 MiB")
        }
        let bytes = ByteBuffer()
        while true {
            let room = bytes.writable(minimum: 64 * 1024)
            let count = Glibc.read(descriptor, room.baseAddress!, room.count)
            guard count > 0 else { return bytes }
            bytes.commit(count)
            guard bytes.readable.count <= ScriptFiles.mostBytes else { throw Fault(message: "\(path) is larger than 64 MiB") }
        }
    }

    /// Of several readings the first counts: when the file has changed since, the version is stale.
    private func remember(_ path: String, _ stamp: Stamp?) {
        guard touched[path] == nil, stamp != nil || whenNew == nil else { return }
        touched.updateValue(stamp, forKey: path)
        whenNew?()
    }

    private static func explain(_ path: String, _ code: Int32) -> String {
        switch code {
        case ENOENT: "\(path): there is no such file"
        case EACCES: "\(path) can't be read: permission denied"
        default: "\(path) can't be read: \(String(cString: strerror(code)))"
        }
    }
}

extension ByteBuffer {
    /// A copy of the readable ones.
    var bytes: [UInt8] { withExtendedLifetime(self) { Array(readable) } }

    fileprivate convenience init(_ bytes: [UInt8]) {
        self.init()
        bytes.withUnsafeBytes { append($0) }
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }
}
