import EventLoop
import Glibc
import HTTP
import Testing

@testable import Server

/// Requests and answers with bodies of every framing.
@Suite struct RelayTests {
    @Test func aRequestAndItsAnswerPass() throws {
        let fixture = try RelayFixture()
        let (client, upstream, head) = try fixture.forwarded(
            "GET /a?b HTTP/1.1\r\nHost: docker\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n\r\n")
        #expect(head == "GET /a?b HTTP/1.1\r\nHost: docker\r\nX-End: 2\r\n\r\n")
        upstream.send(
            "HTTP/1.1 201 Whatever\r\nApi-Version: 1.41\r\nConnection: keep-alive, X-Own\r\nX-Own: 1\r\nKeep-Alive: timeout=3\r\n"
                + "Date: today\r\nContent-Length: 5\r\n\r\nhello")
        let answer = try client.readResponse()
        #expect(answer.status == 201)
        #expect(answer.fields == ["api-version": "1.41", "date": "today", "content-length": "5"])
        #expect(answer.body == "hello")
        // Both connections go on.
        client.send(request("GET /next"))
        #expect(upstream.readHeadText().hasPrefix("GET /next"))
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nne\r\n2\r\nxt\r\n0\r\n\r\n")
        let next = try client.readResponse()
        #expect(next["transfer-encoding"] == "chunked")
        #expect(next.body == "next")
    }

    @Test(arguments: [false, true])
    func aBodyUpToTheEndBecomesChunks(tcp: Bool) throws {
        let fixture = try RelayFixture(tcp: tcp)
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        upstream.send("HTTP/1.1 200 OK\r\n\r\nhel")
        #expect(try client.readHead().fields["transfer-encoding"] == "chunked")
        #expect(client.read(8) == "3\r\nhel\r\n")
        upstream.send("lo")
        upstream.close()
        #expect(client.read(12) == "2\r\nlo\r\n0\r\n\r\n")
    }

    @Test func aClientOfHTTP10GetsNoChunks() throws {
        let fixture = try RelayFixture()
        let (client, upstream, head) = try fixture.forwarded("GET / HTTP/1.0\r\n\r\n")
        #expect(head == "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        let (text, end) = client.readToEnd()
        #expect(text.hasSuffix("\r\n\r\nhello"))
        #expect(end == .end)
    }

