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

    /// True when one of the files has changed since it was read.
    var isStale: Bool {
        touched.contains { path, stamp in Stamp(path: path) != stamp }
    }

    /// Reads a handler file; what it requires is looked for beside it.
    func handler(_ path: String) throws(Fault) -> ByteBuffer {
        let root = ScriptFiles.directory(of: path)
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
        let path = ScriptFiles.join(root, parts.joined(separator: "/") + ".lua")
        guard Stamp(path: path) != nil else {
            remember(ScriptFiles.absolute(path), nil)
            throw Fault(message: "there is no module '\(name)': no file \(path), and dogger's own are \(EmbeddedLua.names)")
        }
        try checkBeside(path, root, name)
        rootOfChunk[path] = root
        return path
    }

    /// Reads a file that a script names, by a path relative to its own directory, which it can't leave.
    func beside(_ name: String, from source: String) throws(Fault) -> ByteBuffer {
        let root = rootOfChunk[source] ?? firstRoot
        guard !name.isEmpty, !name.hasPrefix("/"), !name.utf8.contains(0), !name.split(separator: "/").contains("..") else {
            throw Fault(message: "read_file(\"\(name)\"): a script reads files beside it, by a path without '..' that does not begin with '/'")
        }
        let path = ScriptFiles.join(root, name)
        if Stamp(path: path) != nil { try checkBeside(path, root, name) }
        return try read(path)
    }

    /// A link must not lead out of the script's directory.
    private func checkBeside(_ path: String, _ root: String, _ name: String) throws(Fault) {
        guard let real = ScriptFiles.real(path), let realRoot = ScriptFiles.real(root), real.hasPrefix(realRoot == "/" ? "/" : realRoot + "/") else {
            throw Fault(message: "'\(name)' is a link that leads out of \(root): a script reads only what is beside it")
        }
    }

    /// Reads a whole regular file.
    func read(_ path: String) throws(Fault) -> ByteBuffer {
        let absolute = ScriptFiles.absolute(path)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
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

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func join(_ directory: String, _ name: String) -> String {
        directory == "." ? name : directory == "/" ? "/\(name)" : "\(directory)/\(name)"
    }

    /// A path that a file names relative to itself, without steps down and up again: `tests/../ps.lua` is `ps.lua`, unless `tests` is
    /// a link.
    static func relative(_ path: String, to source: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        let joined = join(directory(of: source), path)
        var parts: [Substring] = []
        for part in joined.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        let short = (joined.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
        return Stamp(path: short) == Stamp(path: joined) ? short : joined
    }

    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return "\(String(cString: current))/\(path)"
    }

    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }
}
