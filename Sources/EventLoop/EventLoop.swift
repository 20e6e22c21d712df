import CDogger
import Glibc

/// One thread, one epoll: it waits for descriptors, and calls their sources.
///
/// A turn is: wait; refresh `now`; sources that come first (`first: true`), then the others, each with its events, and between
/// them those that come first again where one took long; due timers; what `soon` left. Everything runs on the thread that calls `run()`, and nothing here may be touched by another.
public final class EventLoop {
    /// CLOCK_MONOTONIC in nanoseconds, as it was when this turn's wait ended.
    public var now: UInt64 { time.pointee }

    /// Behind a pointer, because a class's property that another module reads has its exclusivity checked each time, and this
    /// one is read several times a request.
    private let time: UnsafeMutablePointer<UInt64>

    private struct Slot {
        var source: (any EventSource)?
        /// Goes up whenever the slot changes hands, and comes back with each event: an event of a former owner of the same
        /// descriptor number, late in its batch, is known by it.
        var generation: UInt32 = 0
        var isFirst = false
    }

    private let queue: Descriptor
    private var slots: UnsafeMutablePointer<Slot>
    private var slotCount: Int
    private let batch: UnsafeMutablePointer<epoll_event>
    private let timers = TimerQueue()
    private var soonActions: [() -> Void] = []
    private var runningSoon: [() -> Void] = []
    private var idleActions: [() -> Void] = []
    private var idleSince: UInt64 = 0
    private var quietActions: [() -> Void] = []
    private var firstDescriptors: [Int32] = []
    private var lookedAtFirst: UInt64 = 0
    private var isRunning = false

    /// So many that what comes first is all but sure to be in the same batch as what it must come before.
    private static let batchSize = 1024
    private static let firstBit: UInt64 = 1 << 63
    /// After this long, what comes first is looked for again.
    private static let lateness: UInt64 = 10_000_000
    /// A turn without events for this long is idle.
    private static let idleWait: UInt64 = 20_000_000
    /// Under a load that leaves no turn empty, idle actions run after this long all the same.
    private static let idleLimit: UInt64 = 200_000_000
    /// A timer that is due within this time is still something going on.
    private static let quietWait: UInt64 = 50_000_000

