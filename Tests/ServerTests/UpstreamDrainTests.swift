import EventLoop
import HTTP
import Testing

@testable import Server

/// The end of the service: what was written to raw streams still goes out, within the grace.
@Suite struct UpstreamDrainTests {
    private static let second: UInt64 = 1_000_000_000

    /// A raw stream that has ended here, with bytes that the upstream has not taken yet.
    private func rest(_ harness: UpstreamHarness) throws -> (client: Client, count: Int) {
        let sent = harness.send("POST", "/attach", upgrade: "tcp")
        let client = try harness.accept()
        _ = try harness.head(client)
        client.send("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        try harness.turn(until: { sent.answers == 1 })
        let text = String(repeating: "x", count: 1_000_000)
        #expect(sent.write(text) == .wait)
        sent.exchange.close()
        return (client, text.utf8.count)
    }

    @Test func waitsForWhatWasWrittenToARawStream() throws {
        let harness = try UpstreamHarness()
        let (client, count) = try rest(harness)
        var isDrained = false
        harness.upstream.drain(grace: 20 * Self.second) { isDrained = true }
        for _ in 0..<5 { try harness.turn() }
        #expect(!isDrained)
        let received = Box<Int>()
        let reader = Thread { received.set(client.readToEnd().text.utf8.count) }
        try harness.turn(until: { isDrained })
        #expect(received.wait() == count)
        reader.join()
    }

    @Test func waitsNoLongerThanTheGrace() throws {
        let harness = try UpstreamHarness()
        let (client, _) = try rest(harness)
        var drained = 0
        harness.upstream.drain(grace: 20_000_000) { drained += 1 }
        try harness.turn(until: { drained == 1 })
        #expect(harness.upstream.connectionCount == 1)
        for _ in 0..<5 { try harness.turn() }
        #expect(drained == 1)
        withExtendedLifetime(client) {}
    }

    @Test func aSecondDrainCutsTheGraceShort() throws {
        let harness = try UpstreamHarness()
        let (client, _) = try rest(harness)
        var drained: [Int] = []
        harness.upstream.drain(grace: 3600 * Self.second) { drained.append(1) }
        try harness.turn()
        harness.upstream.drain(grace: 0) { drained.append(2) }
        try harness.turn(until: { !drained.isEmpty })
        #expect(drained == [1, 2])
        withExtendedLifetime(client) {}
    }

    @Test func waitsForNoIdleConnection() throws {
        let harness = try UpstreamHarness()
        let (_, client) = try harness.answered("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(harness.upstream.connectionCount == 1)
        var isDrained = false
        harness.upstream.drain(grace: 3600 * Self.second) { isDrained = true }
        #expect(isDrained)
        #expect(client.readToEnd() == ("", .end))
    }
}
