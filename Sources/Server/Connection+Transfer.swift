import EventLoop
import HTTP

/// Taking bytes from the socket, and giving it what was written.
extension Connection {
    var wantsInput: Bool {
        guard !input.isAtEnd else { return false }
        switch phase {
        case .exchange where input.staysInSocket: return exchange?.waitsToRead == true
        case .head, .exchange: return input.unread.count < inputLimit
        case .skipping, .lingering: return true
        case .closing, .closed: return false
        }
    }

    private var inputLimit: Int {
        phase == .head
            ? max(server.options.inputLimit, server.options.headLimits.bytes)
            : max(server.options.inputLimit, input.wanted)
    }

    func takeInput(_ events: Events) {
        let isOver = !events.isDisjoint(with: [.hungUp, .failed])
        if wantsInput {
            if input.staysInSocket { input.waitsInSocket = true } else { receive() }
            if isOver, input.isAtEnd { hangUp() }
        } else if isOver {
            hangUp()
        } else if events.contains(.halfClosed) {
            // Nobody reads on for now, so this would be reported in each turn from here on.
            hasSeenHalfClose = true
        }
    }

    func receive() {
        if !input.receive(from: descriptor) { isCut = true }
    }

    /// There is room again, so a reader that held it up makes it go on.
    func resumeInput() {
        if !interest.contains(.readable) { touch() }
    }

    /// Sends what is collected, as far as the socket takes it.
    func flush() {
        if !output.flush(to: descriptor) { fail() }
    }

    /// Sends what is collected if it is much.
    func flushIfLarge() {
        if output.count >= Connection.flushSize { flush() }
    }

    private static let flushSize = 64 * 1024

    /// Writes bytes, as one chunk where there are chunks.
    func write(_ bytes: UnsafeRawBufferPointer, chunked: Bool) {
        if bytes.count >= SocketOutput.directSize {
            let runs = server.runs
            runs.removeAll()
            runs.append(bytes)
            write(runs, chunked: chunked)
        } else if chunked {
            output.open().appendChunk(bytes)
        } else {
            output.open().append(bytes)
        }
    }

    func write(_ runs: ByteRuns, chunked: Bool) {
        if !output.write(runs, chunked: chunked, to: descriptor) { fail() }
    }

    /// Sends what is in a pipe, before all that is written after this.
    func write(_ pipe: SplicePipe) {
        if !output.write(pipe, to: descriptor) { fail() }
    }

    private func fail() {
        isCut = true
        touch()
    }
}
