import Glibc

/// Who is at the other end of a connection: of a Unix socket's the process, as the kernel knows it.
struct Caller {
    /// Nil over TCP, and where the process can't be seen from here.
    private(set) var pid: Int32?
    private(set) var uid: UInt32?

    /// - Parameter descriptor: a connection's socket.
    init(descriptor: Int32) {
        // struct ucred of unix(7), which glibc shows to programs in GNU mode only.
        var credentials: (pid: Int32, uid: UInt32, gid: UInt32) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0, credentials.pid > 0 else { return }
        pid = credentials.pid
        uid = credentials.uid
    }
}
