/// The pending timers, earliest first: a binary heap, in which each timer knows its place, so that cancelling is cheap.
final class TimerQueue {
    private var heap: ContiguousArray<Timer> = []
    private var nextSequence: UInt64 = 0

    var isEmpty: Bool { heap.isEmpty }
    var count: Int { heap.count }
    var earliest: UInt64? { heap.first?.deadline }

    func add(deadline: UInt64, action: @escaping () -> Void) -> Timer {
        let timer = Timer(deadline: deadline, sequence: nextSequence, queue: self, action: action)
        nextSequence += 1
        timer.index = heap.count
        heap.append(timer)
        moveUp(timer.index)
        return timer
    }

    func remove(at index: Int) {
        let last = heap.removeLast()
        guard index < heap.count else { return }
        place(last, at: index)
        moveUp(index)
        moveDown(last.index)
    }

    /// Runs what is due. A timer that is made meanwhile waits for the next turn, even when it is due at once: else an action
    /// that schedules itself would keep the loop from its descriptors. (Its deadline is no earlier than `now`, so it sorts
    /// behind all that were due before.)
    func run(now: UInt64) {
        let limit = nextSequence
        while let timer = heap.first, timer.deadline <= now, timer.sequence < limit {
            remove(at: 0)
            timer.fire()
        }
    }

    /// Takes the earliest out.
    func popFirst() -> Timer? {
        guard let timer = heap.first else { return nil }
        remove(at: 0)
        return timer
    }

    func removeAll() {
        let timers = heap
        heap.removeAll()
        for timer in timers { timer.detach() }
    }

    private func place(_ timer: Timer, at index: Int) {
        heap[index] = timer
        timer.index = index
    }

    private func moveUp(_ start: Int) {
        let timer = heap[start]
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard timer.isBefore(heap[parent]) else { break }
            place(heap[parent], at: index)
            index = parent
        }
        place(timer, at: index)
    }

    private func moveDown(_ start: Int) {
        let timer = heap[start]
        var index = start
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(timer) else { break }
            place(heap[child], at: index)
            index = child
        }
        place(timer, at: index)
    }
}
