import EventLoop
import Glibc
import Scripting

/// How the processes are called that ask. /proc, where that stands, holds more than a script's way out of the VM may lead to, so a
/// worker does not read there: it asks its parent, who tells the name of one process and nothing else.
///
/// Question and answer are one datagram each, on a pair of sockets of their own: four bytes of a pid, and these again with the
/// name behind them.
final class CallerNames: EventSource {
    private let loop: EventLoop
    private let descriptor: Descriptor
    private static let pidSize = MemoryLayout<Int32>.size
    /// A name has at most 15 bytes, but for the kernel's own threads.
    private static let longestAnswer = pidSize + 64
    /// Milliseconds. A request waits for the name of who made it, but not for a parent that stands still.
    private static let patience: Int32 = 100

    /// For the parent, which answers.
    /// - Parameter end: one of a pair's; closed with this.
    init(_ loop: EventLoop, end: Int32) throws(SystemError) {
        self.loop = loop
        descriptor = Descriptor(owning: end)
        try loop.add(end, .readable, self)
    }

    /// One question a turn of the loop: a worker that never stops asking keeps nobody else waiting.
    func ready(_ events: Events) {
        var pid: Int32 = 0
        let count = recv(descriptor.number, &pid, CallerNames.pidSize, 0)
        if count == CallerNames.pidSize {
            let answer = withUnsafeBytes(of: pid) { Array($0) } + ProcessName.of(pid).utf8
            // A worker that does not take its answers goes without.
            send(descriptor.number, answer, min(answer.count, CallerNames.longestAnswer), Int32(MSG_NOSIGNAL))
        } else if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR {
            close()
        }
    }

    /// Takes it off the loop.
    func close() { loop.remove(descriptor.number) }

    /// For the worker: waits for the answer.
    /// - Parameter end: the other of the pair.
    /// - Returns: empty where there is no such process, or no answer.
    static func ask(_ pid: Int32, over end: Int32) -> String {
        var pid = pid
        var answer = [UInt8](repeating: 0, count: longestAnswer)
        guard send(end, &pid, pidSize, Int32(MSG_NOSIGNAL)) == pidSize else { return "" }
        let deadline = EventLoop.clock() + UInt64(patience) * 1_000_000
        while EventLoop.clock() < deadline {
            var wait = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
            guard poll(&wait, 1, patience) != 0 else { break }
            let count = recv(end, &answer, answer.count, 0)
            guard count != 0 else { break }
            // What was too late for the question before is not for this one.
            guard count >= pidSize, answer.starts(with: withUnsafeBytes(of: pid) { Array($0) }) else { continue }
            return String(decoding: answer[pidSize..<count], as: UTF8.self)
        }
        return ""
    }
}
