import EventLoop
import HTTP
import Testing

@testable import Server

/// Reading the bodies of requests, and what becomes of those that nobody reads.
@Suite struct RequestBodyTests {
    private static func echo(_ exchange: Exchange) {
        exchange.whenRead { exchange, body in
            switch body {
            case .complete(let bytes): exchange.answer(200, [], bytes.text)
            case .tooLarge: exchange.answer(413)
            case .failed(let failure): exchange.answer(failure.status, [], failure.message)
            case .wait: exchange.answer(500)
            }
        }
    }

    /// Reads in chunks, and answers with all of them.
    private static func echoChunks(_ exchange: Exchange) {
        var all = ""
        let waiter = Waiter()
        waiter.onRead = { exchange in
            while true {
                switch exchange.readChunk() {
                case .bytes(let bytes): all += bytes.text
                case .wait: return
                case .end:
                    exchange.answer(200, [], all)
                    return
                case .failed(let failure):
                    exchange.answer(failure.status, [], failure.message)
                    return
                }
            }
        }
        exchange.delegate = waiter
        waiter.onRead(exchange)
    }

    @Test func aBodyThatIsHereIsReadWithoutWaiting() throws {
        let server = try TestServer { exchange in
            exchange.answer(200, [], exchange.completeBody.map { "<\($0.text)>" } ?? "not here")
        }
        let client = try server.connect()
        client.send(request("POST /", "Content-Length: 5\r\n", body: "12345") + request("GET /"))
        #expect(try client.readResponse().body == "<12345>")
        #expect(try client.readResponse().body == "<>")
        // What it is needs no decoding only where a length is given.
        client.send(request("POST /", "Transfer-Encoding: chunked\r\n", body: "1\r\na\r\n0\r\n\r\n"))
        #expect(try client.readResponse().body == "not here")
        client.send(request("POST /", "Content-Length: 5\r\n", body: "123"))
        #expect(try client.readResponse().body == "not here")
        client.send("45" + request("POST /", "Content-Length: 0\r\n"))
        #expect(try client.readResponse().body == "<>")
    }

    @Test(arguments: [false, true])
    func bodiesComeWhole(inChunks: Bool) throws {
        let server = try TestServer(handle: inChunks ? Self.echoChunks : Self.echo)
        let client = try server.connect()
        client.send(request("POST /", "Content-Length: 5\r\n", body: "12345"))
        client.send(request("POST /", "Transfer-Encoding: chunked\r\n", body: "2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nX: y\r\n\r\n"))
        client.send(request("GET /"))
        #expect(try client.readResponse().body == "12345")
        #expect(try client.readResponse().body == "abcde")
        #expect(try client.readResponse().body == "")
    }

    @Test(arguments: [1, 1000, 16 * 1024, 256 * 1024, 256 * 1024 + 1, 3_000_000], [false, true])
    func bodiesOfEverySize(size: Int, inChunks: Bool) throws {
        let server = try TestServer(handle: inChunks ? Self.echoChunks : Self.echo)
        let bytes = (0..<size).map { UInt8(97 + $0 % 26) }
        let body = String(decoding: bytes, as: UTF8.self)
        let client = try server.connect()       // not before: a connection has 10 s for its first head
        let sender = Thread {
            client.send(request("POST /", "Content-Length: \(size)\r\n", body: body))
            client.send(request("POST /", "Transfer-Encoding: chunked\r\n"))
            for start in stride(from: 0, to: size, by: 100_000) {
                let piece = bytes[start..<min(start + 100_000, size)]
                client.send("\(String(piece.count, radix: 16))\r\n")
                client.send(Array(piece))
                client.send("\r\n")
            }
            client.send("0\r\n\r\n")
        }
        for _ in 0..<2 {
            let same = try client.readResponse().body == body
            #expect(same)
        }
        sender.join()
    }

    @Test func aBodyMayBeReadByHalvesBothWays() throws {
        let server = try TestServer { exchange in
            guard case .bytes(let first) = exchange.readChunk() else { return exchange.abort() }
            let text = first.text
            exchange.whenRead { exchange, body in
                if case .complete(let rest) = body { exchange.answer(200, [], "\(text)|\(rest.text)") }
            }
        }
        let client = try server.connect()
        client.send(request("POST /", "Content-Length: 8\r\n", body: "123"))
        // Only when these are read can the others be read apart from them.
        server.settle()
        client.send("45678")
        let body = try client.readResponse().body
        #expect(body == "123|45678")
    }

