import EventLoop
import HTTP
import Testing

@testable import Server

/// Either side breaks off.
@Suite struct RelayFailureTests {
    @Test func anUpstreamThatIsDownIsNamed() throws {
        let fixture = try RelayFixture()
        fixture.upstream.close()
        let client = try fixture.server.connect()
        for _ in 0..<2 {
            client.send(request("GET /"))
            let answer = try client.readResponse()
            #expect(answer.status == 502)
            #expect(answer["content-type"] == "application/json")
            #expect(answer.body.hasPrefix("{\"message\":\"The upstream \(fixture.upstream.address) can't be reached: "))
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
    func anUpstreamThatGivesNoAnswerIsNamed(_ answer: String) throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        upstream.send(answer)
        upstream.close()
        let response = try client.readResponse()
        #expect(response.status == 502)
        #expect(response.body.contains("\(fixture.upstream.address)"))
        // The client's connection is in order.
        client.send(request("GET /"))
        let next = try fixture.upstream.accept()
        next.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(try client.readResponse().body == "ok")
    }

    @Test(arguments: ["Content-Length: 100\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"])
    func anAnswerThatBreaksOffBreaksOff(_ answer: String) throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        upstream.send("HTTP/1.1 200 OK\r\n" + answer)
        _ = try client.readHead()
        upstream.close()
        let (text, end) = client.readToEnd()
        #expect(text.contains("half"))
        #expect(!text.hasSuffix("0\r\n\r\n"))
        #expect(end != .timeout)
    }

    @Test func aMalformedChunkBreaksOff() throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nxyz\r\n")
        _ = try client.readHead()
        let (text, end) = client.readToEnd()
        #expect(text == "4\r\nhalf\r\n")
        #expect(end != .timeout)
        #expect(upstream.readToEnd().end != .timeout)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"])
    func aClientThatLeavesIsToldToTheUpstream(_ answer: String) throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("GET /events"))
        upstream.send(answer)
        if !answer.isEmpty { _ = try client.readHead() }
        client.close()
        #expect(upstream.readToEnd().end != .timeout)
        fixture.server.awaitNoConnections()
    }

    @Test func aBodyThatBreaksOffIsToldToBoth() throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("POST /", "Content-Length: 100\r\n", body: "half"))
        #expect(upstream.read(4) == "half")
        client.halfClose()
        #expect(try client.readResponse().status == 400)
        #expect(upstream.readToEnd() == ("", .end))
    }

    @Test func aMalformedBodyIsToldToBoth() throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("POST /", "Transfer-Encoding: chunked\r\n", body: "1\r\na\r\n"))
        #expect(upstream.read(6) == "1\r\na\r\n")
        client.send("xyz")
        #expect(try client.readResponse().status == 400)
        let (text, end) = upstream.readToEnd()
        #expect(text == "")
        #expect(end != .timeout)
    }

    @Test(arguments: ["/a//b", "/a/../b", "/a%2Fb", "http://x/a/./b"])
    func aPathInDoubtGoesNowhere(_ target: String) throws {
        let fixture = try RelayFixture()
        let client = try fixture.server.connect()
        client.send(request("GET \(target)"))
        let answer = try client.readResponse()
        #expect(answer.status == 400)
        #expect(answer.body.hasPrefix("{\"message\":\"The request's path holds "))
        #expect(!fixture.upstream.isCalled)
    }

    @Test(arguments: [
        ("GET http://x/a?b", "GET /a?b"), ("GET http://x", "GET /"), ("GET http://x?q=//", "GET /?q=//"), ("OPTIONS http://x", "OPTIONS *"),
        ("OPTIONS *", "OPTIONS *"), ("GET /a?b=../%2F", "GET /a?b=../%2F"),
    ])
    func theTargetIsSentAsItsPath(_ line: String, _ sent: String) throws {
        let fixture = try RelayFixture()
        let (_, _, head) = try fixture.forwarded(request(line))
        #expect(head == "\(sent) HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    @Test func theServersEndCutsARelayOffAfterItsGrace() throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("GET /events"))
        upstream.send("HTTP/1.1 200 OK\r\n\r\n")
        _ = try client.readHead()
        fixture.server.stop()
        #expect(upstream.readToEnd().end != .timeout)
        #expect(client.readToEnd().end != .timeout)
    }

    @Test func aClientMayPauseInItsBody() throws {
        var options = ServerOptions()
        options.stallTimeout = 30_000_000
        let fixture = try RelayFixture(options)
        let (client, upstream, _) = try fixture.forwarded(request("POST /", "Content-Length: 2\r\n", body: "a"))
        #expect(upstream.read(1) == "a")
        // Longer than the server lets others pause: until a connection that is only waited for would be over.
        let clock = EventLoop.clock()
        while EventLoop.clock() < clock + 100_000_000 { fixture.server.settle() }
        client.send("b")
        #expect(upstream.read(1) == "b")
    }
}
