import EventLoop
import Glibc
import HTTP
import TestSupport
import Testing

@testable import Server

/// Draining, and what a server shares among connections.
@Suite struct ServerTests {
    /// Longer than any wait here, so that nothing passes because it ran out.
    private static let grace: UInt64 = 1_000_000_000_000

    private func drain(_ server: TestServer, grace: UInt64 = ServerTests.grace) -> Semaphore {
        let drained = Semaphore()
        server.onLoop { $0.drain(grace: grace) { drained.signal() } }
        return drained
    }

    @Test func idleConnectionsAreClosedAtOnce() throws {
        let server = try TestServer { $0.answer(200, [], "x") }
        let fresh = try server.connect()
        let used = try server.connect()
        used.send(request("GET /"))
        _ = try used.readResponse()
        #expect(drain(server).wait())
        #expect(fresh.readToEnd() == ("", .end))
        #expect(used.readToEnd() == ("", .end))
        #expect(access(server.path, F_OK) != 0)
        #expect(server.onLoop { $0.connectionCount } == 0)
    }

    @Test func requestsUnderWayAreFinishedAndTold() throws {
        // Touched by the server's thread only.
        nonisolated(unsafe) var held: [Exchange] = []
        let server = try TestServer { exchange in
            exchange.delegate = Waiter()
            held.append(exchange)
        }
        let client = try server.connect()
        client.send(request("GET /1") + request("GET /2"))
        let partial = try server.connect()
        partial.send("GET / HTTP/1.1\r\n")
        server.settle()
        let drained = drain(server)
        server.settle()
        server.onLoop { _ in _ = held.first?.answer(200, [], "one") }
        let response = try client.readResponse()
        #expect(response.body == "one")
        #expect(response["Connection"] == "close")
        #expect(client.readToEnd() == ("", .end))
        client.close()
        // A request that has begun to come is taken too.
        partial.send("Host: x\r\n\r\n")
        server.wait(until: { _ in held.count == 2 })
        server.onLoop { _ in _ = held.last?.answer(200, [], "two") }
        #expect(try partial.readResponse()["Connection"] == "close")
        partial.close()
        #expect(drained.wait())
        server.stop()
        held = []
    }

    @Test func whoWaitsInTheQueueIsServed() throws {
        let server = try TestServer { $0.answer(200, [], "x") }
        let entered = Semaphore()
        let leave = Semaphore()
        let blocker = Thread {
            server.onLoop { server in
                entered.signal()
                leave.wait()
                server.drain(grace: Self.grace) {}
            }
        }
        entered.wait()
        // The loop stands still: these are in the listener's queue.
        let clients = try (0..<10).map { _ in try server.connect() }
        for client in clients { client.send(request("GET /")) }
        leave.signal()
        blocker.join()
        for client in clients { #expect(try client.readResponse().body == "x") }
    }

    @Test func afterTheGraceWhatIsLeftIsCut() throws {
        let reasons = Log<CloseReason>()
        let server = try TestServer { exchange in
            let waiter = Waiter()
            waiter.onClose = { exchange, reason in
                #expect(exchange.isEnded)
                reasons.add(reason)
            }
            exchange.delegate = waiter
            switch exchange.target {
            case "/raw": _ = exchange.upgrade()
            case "/stream": exchange.begin()
            default: break
            }
        }
        let clients = try ["/raw", "/stream", "/nothing"].map { target in
            let client = try server.connect()
            client.send(request("GET \(target)"))
            return client
        }
        server.settle()
        #expect(drain(server, grace: 1_000_000).wait())
        for client in clients { #expect(client.readToEnd().end == .end) }
        #expect(reasons.all == [.shutdown, .shutdown, .shutdown])
    }

    @Test func anUpgradeMayGoOnUpToTheGrace() throws {
        let server = try TestServer { exchange in
            let waiter = Waiter()
            waiter.onRead = { exchange in
                while case .bytes(let bytes) = exchange.readChunk() { _ = exchange.write(bytes) }
                if case .end = exchange.readChunk() { exchange.close() }
            }
            exchange.delegate = waiter
            _ = exchange.upgrade()
            waiter.onRead(exchange)
        }
        let client = try server.connect()
        client.send(request("GET /"))
        _ = try client.readHead()
        let drained = drain(server)
        client.send("still here")
        #expect(client.read(10) == "still here")
        client.halfClose()
        #expect(client.readToEnd() == ("", .end))
        #expect(drained.wait())
    }

    @Test func drainingTwiceTellsBoth() throws {
        let server = try TestServer { $0.answer() }
        let first = drain(server)
        let second = drain(server)
        #expect(first.wait())
        #expect(second.wait())
    }

    @Test func aHandlerMayDrain() throws {
        let drained = Semaphore()
        let server = try TestServer { exchange in
            exchange.server.drain(grace: Self.grace) { drained.signal() }
            exchange.answer(200, [], "bye")
        }
        let client = try server.connect()
        client.send(request("GET /"))
        #expect(try client.readResponse().body == "bye")
        #expect(client.readToEnd() == ("", .end))
        client.close()
        #expect(drained.wait())
    }

    @Test func aServerWithoutConnectionsDrainsAtOnce() throws {
        let server = try TestServer { $0.answer() }
        #expect(drain(server).wait())
    }

    @Test func severalListeners() throws {
        let directory = TemporaryDirectory()
        let server = try TestServer { $0.answer(200, [], "x") }
        let path = "\(directory.path)/other"
        let second = UncheckedBox(try Listener.unix(path: path))
        server.onLoop { server in
            do { try server.listen(second.value) } catch { Issue.record("\(error)") }
        }
        for client in try [server.connect(), Client(path: path)] {
            client.send(request("GET /"))
            #expect(try client.readResponse().body == "x")
        }
        #expect(drain(server).wait())
        #expect(access(path, F_OK) != 0)
    }

    @Test func theServersOwnAnswersAreJSON() throws {
        let output = ByteBuffer()
        ErrorAnswer.append(to: output, status: 400, message: "a \"b\" \\ \n\u{1f}é", date: HTTPDate(), seconds: 0)
        let text = withExtendedLifetime(output) { output.readable.text }
        let body = "{\"message\":\"a \\\"b\\\" \\\\ \\u000a\\u001fé\"}\n"
        #expect(text.hasSuffix("\r\n\r\n\(body)"))
        #expect(text.contains("Content-Length: \(body.utf8.count)\r\n"))
        #expect(text.contains("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"))
    }
}
