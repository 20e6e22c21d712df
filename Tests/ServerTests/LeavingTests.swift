import EventLoop
import HTTP
import Testing

@testable import Server

/// Over TCP: a client that has left is told apart from one that has half-closed and waits.
@Suite struct LeavingTests {
    /// A server that does nothing with its one exchange until it is told to.
    private final class Holder: @unchecked Sendable {
        // The exchange is the server's thread's alone.
        var exchange: Exchange?
        let started = Semaphore()
        let closed = Box<CloseReason>()

        func server(begins: Bool) throws -> TestServer {
            try TestServer(tcp: true) { [self] in
                let waiter = Waiter()
                waiter.onClose = { [self] _, reason in closed.set(reason) }
                $0.delegate = waiter
                if begins { $0.begin() }
                exchange = $0
                started.signal()
            }
        }
    }

    @Test(arguments: [false, true])
    func aClientThatLeavesIsNoticed(begins: Bool) throws {
        let holder = Holder()
        let server = try holder.server(begins: begins)
        let client = try server.connect()
        client.send(request("GET /"))
        holder.started.wait()
        if begins { _ = try client.readHead() }
        client.close()
        #expect(holder.closed.wait() == .clientGone)
        server.awaitNoConnections()
    }

    /// Waits until the server has seen the half-close, and has looked whether anybody is there.
    private func halfClose(_ client: Client, _ server: TestServer, _ holder: Holder) {
        client.halfClose()
        server.wait(until: { _ in holder.exchange?.connection?.isProbed == true })
    }

    @Test func whoHalfClosesBeforeTheAnswerGetsIt() throws {
        let holder = Holder()
        let server = try holder.server(begins: false)
        let client = try server.connect()
        client.send(request("GET /"))
        halfClose(client, server, holder)
        server.settle()
        server.onLoop { _ in _ = holder.exchange?.answer(201, [("X-A", "1")], "late") }
        #expect(client.readToEnd().text.hasPrefix("HTTP/1.1 201 Created\r\n"))
        server.stop()
    }

    @Test func whoHalfClosesBeforeAnUpgradeGetsIt() throws {
        let holder = Holder()
        let server = try holder.server(begins: false)
        let client = try server.connect()
        client.send(request("POST /", "Connection: Upgrade\r\nUpgrade: tcp\r\n"))
        halfClose(client, server, holder)
        server.onLoop { _ in
            _ = holder.exchange?.upgrade()
            holder.exchange?.put("raw")
            holder.exchange?.close()
        }
        let answer = client.readToEnd().text
        #expect(answer.hasPrefix("HTTP/1.1 101 UPGRADED\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nraw"))
        server.stop()
    }

    @Test func theRestOfAChunkedAnswerIsWhole() throws {
        let holder = Holder()
        let server = try holder.server(begins: true)
        let client = try server.connect()
        client.send(request("GET /"))
        halfClose(client, server, holder)
        server.onLoop { _ in
            holder.exchange?.put("some more")
            holder.exchange?.end()
        }
        #expect(try client.readResponse().body == "some more")
        #expect(client.readToEnd() == ("", .end))
        server.stop()
    }

    @Test func anAnswerOfAGivenLengthIsLeftAlone() throws {
        let holder = Holder()
        let server = try TestServer(tcp: true) {
            $0.begin(200, [("Content-Length", "4")])
            $0.put("on")
            holder.exchange = $0
        }
        let client = try server.connect()
        client.send(request("GET /"))
        _ = try client.readHead()
        client.halfClose()
        server.wait(until: { _ in holder.exchange?.connection?.input.isAtEnd == true })
        server.settle()
        server.onLoop { _ in
            holder.exchange?.put("ly")
            holder.exchange?.end()
        }
        #expect(client.readToEnd() == ("only", .end))
        server.stop()
    }
}
