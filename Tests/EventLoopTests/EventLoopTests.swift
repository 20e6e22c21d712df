import Glibc
import Testing

@testable import EventLoop

@Suite struct EventLoopTests {
    @Test func callsASourceWhenItsDescriptorIsReady() throws {
        let loop = try EventLoop()
        let pair = SocketPair()
        var seen: Events = []
        let source = Source { events in
            seen = events
            loop.stop()
        }
        try loop.add(pair.ours, .readable, source)
        pair.poke()
        try run(loop)
        #expect(seen == .readable)
    }

    @Test func reportsAgainWhatIsNotDealtWith() throws {
        let loop = try EventLoop()
        let pair = SocketPair()
        var calls = 0
        let source = Source { _ in
            calls += 1
            if calls == 3 { loop.stop() }
        }
        try loop.add(pair.ours, .readable, source)
        pair.poke()
        try run(loop)
        #expect(calls == 3)
    }

    @Test func watchesForWhatItIsToldTo() throws {
        let loop = try EventLoop()
        let pair = SocketPair()
        var seen: [Events] = []
        let source = Source { events in
            seen.append(events)
            loop.stop()
        }
        try loop.add(pair.ours, [], source)
        pair.poke()
        loop.schedule(after: 1) { loop.stop() }
        try run(loop)
        #expect(seen.isEmpty)
        try loop.change(pair.ours, .writable)
        try run(loop)
        try loop.change(pair.ours, [.readable, .writable])
        try run(loop)
        #expect(seen == [.writable, [.readable, .writable]])
    }

    @Test func tellsAHalfCloseFromAHangUp() throws {
        let loop = try EventLoop()
        let pair = SocketPair()
        var seen: [Events] = []
        let source = Source { events in
            seen.append(events)
            loop.stop()
        }
        try loop.add(pair.ours, .halfClosed, source)
        shutdown(pair.theirs, Int32(1))
        try run(loop)
        shutdown(pair.theirs, Int32(0))
        shutdown(pair.ours, Int32(1))
        try run(loop)
        #expect(seen.first == .halfClosed)
        #expect(seen.last?.contains(.hungUp) == true)
    }

    @Test func aRemovedSourceGetsNoEventOfTheSameBatch() throws {
        let loop = try EventLoop()
        let pairs = [SocketPair(), SocketPair()]
        var calls: [Int] = []
        for (index, pair) in pairs.enumerated() {
            let source = Source { _ in
                calls.append(index)
                loop.remove(pairs[1 - index].ours)
                loop.remove(pair.ours)
                loop.schedule(after: 1) { loop.stop() }
            }
            try loop.add(pair.ours, .readable, source)
            pair.poke()
        }
        try run(loop)
        #expect(calls.count == 1)
    }

    @Test func anEventOfAReplacedSourceDoesNotReachTheNewOne() throws {
        let loop = try EventLoop()
        let pairs = [SocketPair(), SocketPair()]
        var staleCalls = 0
        var isFirst = true
        for (index, pair) in pairs.enumerated() {
            let source = Source { _ in
                guard isFirst else { return }
                isFirst = false
                let other = pairs[1 - index].ours
                loop.remove(other)
                loop.remove(pair.ours)
                // The same number for something that is not ready, as after close and accept.
                try? loop.add(other, .halfClosed, Source { _ in staleCalls += 1 })
                loop.schedule(after: 1) { loop.stop() }
            }
            try loop.add(pair.ours, .readable, source)
            pair.poke()
        }
        try run(loop)
        #expect(!isFirst)
        #expect(staleCalls == 0)
    }

    @Test func aSourceLivesOnlyWhileItIsWatched() throws {
        let loop = try EventLoop()
        let pair = SocketPair()
        weak var source: Source?
        do {
            let new = Source { _ in }
            source = new
            try loop.add(pair.ours, .readable, new)
        }
        #expect(source != nil)
        loop.remove(pair.ours)
        #expect(source == nil)
    }

