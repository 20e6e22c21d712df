import HTTP
import Testing

@testable import Server

/// Raw streams through a relay.
@Suite struct RelayUpgradeTests {
    private static let hijack = request("POST /attach", "Connection: Upgrade\r\nUpgrade: tcp\r\n")
    private static let switched = "HTTP/1.1 101 UPGRADED\r\nContent-Type: x/y\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

    private func upgraded(_ fixture: RelayFixture) throws -> (client: Client, upstream: Client) {
        let (client, upstream, head) = try fixture.forwarded(Self.hijack)
        #expect(head == "POST /attach HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        upstream.send(Self.switched)
        let answer = try client.readHead()
        #expect(answer.status == 101)
        #expect(answer.fields == ["connection": "Upgrade", "upgrade": "tcp", "content-type": "x/y"])
        return (client, upstream)
    }

    @Test(arguments: [false, true])
    func isRawBothWaysUpToTheHalfCloses(tcp: Bool) throws {
        let fixture = try RelayFixture(tcp: tcp)
        let (client, upstream) = try upgraded(fixture)
        for text in ["hello", "\0\u{1}\r\n\r\n", String(repeating: "x", count: 1_000_000), "end"] {
            let down = Thread { upstream.send(text) }
            let isSameDown = client.read(text.utf8.count) == text
            #expect(isSameDown)
            down.join()
            let up = Thread { client.send(text) }
            let isSameUp = upstream.read(text.utf8.count) == text
            #expect(isSameUp)
            up.join()
        }
        client.halfClose()
        #expect(upstream.readToEnd() == ("", .end))
        upstream.send("still here")
        upstream.halfClose()
        #expect(client.readToEnd() == ("still here", .end))
        upstream.close()
        fixture.server.awaitNoConnections()
    }

    @Test func theUpstreamMayHalfCloseFirst() throws {
        let fixture = try RelayFixture()
        let (client, upstream) = try upgraded(fixture)
        upstream.send("bye")
        upstream.halfClose()
        #expect(client.readToEnd() == ("bye", .end))
        client.send("still here")
        client.halfClose()
        #expect(upstream.readToEnd() == ("still here", .end))
        fixture.server.awaitNoConnections()
    }

    @Test func aClientThatLeavesIsToldToTheUpstream() throws {
        let fixture = try RelayFixture()
        let (client, upstream) = try upgraded(fixture)
        client.close()
        #expect(upstream.readToEnd().end != .timeout)
        fixture.server.awaitNoConnections()
    }

    @Test func whatAClientSentBeforeItLeftGoesUp() throws {
        let fixture = try RelayFixture()
        let (client, upstream) = try upgraded(fixture)
        // More than fits into the upstream's socket: so some of it waits in the relay, and some in the client's socket.
        let text = String(repeating: "x", count: 400_000)
        client.send(text)
        client.close()
        fixture.server.awaitNoConnections()
        let (received, end) = upstream.readToEnd()
        #expect(received.utf8.count == text.utf8.count)
        #expect(end == .end)
    }

    @Test func aClientThatLeavesAnUpstreamThatHasEndedIsLetGo() throws {
        let fixture = try RelayFixture()
        let (client, upstream) = try upgraded(fixture)
        upstream.halfClose()
        #expect(client.readToEnd() == ("", .end))
        // More than the upstream's socket holds, and it takes nothing for now.
        client.send(String(repeating: "x", count: 400_000))
        client.close()
        fixture.server.awaitNoConnections()
        #expect(upstream.readToEnd().end == .end)
    }

    /// As a container's `head -1`: its end is an error, for there are bytes that nobody reads any more.
    @Test(arguments: [false, true])
    func whatAnUpstreamSentBeforeItLeftWithBytesUnreadComesDown(tcp: Bool) throws {
        let fixture = try RelayFixture(tcp: tcp)
        let (client, upstream) = try upgraded(fixture)
        client.send("never read")
        #expect(hasInput(upstream.descriptor, wait: 20_000))
        upstream.send("bye")
        upstream.close()
        #expect(client.readToEnd() == ("bye", .end))
        if !tcp { fixture.server.awaitNoConnections() }
    }

    @Test(arguments: [false, true])
    func anUpstreamThatLeavesIsToldToTheClient(tcp: Bool) throws {
        let fixture = try RelayFixture(tcp: tcp)
        let (client, upstream) = try upgraded(fixture)
        upstream.send("bye")
        upstream.close()
        #expect(client.readToEnd() == ("bye", .end))
        if !tcp { fixture.server.awaitNoConnections() }
    }

    @Test func anUpstreamThatLeavesAfterItsHalfCloseIsToldToTheClient() throws {
        let fixture = try RelayFixture()
        let (client, upstream) = try upgraded(fixture)
        upstream.halfClose()
        #expect(client.readToEnd().end == .end)
        upstream.close()
        fixture.server.awaitNoConnections()
    }

    @Test func aHijackTheOldWayIsAnsweredAsItCame() throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(request("POST /attach"))
        upstream.send("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n")
        let answer = try client.readHead()
        #expect(answer.status == 200)
        #expect(answer.fields == ["content-type": "application/vnd.docker.raw-stream"])
        client.send("in")
        client.halfClose()
        #expect(upstream.readToEnd() == ("in", .end))
        upstream.send("out")
        upstream.close()
        #expect(client.readToEnd() == ("out", .end))
    }

    @Test func aRefusedUpgradeIsAnAnswer() throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(Self.hijack)
        upstream.send("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
        #expect(try client.readResponse().body == "no")
        client.send(request("GET /next"))
        #expect(upstream.readHeadText().hasPrefix("GET /next"))
    }

    @Test func theProtocolIsTheOneThatTheUpstreamTook() throws {
        let fixture = try RelayFixture()
        let (client, upstream, head) = try fixture.forwarded(
            request("POST /session", "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"))
        #expect(head.contains("Upgrade: websocket, h2c\r\n"))
        upstream.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        #expect(try client.readHead().fields == ["connection": "Upgrade", "upgrade": "h2c"])
    }

    @Test func aBodyGoesBeforeTheRawBytes() throws {
        let fixture = try RelayFixture()
        let (client, upstream, _) = try fixture.forwarded(
            request("POST /exec/1/start", "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n", body: "{}"))
        #expect(upstream.read(2) == "{}")
        upstream.send(Self.switched)
        #expect(try client.readHead().status == 101)
        client.send("raw")
        #expect(upstream.read(3) == "raw")
    }
}
