import EventLoop
import Testing

@Suite struct BackoffTests {
    private static let second: UInt64 = 1_000_000_000

    /// The waits after that many crashes in a row, in milliseconds.
    private func waits(_ count: Int, lifetime: UInt64) -> [UInt64] {
        var backoff = Backoff()
        return (0..<count).map { _ in backoff.wait(after: lifetime) / 1_000_000 }
    }

    @Test func theFirstCrashesCostNoWait() {
        #expect(waits(4, lifetime: 0) == [0, 0, 0, 0])
    }

    @Test func thenTheWaitDoublesUpToALimit() {
        #expect(waits(13, lifetime: 0).dropFirst(4) == [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
    }

    @Test func itNeverOverflows() {
        #expect(waits(1000, lifetime: 0).last == 5000)
    }

    @Test func theTimeThatAChildLivedCountsAsWaited() {
        #expect(waits(8, lifetime: 300_000_000).dropFirst(4) == [0, 0, 100, 500])
        #expect(waits(100, lifetime: 6 * Self.second).allSatisfy { $0 == 0 })
    }

    @Test func aChildThatLivedLongWipesTheSlate() {
        var backoff = Backoff()
        for _ in 0..<20 { _ = backoff.wait(after: 0) }
        #expect(backoff.crashes == 20)
        #expect(backoff.wait(after: Backoff.healthy) == 0)
        #expect(backoff.crashes == 1)
        #expect((0..<4).map { _ in backoff.wait(after: 0) / 1_000_000 } == [0, 0, 0, 100])
    }

    @Test func oneThatLivedALittleLessDoesNot() {
        var backoff = Backoff()
        for _ in 0..<20 { _ = backoff.wait(after: 0) }
        _ = backoff.wait(after: Backoff.healthy - 1)
        #expect(backoff.crashes == 21)
    }
}