    @Test func sourcesThatComeFirstComeFirst() throws {
        let loop = try EventLoop()
        let pairs = (0..<8).map { _ in SocketPair() }
        var order: [Int] = []
        for (index, pair) in pairs.enumerated() {
            let source = Source { _ in
                order.append(index)
                pair.take()
                if order.count == pairs.count { loop.stop() }
            }
            try loop.add(pair.ours, .readable, source, first: index >= 6)
        }
        for pair in pairs { pair.poke() }
        try run(loop)
        #expect(Set(order.prefix(2)) == [6, 7])
        #expect(order.count == 8)
    }

    /// A save that is made while one client's request takes long comes before the request of the next client.
    @Test func whatComesFirstIsLookedForAgainWhenASourceTookLong() throws {
        let loop = try EventLoop()
        let first = SocketPair()
        let others = [SocketPair(), SocketPair()]
        var order: [String] = []
        try loop.add(first.ours, .readable, Source { _ in
            order.append("first")
            first.take()
        }, first: true)
        for other in others {
            try loop.add(other.ours, .readable, Source { _ in
                order.append("other")
                other.take()
                if order.count > 1 { return loop.stop() }
                usleep(20_000)
                first.poke()
                #expect(loop.isLate)
            })
        }
        for other in others { other.poke() }
        try run(loop)
        #expect(order == ["other", "first", "other"])
    }

