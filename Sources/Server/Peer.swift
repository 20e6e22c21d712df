import CDogger
import Glibc

/// The process at the other end of a Unix socket, as the kernel knew it when it connected (SO_PEERCRED, unix(7)).
public struct Peer: Equatable, Sendable {
    /// 0 for a process that this one's namespace does not show.
    public let pid: pid_t
    public let uid: uid_t
    public let gid: gid_t

    /// - Parameter descriptor: a connected socket.
    /// - Returns: nil where the kernel does not know, as for TCP.
    public init?(of descriptor: Int32) {
        // struct ucred, which Swift's Glibc lacks: three 32-bit numbers.
        var credentials: (pid: pid_t, uid: uid_t, gid: gid_t) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0,
            credentials.uid != .max
        else { return nil }
        (pid, uid, gid) = credentials
    }
}
