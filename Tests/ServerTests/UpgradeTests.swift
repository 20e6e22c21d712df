import EventLoop
import Glibc
import HTTP
import Testing

@testable import Server

/// Raw streams in the place of an answer.
@Suite struct UpgradeTests {
    private static let hijack = request("POST /attach", "Connection: Upgrade\r\nUpgrade: tcp\r\n")

    /// Sends everything back, and half-closes after the client did.
    private static func echo(_ exchange: Exchange) {
        let waiter = Waiter()
        waiter.onRead = { exchange in
            while true {
                switch exchange.readChunk() {
                case .bytes(let bytes): _ = exchange.write(bytes)
                case .wait: return
                case .end, .failed:
                    exchange.put("bye")
                    exchange.closeWrite()
                    return
                }
            }
        }
        exchange.delegate = waiter
        _ = exchange.upgrade()
        waiter.onRead(exchange)
    }

    @Test(arguments: [false, true])
    func isRawBothWaysUpToTheHalfCloses(tcp: Bool) throws {
        let server = try TestServer(tcp: tcp, handle: Self.echo)
        let client = try server.connect()
        client.send(Self.hijack)
        let head = try client.readHead()
        #expect(head.status == 101)
        #expect(head.fields["connection"] == "Upgrade")
        #expect(head.fields["upgrade"] == "tcp")
        #expect(head.fields["content-type"] == "application/vnd.docker.raw-stream")
        for text in ["hello", "\0\u{1}\r\n\r\n", String(repeating: "x", count: 100_000)] {
            let sender = Thread { client.send(text) }
            let same = client.read(text.utf8.count) == text
            #expect(same)
            sender.join()
        }
        client.halfClose()
        #expect(client.readToEnd() == ("bye", .end))
        server.awaitNoConnections()
    }

    @Test func theStatusLineIsDockers() throws {
        let server = try TestServer(handle: Self.echo)
        let client = try server.connect()
        client.send(Self.hijack)
        #expect(try client.readLine() == "HTTP/1.1 101 UPGRADED")
    }

    @Test func whoAskedForNoUpgradeGets200() throws {
        let server = try TestServer(handle: Self.echo)
        for text in [request("POST /attach"), "POST /attach HTTP/1.0\r\n\r\n"] {
            let client = try server.connect()
            client.send(text + "early")
            let head = try client.readHead()
            #expect(head.status == 200)
            #expect(head.fields == ["content-type": "application/vnd.docker.raw-stream"])
            #expect(client.read(5) == "early")
            client.halfClose()
            #expect(client.readToEnd() == ("bye", .end))
        }
    }

    @Test func theContentTypeMayBeGivenAndTheFirstProtocolIsTaken() throws {
        let server = try TestServer { exchange in
            #expect(exchange.upgrade([("content-type", "application/vnd.docker.multiplexed-stream")]) == nil)
            exchange.close()
        }
        let client = try server.connect()
        client.send(request("POST /", "Connection: keep-alive, Upgrade\r\nUpgrade: h2c, tcp\r\n"))
        let head = try client.readHead()
        #expect(head.fields["upgrade"] == "h2c")
        #expect(head.fields["content-type"] == "application/vnd.docker.multiplexed-stream")
        #expect(client.readToEnd() == ("", .end))
    }

    @Test func theUpgradeMayComeLater() throws {
        let server = try TestServer { exchange in
            exchange.server.loop.schedule(after: 1_000_000) {
                #expect(exchange.upgrade() == nil)
                exchange.close()
            }
        }
        let client = try server.connect()
        client.send(Self.hijack)
        #expect(try client.readHead().fields["upgrade"] == "tcp")
    }

    /// docker-py loses what comes in one read with the head. A longer head goes out in pieces.
    @Test(arguments: [0, 3000])
    func theHeadComesByItself(padding: Int) throws {
        let server = try TestServer { exchange in
            exchange.upgrade([("Padding", String(repeating: "x", count: padding))])
            exchange.put("first")
            exchange.put(" bytes")
            exchange.close()
        }
        let client = try server.connect()
        client.send(Self.hijack)
        server.settle()
        #expect(client.hasAll)
        var head = ""
        while !head.hasSuffix("\r\n\r\n") {
            let read = client.readSome()
            #expect(!read.contains("first"))
            try #require(!read.isEmpty)
            head += read
        }
        #expect(client.readToEnd() == ("first bytes", .end))
    }

