import EventLoop
import Glibc
import HTTP
import Testing

@testable import Server

/// Answers that are larger than a socket takes, and clients that take them slowly.
@Suite struct StreamTests {
    private static func tightOptions() -> ServerOptions {
        var options = ServerOptions()
        options.sendBuffer = 4096
        return options
    }

    private static func text(_ size: Int) -> String {
        String(decoding: (0..<size).map { UInt8(97 + $0 % 23) }, as: UTF8.self)
    }

    @Test(arguments: [0, 1, 16 * 1024 - 1, 16 * 1024, 100_000, 5_000_000])
    func wholeAnswersOfEverySizeThroughATightSocket(size: Int) throws {
        let body = Self.text(size)
        let server = try TestServer(Self.tightOptions()) { $0.answer(200, [], body) }
        let client = try server.connect(receiveBuffer: 4096)
        client.send(request("GET /") + request("GET /"))
        for _ in 0..<2 {
            let same = try client.readResponse().body == body
            #expect(same)
        }
    }

    @Test func pipelinedAnswersToAClientThatReadsLateAreHeldInBounds() throws {
        let body = Self.text(10_000)
        let served = Log<UInt64>()
        let server = try TestServer(Self.tightOptions()) {
            served.add($0.id)
            $0.answer(200, [], body)
        }
        let client = try server.connect(receiveBuffer: 4096)
        let count = 500
        let sender = Thread { client.send(String(repeating: request("GET /"), count: count)) }
        server.wait(until: { _ in served.all.count >= 26 })
        sched_yield()
        // 5 MB of answers, of which no more than the high water and one answer are held.
        #expect(server.onLoop { _ in served.all.count } < 60)
        for _ in 0..<count {
            let same = try client.readResponse().body == body
            #expect(same)
        }
        sender.join()
        #expect(served.all.count == count)
    }

    /// With a low high water everything written leaves at once, so no event of the socket tells to go on.
    @Test func pipelinedAnswersGoOnAfterTheHighWater() throws {
        var options = ServerOptions()
        options.highWater = 1000
        options.lowWater = 500
        let server = try TestServer(options) { $0.answer(200, [], Self.text(2000)) }
        let client = try server.connect()
        client.send(String(repeating: request("GET /"), count: 50))
        for _ in 0..<50 { #expect(try client.readResponse().body.utf8.count == 2000) }
    }

    @Test func aStreamGoesOnAfterTheHighWater() throws {
        var options = ServerOptions()
        options.highWater = 1000
        options.lowWater = 500
        let server = try TestServer(options) { exchange in
            let pump = Pump(total: 100_000, piece: 900)
            exchange.delegate = pump
            exchange.begin()
            pump.pump(exchange)
        }
        let client = try server.connect()
        client.send(request("GET /"))
        #expect(try client.readResponse().body.utf8.count == 100_000)
    }

    /// Writes as fast as it may, and counts.
    private final class Pump: ExchangeDelegate {
        private var rest: Int
        private let piece: [UInt8]
        private(set) var most = 0
        private(set) var waits = 0

        init(total: Int, piece: Int) {
            rest = total
            self.piece = [UInt8](repeating: UInt8(ascii: "p"), count: piece)
        }

        func pump(_ exchange: Exchange) {
            while rest > 0 {
                let count = min(rest, piece.count)
                rest -= count
                let outcome = piece.withUnsafeBytes { exchange.write(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
                most = max(most, exchange.connection?.output.count ?? 0)
                if outcome == .wait {
                    waits += 1
                    return
                }
                guard outcome == .ok else { return }
            }
            exchange.end()
        }

        func exchangeCanRead(_ exchange: Exchange) {}
        func exchangeCanWrite(_ exchange: Exchange) { pump(exchange) }
        func exchangeDidClose(_ exchange: Exchange, _ reason: CloseReason) {}
    }

    @Test(arguments: [100, 5_000, 40_000, 500_000])
    func aStreamWaitsForItsReader(piece: Int) throws {
        let total = 10_000_000
        // Touched by the server's thread only.
        nonisolated(unsafe) var pump: Pump?
        let server = try TestServer(Self.tightOptions()) { exchange in
            let new = Pump(total: total, piece: piece)
            pump = new
            exchange.delegate = new
            exchange.begin()
            new.pump(exchange)
        }
        let client = try server.connect(receiveBuffer: 4096)
        client.send(request("GET /"))
        let response = try client.readResponse()
        #expect(response.body.utf8.count == total)
        let (most, waits) = server.onLoop { _ in (pump?.most ?? 0, pump?.waits ?? 0) }
        #expect(most <= 256 * 1024 + piece + 64 * 1024)
        #expect(waits > 5)
        server.stop()
        pump = nil
    }

    @Test func smallWritesOfOneTurnLeaveTogether() throws {
        let server = try TestServer { exchange in
            exchange.begin()
            for _ in 0..<10 { exchange.put("x") }
            exchange.end()
        }
        let client = try server.connect()
        client.send(request("GET /"))
        // One write, which a Unix socket hands over in one read.
        #expect(client.readSome().hasSuffix(String(repeating: "1\r\nx\r\n", count: 10) + "0\r\n\r\n"))
    }

    @Test func pipelinedAnswersLeaveTogether() throws {
        let server = try TestServer { $0.answer(200, [], $0.target) }
        let client = try server.connect()
        client.send(request("GET /1") + request("GET /2") + request("GET /3"))
        let text = client.readSome()
        #expect(text.contains("/1HTTP/1.1 200 OK"))
        #expect(text.hasSuffix("/3"))
    }

    @Test func theHeadOfAStreamDoesNotWaitForTheBody() throws {
        // Touched by the server's thread only.
        nonisolated(unsafe) var held: Exchange?
        let server = try TestServer { exchange in
            exchange.delegate = Waiter()
            exchange.begin()
            held = exchange
        }
        let client = try server.connect()
        client.send(request("GET /"))
        #expect(try client.readHead().status == 200)
        _ = server.onLoop { _ in held?.put("later") }
        #expect(client.read(10) == "5\r\nlater\r\n")
        _ = server.onLoop { _ in held?.end() }
        #expect(client.read(5) == "0\r\n\r\n")
        server.stop()
        held = nil
    }

    @Test func aStreamMayGoOnAfterTheClientsHalfClose() throws {
        let server = try TestServer { exchange in
            exchange.delegate = Waiter()
            exchange.begin()
            let server = exchange.server
            var rounds = 0
            func next() {
                rounds += 1
                exchange.put("x")
                if rounds == 5 { exchange.end() } else { server.loop.schedule(after: 1_000_000) { next() } }
            }
            next()
        }
        let client = try server.connect()
        client.send(request("GET /"))
        client.halfClose()
        #expect(try client.readResponse().body == "xxxxx")
        #expect(client.readToEnd() == ("", .end))
    }
}
