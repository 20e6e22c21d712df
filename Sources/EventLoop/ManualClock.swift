/// A clock that moves only when it is told to, and its timers: for tests, in which a sleep takes no time. For one thread.
public final class ManualClock {
    /// Nanoseconds since it was made, on its own scale.
    public private(set) var now: UInt64 = 0
    /// What time of the day it shows at its beginning: seconds since 1970. 2026-01-01 00:00:00 UTC, so that each run is the same.
    public var epoch = 1_767_225_600.0
    private let timers = TimerQueue()

    public init() {}

    /// The time of the day: seconds since 1970.
    public var seconds: Double { epoch + Double(now) / 1e9 }

    deinit { timers.removeAll() }

    /// Runs an action once, when the clock has moved so many nanoseconds on.
    public func schedule(after ns: UInt64, _ action: @escaping () -> Void) -> Timer {
        let (deadline, overflow) = now.addingReportingOverflow(ns)
        return timers.add(deadline: overflow ? .max : deadline, action: action)
    }

    /// Moves on to the earliest of its timers, and runs that one: others that are due at the same time come with the next call,
    /// so that what one has brought about is over before.
    /// - Returns: false where there is none.
    public func advance() -> Bool {
        guard let timer = timers.popFirst() else { return false }
        now = max(now, timer.deadline)
        timer.fire()
        return true
    }
}