    @Test(arguments: ["Content-Length: 10\r\n\r\n1234567890", "Transfer-Encoding: chunked\r\n\r\na\r\n1234567890\r\n0\r\n\r\n"])
    func aBodyOverTheLimitIsRefusedAndTheConnectionGoesOn(text: String) throws {
        let server = try TestServer { exchange in
            exchange.whenRead(limit: 9) { exchange, body in
                if case .tooLarge = body { exchange.answer(413) } else { exchange.answer(200) }
            }
        }
        let client = try server.connect()
        for _ in 0..<2 {
            client.send("POST / HTTP/1.1\r\nHost: x\r\n\(text)")
            let response = try client.readResponse()
            #expect(response.status == 413)
            #expect(response["Connection"] == nil)
        }
    }

    @Test func aBodyAtTheLimitIsRead() throws {
        let server = try TestServer { exchange in
            exchange.whenRead(limit: 10) { exchange, body in
                if case .complete(let bytes) = body { exchange.answer(200, [], bytes.text) } else { exchange.answer(413) }
            }
        }
        let client = try server.connect()
        client.send(request("POST /", "Content-Length: 10\r\n", body: "1234567890"))
        #expect(try client.readResponse().body == "1234567890")
        client.send(request("POST /", "Transfer-Encoding: chunked\r\n", body: "a\r\n1234567890\r\n0\r\n\r\n"))
        #expect(try client.readResponse().body == "1234567890")
    }

    @Test func whatIsLeftOfABodyIsSkipped() throws {
        let server = try TestServer { $0.answer(200, [], $0.target) }
        let client = try server.connect()
        let body = String(repeating: "x", count: 100_000)
        client.send(request("POST /1", "Content-Length: 100000\r\n", body: body) + request("GET /2"))
        client.send(request("POST /3", "Transfer-Encoding: chunked\r\n", body: "186a0\r\n\(body)\r\n0\r\n\r\n") + request("GET /4"))
        for index in 1...4 {
            let response = try client.readResponse()
            #expect(response.body == "/\(index)")
            #expect(response["Connection"] == nil)
        }
    }

    @Test func aLongRestOfABodyEndsTheConnectionButNotTheAnswer() throws {
        let server = try TestServer { $0.answer(403, [], "no") }
        let client = try server.connect()
        client.send(request("POST /", "Content-Length: 100000000\r\n"))
        let response = try client.readResponse()
        #expect(response.status == 403)
        #expect(response.body == "no")
        #expect(response["Connection"] == "close")
        // The client may go on for a while, and is not reset.
        #expect(client.send([UInt8](repeating: 120, count: 1_000_000)))
        client.halfClose()
        #expect(client.readToEnd() == ("", .end))
        server.awaitNoConnections()
    }

    @Test func aLongChunkedRestEndsTheConnection() throws {
        var options = ServerOptions()
        options.skipLimit = 1000
        let server = try TestServer(options) { $0.answer(403, [], "no") }
        let client = try server.connect()
        client.send(request("POST /", "Transfer-Encoding: chunked\r\n"))
        #expect(try client.readResponse().body == "no")
        client.send("7d0\r\n\(String(repeating: "x", count: 2000))\r\n")
        #expect(client.readToEnd() == ("", .end))
    }

    @Test func aMalformedBodyFails() throws {
        for inChunks in [false, true] {
            let server = try TestServer(handle: inChunks ? Self.echoChunks : Self.echo)
            let client = try server.connect()
            client.send(request("POST /", "Transfer-Encoding: chunked\r\n", body: "2\r\nab\r\nzz\r\n"))
            let response = try client.readResponse()
            #expect(response.status == 400)
            #expect(response.body == HTTPError.malformedChunkSize.message)
            #expect(response["Connection"] == "close")
            #expect(client.readToEnd() == ("", .end))
        }
    }

    @Test func aMalformedBodyThatNobodyReadsEndsTheConnection() throws {
        let server = try TestServer { $0.answer(200, [], "x") }
        let client = try server.connect()
        client.send(request("POST /", "Transfer-Encoding: chunked\r\n", body: "2\r\nab\r\nzz\r\n") + request("GET /"))
        #expect(try client.readResponse().body == "x")
        #expect(client.readToEnd() == ("", .end))
    }

    @Test(arguments: [false, true])
    func aBodyThatTheClientEndsEarlyFails(inChunks: Bool) throws {
        let server = try TestServer(handle: inChunks ? Self.echoChunks : Self.echo)
        for text in ["Content-Length: 10\r\n\r\n123", "Transfer-Encoding: chunked\r\n\r\n5\r\n123", "Content-Length: 1\r\n\r\n"] {
            let client = try server.connect()
            client.send("POST / HTTP/1.1\r\nHost: x\r\n\(text)")
            client.halfClose()
            let response = try client.readResponse()
            #expect(response.status == 400)
            #expect(response.body == BodyFailure.truncated.message)
            #expect(client.readToEnd() == ("", .end))
        }
    }

