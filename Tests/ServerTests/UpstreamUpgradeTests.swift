import HTTP
import Testing

@testable import Server

/// What follows an upgrade is raw, both ways.
@Suite struct UpstreamUpgradeTests {
    private static let switched = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

    /// An upgraded exchange, and the upstream's side of it.
    private func upgraded(_ harness: UpstreamHarness, reads: Bool = true) throws -> (Sent, Client) {
        let sent = harness.send("POST", "/attach", upgrade: "tcp", reads: reads)
        let client = try harness.accept()
        #expect(try harness.head(client) == "POST /attach HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        client.send(Self.switched)
        try harness.turn(until: { sent.answers == 1 })
        #expect(sent.exchange.status == 101)
        #expect(sent.exchange.isUpgraded)
        return (sent, client)
    }

    @Test func isRawBothWays() throws {
        let harness = try UpstreamHarness()
        let (sent, client) = try upgraded(harness)
        client.send("\0\u{1}HTTP/1.1 ")
        sent.write("5\r\nraw")
        try harness.turn(until: { sent.body == "\0\u{1}HTTP/1.1 " && client.isReadable })
        #expect(client.read(6) == "5\r\nraw")
    }

    @Test func bytesThatComeWithTheHeadAreNotLost() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send("POST", "/attach", upgrade: "tcp")
        let client = try harness.accept()
        client.send(Self.switched + "early")
        try harness.turn(until: { sent.body == "early" })
        #expect(!sent.exchange.isEnded)
    }

    @Test func ourHalfCloseLeavesTheUpstreamSending() throws {
        let harness = try UpstreamHarness()
        let (sent, client) = try upgraded(harness)
        sent.write("all")
        sent.exchange.end()
        #expect(sent.write("more") == .closed)
        try harness.turn(until: { client.isReadable })
        #expect(client.readToEnd() == ("all", .end))
        client.send("answer")
        try harness.turn(until: { sent.body == "answer" })
        #expect(!sent.exchange.isEnded)
        client.halfClose()
        try harness.turn(until: { sent.isOver })
        #expect(sent.failure == nil)
        #expect(sent.exchange.isEnded)
        #expect(harness.upstream.connectionCount == 0)
    }

    @Test func theUpstreamsHalfCloseLeavesUsSending() throws {
        let harness = try UpstreamHarness()
        let (sent, client) = try upgraded(harness)
        client.send("bye")
        client.halfClose()
        try harness.turn(until: { sent.hasEnd })
        #expect(sent.body == "bye")
        #expect(!sent.exchange.isEnded)
        #expect(sent.write("still") == .ok)
        sent.exchange.end()
        try harness.turn(until: { client.isReadable })
        #expect(client.readToEnd() == ("still", .end))
        #expect(sent.exchange.isEnded)
        #expect(sent.failure == nil)
    }

    @Test func anUpstreamThatLeavesIsTold() throws {
        let harness = try UpstreamHarness()
        let (sent, client) = try upgraded(harness)
        client.send("bye")
        client.close()
        try harness.turn(until: { sent.isOver })
        #expect(sent.body == "bye")
        #expect(sent.failure == nil)
        #expect(sent.exchange.isEnded)
        #expect(harness.upstream.connectionCount == 0)
    }

    @Test func anUpstreamThatLeavesAfterItsHalfCloseIsTold() throws {
        let harness = try UpstreamHarness()
        let (sent, client) = try upgraded(harness)
        client.halfClose()
        try harness.turn(until: { sent.hasEnd })
        client.close()
        try harness.turn(until: { sent.failure != nil })
        #expect(sent.failure == .gone(harness.server.address))
        #expect(sent.exchange.isEnded)
    }

    // MARK: What is left to send at the end

    /// An exchange that has ended, with bytes that the upstream has not taken yet.
    private func closedWithARest(_ harness: UpstreamHarness) throws -> (client: Client, count: Int) {
        let (sent, client) = try upgraded(harness)
        let text = String(repeating: "x", count: 1_000_000)
        #expect(sent.write(text) == .wait)
        sent.exchange.close()
        #expect(sent.exchange.isEnded)
        try harness.turn()
        #expect(harness.upstream.connectionCount == 1)
        return (client, text.utf8.count)
    }

    @Test func whatWasWrittenStillGoesOut() throws {
        let harness = try UpstreamHarness()
        let (client, count) = try closedWithARest(harness)
        // Of no interest any more, and no hindrance.
        client.send("something")
        let received = Box<Int>()
        let reader = Thread { received.set(client.readToEnd().text.utf8.count) }
        try harness.turn(until: { harness.upstream.connectionCount == 0 })
        #expect(received.wait() == count)
        reader.join()
    }

    @Test func anUpstreamThatTakesNothingIsNotWaitedFor() throws {
        var options = UpstreamOptions()
        options.stallTimeout = 20_000_000
        let harness = try UpstreamHarness(options)
        let (client, _) = try closedWithARest(harness)
        try harness.turn(until: { harness.upstream.connectionCount == 0 })
        withExtendedLifetime(client) {}
    }

    @Test func anUpstreamThatHasEndedIsWaitedForLess() throws {
        var options = UpstreamOptions()
        options.endedStallTimeout = 20_000_000
        let harness = try UpstreamHarness(options)
        let (sent, client) = try upgraded(harness)
        client.halfClose()
        try harness.turn(until: { sent.hasEnd })
        #expect(sent.write(String(repeating: "x", count: 1_000_000)) == .wait)
        sent.exchange.close()
        try harness.turn(until: { harness.upstream.connectionCount == 0 })
        withExtendedLifetime(client) {}
    }

    @Test func anUpstreamThatLeavesIsNotWaitedFor() throws {
        let harness = try UpstreamHarness()
        let (client, _) = try closedWithARest(harness)
        client.close()
        try harness.turn(until: { harness.upstream.connectionCount == 0 })
    }

    @Test func allThatAnUpstreamSentIsReadAfterItHasLeft() throws {
        let harness = try UpstreamHarness()
        let (sent, client) = try upgraded(harness, reads: false)
        let text = String(repeating: "x", count: 150_000)
        client.send(text)
        client.close()
        // Time to see the hang-up, without anybody who reads.
        for _ in 0..<5 { try harness.turn() }
        #expect(sent.body == "")
        try harness.turn(until: {
            sent.read()
            return sent.isOver
        })
        #expect(sent.body == text)
        #expect(sent.hasEnd)
    }

    @Test(arguments: [
        (true, "HTTP/1.1 200 OK\r\n\r\n"),
        (false, "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"),
        (false, "HTTP/1.1 200 OK\r\ncontent-type: Application/vnd.docker.multiplexed-stream\r\n\r\n"),
    ])
    func aHijackTheOldWayIsRawToo(_ asks: Bool, _ answer: String) throws {
        let harness = try UpstreamHarness()
        let sent = harness.send("POST", "/attach", upgrade: asks ? "tcp" : nil)
        let client = try harness.accept()
        _ = try harness.head(client)
        client.send(answer + "out")
        try harness.turn(until: { sent.body == "out" })
        #expect(sent.exchange.isUpgraded)
        sent.write("in")
        sent.exchange.end()
        try harness.turn(until: { client.isReadable })
        #expect(client.readToEnd() == ("in", .end))
    }

    @Test(arguments: [
        ("GET", "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"),
        ("POST", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"),
        ("POST", "HTTP/1.1 500 No\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"),
    ])
    func otherAnswersUpToTheEndAreNotRaw(_ method: String, _ answer: String) throws {
        let harness = try UpstreamHarness()
        let sent = harness.send(method)
        let client = try harness.accept()
        client.send(answer + "x")
        try harness.turn(until: { sent.body == "x" })
        #expect(!sent.exchange.isUpgraded)
        #expect(sent.write("in") == .closed)
    }

    @Test func anAnswerWithFramingIsNoUpgrade() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send("POST", upgrade: "tcp")
        let client = try harness.accept()
        client.send("HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno")
        try harness.turn(until: { sent.isOver })
        #expect(!sent.exchange.isUpgraded)
        #expect(sent.body == "no")
    }

    @Test func anUpgradeBeforeTheRequestIsSentIsAFault() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send("POST", framing: .length(5), upgrade: "tcp")
        let client = try harness.accept()
        client.send(Self.switched)
        try harness.turn(until: { sent.failure != nil })
        #expect(sent.failure == .earlyUpgrade(harness.server.address))
    }

    @Test func anUpgradeAfterTheBodyIsOne() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send("POST", framing: .length(2), upgrade: "tcp")
        let client = try harness.accept()
        sent.write("{}")
        #expect(try harness.head(client).hasSuffix("Content-Length: 2\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"))
        try harness.turn()
        #expect(client.read(2) == "{}")
        client.send(Self.switched)
        try harness.turn(until: { sent.answers == 1 })
        #expect(sent.write("raw") == .ok)
        try harness.turn(until: { client.isReadable })
        #expect(client.read(3) == "raw")
    }
}
