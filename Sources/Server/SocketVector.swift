import CDogger
import Glibc

/// Sending from several places at once.
enum SocketVector {
    /// - Returns: how many bytes the socket took, 0 where it is full, or -1 where it is broken.
    static func send(
        _ descriptor: Int32, _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, _ third: StaticString
    ) -> Int {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: 3) { parts in
            parts[0] = iovec(iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count)
            parts[1] = iovec(iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress), iov_len: second.count)
            parts[2] = iovec(iov_base: UnsafeMutableRawPointer(mutating: third.utf8Start), iov_len: third.utf8CodeUnitCount)
            var message = msghdr()
            message.msg_iov = parts.baseAddress
            message.msg_iovlen = 3
            while true {
                let count = sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                if count >= 0 { return count }
                if errno == EAGAIN { return 0 }
                if errno != EINTR { return -1 }
            }
        }
    }
}
