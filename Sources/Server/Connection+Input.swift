import EventLoop
import Glibc
import HTTP

/// Where received bytes are. They come into the server's scratch memory, which all connections share, and are looked at
/// there; only what is left at the end of the call is copied into a buffer of the connection's own. While there is such a
/// buffer, more is received into it directly.
extension Connection {
    /// What was received and is not consumed. Good until `receive`, `storeInput`.
    var unread: UnsafeRawBufferPointer {
        if let input { return input.readable }
        return UnsafeRawBufferPointer(start: server.scratch.bytes.baseAddress.unsafelyUnwrapped + scratchStart, count: scratchEnd &- scratchStart)
    }

    /// The memory of consumed bytes stays as it is until `receive` or `storeInput`.
    func consume(_ count: Int) {
        if let input { input.consume(count) } else { scratchStart &+= count }
    }

    var wantsInput: Bool {
        guard !isAtEnd else { return false }
        switch phase {
        case .exchange where leavesInput: return exchange?.waitsToRead == true
        case .head, .exchange: return unread.count < inputLimit
        case .skipping, .lingering: return true
        case .closing, .closed: return false
        }
    }

    private var inputLimit: Int {
        phase == .head
            ? max(server.options.inputLimit, server.options.headLimits.bytes)
            : max(server.options.inputLimit, body.wanted)
    }

    func takeInput(_ events: Events) {
        let isOver = !events.isDisjoint(with: [.hungUp, .failed])
        if wantsInput {
            if leavesInput { inputWaits = true } else { receive() }
            if isOver, isAtEnd { hangUp() }
        } else if isOver {
            hangUp()
        } else if events.contains(.halfClosed) {
            // Nobody reads on for now, so this would be reported in each turn from here on.
            hasSeenHalfClose = true
        }
    }

    /// One recv(2): as much as there is, up to the scratch memory's size.
    func receive() {
        let room: UnsafeMutableRawBufferPointer
        if let input, !input.isEmpty {
            room = input.writable(minimum: min(max(body.wanted - input.count, Connection.leastRoom), Connection.mostRoom))
        } else {
            input = nil
            server.scratch.take(self)
            room = server.scratch.bytes
        }
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
            isCut = true
        }
    }

    private static var leastRoom: Int { 16 * 1024 }
    private static var mostRoom: Int { 1024 * 1024 }

    /// There is room again, so a reader that held it up makes it go on.
    func resumeInput() {
        if !interest.contains(.readable) { touch() }
    }

    /// Keeps what is left, and no memory where nothing is.
    func storeInput() {
        if let input {
            if input.isEmpty { self.input = nil }
        } else if scratchStart < scratchEnd {
            // It keeps its memory even when it is empty for a moment: what was consumed last is still being looked at.
            let own = ByteBuffer(retained: .max)
            _ = own.writable(minimum: min(max(body.wanted, scratchEnd - scratchStart), Connection.mostRoom))
            own.append(unread)
            input = own
        }
        leaveScratch()
    }

    private func leaveScratch() {
        scratchStart = 0
        scratchEnd = 0
        server.scratch.giveBack(self)
    }

    func releaseBuffers() {
        input = nil
        leaveScratch()
        if let output { server.outputs.give(output) }
        output = nil
        pipe = nil
    }
}
