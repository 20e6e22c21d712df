import Glibc

/// How long another process that writes may keep this one: up to a second, in which nothing else happens here. It looks again each
/// millisecond. SQLite's own waiting looks ever more seldom, and loses to processes that write without a pause.
final class Patience {
    private static let most: UInt64 = 1_000_000_000
    private let start = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)

    init() { start.initialize(to: 0) }

    deinit { start.deallocate() }

    /// From now on it lasts a second.
    func begin() { start.pointee = Patience.clock() }

    /// For sqlite3_busy_handler, together with `wait`.
    var context: UnsafeMutableRawPointer { UnsafeMutableRawPointer(start) }

    /// - Returns: 0 to give up.
    static func wait(_ context: UnsafeMutableRawPointer?) -> Int32 {
        guard let start = context?.assumingMemoryBound(to: UInt64.self), clock() - start.pointee < most else { return 0 }
        usleep(1000)
        return 1
    }

    private static func clock() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
