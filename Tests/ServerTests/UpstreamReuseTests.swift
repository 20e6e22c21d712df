import HTTP
import Testing

@testable import Server

/// Connections that serve one request after the other.
@Suite struct UpstreamReuseTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test func aConnectionIsUsedAgain() throws {
        let harness = try UpstreamHarness()
        let (_, client) = try harness.answered(Self.ok)
        for _ in 0..<3 {
            let sent = harness.send("POST", framing: .length(1))
            sent.write("x")
            _ = try harness.head(client)
            try harness.turn()
            #expect(client.read(1) == "x")
            client.send(Self.ok)
            try harness.turn(until: { sent.isOver })
            #expect(sent.body == "ok")
        }
        #expect(!harness.server.isCalled)
        #expect(harness.upstream.connectionCount == 1)
    }

    @Test func requestsAtOnceHaveAConnectionEach() throws {
        let harness = try UpstreamHarness()
        let sents = (0..<3).map { _ in harness.send() }
        let clients = try sents.map { _ in try harness.accept() }
        for client in clients {
            _ = try harness.head(client)
            client.send(Self.ok)
        }
        try harness.turn(until: { sents.allSatisfy { $0.isOver } })
        #expect(sents.allSatisfy { $0.body == "ok" })
        #expect(harness.upstream.connectionCount == 3)
        withExtendedLifetime(clients) {}
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        // Bytes that belong to no answer.
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    ])
    func someConnectionsAreNot(_ answer: String) throws {
        let harness = try UpstreamHarness()
        let (sent, client) = try harness.answered(answer)
        #expect(sent.body == "ok")
        #expect(client.readToEnd().end != .timeout)
        #expect(harness.upstream.connectionCount == 0)
    }

    @Test func whoAnswersBeforeItIsAskedIsNotAskedAgain() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send()
        let client = try harness.accept()
        client.send(Self.ok)
        try harness.turn(until: { sent.isOver })
        #expect(sent.body == "ok")
        #expect(harness.upstream.connectionCount == 0)
    }

    @Test func anAnswerToNoRequestEndsAnIdleConnection() throws {
        let harness = try UpstreamHarness()
        let (_, client) = try harness.answered(Self.ok)
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        try harness.turn(until: { harness.upstream.connectionCount == 0 })
        let sent = harness.send()
        let second = try harness.accept()
        second.send(Self.ok)
        try harness.turn(until: { sent.isOver })
        #expect(sent.body == "ok")
    }

    @Test func aClosedIdleConnectionIsDropped() throws {
        let harness = try UpstreamHarness()
        let (_, client) = try harness.answered(Self.ok)
        client.close()
        try harness.turn(until: { harness.upstream.connectionCount == 0 })
    }

    @Test func noMoreAreKeptThanTheLimit() throws {
        var options = UpstreamOptions()
        options.idleLimit = 2
        let harness = try UpstreamHarness(options)
        let sents = (0..<5).map { _ in harness.send() }
        let clients = try sents.map { _ in try harness.accept() }
        for client in clients {
            _ = try harness.head(client)
            client.send(Self.ok)
        }
        try harness.turn(until: { sents.allSatisfy { $0.isOver } })
        #expect(harness.upstream.connectionCount == 2)
        withExtendedLifetime(clients) {}
    }

    @Test func anIdleConnectionIsClosedInTime() throws {
        var options = UpstreamOptions()
        options.idleTimeout = 20_000_000
        let harness = try UpstreamHarness(options)
        let (_, client) = try harness.answered(Self.ok)
        #expect(harness.upstream.connectionCount == 1)
        try harness.turn(until: { harness.upstream.connectionCount == 0 })
        #expect(client.readToEnd().end != .timeout)
    }

    @Test func closingLetsExchangesEnd() throws {
        let harness = try UpstreamHarness()
        _ = try harness.answered(Self.ok)
        let sent = harness.send()
        let other = harness.send()
        harness.upstream.close()
        let second = try harness.accept()
        second.send(Self.ok)
        try harness.turn(until: { other.isOver })
        #expect(other.body == "ok")
        #expect(!sent.isOver)
        #expect(harness.upstream.connectionCount == 1)
    }

    // MARK: Stale connections

    @Test(arguments: ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH"])
    func whatWasNotSentIsSentAgain(_ method: String) throws {
        let harness = try UpstreamHarness()
        let (_, client) = try harness.answered(Self.ok)
        // The loop has not heard of the end when the next request goes out.
        client.close()
        let sent = harness.send(method, framing: .length(5))
        #expect(sent.write("hello") == .ok)
        let second = try harness.accept()
        #expect(try harness.head(second).hasPrefix(method))
        try harness.turn()
        #expect(second.read(5) == "hello")
        second.send(method == "HEAD" ? "HTTP/1.1 200 OK\r\n\r\n" : Self.ok)
        try harness.turn(until: { sent.isOver })
        #expect(sent.failure == nil)
        #expect(sent.exchange.status == 200)
    }

    @Test(arguments: ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH"], ["stray", UpstreamReuseTests.ok])
    func whatIsSaidBeforeTheQuestionIsNoAnswer(_ method: String, _ stray: String) throws {
        let harness = try UpstreamHarness()
        let (_, client) = try harness.answered(Self.ok)
        // The loop has not heard of it when the next request goes out.
        client.send(stray)
        let sent = harness.send(method)
        let second = try harness.accept()
        #expect(try harness.head(second).hasPrefix(method))
        #expect(client.readToEnd().text == "")
        second.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        try harness.turn(until: { sent.isOver })
        #expect(sent.failure == nil)
        #expect(sent.exchange.status == 201)
    }

    @Test(arguments: ["GET", "POST"])
    func anAnswerThatIsNoneOnAnIdleConnection(_ method: String) throws {
        let harness = try UpstreamHarness()
        let (_, client) = try harness.answered(Self.ok)
        let sent = harness.send(method)
        _ = try harness.head(client)
        client.send("stray\r\n")
        if method == "GET" {
            // Nobody knows whether it was there before the request.
            let second = try harness.accept()
            #expect(try harness.head(second).hasPrefix(method))
            second.send("stray\r\n")
        }
        try harness.turn(until: { sent.failure != nil })
        #expect(sent.failure == .malformed(harness.server.address, .malformedStatusLine))
        #expect(!harness.server.isCalled)
    }

    /// The upstream closes when it has the request, and before it answers.
    private func closeOnRequest(_ method: String, _ framing: BodyFraming, body: String = "") throws -> (UpstreamHarness, Sent) {
        let harness = try UpstreamHarness()
        let (_, client) = try harness.answered(Self.ok)
        let sent = harness.send(method, framing: framing)
        if !body.isEmpty { sent.write(body) }
        _ = try harness.head(client)
        _ = client.read(body.utf8.count)
        client.close()
        return (harness, sent)
    }

    @Test(arguments: ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
    func whatCanBeRepeatedIsSentAgainOnce(_ method: String) throws {
        let (harness, sent) = try closeOnRequest(method, .none)
        let second = try harness.accept()
        #expect(try harness.head(second).hasPrefix(method))
        #expect(sent.failure == nil)
        second.close()
        try harness.turn(until: { sent.failure != nil })
        #expect(sent.failure == .closedBeforeAnswer(harness.server.address))
        #expect(!harness.server.isCalled)
    }

    @Test(arguments: [("POST", ""), ("PATCH", ""), ("get", ""), ("PUT", "hello")])
    func whatMayHaveTakenEffectIsNot(_ method: String, _ body: String) throws {
        let framing: BodyFraming = body.isEmpty ? .none : .length(UInt64(body.utf8.count))
        let (harness, sent) = try closeOnRequest(method, framing, body: body)
        try harness.turn(until: { sent.failure != nil })
        #expect(sent.failure == .closedBeforeAnswer(harness.server.address))
        #expect(!harness.server.isCalled)
    }

    @Test func aFreshConnectionIsNotRepeated() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send()
        let client = try harness.accept()
        _ = try harness.head(client)
        client.close()
        try harness.turn(until: { sent.failure != nil })
        #expect(!harness.server.isCalled)
    }

    @Test func afterTheFirstByteOfAnAnswerNothingIsRepeated() throws {
        let harness = try UpstreamHarness()
        let (_, client) = try harness.answered(Self.ok)
        let sent = harness.send()
        _ = try harness.head(client)
        client.send("H")
        client.close()
        try harness.turn(until: { sent.failure != nil })
        #expect(sent.failure == .truncated(harness.server.address))
        #expect(!harness.server.isCalled)
    }
}
