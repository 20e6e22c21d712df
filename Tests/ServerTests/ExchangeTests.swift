import Glibc
import HTTP
import Testing

@testable import Server

/// Plain requests and answers.
@Suite struct ExchangeTests {
    @Test func answersARequest() throws {
        let server = try TestServer { $0.answer(200, [("Content-Type", "text/plain")], "hello \($0.method) \($0.target)") }
        let client = try server.connect()
        client.send(request("GET /a?b"))
        let response = try client.readResponse()
        #expect(response.status == 200)
        #expect(response.body == "hello GET /a?b")
        #expect(response["Content-Type"] == "text/plain")
        #expect(response["Content-Length"] == "14")
        #expect(response["Date"]?.hasSuffix(" GMT") == true)
        #expect(response["Connection"] == nil)
        #expect(response["Transfer-Encoding"] == nil)
    }

    @Test func keepsTheConnection() throws {
        let server = try TestServer { $0.answer(200, [], $0.target) }
        let client = try server.connect()
        for index in 0..<5 {
            client.send(request("GET /\(index)"))
            #expect(try client.readResponse().body == "/\(index)")
        }
        #expect(server.onLoop { $0.connectionCount } == 1)
    }

    @Test func everyRequestHasAnotherID() throws {
        let log = Log<UInt64>()
        let server = try TestServer {
            log.add($0.id)
            $0.answer()
        }
        let client = try server.connect()
        for _ in 0..<3 {
            client.send(request("GET /"))
            _ = try client.readResponse()
        }
        #expect(log.all == [1, 2, 3])
    }

