import CDogger
import Glibc
import HTTP

/// What is written collects in a buffer and leaves at the end of the turn, or at once where it is much.
extension UpstreamConnection {
    /// Bytes from here on are sent from where they are, after what is collected, in place of being copied.
    private static let directSize = 16 * 1024

    var outputCount: Int {
        guard let output else { return 0 }
        return output.count &+ (pipe?.count ?? 0)
    }

    /// The buffer to write into.
    func openOutput() -> ByteBuffer {
        if let output { return output }
        let buffer = upstream.outputs.take()
        output = buffer
        return buffer
    }

    func dropOutput() {
        if let output { upstream.outputs.give(output) }
        output = nil
        pipe = nil
    }

    /// Sends what is in a pipe, before all that is written after this.
    func write(_ pipe: SplicePipe) {
        _ = openOutput()
        self.pipe = pipe
        flush()
    }

    /// - Returns: whether the socket took all that was in the pipe.
    private func drainPipe() -> Bool {
        guard let pipe else { return true }
        guard pipe.drain(to: descriptor) else {
            breakOutput()
            return false
        }
        isFull = pipe.count > 0
        if isFull { return false }
        self.pipe = nil
        pipe.release()
        return true
    }

    /// Sends runs of bytes, as one chunk where there are chunks.
    func write(_ runs: ByteRuns, chunked: Bool) {
        guard runs.byteCount > 0 else { return }
        let output = openOutput()
        if chunked { output.appendChunkSize(runs.byteCount) }
        if runs.byteCount >= UpstreamConnection.directSize {
            writeDirectly(runs, suffix: chunked ? "\r\n" : "")
        } else {
            runs.copy(to: output)
            if chunked { output.appendChunkEnd() }
        }
    }

    func writeLastChunk() {
        guard canSend else { return }
        openOutput().appendLastChunk()
        touch()
    }

    func shutDownWhenSent() {
        shutsDown = true
        touch()
    }

    /// Sends what is collected, as far as the socket takes it.
    func flush() {
        guard phase != .connecting, !isFull else { return }
        if pipe != nil, !drainPipe() { return }
        while let output, canSend {
            if output.isEmpty {
                dropOutput()
                break
            }
            let bytes = output.readable
            let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { isFull = true } else { breakOutput() }
                return
            }
            hasSent = true
            output.consume(count)
            if output.isEmpty { dropOutput() } else { isFull = true }
            if isFull { return }
        }
        if shutsDown, !hasShutDown {
            hasShutDown = true
            shutdown(descriptor, Int32(SHUT_WR))
        }
    }

    /// Sends what is collected, and after it runs of bytes and a suffix; what the socket does not take is collected.
    private func writeDirectly(_ runs: ByteRuns, suffix: StaticString) {
        let output = openOutput()
        var sent = 0
        if phase != .connecting, !isFull, pipe == nil {
            sent = runs.send(descriptor, after: output.readable, before: suffix)
            if sent < 0 {
                breakOutput()
                guard canSend else { return }
                sent = 0
            }
            if sent > 0 { hasSent = true }
            isFull = sent < output.count + runs.byteCount + suffix.utf8CodeUnitCount
        }
        let before = min(sent, output.count)
        output.consume(before)
        sent -= before
        let direct = min(sent, runs.byteCount)
        runs.copy(to: output, from: direct)
        sent -= direct
        output.append(UnsafeRawBufferPointer(start: suffix.utf8Start + sent, count: suffix.utf8CodeUnitCount - sent))
        if output.isEmpty, pipe == nil { dropOutput() }
    }

    /// The upstream takes no more.
    private func breakOutput() {
        if isReused, !hasSent {
            // It has closed while the connection was idle, and has seen nothing of this request: what is written from here on
            // is collected, and goes out on another connection.
            isFull = true
            fail(.closedBeforeAnswer(upstream.address))
            return
        }
        // The answer may be here or on its way all the same: a server that refuses a large body answers, and closes without
        // reading it.
        canSend = false
        dropOutput()
        touch()
    }
}
