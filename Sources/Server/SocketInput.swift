import Glibc
import HTTP

/// What came from a socket and is not consumed. It comes into scratch memory, which all connections share, and is looked at
/// there; only what is left at the end of the call is copied into a buffer of the connection's own. While there is such a
/// buffer, more is received into it directly.
final class SocketInput {
    private let scratch: ScratchMemory
    // The unchecked ones are used with every request, each at once, by methods that call nobody but the memory's next user.
    @exclusivity(unchecked) private var buffer: ByteBuffer?
    // What is in the scratch memory.
    @exclusivity(unchecked) private var start = 0
    @exclusivity(unchecked) private var end = 0
    /// How many bytes have to be at hand at once, for somebody who waits for the whole.
    @exclusivity(unchecked) var wanted = 0
    /// The peer's bytes are over: it has half-closed.
    @exclusivity(unchecked) var isAtEnd = false
    /// Whoever reads takes the bytes from the socket, so they stay there.
    @exclusivity(unchecked) var staysInSocket = false
    /// There are some.
    @exclusivity(unchecked) var waitsInSocket = false

    private static let leastRoom = 16 * 1024
    private static let mostRoom = 1024 * 1024

    init(_ scratch: ScratchMemory) { self.scratch = scratch }

    /// How many bytes of memory of its own it holds.
    var capacity: Int { buffer?.capacity ?? 0 }

    /// Good until `receive`, `store`.
    var unread: UnsafeRawBufferPointer {
        if let buffer { return buffer.readable }
        return UnsafeRawBufferPointer(start: scratch.bytes.baseAddress.unsafelyUnwrapped + start, count: end &- start)
    }

    /// The memory of consumed bytes stays as it is until `receive` or `store`.
    func consume(_ count: Int) {
        if let buffer { buffer.consume(count) } else { start &+= count }
    }

    /// One recv(2): as much as there is, up to the scratch memory's size.
    /// - Returns: false where the socket is broken.
    func receive(from descriptor: Int32) -> Bool {
        let room: UnsafeMutableRawBufferPointer
        if let buffer, !buffer.isEmpty {
            room = buffer.writable(minimum: min(max(wanted - buffer.count, SocketInput.leastRoom), SocketInput.mostRoom))
        } else {
            buffer = nil
            scratch.take(self)
            room = scratch.bytes
        }
        waitsInSocket = false
        let count = recv(descriptor, room.baseAddress, room.count, 0)
        if count > 0 {
            if let buffer {
                buffer.commit(count)
            } else {
                start = 0
                end = count
            }
        } else if count == 0 {
            isAtEnd = true
        } else {
            return errno == EAGAIN || errno == EINTR
        }
        return true
    }

    /// Keeps what is left, and no memory where nothing is.
    func store() {
        if let buffer {
            if buffer.isEmpty { self.buffer = nil }
        } else if start < end {
            // It keeps its memory even when it is empty for a moment: what was consumed last is still being looked at.
            let own = ByteBuffer(retained: .max)
            _ = own.writable(minimum: min(max(wanted, end - start), SocketInput.mostRoom))
            own.append(unread)
            buffer = own
        }
        leaveScratch()
    }

    /// What is unread, for somebody to keep; nil where nothing is.
    func taken() -> ByteBuffer? {
        store()
        return buffer
    }

    /// Drops what is unread.
    func release() {
        buffer = nil
        leaveScratch()
    }

    private func leaveScratch() {
        start = 0
        end = 0
        scratch.giveBack(self)
    }
}
