import CDogger
import Glibc
import HTTP

/// Runs of bytes that are sent together from where they are: what a received piece holds of a body, without the framing between.
/// They must stay in place until they are sent.
final class ByteRuns {
    // One place before the runs and one after them, for what is sent around them.
    private let parts: UnsafeMutablePointer<iovec>
    private(set) var count = 0
    /// How many bytes they have together.
    private(set) var byteCount = 0

    private static let most = 128

    init() { parts = .allocate(capacity: ByteRuns.most + 2) }

    deinit { parts.deallocate() }

    var isFull: Bool { count == ByteRuns.most }

    func removeAll() {
        count = 0
        byteCount = 0
    }

    /// There must be room.
    func append(_ bytes: UnsafeRawBufferPointer) {
        count += 1
        parts[count] = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
        byteCount += bytes.count
    }

    /// Sends them, and what is around them, in one system call.
    /// - Returns: how many bytes the socket took, 0 where it is full, or -1 where it is broken.
    func send(_ descriptor: Int32, after prefix: UnsafeRawBufferPointer, before suffix: StaticString) -> Int {
        parts[0] = iovec(iov_base: UnsafeMutableRawPointer(mutating: prefix.baseAddress), iov_len: prefix.count)
        parts[count + 1] = iovec(
            iov_base: UnsafeMutableRawPointer(mutating: suffix.utf8Start), iov_len: suffix.utf8CodeUnitCount)
        var message = msghdr()
        message.msg_iov = parts
        message.msg_iovlen = count + 2
        while true {
            let sent = sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
            if sent >= 0 { return sent }
            if errno == EAGAIN { return 0 }
            if errno != EINTR { return -1 }
        }
    }

    func forEach(_ body: (UnsafeRawBufferPointer) -> Void) {
        for index in 0..<count { body(UnsafeRawBufferPointer(start: parts[index + 1].iov_base, count: parts[index + 1].iov_len)) }
    }

    /// Copies them, without the first so many bytes.
    func copy(to output: ByteBuffer, from offset: Int = 0) {
        var skipped = offset
        for index in 0..<count {
            let part = UnsafeRawBufferPointer(start: parts[index + 1].iov_base, count: parts[index + 1].iov_len)
            let left = min(skipped, part.count)
            skipped -= left
            output.append(UnsafeRawBufferPointer(rebasing: part[left...]))
        }
    }
}
