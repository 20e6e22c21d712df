import CDogger
import EventLoop
import Glibc
import HTTP

/// What is written collects in a buffer and leaves at the end of the turn, or as soon as it is much.
extension Connection {
    /// Bytes from here on are sent from where they are, after what is collected, in place of being copied.
    static let directSize = 16 * 1024
    /// Collected bytes are sent before the end of the turn from here on.
    private static let flushSize = 64 * 1024

    var outputCount: Int {
        guard let output else { return 0 }
        return output.count &+ (pipe?.count ?? 0)
    }

    /// The buffer to write into.
    func openOutput() -> ByteBuffer {
        if let output { return output }
        let buffer = server.outputs.take()
        output = buffer
        return buffer
    }

    /// Sends what is collected, as far as the socket takes it.
    func flush() {
        guard let output else {
            if shutsDown { shutDown() }
            return
        }
        if isFull || heldSince != nil && !releaseHold() { return }
        if pipe != nil, !drainPipe() { return }
        while !output.isEmpty {
            let bytes = output.readable
            let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { isFull = true } else { fail() }
                return
            }
            output.consume(count)
            if count < bytes.count {
                isFull = true
                return
            }
        }
        closeOutput()
        if shutsDown { shutDown() }
    }

    /// - Returns: whether the socket took all that was in the pipe.
    private func drainPipe() -> Bool {
        guard let pipe else { return true }
        guard pipe.drain(to: descriptor) else {
            fail()
            return false
        }
        isFull = pipe.count > 0
        if isFull { return false }
        self.pipe = nil
        pipe.release()
        return true
    }

    /// Sends what is in a pipe, before all that is written after this.
    func write(_ pipe: SplicePipe) {
        _ = openOutput()
        self.pipe = pipe
        flush()
    }

    /// Sends what is collected if it is much.
    func flushIfLarge() {
        if outputCount >= Connection.flushSize { flush() }
    }

    /// Sends bytes as `writeDirectly(_: ByteRuns)` does.
    func writeDirectly(_ bytes: UnsafeRawBufferPointer, suffix: StaticString) {
        let runs = server.runs
        runs.removeAll()
        runs.append(bytes)
        writeDirectly(runs, suffix: suffix)
    }

    /// Sends what is collected, and after it runs of bytes and a suffix; what the socket does not take is collected.
    func writeDirectly(_ runs: ByteRuns, suffix: StaticString) {
        let output = openOutput()
        var sent = 0
        if heldSince == nil, !isFull, pipe == nil { sent = runs.send(descriptor, after: output.readable, before: suffix) }
        guard sent >= 0 else {
            fail()
            return
        }
        let total = output.count + runs.byteCount + suffix.utf8CodeUnitCount
        if sent < total { isFull = heldSince == nil }
        let before = min(sent, output.count)
        output.consume(before)
        sent -= before
        let direct = min(sent, runs.byteCount)
        runs.copy(to: output, from: direct)
        sent -= direct
        output.append(UnsafeRawBufferPointer(start: suffix.utf8Start + sent, count: suffix.utf8CodeUnitCount - sent))
        if output.isEmpty, pipe == nil { closeOutput() }
    }

    private func fail() {
        isCut = true
        touch()
    }

    /// Gives the buffer back where a write of nothing has opened it.
    func dropEmptyOutput() {
        if let output, output.isEmpty, pipe == nil { closeOutput() }
    }

    private func closeOutput() {
        if let output { server.outputs.give(output) }
        output = nil
    }

    private func shutDown() {
        guard !hasShutDown else { return }
        shutdown(descriptor, Int32(SHUT_WR))
        hasShutDown = true
    }
}
