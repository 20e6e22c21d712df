import HTTP
import Testing

@testable import Server

/// One request and its answer.
@Suite struct UpstreamExchangeTests {
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"),
    ])
    func theAnswerIsTheSameInWhateverPieces(_ answer: String, _ body: String) throws {
        for size in [answer.utf8.count, 1, 7] {
            let harness = try UpstreamHarness()
            let sent = harness.send("GET", "/x")
            let client = try harness.accept()
            #expect(try harness.head(client) == "GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
            var rest = Substring(answer)
            while !rest.isEmpty {
                client.send(String(rest.prefix(size)))
                rest = rest.dropFirst(size)
                try harness.turn()
            }
            try harness.turn(until: { sent.isOver })
            #expect(sent.body == body)
            #expect(sent.exchange.status == 200)
            #expect(sent.answers == 1)
            #expect(sent.failure == nil)
            #expect(sent.exchange.isEnded)
        }
    }

    @Test func aBodyUpToTheEndEndsWithIt() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send()
        let client = try harness.accept()
        // Closed over unread bytes it would be a reset.
        _ = try harness.head(client)
        client.send("HTTP/1.1 200 OK\r\n\r\nhel")
        try harness.turn(until: { sent.body == "hel" })
        #expect(sent.exchange.framing == .untilClose)
        client.send("lo")
        client.close()
        try harness.turn(until: { sent.isOver })
        #expect(sent.body == "hello")
        #expect(sent.failure == nil)
    }

    @Test(arguments: [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"), ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    ])
    func someAnswersHaveNoBody(_ method: String, _ answer: String) throws {
        let harness = try UpstreamHarness()
        let sent = harness.send(method)
        let client = try harness.accept()
        #expect(try harness.head(client).hasPrefix(method))
        client.send(answer)
        try harness.turn(until: { sent.hasEnd })
        #expect(!sent.exchange.hasBody)
        #expect(sent.body == "")
        // The connection goes on.
        let next = harness.send()
        #expect(try harness.head(client).hasPrefix("GET"))
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1")
        try harness.turn(until: { next.isOver })
        #expect(next.body == "1")
    }

    @Test func theHeadIsKeptAfterTheEnd() throws {
        let harness = try UpstreamHarness()
        let (sent, client) = try harness.answered("HTTP/1.1 418 Odd\r\nX-A: 1\r\nx-b: 2\r\nContent-Length: 0\r\n\r\n")
        for _ in 0..<3 {
            let next = harness.send()
            _ = try harness.head(client)
            client.send("HTTP/1.1 200 OK\r\nOther: " + String(repeating: "y", count: 500) + "\r\nContent-Length: 0\r\n\r\n")
            try harness.turn(until: { next.isOver })
        }
        #expect(sent.exchange.status == 418)
        #expect(sent.value("x-a") == "1")
        #expect(sent.value("X-B") == "2")
        #expect(sent.value("other") == nil)
        #expect(sent.exchange.fields.count == 3)
        #expect(sent.exchange.head.reason.bytes(in: sent.exchange.headBytes).text == "Odd")
    }

    @Test func nothingIsToldFromWithinACall() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send()
        #expect(sent.calls == 0)
        let client = try harness.accept()
        client.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz")
        var callsInside = -1
        sent.onAnswer = { exchange in
            let before = sent.calls
            while case .bytes = exchange.readChunk() {}
            callsInside = sent.calls - before
        }
        try harness.turn(until: { sent.failure != nil })
        #expect(callsInside == 0)
    }

    // MARK: The request's body

    @Test func aBodyWithALengthIsSentAsItIs() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send("POST", "/", framing: .length(11))
        let client = try harness.accept()
        #expect(sent.write("hello") == .ok)
        #expect(sent.write(", world") == .overrun)
        let other = harness.send("POST", "/", framing: .length(5))
        #expect(other.write("hello") == .ok)
        #expect(other.write("!") == .closed)
        other.exchange.end()
        try harness.turn(until: { sent.failure != nil })
        #expect(sent.failure == .requestCutShort)
        client.close()
        let second = try harness.accept()
        #expect(try harness.head(second) == "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
        #expect(second.read(5) == "hello")
    }

    @Test func aBodyThatEndsEarlyFails() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send("POST", "/", framing: .length(5))
        let client = try harness.accept()
        sent.write("hell")
        sent.exchange.end()
        try harness.turn(until: { sent.failure != nil })
        #expect(sent.failure == .requestCutShort)
        // The upstream sees the end before the length.
        let (text, _) = client.readToEnd()
        #expect(!text.hasSuffix("hello"))
    }

    @Test func chunksAreWritten() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send("POST", "/", framing: .chunked)
        let client = try harness.accept()
        sent.write("hello")
        sent.write("")
        sent.write(String(repeating: "x", count: 0x4321))
        sent.exchange.end()
        #expect(sent.write("more") == .closed)
        let head = try harness.head(client)
        #expect(head == "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        try harness.turn()
        #expect(client.read(10) == "5\r\nhello\r\n")
        #expect(client.read(6) == "4321\r\n")
        #expect(client.read(0x4321) == String(repeating: "x", count: 0x4321))
        #expect(client.read(7) == "\r\n0\r\n\r\n")
        client.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        try harness.turn(until: { sent.isOver })
        #expect(sent.exchange.status == 201)
    }

    @Test func anAnswerBeforeTheBodyIsSentIsTheAnswer() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send("POST", "/", framing: .length(1 << 40))
        let client = try harness.accept()
        sent.write("begin")
        _ = try harness.head(client)
        client.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        client.close()
        try harness.turn(until: { sent.isOver })
        #expect(sent.failure == nil)
        #expect(sent.exchange.status == 413)
        #expect(sent.body == "no")
        #expect(sent.write("more") == .closed)
        #expect(harness.upstream.connectionCount == 0)
    }

    @Test func whoWritesFasterThanTheUpstreamReadsIsTold() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send("POST", "/", framing: .chunked)
        let client = try harness.accept()
        let piece = String(repeating: "x", count: 50_000)
        var written = 0
        while sent.write(piece) == .ok {
            written += piece.utf8.count
            try #require(written < 10_000_000, "nothing holds the writer up")
        }
        written += piece.utf8.count
        #expect(sent.writes == 0)
        let all = written
        let reader = Thread {
            var received = 0
            while received < all { received += client.readSome().utf8.count }
        }
        try harness.turn(until: { sent.writes == 1 })
        reader.join()
    }

    // MARK: Failures

    @Test(arguments: [
        ("HTTP/1.1 abc\r\n\r\n", HTTPError.malformedStatusLine),
        ("HTTP/1.1 200 OK\nContent-Length: 0\n\n", .bareLineFeed),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n1", .repeatedContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingWithContentLength),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .malformedTransferEncoding),
        ("HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc", .unexpectedFraming),
        ("HTTP/1.1 101 Up\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n", .unexpectedUpgrade),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloo", .unterminatedChunk),
        ("SSH-2.0-OpenSSH\r\n", .malformedStatusLine),
    ])
    func whatIsInDoubtIsNoAnswer(_ answer: String, _ error: HTTPError) throws {
        let harness = try UpstreamHarness()
        let sent = harness.send()
        let client = try harness.accept()
        client.send(answer)
        try harness.turn(until: { sent.failure != nil })
        #expect(sent.failure == .malformed(harness.server.address, error))
        #expect(sent.failure?.status == 502)
        #expect(harness.upstream.connectionCount == 0)
        #expect(sent.exchange.failure == sent.failure)
    }

    @Test(arguments: [
        ("", false), ("HTTP/1.1 20", true), ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b", true),
    ])
    func anAnswerThatBreaksOffFails(_ answer: String, _ isTruncated: Bool) throws {
        let harness = try UpstreamHarness()
        let sent = harness.send()
        let client = try harness.accept()
        _ = try harness.head(client)
        client.send(answer)
        client.close()
        try harness.turn(until: { sent.failure != nil })
        let address = harness.server.address
        #expect(sent.failure == (isTruncated ? .truncated(address) : .closedBeforeAnswer(address)))
        #expect(!sent.hasEnd)
    }

    /// The last bytes and the end come together, in the midst of a line that the decoder has to see whole.
    @Test func anEndWithinATrailerIsSeen() throws {
        let harness = try UpstreamHarness()
        let (sent, client) = (harness.send(), try harness.accept())
        _ = try harness.head(client)
        client.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA")
        try harness.turn(until: { sent.body == "hello" })
        client.send(": b")
        client.close()
        try harness.turn(until: { sent.isOver })
        #expect(sent.failure == .truncated(harness.server.address))
    }

    @Test func aResetIsNoEnd() throws {
        let harness = try UpstreamHarness(tcp: true)
        let sent = harness.send()
        let client = try harness.accept()
        // Not read, so that the close is a reset.
        client.send("HTTP/1.1 200 OK\r\n\r\nhello")
        try harness.turn(until: { sent.body == "hello" })
        client.reset()
        try harness.turn(until: { sent.isOver })
        #expect(sent.failure == .truncated(harness.server.address))
    }

    @Test func aRequestThatCannotBeSentFails() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send("GET", "/a b")
        #expect(sent.failure == nil)
        try harness.turn(until: { sent.failure != nil })
        guard case .badRequest = sent.failure else {
            Issue.record("\(String(describing: sent.failure))")
            return
        }
        #expect(harness.upstream.connectionCount == 0)
    }

    @Test func whoCloseIsToldNothingAndTheUpstreamSeesIt() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send()
        let client = try harness.accept()
        _ = try harness.head(client)
        sent.exchange.close()
        #expect(client.readToEnd().end == .end)
        try harness.turn()
        #expect(sent.calls == 0)
        #expect(sent.exchange.isEnded)
        #expect(sent.write("x") == .closed)
        sent.exchange.end()
        sent.exchange.close()
    }

    @Test func whoDoesNotReadHoldsTheUpstreamUp() throws {
        let harness = try UpstreamHarness()
        let sent = harness.send(reads: false)
        let client = try harness.accept()
        _ = try harness.head(client)
        client.send("HTTP/1.1 200 OK\r\n\r\n")
        let total = 8_000_000
        let sender = Thread {
            let piece = [UInt8](repeating: 120, count: 100_000)
            for _ in 0..<total / piece.count { client.send(piece) }
            client.close()
        }
        try harness.turn(until: { sent.answers == 1 })
        for _ in 0..<20 { try harness.turn() }
        // What was received before the head was seen is all that is held.
        #expect(sent.exchange.connection.map { $0.input.unread.count <= 512 * 1024 } == true)
        try harness.turn(until: {
            sent.read()
            return sent.hasEnd
        })
        sender.join()
        #expect(sent.body.utf8.count == total)
    }
}