    @Test func whatWasNotReadOfTheBodyIsNotPartOfTheStream() throws {
        let server = try TestServer(handle: Self.echo)
        for body in ["Content-Length: 9\r\n\r\n{\"a\": 42}", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"] {
            let text = "POST /exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\(body)stream"
            for split in [text.utf8.count, text.utf8.count - 10, text.utf8.count - 6] {
                let client = try server.connect()
                client.send(Array(text.utf8.prefix(split)))
                server.settle()
                client.send(Array(text.utf8.dropFirst(split)))
                #expect(try client.readHead().status == 101)
                #expect(client.read(6) == "stream")
                client.halfClose()
                #expect(client.readToEnd() == ("bye", .end))
            }
        }
    }

    @Test func aClientThatHalfClosesAtOnceStillGetsEverything() throws {
        let server = try TestServer { exchange in
            exchange.delegate = Waiter()
            _ = exchange.upgrade()
            let loop = exchange.server.loop
            var rounds = 0
            func next() {
                rounds += 1
                exchange.put("line \(rounds)\n")
                if rounds == 5 { exchange.close() } else { loop.schedule(after: 1_000_000) { next() } }
            }
            next()
        }
        let client = try server.connect()
        client.send(Self.hijack)
        client.halfClose()
        _ = try client.readHead()
        #expect(client.readToEnd() == ("line 1\nline 2\nline 3\nline 4\nline 5\n", .end))
        server.awaitNoConnections()
    }

    @Test(arguments: [false, true])
    func ourHalfCloseLeavesTheClientsSideOpen(tcp: Bool) throws {
        let received = Box<String>()
        let server = try TestServer(tcp: tcp) { exchange in
            var all = ""
            let waiter = Waiter()
            waiter.onRead = { exchange in
                while true {
                    switch exchange.readChunk() {
                    case .bytes(let bytes): all += bytes.text
                    case .wait: return
                    case .end:
                        #expect(exchange.isEnded)
                        received.set(all)
                        return
                    case .failed: return
                    }
                }
            }
            waiter.onClose = { _, _ in Issue.record("it ended in order") }
            exchange.delegate = waiter
            _ = exchange.upgrade()
            exchange.put("that was all")
            exchange.closeWrite()
            #expect(exchange.put("more") == .closed)
            waiter.onRead(exchange)
        }
        let client = try server.connect()
        client.send(Self.hijack)
        _ = try client.readHead()
        #expect(client.readToEnd() == ("that was all", .end))
        client.send("still ")
        server.settle()
        client.send("here")
        client.halfClose()
        #expect(received.wait() == "still here")
        server.awaitNoConnections()
    }

    /// Both sides have half-closed, which the kernel reports as a hang-up, while bytes are still unread.
    @Test(arguments: [false, true])
    func whatIsUnreadAtTheEndIsNotLost(tcp: Bool) throws {
        // Touched by the server's thread only.
        nonisolated(unsafe) var held: Exchange?
        let server = try TestServer(tcp: tcp) { exchange in
            exchange.delegate = Waiter()
            _ = exchange.upgrade()
            exchange.closeWrite()
            held = exchange
        }
        let client = try server.connect()
        client.send(Self.hijack)
        _ = try client.readHead()
        #expect(client.readToEnd() == ("", .end))
        // More than is held, so some of it is in the kernel only.
        let size = 400_000
        let sender = Thread {
            client.send([UInt8](repeating: 120, count: size))
            client.halfClose()
        }
        server.wait(until: { _ in held?.connection?.wantsInput == false })
        let count = server.onLoop { _ -> Int in
            var count = 0
            let waiter = Waiter()
            waiter.onRead = { exchange in
                while case .bytes(let bytes) = exchange.readChunk() { count += bytes.count }
            }
            held?.delegate = waiter
            if let held { waiter.onRead(held) }
            return count
        }
        #expect(count >= 256 * 1024)
        sender.join()
        server.wait(until: { _ in held?.isEnded == true })
        server.awaitNoConnections()
        server.stop()
        held = nil
    }

