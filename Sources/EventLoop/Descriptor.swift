import CDogger
import Glibc

/// A file descriptor that closes itself: it has one owner, and goes when its owner goes.
public struct Descriptor: ~Copyable {
    public let number: Int32

    /// Takes over an open descriptor.
    public init(owning number: Int32) { self.number = number }

    /// Takes over the result of a system call that makes a descriptor.
    /// - Throws: `SystemError` with `attempt` when the result is negative.
    public init(_ result: Int32, _ attempt: @autoclosure () -> String) throws(SystemError) {
        guard result >= 0 else { throw SystemError(attempt()) }
        number = result
    }

    deinit { Glibc.close(number) }

    /// Gives the descriptor away: whoever gets the number closes it.
    public consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// Makes a descriptor that came from outside like ours: nonblocking, and not inherited by children.
    public static func adopt(_ number: Int32) throws(SystemError) {
        let flags = dg_fcntl(number, F_GETFL, 0)
        guard flags >= 0, dg_fcntl(number, F_SETFL, flags | O_NONBLOCK) >= 0,
            dg_fcntl(number, F_SETFD, FD_CLOEXEC) >= 0
        else { throw SystemError("cannot use file descriptor \(number)") }
    }

    /// Closes every descriptor of this process but standard input, output and error, and those that are named.
    public static func closeAll(except kept: [Int32]) {
        var first: Int32 = 3
        for number in kept.sorted() where number >= first {
            if number > first { dg_close_range(UInt32(first), UInt32(number - 1)) }
            first = number + 1
        }
        dg_close_range(UInt32(first), .max)
    }

    /// Lets this process open as many descriptors as it may: the soft limit goes up to the hard one. A server has a
    /// descriptor a connection, and the usual soft limit of 1024 is there for `select` only.
    /// - Returns: the limit from now on.
    @discardableResult
    public static func raiseLimit() -> UInt64 {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return UInt64(limit.rlim_cur)
    }
}
