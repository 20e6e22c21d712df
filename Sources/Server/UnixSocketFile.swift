import CDogger
import EventLoop
import Glibc

/// The file of a Unix socket: made with mode 0600, never in the place of a live one, removed only when it is still ours.
///
/// Whoever makes or removes one holds a lock (flock(2)) on its directory, so two starts at once can't both find the same
/// dead socket and remove each other's new one. Where the directory can't be locked (it may not be read, or its file system
/// has no locks) the same is done without; that leaves a gap of microseconds.
struct UnixSocketFile {
    /// `sun_path` holds 108 bytes with the final NUL, unix(7).
    static let longestPath = 107
    /// How long to wait for the directory's lock, in nanoseconds.
    static let lockWait: UInt64 = 3_000_000_000

    /// Absolute, so that it means the same if the process changes its directory.
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Binds a new socket to a path and listens on it.
    /// - Returns: the file, and the listening descriptor: nonblocking, close-on-exec.
    static func listen(
        at path: String, backlog: Int32, lockWait: UInt64 = UnixSocketFile.lockWait
    ) throws(ListenError) -> (UnixSocketFile, Int32) {
        guard !path.isEmpty else { throw .pathEmpty }
        guard !path.utf8.contains(0) else { throw .pathHasNull(path) }
        guard path.utf8.count <= longestPath else { throw .pathTooLong(path) }
        let directory = try checkDirectory(of: path)
        let lock = try DirectoryLock(directory, wait: lockWait)
        defer { lock.release() }

        try clear(path)
        let descriptor = try openSocket(AF_UNIX, 0, "cannot make a socket")
        // The file gets the mode of the socket's inode (less the umask), so it never has a wider one; an umask set around
        // bind would be the whole process's.
        fchmod(descriptor.number, 0o600)
        guard withSocketAddress(path, { bind(descriptor.number, $0, $1) }) == 0 else {
            switch errno {
            case EADDRINUSE: throw .live(path)
            case EACCES, EPERM, EROFS: throw .noPermission(path, directory: directory)
            default: throw .system(SystemError("cannot make the socket \(path)"))
            }
        }
        var status = stat()
        guard Glibc.listen(descriptor.number, backlog) == 0, lstat(path, &status) == 0 else {
            let error = SystemError("cannot listen at \(path)")
            unlink(path)
            throw .system(error)
        }
        return (
            UnixSocketFile(path: absolute(path), device: status.st_dev, inode: status.st_ino), descriptor.release()
        )
    }

    /// Removes the file, if it is still the one that was made: somebody may have removed it and made their own. While the socket
    /// is open its inode is in use even without a name, so no other file can have the same number; afterwards one can.
    func remove() {
        let lock = try? DirectoryLock(UnixSocketFile.directory(of: path), wait: UnixSocketFile.lockWait)
        defer { lock?.release() }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
        unlink(path)
    }

    private static func checkDirectory(of path: String) throws(ListenError) -> String {
        let directory = directory(of: path)
        var status = stat()
        guard stat(directory, &status) == 0 else {
            switch errno {
            case ENOENT: throw .noDirectory(directory)
            case ENOTDIR: throw .directoryIsAFile(directory)
            case EACCES: throw .noPermission(path, directory: directory)
            default: throw .system(SystemError("cannot look at the directory \(directory)"))
            }
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .directoryIsAFile(directory) }
        return directory
    }

    /// Makes the path free: removes a dead socket, and nothing else.
    private static func clear(_ path: String) throws(ListenError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            switch errno {
            case ENOENT: return
            case EACCES: throw .noPermission(path, directory: directory(of: path))
            default: throw .system(SystemError("cannot look at \(path)"))
            }
        }
        switch status.st_mode & S_IFMT {
        case S_IFSOCK: break
        case S_IFDIR: throw .notASocket(path, kind: "a directory")
        case S_IFLNK: throw .notASocket(path, kind: "a symbolic link")
        case S_IFREG: throw .notASocket(path, kind: "a file")
        default: throw .notASocket(path, kind: "a device or a pipe")
        }
        let probe = try openSocket(AF_UNIX, 0, "cannot make a socket")
        if withSocketAddress(path, { connect(probe.number, $0, $1) }) == 0 { throw .live(path) }
        switch errno {
        case ECONNREFUSED: break
        case ENOENT: return
        // Its queue of connections is full: busy, but there.
        case EAGAIN: throw .live(path)
        default: throw .unclear(path, reason: SystemError.reason(errno))
        }
        var again = stat()
        guard lstat(path, &again) == 0 else { return }
        guard again.st_dev == status.st_dev, again.st_ino == status.st_ino else { throw .live(path) }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .noPermission(path, directory: directory(of: path))
        }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }
}

/// An exclusive flock(2) on a directory.
private struct DirectoryLock {
    private let descriptor: Int32?

    init(_ directory: String, wait: UInt64) throws(ListenError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            self.descriptor = nil
            return
        }
        let deadline = EventLoop.clock() + wait
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { break }
            guard EventLoop.clock() < deadline else {
                close(descriptor)
                throw .directoryLocked(directory)
            }
            usleep(5_000)
        }
        self.descriptor = descriptor
    }

    func release() {
        if let descriptor { close(descriptor) }
    }
}

/// A stream socket: nonblocking, close-on-exec.
func openSocket(_ family: Int32, _ proto: Int32, _ attempt: @autoclosure () -> String) throws(ListenError) -> Descriptor {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let number = socket(family, type, proto)
    guard number >= 0 else { throw .system(SystemError(attempt())) }
    return Descriptor(owning: number)
}

/// Calls with the address of a Unix socket; the path must not be longer than `UnixSocketFile.longestPath`.
func withSocketAddress<Result>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { space in
        precondition(path.utf8.count < space.count, "a socket's path is too long")
        space.copyBytes(from: path.utf8)
    }
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
}
