import EventLoop
import Glibc
import HTTP
import TestSupport
import Testing

@testable import Server

/// Clients that half-close, go away, or send what is no request.
@Suite struct ConnectionTests {
    private static let post = request("POST /abc", "Content-Length: 5\r\n", body: "12345")

    private static func answerWithBody(_ exchange: Exchange) {
        exchange.whenRead { exchange, body in
            if case .complete(let bytes) = body { exchange.answer(200, [], bytes.text) } else { exchange.answer(400) }
        }
    }

    @Test(arguments: [false, true])
    func aClientMayHalfCloseAtEveryByteOfARequest(tcp: Bool) throws {
        let server = try TestServer(tcp: tcp, handle: Self.answerWithBody)
        let bytes = Array(Self.post.utf8)
        let headLength = bytes.count - 5
        for length in 0...bytes.count {
            let client = try server.connect()
            client.send(Array(bytes[..<length]))
            client.halfClose()
            if length == bytes.count {
                #expect(try client.readResponse().body == "12345")
            } else if length >= headLength {
                #expect(try client.readResponse().status == 400)
            }
            #expect(client.readToEnd() == ("", .end))
        }
        server.awaitNoConnections()
        #expect(server.refusals.isEmpty)
    }

    @Test(arguments: [false, true])
    func aClientMayVanishAtEveryByteOfARequest(tcp: Bool) throws {
        let server = try TestServer(tcp: tcp, handle: Self.answerWithBody)
        let bytes = Array(Self.post.utf8)
        for length in 0...bytes.count {
            let client = try server.connect()
            client.send(Array(bytes[..<length]))
            client.close()
        }
        server.awaitNoConnections()
        let client = try server.connect()
        client.send(Self.post)
        #expect(try client.readResponse().body == "12345")
    }

    @Test(arguments: [false, true])
    func aClientMayBeResetAtEveryByteOfARequest(tcp: Bool) throws {
        let server = try TestServer(tcp: tcp, handle: Self.answerWithBody)
        let bytes = Array(Self.post.utf8)
        for length in 0...bytes.count {
            let client = try server.connect()
            client.send(Array(bytes[..<length]))
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            client.close()
        }
        server.awaitNoConnections()
    }

