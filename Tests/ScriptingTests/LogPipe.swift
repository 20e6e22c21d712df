import CDogger
import EventLoop
import Glibc

/// A pipe to log to, whose other end is read on the loop, or by hand.
final class LogPipe: EventSource {
    private(set) var input: Int32 = -1
    private(set) var output: Int32 = -1
    private var bytes: [UInt8] = []
    var whenRead: () -> Void = {}

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0)
        output = ends[0]
        input = ends[1]
        // Only the end that the test reads from may not block: the log's must not depend on it.
        precondition(dg_fcntl(output, F_SETFL, O_NONBLOCK) >= 0)
    }

    deinit {
        closeOutput()
        close(input)
    }

    func closeOutput() {
        if output >= 0 { close(output) }
        output = -1
    }

    func ready(_ events: Events) {
        read()
        whenRead()
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(output, &buffer, buffer.count)
            guard count > 0 else { return }
            bytes += buffer[..<count]
        }
    }

    /// All that was written so far.
    var text: String {
        read()
        return String(decoding: bytes, as: UTF8.self)
    }
}
