import EventLoop
import Glibc
import Scripting

/// What dogger writes to standard output (1) and standard error (2), but for the log.
enum Output {
    /// Lines for people. Names of files, and what others wrote, may stand in them: what could move a terminal's cursor, or look like
    /// another line, is shown as an escape.
    static func say(_ lines: String..., to descriptor: Int32 = 1) {
        for line in lines { say(text: Printable.text(line), to: descriptor) }
    }

    /// Several lines as one text.
    static func say(text: String, to descriptor: Int32 = 1) {
        // A sentence that nobody can read is no reason to fail.
        try? write(Array((Printable.lines(text) + "\n").utf8), to: descriptor)
    }

    /// What is for programs, or printable already.
    /// - Throws: where not all of it could be written.
    static func write(_ bytes: [UInt8], to descriptor: Int32 = 1) throws(SystemError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + sent, bytes.count - sent) }
            guard count > 0 || errno == EINTR else { throw SystemError("cannot write to \(descriptor == 2 ? "standard error" : "standard output")") }
            sent += max(0, count)
        }
    }
}
