import Glibc
import LuaRuntime
import EventLoop

/// What dogger tells its user, line by line, on one descriptor (standard error).
///
/// Lines are buffered. On a terminal they go out at the end of the turn, for somebody reads them as they go by; elsewhere
/// when the loop is idle, so that a busy server has no system call a request for its log.
public final class Log {
    private let descriptor: Int32
    private let loop: EventLoop
    private let isTerminal: Bool
    private var pending: [UInt8] = []
    private var isScheduled = false
    private var lostLines = 0

    private static let flushSize = 32 * 1024
    /// What a reader that does not read may cost; lines past it, and longer ones, are counted and dropped.
    private static let mostPending = 1 << 20
    /// How long to wait for a reader that lags, in nanoseconds.
    private static let patience: UInt64 = 100_000_000

    public init(_ descriptor: Int32, _ loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
        isTerminal = isatty(descriptor) == 1
        pending.reserveCapacity(Log.flushSize + 4096)
    }

    /// Adds a line; the line feed is added here. Line feeds inside are kept.
    public func line(_ text: String) {
        var text = text
        text.withUTF8 { line(UnsafeRawBufferPointer($0)) }
    }

    /// Adds a line made of pieces, without a copy of its own.
    public func line(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer = .init(start: nil, count: 0), _ third: UnsafeRawBufferPointer = .init(start: nil, count: 0), _ fourth: UnsafeRawBufferPointer = .init(start: nil, count: 0)) {
        guard pending.count + first.count + second.count + third.count + fourth.count < Log.mostPending else {
            lostLines += 1
            return
        }
        pending.append(contentsOf: first)
        pending.append(contentsOf: second)
        pending.append(contentsOf: third)
        pending.append(contentsOf: fourth)
        pending.append(UInt8(ascii: "\n"))
        if pending.count >= Log.flushSize {
            flush()
        } else if !isScheduled {
            isScheduled = true
            if isTerminal { loop.soon(flushScheduled) } else { loop.whenIdle(flushScheduled) }
        }
    }

    private func flushScheduled() {
        isScheduled = false
        flush()
    }

    /// Writes what there is, as far as the reader takes it: a pipe that nobody empties must not stop the server.
    public func flush() {
        var sent = 0
        while sent < pending.count {
            var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard Glibc.poll(&poll, 1, 0) == 1 else { break }
            // A pipe that is ready takes this much without blocking (pipe(7)).
            let size = isTerminal ? pending.count - sent : min(pending.count - sent, Int(PIPE_BUF))
            let written = pending.withUnsafeBytes { write(descriptor, $0.baseAddress! + sent, size) }
            guard written > 0 else {
                if errno != EAGAIN, errno != EINTR { sent = pending.count }     // the reader is gone for good
                break
            }
            sent += written
        }
        if sent == pending.count { pending.removeAll(keepingCapacity: true) } else { pending.removeFirst(sent) }
        if !pending.isEmpty {
            guard !isScheduled else { return }
            isScheduled = true
            loop.schedule(after: Log.patience) { [self] in flushScheduled() }
        } else if lostLines > 0 {
            let lost = lostLines
            lostLines = 0
            line("dogger: \(lost) lines of the log were lost: too long, or nobody read them in time")
        }
    }
}

extension Log {
    /// The sentence; and under it, where the script itself failed, the calls that led there. The sentence may hold what a client
    /// sent, which must not look like another line of the log, nor move a terminal's cursor.
    func failure(_ failure: ScriptFailure) {
        line("dogger: \(Printable.text(failure.message))")
        if failure.status == 500 || failure.kind != .scriptError, !failure.traceback.isEmpty { line(failure.traceback) }
    }
}
