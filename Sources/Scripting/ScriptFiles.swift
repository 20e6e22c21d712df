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
    /// Called when a request reads a file that the version was not loaded from. From then on files that are not there are not
    /// remembered: each request looks for them anew, and clients could name any number of them.
    var whenNew: (() -> Void)?
    /// The directory that a chunk's `require` and `read_file` start from, by the chunk's name.
    private var rootOfChunk: [String: String] = [:]
    private var firstRoot = "."
    private static let mostBytes = 64 << 20
    private let grants: Grants

    init(_ grants: Grants = Grants()) { self.grants = grants }

    /// True when one of the files has changed since it was read.
    var isStale: Bool {
        touched.contains { path, stamp in Stamp(path: path) != stamp }
    }

    /// Reads a handler file; what it requires is looked for beside it.
    func handler(_ path: String) throws(Fault) -> ByteBuffer {
        let root = Path.directory(of: path)
        if rootOfChunk.isEmpty { firstRoot = root }
        rootOfChunk[path] = root
        return try read(path)
    }

    /// The path of the module `a.b` that the chunk `source` asks for: `a/b.lua` beside the script.
    func module(_ name: String, from source: String) throws(Fault) -> String {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let isName = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
        }
        guard isName else { throw Fault(message: "'\(name)' is no name of a module: names look like \"lib.names\" for lib/names.lua beside the script") }
        let root = rootOfChunk[source] ?? firstRoot
        let path = Path.join(root, parts.joined(separator: "/") + ".lua")
        guard Path.real(path) != nil else {
            remember(Path.absolute(path), nil)
            throw Fault(message: "there is no module '\(name)': no file \(path), and dogger's own are \(EmbeddedLua.names)")
        }
        _ = try whatMayBeRead(path, beside: root, mention: "require \"\(name)\"")
        rootOfChunk[path] = root
        return path
    }

    /// Reads a module's file, at the path that `module` gave.
    func module(at path: String) throws(Fault) -> ByteBuffer {
        try read(path) { path throws(Fault) in dg_open_real(try self.whatMayBeRead(path, beside: self.rootOfChunk[path] ?? self.firstRoot, mention: "require")) }
    }

    /// Reads a file that a script names, by a path from its own directory on, or an absolute one.
    func file(_ name: String, from source: String) throws(Fault) -> ByteBuffer {
        guard !name.isEmpty, !name.utf8.contains(0) else {
            throw Fault(message: "read_file(\"\(name)\"): this is no path: write one that begins at the script's directory, such as \"data/names.json\"")
        }
        let root = rootOfChunk[source] ?? firstRoot
        return try read(Path.join(root, name)) { path throws(Fault) in
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
        if Path.real(root).map({ Path.isWithin(found, $0) }) ?? false || grants.allows(read: found) {
            if let real { return real }
            remember(Path.absolute(path), nil)
            throw Fault(message: ScriptFiles.explain(path, code), isMissing: code == ENOENT)
        }
        let plain = Path.plain(path)
        let isLink = Path.isWithin(plain, Path.plain(root)) || grants.read.contains { Path.isWithin(plain, Path.plain($0)) }
        let directory = Path.directory(of: isLink ? found : plain)
        let what = isLink ? "\(path) is a link that leads out of what a script may read" : "a script reads what is beside it, and what a flag grants"
        throw Fault(message: "\(mention): \(what): dogger run --allow-read \(directory) would grant it")
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
            remember(absolute, nil)
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

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }
}
