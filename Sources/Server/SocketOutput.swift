import CDogger
import Glibc
import HTTP

/// What is written to a socket: it collects in a buffer, and leaves at the end of the turn, or as soon as it is much. Whoever has
/// it says when, and what becomes of a connection that is broken.
struct SocketOutput {
    private let pool: BufferPool
    /// There for as long as anything is to go out.
    private(set) var buffer: ByteBuffer?
    /// Bytes that go out before those of the buffer.
    private var pipe: SplicePipe?
    /// The socket took less than there was; the loop tells when it takes more.
    var isFull = false
    /// What is written stays here for the moment.
    var isHeld = false
    /// The socket took bytes since this was set to false.
    var hasSent = false
    /// Our side is to be half-closed when what is written is out.
    var shutsDown = false
    private(set) var hasShutDown = false

    /// Bytes from here on are sent from where they are, after what is collected, in place of being copied.
    static let directSize = 16 * 1024

    init(_ pool: BufferPool) { self.pool = pool }

    /// Nothing is to go out.
    var isEmpty: Bool { buffer == nil }

    /// How many bytes are to go out.
    var count: Int {
        guard let buffer else { return 0 }
        return buffer.count &+ (pipe?.count ?? 0)
    }

    /// Above so many bytes whoever writes more should wait.
    func isAbove(_ mark: Int) -> Bool { isFull || count > mark }

    /// The buffer to write into.
    mutating func open() -> ByteBuffer {
        if let buffer { return buffer }
        let buffer = pool.take()
        self.buffer = buffer
        return buffer
    }

    /// Drops what is to go out.
    mutating func close() {
        if let buffer { pool.give(buffer) }
        buffer = nil
        pipe = nil
    }

    /// Takes over what was collected for another socket; for one that has nothing to send.
    mutating func adopt(_ collected: ByteBuffer) { buffer = collected }

    /// What is collected, for another socket; for one that was given no bytes in a pipe.
    mutating func takeCollected() -> ByteBuffer? { buffer.take() }

    /// Gives the buffer back where a write of nothing has opened it.
    mutating func closeIfEmpty() {
        if let buffer, buffer.isEmpty, pipe == nil { close() }
    }

    // MARK: Sending. What returns a Bool returns false where the socket is broken.

    /// Sends what is collected, as far as the socket takes it.
    mutating func flush(to descriptor: Int32) -> Bool {
        if let buffer {
            guard !isHeld, !isFull else { return true }
            guard drainPipe(to: descriptor) else { return false }
            while !isFull, !buffer.isEmpty {
                let bytes = buffer.readable
                let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
                if count >= 0 {
                    hasSent = true
                    buffer.consume(count)
                    isFull = count < bytes.count
                } else if errno == EAGAIN {
                    isFull = true
                } else if errno != EINTR {
                    return false
                }
            }
            if isFull { return true }
            close()
        }
        if shutsDown { shutDown(descriptor) }
        return true
    }

    /// Sends what is collected, the end of it with a descriptor beside it: there the kernel ends the peer's read, so that what is sent
    /// later comes with another (unix(7), SCM_RIGHTS).
    /// - Returns: whether all of it went so; what did not go at all is still collected.
    mutating func flushApart(to descriptor: Int32, marker: Int32) -> Bool {
        guard let buffer, pipe == nil, !isFull else { return false }
        // A message of more may be taken in pieces, of which only the first has the descriptor.
        let end = min(buffer.count, 1024)
        let before = buffer.count - end
        if before > 0 {
            let count = Glibc.send(descriptor, buffer.readable.baseAddress, before, Int32(MSG_NOSIGNAL))
            buffer.consume(max(count, 0))
            guard count == before else { return false }
        }
        guard let bytes = buffer.readable.baseAddress else { return false }
        let count = dg_send_with(descriptor, bytes, end, marker)
        buffer.consume(max(count, 0))
        guard count == end else { return false }
        hasSent = true
        close()
        return true
    }

    /// Writes runs of bytes, as one chunk where there are chunks. What is large is sent at once.
    mutating func write(_ runs: ByteRuns, chunked: Bool, to descriptor: Int32) -> Bool {
        guard runs.byteCount > 0 else { return true }
        let buffer = open()
        if chunked { buffer.appendChunkSize(runs.byteCount) }
        if runs.byteCount >= SocketOutput.directSize {
            return send(runs, suffix: chunked ? "\r\n" : "", after: buffer, to: descriptor)
        }
        runs.copy(to: buffer)
        if chunked { buffer.appendChunkEnd() }
        return true
    }

    /// Sends what is collected, and after it runs of bytes and a suffix; what the socket does not take is collected.
    private mutating func send(_ runs: ByteRuns, suffix: StaticString, after buffer: ByteBuffer, to descriptor: Int32) -> Bool {
        var sent = 0
        var isWhole = true
        if !isHeld, !isFull, pipe == nil {
            sent = runs.send(descriptor, after: buffer.readable, before: suffix)
            isWhole = sent >= 0
            sent = max(sent, 0)
            if sent > 0 { hasSent = true }
            isFull = isWhole && sent < buffer.count + runs.byteCount + suffix.utf8CodeUnitCount
        }
        let before = min(sent, buffer.count)
        buffer.consume(before)
        sent -= before
        let direct = min(sent, runs.byteCount)
        runs.copy(to: buffer, from: direct)
        sent -= direct
        buffer.append(UnsafeRawBufferPointer(start: suffix.utf8Start + sent, count: suffix.utf8CodeUnitCount - sent))
        if buffer.isEmpty, pipe == nil { close() }
        return isWhole
    }

    mutating func shutDown(_ descriptor: Int32) {
        guard !hasShutDown else { return }
        shutdown(descriptor, Int32(SHUT_WR))
        hasShutDown = true
    }

    // MARK: Bytes in a pipe

    /// The pipe to fill: its own or a new one, into which goes first what is collected. Nil where there is none now.
    mutating func pipe(from pipes: SplicePipePool) -> SplicePipe? {
        // What was collected since the pipe was filled has to go out before anything else.
        if let pipe { return buffer?.isEmpty == true ? pipe : nil }
        guard let new = pipes.take() else { return nil }
        guard let buffer, !buffer.isEmpty else { return new }
        guard new.fill(from: buffer) else {
            new.release()
            return nil
        }
        pipe = new
        return new
    }

    /// Sends what is in a pipe that `pipe(from:)` gave, before all that is written after this.
    mutating func write(_ pipe: SplicePipe, to descriptor: Int32) -> Bool {
        _ = open()
        self.pipe = pipe
        return flush(to: descriptor)
    }

    private mutating func drainPipe(to descriptor: Int32) -> Bool {
        guard let pipe else { return true }
        let before = pipe.count
        let isWhole = pipe.drain(to: descriptor)
        if pipe.count < before { hasSent = true }
        guard isWhole else { return false }
        isFull = pipe.count > 0
        if !isFull {
            self.pipe = nil
            pipe.release()
        }
        return true
    }
}
