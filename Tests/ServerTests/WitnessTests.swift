import HTTP
import Testing

@testable import Server

/// Whoever looks on at an exchange sees what the client sends and what it gets, whoever answers and however.
@Suite struct WitnessTests {
    private final class Onlooker: Witness, @unchecked Sendable {
        // The log has its lock; the rest never changes.
        let log = Log<String>()
        private let countsOnly: Bool

        init(countsOnly: Bool = false) { self.countsOnly = countsOnly }

        func witnessed(_ answer: WitnessedAnswer) {
            let names = answer.fields.map { $0.name.bytes(in: answer.bytes).text }.filter { $0 != "Date" }
            log.add("\(answer.head.status) \(names.joined(separator: " "))\(answer.isUpgraded ? " raw" : "")")
        }
        func witnessed(_ bytes: UnsafeRawBufferPointer, _ direction: Direction) {
            log.add(bytes.count > 40 ? "\(direction) \(bytes.count) bytes" : "\(direction) \(bytes.text)")
        }
        func needsBytes(_ direction: Direction) -> Bool { !countsOnly }
        func witnessed(count: Int, _ direction: Direction) { log.add("\(direction) \(count) counted") }
        func witnessedEnd(of direction: Direction) { log.add("\(direction) end") }
        func witnessedOver(isComplete: Bool, _ failure: String?) { log.add("over \(isComplete)\(failure.map { ": \($0)" } ?? "")") }
    }

    /// What is seen of one request, up to its end.
    private func seen(
        _ text: String, half: String? = nil, leaves: Bool = false, _ options: ServerOptions = ServerOptions(), handle: @escaping @Sendable (Exchange) -> Void
    ) throws -> [String] {
        let onlooker = Onlooker()
        let server = try TestServer(options) { exchange in
            exchange.show(to: onlooker)
            handle(exchange)
        }
        let client = try server.connect()
        client.send(text)
        if let half {
            server.settle()
            client.send(half)
        }
        if leaves {
            server.settle()
            client.close()
        }
        server.wait { _ in onlooker.log.all.last?.hasPrefix("over") == true }
        return onlooker.log.all
    }

    @Test func aWholeAnswer() throws {
        let all = try seen(request("GET /")) { $0.answer(200, [("X", "1")], "hello") }
        #expect(all == ["up end", "200 X Content-Length", "down hello", "down end", "over true"])
    }

    @Test func aBodyThatNobodyReads() throws {
        let all = try seen(request("POST /", "Content-Length: 5\r\n", body: "hello")) { $0.answer(204) }
        #expect(all == ["up hello", "up end", "204 ", "down end", "over true"])
    }

    @Test func theBeginningOfABodyThatNobodyReads() throws {
        let all = try seen(request("POST /", "Content-Length: 9\r\n", body: "hello")) { $0.answer(400) }
        #expect(all == ["400 Content-Length", "up hello", "down end", "over true"])
    }

    @Test func aBodyThatComesLaterIsToldOnce() throws {
        let all = try seen(request("POST /", "Content-Length: 9\r\n", body: "hell"), half: "o you") { exchange in
            exchange.whenRead { exchange, _ in
                _ = exchange.readBody(limit: 100)
                exchange.answer(200, [], "ok")
            }
        }
        #expect(all == ["up hello you", "up end", "200 Content-Length", "down ok", "down end", "over true"])
    }

    @Test func chunksBothWays() throws {
        let all = try seen(request("POST /", "Transfer-Encoding: chunked\r\n", body: "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")) { exchange in
            _ = exchange.begin()
            while case .bytes(let bytes) = exchange.readChunk() { _ = exchange.write(bytes) }
            exchange.end()
        }
        #expect(all == ["200 Transfer-Encoding", "up ab", "down ab", "up c", "down c", "up end", "down end", "over true"])
    }

    @Test func whatIsWrittenToHEADIsNotSeenForItIsNotSent() throws {
        let all = try seen(request("HEAD /")) { $0.answer(200, [], "hello") }
        #expect(all == ["up end", "200 Content-Length", "down end", "over true"])
    }

    @Test func anAnswerThatIsCutOff() throws {
        let all = try seen(request("GET /")) { exchange in
            _ = exchange.begin()
            exchange.put("some")
            exchange.abort("it broke")
        }
        #expect(all == ["up end", "200 Transfer-Encoding", "down some", "over false: it broke"])
    }

    @Test func aClientThatLeaves() throws {
        let all = try seen(request("GET /"), leaves: true) { exchange in
            exchange.delegate = Waiter()
            _ = exchange.begin()
            exchange.put("some")
        }
        #expect(all == ["up end", "200 Transfer-Encoding", "down some", "over false"])
    }

    @Test func aRawStreamBothWays() throws {
        let all = try seen(request("POST /", "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n", body: "{}") + "raw") { exchange in
            _ = exchange.upgrade()
            if case .bytes(let bytes) = exchange.readChunk() { _ = exchange.write(bytes) }
            exchange.close()
        }
        #expect(all == ["up {}", "up end", "101 Connection Upgrade Content-Type raw", "up raw", "down raw", "down end", "over true"])
    }

    @Test func whatARelayPassesOnIsNotSplicedPast() throws {
        let onlooker = Onlooker()
        let fixture = try RelayFixture { exchange, upstream in
            exchange.show(to: onlooker)
            ProxyHandler.forward(exchange, to: upstream)
        }
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        let size = 2_000_000
        let sender = Thread { upstream.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n" + String(repeating: "x", count: size)) }
        let count = try client.readResponse().body.utf8.count
        sender.join()
        #expect(count == size)
        fixture.server.settle()
        let sizes = onlooker.log.all.filter { $0.hasSuffix(" bytes") }.compactMap { Int($0.split(separator: " ")[1]) }
        #expect(sizes.reduce(0, +) == size)
        #expect(onlooker.log.all.last == "over true")
    }

    @Test(arguments: [Direction.down, .up])
    func whoOnlyCountsIsToldHowManyBytesGoBy(direction: Direction) throws {
        let onlooker = Onlooker(countsOnly: true)
        let fixture = try RelayFixture { exchange, upstream in
            exchange.show(to: onlooker)
            ProxyHandler.forward(exchange, to: upstream)
        }
        let size = 2_000_000
        let body = String(repeating: "x", count: size)
        let isUp = direction == .up
        let (client, upstream, _) = try fixture.forwarded(request("POST /", "Content-Length: \(isUp ? size : 0)\r\n"))
        let sender = Thread { if isUp { client.send(body) } else { upstream.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n" + body) } }
        if isUp {
            #expect(upstream.read(size).utf8.count == size)
            upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        _ = try client.readResponse()
        sender.join()
        fixture.server.settle()
        let counts = onlooker.log.all.map { $0.split(separator: " ") }.filter { $0[0] == "\(direction)" && $0.count == 3 }
        #expect(counts.compactMap { Int($0[1]) }.reduce(0, +) == size)
        #expect(counts.contains { $0[2] == "counted" })
        #expect(onlooker.log.all.contains("\(direction) end"))
        #expect(onlooker.log.all.last == "over true")
    }

    @Test func theNextRequestOfAConnectionIsNotSeen() throws {
        let onlooker = Onlooker()
        let server = try TestServer { exchange in
            if exchange.id == 1 { exchange.show(to: onlooker) }
            exchange.answer(200, [], exchange.target)
        }
        let client = try server.connect()
        client.send(request("GET /a") + request("GET /b"))
        for _ in 0..<2 { _ = try client.readResponse() }
        #expect(onlooker.log.all == ["up end", "200 Content-Length", "down /a", "down end", "over true"])
    }
}
