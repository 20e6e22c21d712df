import CDogger
import Glibc
import HTTP

/// Where received bytes are. They come into the upstream's scratch memory, which all its connections share, and are looked at
/// there; what is left at the end of the call is copied into a buffer of the connection's own.
extension UpstreamConnection {
    private static var leastRoom: Int { 16 * 1024 }

    /// What was received and is not consumed. Good until `receive`, `storeInput`.
    var unread: UnsafeRawBufferPointer {
        if let input { return input.readable }
        return UnsafeRawBufferPointer(
            start: upstream.scratch.bytes.baseAddress.unsafelyUnwrapped + scratchStart, count: scratchEnd &- scratchStart)
    }

    /// The memory of consumed bytes stays as it is until `receive` or `storeInput`.
    func consume(_ count: Int) {
        if let input { input.consume(count) } else { scratchStart &+= count }
    }

    /// One recv(2): as much as there is, up to the scratch memory's size.
    func receive() {
        let room: UnsafeMutableRawBufferPointer
        if let input, !input.isEmpty {
            room = input.writable(minimum: UpstreamConnection.leastRoom)
        } else {
            input = nil
            upstream.scratch.take(self)
            room = upstream.scratch.bytes
        }
        hasReceived = true
        inputWaits = false
        let count = recv(descriptor, room.baseAddress, room.count, 0)
        if count > 0 {
            if let input {
                input.commit(count)
            } else {
                scratchStart = 0
                scratchEnd = count
            }
        } else if count == 0 {
            isAtEnd = true
        } else if errno != EAGAIN, errno != EINTR {
            isAtEnd = true
            isBroken = true
        }
    }

    /// Keeps what is left, and no memory where nothing is.
    func storeInput() {
        if let input {
            if input.isEmpty { self.input = nil }
        } else if scratchStart < scratchEnd {
            // It keeps its memory even when it is empty for a moment: what was consumed last is still being looked at.
            let own = ByteBuffer(retained: .max)
            own.append(unread)
            input = own
        }
        leaveScratch()
    }

    private func leaveScratch() {
        scratchStart = 0
        scratchEnd = 0
        upstream.scratch.giveBack(self)
    }

    /// Whether the upstream has closed an idle connection, or sent what nobody asked for, and the loop has not told so yet.
    var isStale: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK)) >= 0 || errno != EAGAIN
    }

    func releaseBuffers() {
        input = nil
        leaveScratch()
        dropOutput()
    }
}