    @Test(arguments: [false, true])
    func aClientThatWaitsForContinueIsToldToWhenTheBodyIsWanted(inChunks: Bool) throws {
        let server = try TestServer(handle: inChunks ? Self.echoChunks : Self.echo)
        let client = try server.connect()
        for _ in 0..<2 {
            client.send(request("POST /", "Expect: 100-continue\r\nContent-Length: 3\r\n"))
            #expect(try client.readHead().status == 100)
            client.send("abc")
            let response = try client.readResponse()
            #expect(response.status == 200)
            #expect(response.body == "abc")
            #expect(response["Connection"] == nil)
        }
    }

    @Test func aClientThatDoesNotWaitIsNotTold() throws {
        let server = try TestServer(handle: Self.echo)
        let client = try server.connect()
        client.send(request("POST /", "Expect: 100-continue\r\nContent-Length: 3\r\n", body: "ab"))
        server.settle()
        client.send("c")
        #expect(try client.readResponse().body == "abc")
    }

    @Test(arguments: ["Content-Length: 3", "Transfer-Encoding: chunked"])
    func anAnswerWithoutContinueEndsTheConnection(framing: String) throws {
        let server = try TestServer { $0.answer(401) }
        let client = try server.connect()
        client.send(request("POST /", "Expect: 100-continue\r\n\(framing)\r\n"))
        let response = try client.readResponse()
        #expect(response.status == 401)
        #expect(response["Connection"] == "close")
        #expect(client.readToEnd() == ("", .end))
    }

    @Test func anAnswerMayBeginBeforeTheBodyEnds() throws {
        let server = try TestServer { exchange in
            exchange.begin()
            let waiter = Waiter()
            waiter.onRead = { exchange in
                while true {
                    switch exchange.readChunk() {
                    case .bytes(let bytes): exchange.put(bytes.text.uppercased())
                    case .wait: return
                    case .end, .failed:
                        exchange.end()
                        return
                    }
                }
            }
            exchange.delegate = waiter
            waiter.onRead(exchange)
        }
        let client = try server.connect()
        client.send(request("POST /", "Content-Length: 6\r\n", body: "abc"))
        #expect(try client.readHead().status == 200)
        #expect(client.read(8) == "3\r\nABC\r\n")
        client.send("def")
        #expect(client.read(13) == "3\r\nDEF\r\n0\r\n\r\n")
    }

    @Test func aBodyIsNotReadFasterThanItIsTaken() throws {
        let holder = Log<UInt64>()
        // Touched by the server's thread only.
        nonisolated(unsafe) var held: Exchange?
        let server = try TestServer { exchange in
            exchange.delegate = Waiter()
            held = exchange
            holder.add(exchange.id)
        }
        let client = try server.connect()
        let size = 20_000_000
        let sender = Thread {
            client.send(request("POST /", "Content-Length: \(size)\r\n"))
            client.send([UInt8](repeating: 120, count: size))
        }
        // It has stopped reading, with what it may hold and no more.
        server.wait(until: { _ in
            guard let connection = held?.connection else { return false }
            return connection.input.unread.count >= 256 * 1024 && !connection.interest.contains(.readable)
        })
        let most = server.onLoop { _ in held?.connection?.input.capacity ?? 0 }
        #expect(most <= 1024 * 1024)
        #expect(
            server.onLoop { _ -> Bool in
                var count = 0
                var isOver = false
                let waiter = Waiter()
                waiter.onRead = { exchange in
                    while true {
                        switch exchange.readChunk() {
                        case .bytes(let bytes): count += bytes.count
                        case .wait: return
                        case .end, .failed:
                            isOver = true
                            exchange.answer(200, [], "\(count)")
                            return
                        }
                    }
                }
                held?.delegate = waiter
                if let held { waiter.onRead(held) }
                held = nil
                return !isOver
            })
        #expect(try client.readResponse().body == "\(size)")
        sender.join()
        server.stop()
    }

    @Test func aHalfCloseBehindWhatIsNotReadYetCostsNothingAndIsReadInItsTurn() throws {
        // Touched by the server's thread only.
        nonisolated(unsafe) var held: Exchange?
        let server = try TestServer { exchange in
            exchange.delegate = Waiter()
            held = exchange
        }
        let client = try server.connect()
        let size = 400_000
        client.send(request("POST /", "Content-Length: \(size)\r\n"))
        client.send([UInt8](repeating: 120, count: size))
        client.halfClose()
        // Not watched for what would be reported turn after turn.
        server.wait(until: { _ in held?.connection?.interest == Events([]) })
        server.onLoop { _ in
            held?.whenRead { exchange, body in
                if case .complete(let bytes) = body { exchange.answer(200, [], "\(bytes.count)") } else { exchange.answer(400) }
            }
            held = nil
        }
        #expect(try client.readResponse().body == "\(size)")
        #expect(client.readToEnd() == ("", .end))
        server.stop()
    }
}