    /// - Throws: `SystemError` when the kernel gives no epoll (too many descriptors are open).
    public init() throws(SystemError) {
        queue = try Descriptor(epoll_create1(Int32(EPOLL_CLOEXEC)), "cannot open an event queue")
        time = .allocate(capacity: 1)
        time.initialize(to: EventLoop.clock())
        slotCount = 64
        slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: Slot(), count: slotCount)
        batch = .allocate(capacity: EventLoop.batchSize)
    }

    deinit {
        timers.removeAll()
        slots.deinitialize(count: slotCount)
        slots.deallocate()
        batch.deallocate()
        time.deallocate()
    }

    /// CLOCK_MONOTONIC in nanoseconds, right now.
    public static func clock() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    // MARK: Descriptors

    /// Watches a descriptor. The loop holds the source until `remove`.
    /// - Parameters:
    ///   - fd: a nonblocking descriptor that is not on the loop; it must be removed before it is closed.
    ///   - interest: what to call the source for, besides `hungUp` and `failed`.
    ///   - first: its events go before those of all others in the same batch.
    /// - Throws: `SystemError`, as epoll_ctl(2).
    public func add(_ fd: Int32, _ interest: Events, _ source: any EventSource, first: Bool = false) throws(SystemError) {
        let index = Int(fd)
        if index >= slotCount { grow(to: index + 1) }
        let generation = (slots[index].generation &+ 1) & 0x7fff_ffff
        try control(EPOLL_CTL_ADD, fd, interest, data(fd, generation, first), "cannot watch file descriptor \(fd)")
        slots[index] = Slot(source: source, generation: generation, isFirst: first)
        if first { firstDescriptors.append(fd) }
    }

    /// Watches a descriptor for something else from now on.
    public func change(_ fd: Int32, _ interest: Events) throws(SystemError) {
        let slot = slots + Int(fd)
        let data = data(fd, slot.pointee.generation, slot.pointee.isFirst)
        try control(EPOLL_CTL_MOD, fd, interest, data, "cannot change how file descriptor \(fd) is watched")
    }

    /// Watches a descriptor no more; its source gets no event from here on, not even one of this turn. Nothing when it is
    /// not watched.
    public func remove(_ fd: Int32) {
        guard fd >= 0, Int(fd) < slotCount, slots[Int(fd)].source != nil else { return }
        let slot = slots + Int(fd)
        var unused = epoll_event()
        epoll_ctl(queue.number, EPOLL_CTL_DEL, fd, &unused)
        if slot.pointee.isFirst { firstDescriptors.removeAll { $0 == fd } }
        slot.pointee.generation = (slot.pointee.generation &+ 1) & 0x7fff_ffff
        slot.pointee.source = nil
        slot.pointee.isFirst = false
    }

    private func data(_ fd: Int32, _ generation: UInt32, _ first: Bool) -> UInt64 {
        UInt64(generation) << 32 | UInt64(UInt32(bitPattern: fd)) | (first ? EventLoop.firstBit : 0)
    }

    private func control(
        _ operation: Int32, _ fd: Int32, _ interest: Events, _ data: UInt64, _ attempt: @autoclosure () -> String
    ) throws(SystemError) {
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: data))
        guard epoll_ctl(queue.number, operation, fd, &event) == 0 else { throw SystemError(attempt()) }
    }

    private func grow(to count: Int) {
        let newCount = max(count, slotCount * 2)
        let newSlots = UnsafeMutablePointer<Slot>.allocate(capacity: newCount)
        newSlots.moveInitialize(from: slots, count: slotCount)
        (newSlots + slotCount).initialize(repeating: Slot(), count: newCount - slotCount)
        slots.deallocate()
        slots = newSlots
        slotCount = newCount
    }

    // MARK: Time

    /// Runs an action once, at least `ns` nanoseconds from now, to the millisecond above.
    @discardableResult
    public func schedule(after ns: UInt64, _ action: @escaping () -> Void) -> Timer {
        let (deadline, overflow) = EventLoop.clock().addingReportingOverflow(ns)
        return timers.add(deadline: overflow ? .max : deadline, action: action)
    }

    /// Runs an action at the end of this turn; from within such an action, at the end of the next, which then does not wait.
    public func soon(_ action: @escaping () -> Void) { soonActions.append(action) }

    /// Runs an action once, when the loop has nothing else to do (20 ms without an event), or after 200 ms in which it always
    /// had. This takes no system call of its own.
    public func whenIdle(_ action: @escaping () -> Void) {
        if idleActions.isEmpty { idleSince = EventLoop.clock() }
        idleActions.append(action)
    }

    /// Runs an action once, when nothing goes on any more: no descriptor has an event now, nothing is left for the end of a turn,
    /// and no timer is due soon. Between two sockets of this process that is certain, for what one has written the other can read
    /// at once; of what comes from outside nobody knows.
    public func whenQuiet(_ action: @escaping () -> Void) { quietActions.append(action) }

    /// Lets go of all that waits, for a loop that turns no more, as one test's does beside others: what waits on a loop mostly holds it,
    /// so both would stay for ever. A process that ends has no need of this.
    public func abandon() {
        timers.removeAll()
        (soonActions, idleActions, quietActions) = ([], [], [])
        for fd in 0..<slotCount { remove(Int32(fd)) }
    }

    // MARK: Turns

    /// Turns until `stop()`. A stop before this call does not count.
    /// - Throws: `SystemError` when epoll_wait(2) fails, which no source can bring about.
    public func run() throws(SystemError) {
        precondition(!isRunning, "the loop runs already")
        isRunning = true
        defer { isRunning = false }
        while isRunning { try turn() }
    }

    /// Ends `run()` after this turn. For the loop's own thread.
    public func stop() { isRunning = false }

    private func turn() throws(SystemError) {
        let timeout = waitTime()
        let count = Int(epoll_wait(queue.number, batch, Int32(EventLoop.batchSize), timeout))
        if count < 0, errno != EINTR { throw SystemError("cannot wait for events") }
        time.pointee = EventLoop.clock()
        lookedAtFirst = now
        if count > 0 { dispatch(count) }
        let isDue = timers.earliest.map { $0 <= now } ?? false
        if isDue { timers.run(now: now) }
        if !quietActions.isEmpty, count == 0, !isDue, soonActions.isEmpty, !isTimerNear { runQuiet() }
        if !soonActions.isEmpty { runSoon() }
        if !idleActions.isEmpty {
            let isIdle = count == 0 && timeout != 0
            // What was asked for in this turn is younger than `now`.
            if isIdle || now > idleSince &+ EventLoop.idleLimit { runIdle() }
        }
    }

    /// Milliseconds for epoll_wait: rounded up, for a timer must not be early.
    private func waitTime() -> Int32 {
        if !soonActions.isEmpty { return 0 }
        var wait = UInt64.max
        if let earliest = timers.earliest {
            let now = EventLoop.clock()
            wait = earliest > now ? earliest - now : 0
        }
        if !idleActions.isEmpty { wait = min(wait, EventLoop.idleWait) }
        if !quietActions.isEmpty, !isTimerNear { return 0 }
        if wait == .max { return -1 }
        return Int32(clamping: (wait &+ 999_999) / 1_000_000)
    }

    private func dispatch(_ count: Int) {
        if !firstDescriptors.isEmpty { for index in 0..<count { deliver(batch[index], first: true) } }
        for index in 0..<count {
            if isLate { lookAtFirst() }
            deliver(batch[index], first: false)
        }
    }

    /// Whether something in this turn took so long that what comes first may have come meanwhile: time to begin nothing new.
    public var isLate: Bool { EventLoop.clock() &- lookedAtFirst > EventLoop.lateness }

    /// What comes first may take long itself: then again, but not for ever.
    private func lookAtFirst() {
        for _ in 0..<4 where isLate {
            lookedAtFirst = EventLoop.clock()
            var polled = firstDescriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&polled, nfds_t(polled.count), 0) > 0 else { return }
            for one in polled where one.revents != 0 {
                slots[Int(one.fd)].source?.ready(Events(rawValue: UInt32(UInt16(bitPattern: one.revents))))
            }
        }
    }

    private func deliver(_ event: epoll_event, first: Bool) {
        let data = event.data.u64
        guard (data & EventLoop.firstBit != 0) == first else { return }
        let slot = slots + Int(UInt32(truncatingIfNeeded: data))
        guard slot.pointee.generation == UInt32(truncatingIfNeeded: data >> 32) & 0x7fff_ffff,
            let source = slot.pointee.source
        else { return }
        source.ready(Events(rawValue: event.events))
    }

    private func runSoon() {
        swap(&soonActions, &runningSoon)
        for action in runningSoon { action() }
        runningSoon.removeAll(keepingCapacity: true)
    }

    private var isTimerNear: Bool {
        timers.earliest.map { $0 < EventLoop.clock() &+ EventLoop.quietWait } ?? false
    }

    private func runQuiet() {
        let actions = quietActions
        quietActions = []
        for action in actions { action() }
    }

    private func runIdle() {
        let actions = idleActions
        idleActions = []
        for action in actions { action() }
    }
}
