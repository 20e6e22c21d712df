import Glibc

/// Pairs of connected sockets for replays. A worker that is confined can make none, so some are made before.
public final class SpareSockets {
    private var pairs: [(Int32, Int32)]

    /// How many replays a confined worker can make before it ends.
    static let most = 64

    /// For the time before the confinement.
    public init() { pairs = (0..<SpareSockets.most).compactMap { _ in SpareSockets.make() } }

    deinit {
        for (one, other) in pairs {
            close(one)
            close(other)
        }
    }

    /// A pair that is the caller's to close; nil where there is none any more.
    func take() -> (Int32, Int32)? { SpareSockets.make() ?? pairs.popLast() }

    private static func make() -> (Int32, Int32)? {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        return socketpair(AF_UNIX, type, 0, &ends) == 0 ? (ends[0], ends[1]) : nil
    }
}
