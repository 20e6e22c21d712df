import CDogger
import Glibc
import HTTP

/// Takes bytes from one socket to another without their coming into this process's memory: splice(2) moves pages where recv(2)
/// and send(2) would copy twice. A large body costs half of the CPU time so.
final class SplicePipe {
    enum Filling {
        case bytes(Int)
        case end
        /// The socket has nothing now, or the pipe has no room.
        case wait
        case broken
        /// This kernel or this kind of descriptor can't.
        case impossible
    }

    /// How many bytes it takes.
    static let capacity = 256 * 1024

    private weak var pool: SplicePipePool?
    private let readEnd: Int32
    private let writeEnd: Int32
    /// How many bytes are in it.
    private(set) var count = 0

    /// Nil where the kernel gives no pipe, or none of that size: unprivileged users have a limit for all of theirs together.
    init?(_ pool: SplicePipePool) {
        var ends: (Int32, Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &ends) { dg_pipe($0.assumingMemoryBound(to: Int32.self).baseAddress!) }
        guard result == 0 else { return nil }
        (readEnd, writeEnd) = ends
        self.pool = pool
        pool.pipeOpened()
        if dg_pipe_resize(writeEnd, Int32(SplicePipe.capacity)) < SplicePipe.capacity { return nil }
    }

    deinit {
        close(readEnd)
        close(writeEnd)
        pool?.pipeClosed()
    }

    /// Takes bytes from a socket.
    func fill(from socket: Int32, most: Int) -> Filling {
        let moved = dg_splice(socket, writeEnd, most)
        if moved > 0 {
            count += moved
            return .bytes(moved)
        }
        if moved == 0 { return .end }
        switch errno {
        case EAGAIN, EINTR: return .wait
        case EINVAL, ENOSYS, EPERM, EOPNOTSUPP: return .impossible
        default: return .broken
        }
    }

    /// Takes all bytes of a buffer, before those of a socket.
    /// - Returns: false where there is no room for them; it has taken none then.
    func fill(from buffer: ByteBuffer) -> Bool {
        let bytes = buffer.readable
        guard bytes.count <= SplicePipe.capacity / 2, count == 0, write(writeEnd, bytes.baseAddress, bytes.count) == bytes.count
        else { return false }
        count = bytes.count
        buffer.consume(count)
        return true
    }

    /// Gives bytes to a socket, as far as it takes them.
    /// - Returns: false where it is broken.
    func drain(to socket: Int32) -> Bool {
        while count > 0 {
            let moved = dg_splice(readEnd, socket, count)
            if moved > 0 {
                count -= moved
            } else if moved == 0 || errno != EINTR {
                return moved == 0 || errno == EAGAIN
            }
        }
        return true
    }

    /// Gives it back, for others to use if it is empty.
    func release() { pool?.give(self) }
}

/// The pipes of an upstream's relays: most of the time all get by with one, since a pipe is bound to one of them only while there
/// are bytes in it.
final class SplicePipePool {
    private var spare: ContiguousArray<SplicePipe> = []
    private var openCount = 0
    /// Turned off by the first sign that it can't be done.
    var isPossible = true

    /// Beyond these bytes are copied.
    private static let mostOpen = 64
    private static let mostSpare = 2

    init() {
        // Writing to a socket that the peer has closed raises it, and splice(2) has no flag against that.
        signal(SIGPIPE, SIG_IGN)
    }

    func take() -> SplicePipe? {
        if let pipe = spare.popLast() { return pipe }
        guard isPossible, openCount < SplicePipePool.mostOpen else { return nil }
        return SplicePipe(self)
    }

    fileprivate func pipeOpened() { openCount += 1 }

    fileprivate func give(_ pipe: SplicePipe) {
        if pipe.count == 0, isPossible, spare.count < SplicePipePool.mostSpare { spare.append(pipe) }
    }

    fileprivate func pipeClosed() { openCount -= 1 }
}