    @Test func answersPipelinedRequestsInOrder() throws {
        let server = try TestServer { $0.answer(200, [], $0.target) }
        let client = try server.connect()
        client.send((0..<50).map { request("GET /\($0)") }.joined())
        for index in 0..<50 { #expect(try client.readResponse().body == "/\(index)") }
    }

    @Test func answersPipelinedRequestsInOrderWhenAnEarlierOneTakesLonger() throws {
        let started = Log<String>()
        let server = try TestServer { exchange in
            started.add(exchange.target)
            if exchange.target == "/slow" {
                exchange.keepHead()
                exchange.server.loop.schedule(after: 5_000_000) { exchange.answer(200, [], exchange.target) }
            } else {
                exchange.answer(200, [], exchange.target)
            }
        }
        let client = try server.connect()
        client.send(request("GET /slow") + request("GET /1") + request("GET /slow") + request("GET /2"))
        for body in ["/slow", "/1", "/slow", "/2"] { #expect(try client.readResponse().body == body) }
        #expect(started.all == ["/slow", "/1", "/slow", "/2"])
    }

    @Test func aRequestMayComeInAnyTwoPieces() throws {
        let server = try TestServer { exchange in
            exchange.whenRead { exchange, body in
                if case .complete(let bytes) = body { exchange.answer(200, [], bytes.text) }
            }
        }
        let text = request("POST /abc", "Content-Length: 5\r\nX-A: b\r\n", body: "12345")
        let client = try server.connect()
        for split in 1..<text.utf8.count {
            let bytes = Array(text.utf8)
            client.send(Array(bytes[..<split]))
            // The first piece has been read when something else has been answered on the same loop.
            server.settle()
            client.send(Array(bytes[split...]))
            #expect(try client.readResponse().body == "12345")
        }
    }

    @Test func aRequestMayComeByteByByte() throws {
        let server = try TestServer { exchange in
            exchange.whenRead { exchange, body in
                if case .complete(let bytes) = body { exchange.answer(200, [], bytes.text) }
            }
        }
        let client = try server.connect()
        for body in ["Content-Length: 5\r\n\r\n12345", "Transfer-Encoding: chunked\r\n\r\n2\r\n12\r\n3\r\n345\r\n0\r\n\r\n"] {
            for byte in "POST / HTTP/1.1\r\nHost: x\r\n\(body)".utf8 {
                client.send([byte])
                server.settle()
            }
            #expect(try client.readResponse().body == "12345")
        }
    }

    @Test func theHeadIsKeptWhenAsked() throws {
        let server = try TestServer { exchange in
            exchange.keepHead()
            exchange.keepHead()
            exchange.server.loop.schedule(after: 1_000_000) {
                let fields = exchange.fields.map { field in
                    "\(field.name.bytes(in: exchange.headBytes).text)=\(field.value.bytes(in: exchange.headBytes).text)"
                }
                exchange.answer(200, [], "\(exchange.method) \(exchange.target) \(fields.joined(separator: "&"))")
            }
        }
        let client = try server.connect()
        let other = try server.connect()
        client.send(request("GET /kept", "X-Long: \(String(repeating: "y", count: 3000))\r\n"))
        other.send(request("GET /other", "X-Short: z\r\n"))
        #expect(try client.readResponse().body == "GET /kept Host=x&X-Long=\(String(repeating: "y", count: 3000))")
        #expect(try other.readResponse().body == "GET /other Host=x&X-Short=z")
    }

    @Test func theHeadIsGoneWhenItIsNotKept() throws {
        let server = try TestServer { exchange in
            exchange.server.loop.schedule(after: 1_000_000) {
                exchange.answer(200, [], "\(exchange.headBytes.count) \(exchange.fields.count)")
            }
        }
        let client = try server.connect()
        client.send(request("GET /"))
        #expect(try client.readResponse().body == "0 0")
    }

    @Test func anEndedExchangeDoesNothing() throws {
        // Touched by the server's thread only.
        nonisolated(unsafe) var held: [Exchange] = []
        let faults = Log<ResponseFault?>()
        let server = try TestServer { exchange in
            held.append(exchange)
            faults.add(exchange.answer(200, [], exchange.target))
            faults.add(exchange.answer(500))
            // The former ones, while another is going on.
            for old in held.dropLast() {
                #expect(old !== exchange)
                #expect(old.isEnded)
                #expect(old.descriptor == -1)
                faults.add(old.answer(500))
                faults.add(old.begin(500))
                faults.add(old.upgrade())
                faults.add(old.end())
                #expect(old.put("x") == .closed)
                old.abort()
                old.close()
                old.closeWrite()
                old.keepHead()
                if case .failed = old.readChunk() {} else { Issue.record("a chunk was read") }
                if case .failed = old.readBody(limit: 1) {} else { Issue.record("a body was read") }
                #expect(old.completeBody == nil)
            }
        }
        let client = try server.connect()
        client.send(request("GET /1") + request("GET /2"))
        #expect(try client.readResponse().body == "/1")
        #expect(try client.readResponse().body == "/2")
        client.send(request("GET /3"))
        #expect(try client.readResponse().body == "/3")
        #expect(faults.all.filter { $0 == nil }.count == 3)
        #expect(faults.all.filter { $0 == .ended }.count == faults.all.count - 3)
        server.stop()
        held = []
    }

    @Test func anExchangeThatNobodyHoldsIsUsedAgain() throws {
        let seen = Log<ObjectIdentifier>()
        let server = try TestServer {
            seen.add(ObjectIdentifier($0))
            $0.answer()
        }
        let client = try server.connect()
        for _ in 0..<4 {
            client.send(request("GET /") + request("GET /"))
            _ = try client.readResponse()
            _ = try client.readResponse()
        }
        #expect(seen.all.count == 8)
        #expect(Set(seen.all).count == 1)
    }

    @Test func servesTCP() throws {
        let server = try TestServer(tcp: true) { $0.answer(200, [], $0.target) }
        let client = try server.connect()
        client.send(request("GET /1") + request("GET /2"))
        #expect(try client.readResponse().body == "/1")
        #expect(try client.readResponse().body == "/2")
        guard case .tcp(let host, let port) = server.address else { return #expect(Bool(false)) }
        #expect(host == "127.0.0.1")
        #expect(port > 0)
    }

    @Test func manyClientsAtOnce() throws {
        let server = try TestServer { $0.answer(200, [], $0.target) }
        let clients = try (0..<200).map { _ in try server.connect() }
        for round in 0..<3 {
            for (index, client) in clients.enumerated() { client.send(request("GET /\(index).\(round)")) }
            for (index, client) in clients.enumerated() { #expect(try client.readResponse().body == "/\(index).\(round)") }
        }
        #expect(server.onLoop { $0.connectionCount } == 200)
        for client in clients { client.close() }
        server.awaitNoConnections()
    }
}

extension Exchange {
    /// For scheduling, while the exchange is going on.
    var server: Server { connection!.server }
}