    @Test(arguments: [
        ("HEAD", "200", "Content-Length: 7\r\n", "7" as String?), ("HEAD", "200", "Transfer-Encoding: chunked\r\n", nil),
        ("GET", "304", "Content-Length: 7\r\n", "7"), ("GET", "204", "", nil),
    ])
    func answersWithoutBodiesPass(_ method: String, _ status: String, _ fields: String, _ length: String?) throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("\(method) /"))
        upstream.send("HTTP/1.1 \(status) X\r\n\(fields)\r\n")
        let answer = try client.readResponse(hasBody: false)
        #expect(answer.status == Int(status))
        #expect(answer["content-length"] == length)
        client.send(request("GET /next"))
        #expect(upstream.readHeadText().hasPrefix("GET /next"))
    }

    @Test func aRequestsBodyPassesInItsFraming() throws {
        let fixture = try RelayFixture()
        let (client, upstream, head) = try fixture.forwarded(request("POST /", "Content-Length: 10\r\n", body: "hello"))
        #expect(head.hasSuffix("Content-Length: 10\r\n\r\n"))
        #expect(upstream.read(5) == "hello")
        client.send("world")
        #expect(upstream.read(5) == "world")
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        _ = try client.readResponse()
        client.send(request("POST /", "Transfer-Encoding: chunked\r\n", body: "3;x=y\r\nabc\r\n"))
        #expect(upstream.readHeadText().hasSuffix("Transfer-Encoding: chunked\r\n\r\n"))
        #expect(upstream.read(8) == "3\r\nabc\r\n")
        client.send("0\r\nX: trailer\r\n\r\n")
        #expect(upstream.read(5) == "0\r\n\r\n")
    }

    @Test func theClientIsToldToContinueAndTheUpstreamIsNotAsked() throws {
        let fixture = try RelayFixture()
        let (client, upstream, head) = try fixture.forwarded(
            request("POST /", "Expect: 100-continue\r\nContent-Length: 5\r\n"))
        #expect(!head.contains("Expect"))
        #expect(try client.readHead().status == 100)
        client.send("hello")
        #expect(upstream.read(5) == "hello")
        upstream.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(try client.readResponse().body == "ok")
    }

    @Test func interimAnswersPass() throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        upstream.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X\r\nX: 1\r\n\r\n")
        let hints = try client.readHead()
        #expect(hints.status == 103)
        #expect(hints.fields == ["link": "</a>"])
        upstream.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(try client.readHead().status == 102)
        #expect(try client.readResponse().body == "ok")
        client.send(request("GET /next"))
        #expect(upstream.readHeadText().hasPrefix("GET /next"))
    }

    @Test func aClientOfHTTP10GetsNoInterimAnswers() throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded("GET / HTTP/1.0\r\n\r\n")
        upstream.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(try client.readResponse().status == 200)
    }

    @Test func anAnswerComesBeforeTheBodyIsSent() throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("POST /", "Content-Length: 1000000000\r\n", body: "x"))
        upstream.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        let answer = try client.readResponse()
        #expect(answer.status == 413)
        #expect(answer["connection"] == "close")
        #expect(client.readToEnd().end == .end)
        // What is left of the body goes nowhere.
        #expect(upstream.readToEnd().text == "x")
    }

    // MARK: Bulk

    private static let bulk: [UInt8] = (0..<6_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 11) }
    private static let digest = digest(bulk)

    /// FNV-1a: enough to see that not one byte is lost, doubled or moved.
    private static func digest<Bytes: Sequence<UInt8>>(_ bytes: Bytes) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private static func chunks(_ size: Int) -> [UInt8] {
        var result: [UInt8] = []
        var start = 0
        while start < bulk.count {
            let end = min(start + size, bulk.count)
            result += Array("\(String(end - start, radix: 16))\r\n".utf8) + bulk[start..<end] + [13, 10]
            start = end
        }
        return result + Array("0\r\n\r\n".utf8)
    }

    @Test(arguments: [false, true], [0, 1, 100, 5_000, 32_768, 1_000_000])
    func bulkComesDownWhole(tcp: Bool, chunkSize: Int) throws {
        let fixture = try RelayFixture(tcp: tcp)
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        // Chunks of one byte make a body six times as long.
        let isChunked = chunkSize > 0
        let body = isChunked ? (chunkSize == 1 ? Array("5\r\nhello\r\n0\r\n\r\n".utf8) : Self.chunks(chunkSize)) : Self.bulk
        let sender = Thread {
            upstream.send(
                "HTTP/1.1 200 OK\r\n" + (isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(body.count)") + "\r\n\r\n")
            upstream.send(body)
        }
        _ = try client.readHead()
        let received = isChunked ? try client.readChunkBytes() : client.readBytes(body.count)
        sender.join()
        if chunkSize == 1 {
            #expect(String(decoding: received, as: UTF8.self) == "hello")
        } else {
            #expect(received.count == Self.bulk.count)
            #expect(Self.digest(received) == Self.digest)
        }
    }

    @Test(arguments: [false, true], [0, 100, 5_000, 32_768, 1_000_000])
    func bulkGoesUpWhole(tcp: Bool, chunkSize: Int) throws {
        let fixture = try RelayFixture(tcp: tcp)
        let isChunked = chunkSize > 0
        let body = isChunked ? Self.chunks(chunkSize) : Self.bulk
        let (client, upstream, _) = try fixture.forwarded(
            request("POST /", isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(body.count)\r\n"))
        let sender = Thread { client.send(body) }
        let received = isChunked ? try upstream.readChunkBytes() : upstream.readBytes(body.count)
        sender.join()
        #expect(Self.digest(received) == Self.digest)
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(try client.readResponse().body == "ok")
    }

    @Test func bulkOfTwoClientsAtOnceIsNotMixedUp() throws {
        let fixture = try RelayFixture()
        let ends = try (0..<4).map { _ in try fixture.forwarded(request("GET /")) }
        let body = Self.chunks(3_000)
        let senders = ends.map { end in
            Thread {
                end.upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                end.upstream.send(body)
            }
        }
        let digests = Log<UInt64>()
        let readers = ends.map { end in
            Thread {
                _ = try? end.client.readHead()
                digests.add(Self.digest((try? end.client.readChunkBytes()) ?? []))
            }
        }
        for thread in senders + readers { thread.join() }
        #expect(digests.all == Array(repeating: Self.digest, count: 4))
    }

    @Test(arguments: [false, true])
    func aClientThatDoesNotReadHoldsTheUpstreamUp(chunked: Bool) throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(Self.bulk.count)"
        upstream.send("HTTP/1.1 200 OK\r\n\(framing)\r\n\r\n")
        let body = chunked ? Self.chunks(32_768) : Self.bulk
        let sent = Log<Int>()
        let sender = Thread {
            var start = 0
            while start < body.count {
                let end = min(start + 50_000, body.count)
                upstream.send(Array(body[start..<end]))
                sent.add(end)
                start = end
            }
        }
        // It comes to a stop: nothing moves over a hundred turns.
        var last = -1
        while sent.all.last ?? 0 != last {
            last = sent.all.last ?? 0
            for _ in 0..<100 { fixture.server.settle() }
        }
        // Two sockets' buffers, a pipe, and what the server holds.
        #expect(last < 2_500_000)
        _ = try client.readHead()
        let received = chunked ? try client.readChunkBytes() : client.readBytes(body.count)
        sender.join()
        #expect(Self.digest(received) == Self.digest)
    }

    @Test func anUpstreamThatDoesNotReadHoldsTheClientUp() throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("POST /", "Content-Length: \(Self.bulk.count)\r\n"))
        let sent = Log<Int>()
        let sender = Thread {
            var start = 0
            while start < Self.bulk.count {
                let end = min(start + 50_000, Self.bulk.count)
                client.send(Array(Self.bulk[start..<end]))
                sent.add(end)
                start = end
            }
        }
        var last = -1
        while sent.all.last ?? 0 != last {
            last = sent.all.last ?? 0
            for _ in 0..<100 { fixture.server.settle() }
        }
        #expect(last < 2_500_000)
        let received = upstream.readBytes(Self.bulk.count)
        sender.join()
        #expect(Self.digest(received) == Self.digest)
    }
}
