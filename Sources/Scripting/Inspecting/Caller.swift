import Glibc
import Server

/// Who is at the other end of a connection: of a Unix socket's the process, as the kernel knows it.
struct Caller {
    /// Nil over TCP, and where the process can't be seen from here.
    private(set) var pid: Int32?
    private(set) var uid: UInt32?
    /// The name that ps(1) shows; empty where the process is gone already.
    private(set) var name = ""

    /// - Parameter descriptor: a connection's socket.
    init(descriptor: Int32) {
        // struct ucred of unix(7), which glibc shows to programs in GNU mode only.
        var credentials: (pid: Int32, uid: UInt32, gid: UInt32) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0, credentials.pid > 0 else { return }
        pid = credentials.pid
        uid = credentials.uid
        name = Caller.name(of: credentials.pid)
    }

    /// proc(5).
    private static func name(of pid: Int32) -> String {
        let file = open("/proc/\(pid)/comm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)).filter { $0 != 0x0A }, as: UTF8.self)
    }
}