    @Test func isNotReadFasterThanItIsTaken() throws {
        // Touched by the server's thread only.
        nonisolated(unsafe) var held: Exchange?
        let server = try TestServer { exchange in
            exchange.delegate = Waiter()
            _ = exchange.upgrade()
            held = exchange
        }
        let client = try server.connect()
        client.send(Self.hijack)
        _ = try client.readHead()
        let size = 20_000_000
        let sender = Thread {
            client.send([UInt8](repeating: 120, count: size))
            client.halfClose()
        }
        server.wait(until: { _ in held?.connection?.interest.contains(.readable) == false })
        #expect(server.onLoop { _ in held?.connection?.input.capacity ?? 0 } <= 1024 * 1024)
        let received = Box<Int>()
        server.onLoop { _ in
            var count = 0
            let waiter = Waiter()
            waiter.onRead = { exchange in
                while true {
                    switch exchange.readChunk() {
                    case .bytes(let bytes): count += bytes.count
                    case .wait: return
                    case .end, .failed:
                        received.set(count)
                        exchange.close()
                        return
                    }
                }
            }
            held?.delegate = waiter
            if let held { waiter.onRead(held) }
            held = nil
        }
        #expect(received.wait() == size)
        sender.join()
        server.stop()
    }

    @Test func whatIsTakenMakesRoomAtOnce() throws {
        // Touched by the server's thread only.
        nonisolated(unsafe) var held: Exchange?
        let server = try TestServer { exchange in
            exchange.delegate = Waiter()
            _ = exchange.upgrade()
            held = exchange
        }
        let client = try server.connect()
        client.send(Self.hijack)
        _ = try client.readHead()
        let sender = Thread { client.send([UInt8](repeating: 120, count: 2_000_000)) }
        for _ in 0..<2 {
            server.wait(until: { _ in held?.connection.map { $0.input.unread.count >= 256 * 1024 } == true })
            // One piece is taken, and the next is not asked for yet.
            server.onLoop { _ in _ = held?.readChunk() }
        }
        server.stop()
        sender.join()
        held = nil
    }

    @Test func aClientThatIsGoneIsNoticed() throws {
        let closed = Box<CloseReason>()
        let server = try TestServer { exchange in
            let waiter = Waiter()
            waiter.onClose = { exchange, reason in
                #expect(exchange.isEnded)
                closed.set(reason)
            }
            exchange.delegate = waiter
            _ = exchange.upgrade()
            exchange.put("x")
        }
        let client = try server.connect()
        client.send(Self.hijack)
        _ = try client.readHead()
        client.close()
        #expect(closed.wait() == .clientGone)
        server.awaitNoConnections()
    }

    @Test func theLastBytesOfAClientThatIsGoneAreRead() throws {
        let received = Box<String>()
        let server = try TestServer { exchange in
            var all = ""
            let waiter = Waiter()
            waiter.onRead = { exchange in
                while case .bytes(let bytes) = exchange.readChunk() { all += bytes.text }
            }
            waiter.onClose = { _, reason in received.set("\(all) \(reason)") }
            exchange.delegate = waiter
            _ = exchange.upgrade()
            waiter.onRead(exchange)
        }
        let client = try server.connect()
        client.send(Self.hijack)
        _ = try client.readHead()
        client.send("last words")
        client.close()
        #expect(received.wait() == "last words clientGone")
    }

    @Test func anAbortIsSeenOnTCP() throws {
        let server = try TestServer(tcp: true) { exchange in
            _ = exchange.upgrade()
            exchange.server.loop.schedule(after: 1_000_000) { exchange.abort() }
        }
        let client = try server.connect()
        client.send(Self.hijack)
        #expect(client.readToEnd().end == .reset)
    }
}
