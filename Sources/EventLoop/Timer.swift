/// An action that waits for its time. The loop holds it until it has run or is cancelled; dropping it does not cancel it.
public final class Timer {
    /// When it is due, on the clock of `EventLoop.now`.
    public let deadline: UInt64
    let sequence: UInt64
    var index = 0
    private var action: (() -> Void)?
    private var queue: TimerQueue?

    init(deadline: UInt64, sequence: UInt64, queue: TimerQueue, action: @escaping () -> Void) {
        self.deadline = deadline
        self.sequence = sequence
        self.queue = queue
        self.action = action
    }

    /// True until it has run or is cancelled.
    public var isPending: Bool { queue != nil }

    /// Takes it out; nothing when it has run or is cancelled already. O(log n).
    public func cancel() {
        guard let queue else { return }
        queue.remove(at: index)
        detach()
    }

    func fire() {
        let action = action
        detach()
        action?()
    }

    func detach() {
        queue = nil
        action = nil
    }

    func isBefore(_ other: Timer) -> Bool {
        deadline == other.deadline ? sequence < other.sequence : deadline < other.deadline
    }
}