    @Test func aDescriptorThatCantBeWatchedIsAnError() throws {
        let loop = try EventLoop()
        let source = Source { _ in }
        #expect(throws: SystemError("cannot watch file descriptor 1000000", code: EBADF)) {
            try loop.add(1_000_000, .readable, source)
        }
        #expect(throws: SystemError.self) { try loop.change(900_000, .readable) }
    }

    @Test func removingWhatIsNotWatchedDoesNothing() throws {
        let loop = try EventLoop()
        loop.remove(-1)
        loop.remove(5)
        loop.remove(1_000_000)
    }

    @Test func moreDescriptorsThanItBeganWith() throws {
        let loop = try EventLoop()
        let pairs = (0..<100).map { _ in SocketPair() }
        var calls: Set<Int> = []
        for (index, pair) in pairs.enumerated() {
            let source = Source { _ in
                pair.take()
                calls.insert(index)
                if calls.count == pairs.count { loop.stop() }
            }
            try loop.add(pair.ours, .readable, source)
            pair.poke()
        }
        try run(loop)
        #expect(calls.count == 100)
    }

    @Test func soonRunsAtTheEndOfTheTurnInOrder() throws {
        let loop = try EventLoop()
        let pair = SocketPair()
        var order: [String] = []
        let source = Source { _ in
            pair.take()
            loop.soon { order.append("first") }
            loop.soon {
                order.append("second")
                loop.soon {
                    order.append("next turn")
                    loop.stop()
                }
            }
            order.append("source")
        }
        try loop.add(pair.ours, .readable, source)
        pair.poke()
        try run(loop)
        #expect(order == ["source", "first", "second", "next turn"])
    }

    @Test func soonFromOutsideDoesNotWait() throws {
        let loop = try EventLoop()
        loop.soon { loop.stop() }
        try run(loop)
    }

    @Test func timersRunInTheOrderOfTheirTimes() throws {
        let loop = try EventLoop()
        var order: [Int] = []
        var timers: [Timer] = []
        for (name, delay) in [2_000_000, 1_000_000, 4_000_000, 3_000_000].enumerated() {
            timers.append(loop.schedule(after: UInt64(delay)) { order.append(name) })
        }
        loop.schedule(after: 20_000_000) { loop.stop() }
        try run(loop)
        // Their times are what counts: on a busy machine the calls themselves may be milliseconds apart.
        #expect(order == (0..<4).sorted { timers[$0].deadline < timers[$1].deadline })
    }

    @Test func aTimerIsNeverEarly() throws {
        let loop = try EventLoop()
        let start = EventLoop.clock()
        var end: UInt64 = 0
        loop.schedule(after: 3_300_000) {
            end = EventLoop.clock()
            loop.stop()
        }
        try run(loop)
        #expect(end - start >= 3_300_000)
    }

    @Test func aCancelledTimerDoesNotRunAndAFiredOneCanBeCancelled() throws {
        let loop = try EventLoop()
        var hasRun = false
        let cancelled = loop.schedule(after: 1) { hasRun = true }
        #expect(cancelled.isPending)
        cancelled.cancel()
        #expect(!cancelled.isPending)
        cancelled.cancel()
        let fired = loop.schedule(after: 1_000_000) { loop.stop() }
        try run(loop)
        #expect(!hasRun)
        #expect(!fired.isPending)
        fired.cancel()
    }

    @Test func aTimerThatRestartsItselfDoesNotStarveTheRest() throws {
        let loop = try EventLoop()
        let pair = SocketPair()
        var rounds = 0
        func again() {
            rounds += 1
            loop.schedule(after: 0) { again() }
        }
        again()
        let source = Source { _ in loop.stop() }
        try loop.add(pair.ours, .readable, source)
        pair.poke()
        try run(loop)
        #expect(rounds < 100)
    }

    @Test func aTimeBeyondTheClockNeverComes() throws {
        let loop = try EventLoop()
        let timer = loop.schedule(after: .max) { Issue.record("it came") }
        #expect(timer.deadline == .max)
        loop.schedule(after: 1) { loop.stop() }
        try run(loop)
        timer.cancel()
    }

    @Test func idleActionsRunWhenThereIsNothingElse() throws {
        let loop = try EventLoop()
        let pair = SocketPair()
        var order: [String] = []
        let source = Source { _ in
            order.append("event")
            pair.take()
        }
        try loop.add(pair.ours, .readable, source)
        loop.whenIdle {
            order.append("idle")
            loop.stop()
        }
        pair.poke()
        try run(loop)
        #expect(order == ["event", "idle"])
    }

    @Test func idleActionsRunUnderLoadAfterAWhile() throws {
        let loop = try EventLoop()
        let pair = SocketPair()
        var turns = 0
        // Never taken, so no turn is without an event.
        let source = Source { _ in turns += 1 }
        try loop.add(pair.ours, .readable, source)
        pair.poke()
        loop.whenIdle { loop.stop() }
        try run(loop)
        #expect(turns > 1)
    }

    @Test func nowIsRefreshedEachTurn() throws {
        let loop = try EventLoop()
        let before = loop.now
        loop.schedule(after: 1_000_000) { loop.stop() }
        try run(loop)
        #expect(loop.now >= before + 1_000_000)
    }

    @Test func canRunAgainAfterAStop() throws {
        let loop = try EventLoop()
        for _ in 0..<3 {
            loop.soon { loop.stop() }
            try run(loop)
        }
    }

    @Test func isQuietWhenNothingGoesOnAnyMore() throws {
        let loop = try EventLoop()
        let pair = SocketPair()
        var steps: [String] = []
        let source = Source { _ in
            pair.take()
            steps.append("read")
            loop.soon { steps.append("soon") }
        }
        try loop.add(pair.ours, .readable, source)
        loop.schedule(after: 5_000_000) {
            steps.append("timer")
            pair.poke()
        }
        loop.whenQuiet {
            steps.append("quiet")
            loop.stop()
        }
        pair.poke()
        try run(loop)
        #expect(steps == ["read", "soon", "timer", "read", "soon", "quiet"])
    }

    @Test func isQuietAlthoughATimerIsFarAway() throws {
        let loop = try EventLoop()
        let timer = loop.schedule(after: 3_600_000_000_000) { Issue.record("an hour is over") }
        var count = 0
        func again() {
            count += 1
            if count < 3 { loop.whenQuiet(again) } else { loop.stop() }
        }
        loop.whenQuiet(again)
        try run(loop)
        #expect(count == 3)
        timer.cancel()
    }
}