    @Test func aPipeliningClientThatHalfClosesGetsAllAnswers() throws {
        let server = try TestServer { exchange in
            exchange.keepHead()
            exchange.server.loop.schedule(after: 1_000_000) { exchange.answer(200, [], exchange.target) }
        }
        let client = try server.connect()
        client.send((0..<10).map { request("GET /\($0)") }.joined())
        client.halfClose()
        for index in 0..<10 { #expect(try client.readResponse().body == "/\(index)") }
        #expect(client.readToEnd() == ("", .end))
    }

    @Test func aHalfClosedClientThatWaitsCostsNothing() throws {
        // Touched by the server's thread only.
        nonisolated(unsafe) var held: Exchange?
        let server = try TestServer { exchange in
            exchange.delegate = Waiter()
            held = exchange
        }
        let client = try server.connect()
        client.send(request("GET /"))
        client.halfClose()
        server.wait(until: { _ in held?.connection?.input.isAtEnd == true })
        // Not watched for what would be reported turn after turn.
        #expect(server.onLoop { _ in held?.connection?.interest } == Events([]))
        server.onLoop { _ in _ = held?.answer(200, [], "late") }
        #expect(try client.readResponse().body == "late")
        server.stop()
        held = nil
    }

    @Test(arguments: [false, true])
    func aClientThatVanishesWhileItsAnswerIsPreparedIsNoticed(hasMoreToRead: Bool) throws {
        let started = Semaphore()
        let closed = Box<CloseReason>()
        let server = try TestServer { exchange in
            let waiter = Waiter()
            waiter.onClose = { exchange, reason in
                #expect(exchange.isEnded)
                #expect(exchange.answer() == .ended)
                closed.set(reason)
            }
            exchange.delegate = waiter
            started.signal()
        }
        let client = try server.connect()
        client.send(request("GET /"))
        started.wait()
        if hasMoreToRead { client.send(String(repeating: request("GET /"), count: 1000)) }
        client.close()
        #expect(closed.wait() == .clientGone)
        server.awaitNoConnections()
    }

    @Test func aClientThatVanishesIsNoticedEvenWhenNothingMoreIsReadFromIt() throws {
        // Touched by the server's thread only.
        nonisolated(unsafe) var held: Exchange?
        let closed = Box<CloseReason>()
        let server = try TestServer { exchange in
            let waiter = Waiter()
            waiter.onClose = { _, reason in closed.set(reason) }
            exchange.delegate = waiter
            held = exchange
        }
        let client = try server.connect()
        client.send(request("POST /", "Content-Length: 1000000\r\n") + String(repeating: "x", count: 400_000))
        server.wait(until: { _ in held?.connection?.interest.contains(.readable) == false })
        client.close()
        #expect(closed.wait() == .clientGone)
        server.awaitNoConnections()
        server.stop()
        held = nil
    }

    @Test func aClientThatVanishesInTheMiddleOfAStreamIsNoticed() throws {
        let closed = Box<CloseReason>()
        let server = try TestServer { exchange in
            let waiter = Waiter()
            waiter.onWrite = { exchange in while exchange.put(String(repeating: "x", count: 10_000)) == .ok {} }
            waiter.onClose = { _, reason in closed.set(reason) }
            exchange.delegate = waiter
            exchange.begin()
            waiter.onWrite(exchange)
        }
        let client = try server.connect()
        client.send(request("GET /"))
        _ = client.read(100_000)
        client.close()
        #expect(closed.wait() == .clientGone)
        server.awaitNoConnections()
    }

    @Test func aWriteToAVanishedClientSaysSoAndTheDelegateHearsItAfterwards() throws {
        let closed = Box<String>()
        // Touched by the server's thread only.
        nonisolated(unsafe) var held: Exchange?
        nonisolated(unsafe) var order: [String] = []
        let server = try TestServer { exchange in
            let waiter = Waiter()
            waiter.onClose = { _, _ in
                order.append("told")
                closed.set(order.joined(separator: " "))
            }
            exchange.delegate = waiter
            exchange.begin()
            held = exchange
        }
        let client = try server.connect()
        client.send(request("GET /"))
        server.wait(until: { _ in held != nil })
        client.close()
        server.onLoop { _ in
            if let outcome = held?.put(String(repeating: "x", count: 100_000)) { order.append("\(outcome)") }
            order.append("returned")
        }
        // The loop may have heard of it before the write.
        #expect(["closed returned told", "told"].contains(closed.wait()))
        server.stop()
        held = nil
    }

    @Test func whatIsNoRequestIsRefusedAfterEarlierAnswers() throws {
        let server = try TestServer { exchange in
            exchange.server.loop.schedule(after: 1_000_000) { exchange.answer(200, [], "fine") }
        }
        let client = try server.connect()
        client.send(request("GET /") + request("GET /") + "GET / HTTP/9.9\r\n\r\n" + request("GET /"))
        for _ in 0..<2 { #expect(try client.readResponse().body == "fine") }
        let refusal = try client.readResponse()
        #expect(refusal.status == 505)
        #expect(refusal["Connection"] == "close")
        #expect(refusal["Content-Type"] == "application/json")
        #expect(refusal.body == "{\"message\":\"\(HTTPError.unsupportedVersion.message)\"}\n")
        #expect(client.readToEnd() == ("", .end))
        #expect(server.refusals == [.unsupportedVersion])
    }

    @Test func aRefusalReachesAClientThatGoesOnSending() throws {
        let server = try TestServer { $0.answer() }
        let client = try server.connect()
        client.send("\u{16}\u{3}\u{1}" + String(repeating: "x", count: 500_000))
        #expect(try client.readResponse().body.contains("TLS"))
        client.halfClose()
        #expect(client.readToEnd() == ("", .end))
        #expect(server.refusals == [.tlsHandshake])
    }

    @Test func aHeadMayHaveTheLimitAndNoMore() throws {
        let server = try TestServer { $0.answer(200, [], "\($0.headBytes.count)") }
        let base = request("GET /", "X: \r\n").utf8.count
        let client = try server.connect()
        client.send(request("GET /", "X: \(String(repeating: "y", count: 65_536 - base))\r\n"))
        #expect(try client.readResponse().body == "65536")
        client.send(request("GET /", "X: \(String(repeating: "y", count: 65_537 - base))\r\n"))
        #expect(try client.readResponse().status == 431)
        #expect(server.refusals == [.headTooLarge])
    }

    @Test func memoryIsGivenBackBetweenRequests() throws {
        let server = try TestServer(handle: Self.answerWithBody)
        let client = try server.connect()
        let body = String(repeating: "x", count: 1_000_000)
        let sender = Thread { client.send(request("POST /", "Content-Length: 1000000\r\n", body: body)) }
        #expect(try client.readResponse().body.utf8.count == 1_000_000)
        sender.join()
        server.wait(until: { server in
            server.everyConnection.allSatisfy { $0.input.capacity == 0 && $0.output.isEmpty && $0.reader == nil && $0.exchange == nil }
        })
        #expect(server.onLoop { $0.connectionCount } == 1)
    }

    /// Every way of going wrong, from many clients at once; in the end nothing is left, and the server serves.
    @Test func aStormOfBadClientsLeavesNothingBehind() throws {
        let server = try TestServer { exchange in
            switch exchange.id % 4 {
            case 0: exchange.answer(200, [], String(repeating: "x", count: 300_000))
            case 1: Self.answerWithBody(exchange)
            case 2:
                exchange.begin()
                exchange.put("part")
                exchange.server.loop.schedule(after: 500_000) { exchange.end() }
            default:
                exchange.delegate = Waiter()
                _ = exchange.upgrade()
                exchange.put(String(repeating: "y", count: 100_000))
                exchange.server.loop.schedule(after: 500_000) { exchange.close() }
            }
        }
        let threads = (0..<4).map { seed in
            Thread {
                var random = SeededGenerator(seed: UInt64(seed))
                for _ in 0..<150 {
                    guard let client = try? server.connect() else {
                        Issue.record("no connection")
                        return
                    }
                    let text = String(repeating: Self.post, count: Int(random.next() % 4) + 1) + "x y z"
                    let cut = Int(random.next() % UInt64(text.utf8.count))
                    client.send(Array(text.utf8.prefix(cut)))
                    if cut >= Self.post.utf8.count, random.next() % 2 == 0 { _ = client.readSome() }
                    if random.next() % 3 == 0 { client.halfClose() }
                    client.close()
                }
            }
        }
        for thread in threads { thread.join() }
        server.awaitNoConnections()
        let client = try server.connect()
        client.send(Self.post)
        _ = try client.readHead()
    }
}

extension Server {
    var everyConnection: [Connection] { Array(connections) }
}
