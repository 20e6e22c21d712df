import TestSupport
import Testing

@testable import EventLoop

@Suite struct TimerQueueTests {
    /// Against a sorted list: adds, cancellations of any timer, and runs.
    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func behavesAsASortedList(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let queue = TimerQueue()
        var expected: [(deadline: UInt64, name: Int)] = []
        var timers: [Int: Timer] = [:]
        var fired: [Int] = []
        var now: UInt64 = 0
        for name in 0..<4000 {
            let deadline = now + random.next() % 1000
            timers[name] = queue.add(deadline: deadline) { fired.append(name) }
            expected.append((deadline, name))
            if random.next() % 3 == 0, let victim = expected.indices.randomElement(using: &random) {
                timers[expected[victim].name]?.cancel()
                expected.remove(at: victim)
            }
            if random.next() % 10 == 0 {
                now += random.next() % 200
                queue.run(now: now)
                let due = expected.filter { $0.deadline <= now }.sorted { ($0.deadline, $0.name) < ($1.deadline, $1.name) }
                #expect(fired == due.map(\.name))
                fired = []
                expected.removeAll { $0.deadline <= now }
            }
            #expect(queue.count == expected.count)
            #expect(queue.earliest == expected.map(\.deadline).min())
        }
    }

    @Test func anActionMayCancelAnotherThatIsDue() {
        let queue = TimerQueue()
        var order: [Int] = []
        var second: Timer?
        _ = queue.add(deadline: 1) {
            order.append(1)
            second?.cancel()
        }
        second = queue.add(deadline: 2) { order.append(2) }
        _ = queue.add(deadline: 3) { order.append(3) }
        queue.run(now: 10)
        #expect(order == [1, 3])
        #expect(queue.isEmpty)
    }

    @Test func whatAnActionAddsWaitsForTheNextRun() {
        let queue = TimerQueue()
        var order: [Int] = []
        _ = queue.add(deadline: 5) {
            order.append(1)
            _ = queue.add(deadline: 5) { order.append(2) }
        }
        queue.run(now: 5)
        #expect(order == [1])
        queue.run(now: 5)
        #expect(order == [1, 2])
    }

    @Test func lettingGoOfTheQueueLetsGoOfTheActions() {
        final class Token {}
        weak var token: Token?
        let queue = TimerQueue()
        var timer: Timer?
        do {
            let new = Token()
            token = new
            timer = queue.add(deadline: 1) { _ = new }
        }
        #expect(token != nil)
        queue.removeAll()
        #expect(token == nil)
        #expect(timer?.isPending == false)
    }
}
