import EventLoop
import Glibc
import HTTP

/// Taking bytes from the socket, and giving it what was written.
extension UpstreamConnection {
    var wantsInput: Bool {
        guard !input.isAtEnd else { return false }
        switch phase {
        case .connecting, .closed: return false
        case .request, .idle, .closing: return true
        // Nobody else holds on to what comes: without a reader it stays with the kernel, and the upstream waits.
        case .answer: return exchange?.waitsToRead == true
        }
    }

    func takeInput(_ events: Events) {
        if !events.isDisjoint(with: [.hungUp, .failed]) { isHungUp = true }
        if wantsInput {
            if input.staysInSocket, phase == .answer { input.waitsInSocket = true } else { receive() }
        }
        if isHungUp { stopWatching() }
    }

    func receive() {
        hasReceived = true
        guard !input.receive(from: descriptor) else { return }
        input.isAtEnd = true
        isBroken = true
    }

    /// Whether the upstream has closed an idle connection, or sent what nobody asked for, and the loop has not told so yet.
    var isStale: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK)) >= 0 || errno != EAGAIN
    }

    /// Sends what is collected, as far as the socket takes it.
    func flush() {
        if canSend, !output.flush(to: descriptor) { breakOutput() }
    }

    /// Sends runs of bytes, as one chunk where there are chunks.
    func write(_ runs: ByteRuns, chunked: Bool) {
        if !output.write(runs, chunked: chunked, to: descriptor) { breakOutput() }
    }

    /// Sends what is in a pipe, before all that is written after this.
    func write(_ pipe: SplicePipe) {
        if !output.write(pipe, to: descriptor) { breakOutput() }
    }

    func writeLastChunk() {
        guard canSend else { return }
        output.open().appendLastChunk()
        touch()
    }

    func shutDownWhenSent() {
        output.shutsDown = true
        touch()
    }

    /// The upstream takes no more.
    private func breakOutput() {
        if isReused, !output.hasSent {
            // It has closed while the connection was idle, and has seen nothing of this request: what is written from here on
            // is collected, and goes out on another connection.
            output.isFull = true
            fail(.closedBeforeAnswer(upstream.address))
            return
        }
        // The answer may be here or on its way all the same: a server that refuses a large body answers, and closes without
        // reading it.
        canSend = false
        output.close()
        touch()
    }
}
