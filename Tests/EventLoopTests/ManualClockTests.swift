import Testing

@testable import EventLoop

@Suite struct ManualClockTests {
    @Test func standsStillUntilItIsMoved() {
        let clock = ManualClock()
        var fired: [String] = []
        _ = clock.schedule(after: 2_000_000_000) { fired.append("late at \(clock.now)") }
        _ = clock.schedule(after: 1_500_000_000) { fired.append("early at \(clock.now)") }
        #expect(clock.now == 0 && fired.isEmpty)
        #expect(clock.advance())
        #expect(fired == ["early at 1500000000"])
        #expect(clock.advance())
        #expect(fired == ["early at 1500000000", "late at 2000000000"])
        #expect(!clock.advance() && clock.now == 2_000_000_000)
    }

    @Test func runsOneAtATimeInTheOrderOfTheirMaking() {
        let clock = ManualClock()
        var fired: [Int] = []
        for name in 1...3 { _ = clock.schedule(after: 5) { fired.append(name) } }
        #expect(clock.advance() && fired == [1])
        #expect(clock.advance() && clock.advance() && fired == [1, 2, 3] && clock.now == 5)
    }

    @Test func forgetsWhatIsCancelled() {
        let clock = ManualClock()
        let timer = clock.schedule(after: 5) { Issue.record("it was cancelled") }
        timer.cancel()
        #expect(!clock.advance() && !timer.isPending && clock.now == 0)
    }

    @Test func showsATimeOfTheDay() {
        let clock = ManualClock()
        _ = clock.schedule(after: 1_500_000_000) {}
        #expect(clock.seconds == 1_767_225_600)
        #expect(clock.advance() && clock.seconds == 1_767_225_601.5)
        clock.epoch = 0
        #expect(clock.seconds == 1.5)
    }

    @Test func neverOverflows() {
        let clock = ManualClock()
        var fired = 0
        _ = clock.schedule(after: .max - 1) { fired += 1 }
        #expect(clock.advance())
        _ = clock.schedule(after: .max) { fired += 1 }
        #expect(clock.advance() && fired == 2 && clock.now == .max)
    }
}
