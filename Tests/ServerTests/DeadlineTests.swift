import EventLoop
import Glibc
import HTTP
import Testing

@testable import Server

/// Clients that take their time. The deadlines are short, and nothing depends on how late one is noticed.
@Suite struct DeadlineTests {
    private static let short: UInt64 = 30_000_000

    private static func options(_ set: (inout ServerOptions) -> Void) -> ServerOptions {
        var options = ServerOptions()
        set(&options)
        return options
    }

    @Test func aHeadThatIsNotCompletedIsAnswered408() throws {
        let server = try TestServer(Self.options { $0.headTimeout = Self.short }) { $0.answer() }
        let client = try server.connect()
        client.send("GET / HTTP/1.1\r\n")
        let response = try client.readResponse()
        #expect(response.status == 408)
        #expect(response["Connection"] == "close")
        #expect(client.readToEnd() == ("", .end))
        server.awaitNoConnections()
    }

    @Test func dripsDoNotMakeAHeadsTimeLonger() throws {
        // Long enough that no two drips are so far apart, on a busy machine too.
        let server = try TestServer(Self.options { $0.headTimeout = 1_500_000_000 }) { $0.answer() }
        let client = try server.connect()
        client.send("GET / HTTP/1.1\r\nX: ")
        // Sends until the server ends it; were each byte a new beginning, this would not end.
        let dripper = Thread {
            let deadline = EventLoop.clock() + 15_000_000_000
            while EventLoop.clock() < deadline, client.send("y") { usleep(1000) }
            #expect(EventLoop.clock() < deadline)
        }
        #expect(try client.readHead().status == 408)
        _ = client.readToEnd()
        client.halfClose()
        dripper.join()
    }

    @Test func aClientThatSendsNothingIsClosedSilently() throws {
        let server = try TestServer(Self.options { $0.headTimeout = Self.short }) { $0.answer() }
        let client = try server.connect()
        #expect(client.readToEnd() == ("", .end))
    }

    @Test func anIdleConnectionIsClosedSilently() throws {
        let server = try TestServer(Self.options { $0.idleTimeout = Self.short }) { $0.answer(200, [], "x") }
        let client = try server.connect()
        client.send(request("GET /"))
        #expect(try client.readResponse().body == "x")
        #expect(client.readToEnd() == ("", .end))
    }

    @Test func aSecondHeadHasItsOwnTime() throws {
        let options = Self.options {
            $0.headTimeout = Self.short
            $0.idleTimeout = 100_000_000_000
        }
        let server = try TestServer(options) { $0.answer(200, [], "x") }
        let client = try server.connect()
        client.send(request("GET /"))
        _ = try client.readResponse()
        client.send("GET")
        #expect(try client.readResponse().status == 408)
    }

    @Test func aBodyThatStallsFails() throws {
        let server = try TestServer(Self.options { $0.stallTimeout = Self.short }) { exchange in
            exchange.whenRead { exchange, body in
                if case .failed(let failure) = body { exchange.answer(failure.status, [], failure.message) } else { exchange.answer() }
            }
        }
        let client = try server.connect()
        client.send(request("POST /", "Content-Length: 5\r\n", body: "123"))
        let response = try client.readResponse()
        #expect(response.status == 408)
        #expect(response.body == BodyFailure.stalled.message)
        #expect(response["Connection"] == "close")
        #expect(client.readToEnd() == ("", .end))
    }

    @Test func anAnswerThatNobodyTakesIsGivenUp() throws {
        let options = Self.options {
            $0.stallTimeout = Self.short
            $0.sendBuffer = 4096
        }
        let server = try TestServer(options) { $0.answer(200, [], String(repeating: "x", count: 1_000_000)) }
        let client = try server.connect(receiveBuffer: 4096)
        client.send(request("GET /"))
        server.awaitNoConnections()
        #expect(client.readToEnd().text.utf8.count < 1_000_000)
    }

    @Test func aSkippedBodyThatStallsIsGivenUp() throws {
        let server = try TestServer(Self.options { $0.stallTimeout = Self.short }) { $0.answer(200, [], "x") }
        let client = try server.connect()
        client.send(request("POST /", "Content-Length: 5\r\n", body: "123"))
        #expect(try client.readResponse().body == "x")
        #expect(client.readToEnd() == ("", .end))
    }

    @Test func aClientThatDoesNotCloseAfterTheLastAnswerIsClosed() throws {
        let server = try TestServer(Self.options { $0.lingerTimeout = Self.short }) {
            $0.answer(200, [("Connection", "close")], "x")
        }
        let client = try server.connect()
        client.send(request("GET /"))
        #expect(try client.readResponse().body == "x")
        #expect(client.readToEnd() == ("", .end))
        server.awaitNoConnections()
    }

    @Test func exchangesThatWaitForTheHandlerAreNotCut() throws {
        let options = Self.options {
            $0.headTimeout = Self.short
            $0.idleTimeout = Self.short
            $0.stallTimeout = Self.short
            $0.lingerTimeout = Self.short
        }
        let server = try TestServer(options) { exchange in
            switch exchange.target {
            case "/late":
                exchange.delegate = Waiter()
                exchange.server.loop.schedule(after: 8 * Self.short) { exchange.answer(200, [], "late") }
            case "/stream":
                exchange.delegate = Waiter()
                exchange.begin()
                exchange.put("a")
                exchange.server.loop.schedule(after: 8 * Self.short) {
                    exchange.put("b")
                    exchange.end()
                }
            default:
                let waiter = Waiter()
                waiter.onRead = { exchange in
                    if case .end = exchange.readChunk() { exchange.close() }
                }
                exchange.delegate = waiter
                _ = exchange.upgrade()
                waiter.onRead(exchange)
                exchange.server.loop.schedule(after: 8 * Self.short) { exchange.put("raw") }
            }
        }
        let late = try server.connect()
        let stream = try server.connect()
        let raw = try server.connect()
        late.send(request("GET /late"))
        stream.send(request("GET /stream"))
        raw.send(request("GET /raw"))
        #expect(try late.readResponse().body == "late")
        #expect(try stream.readResponse().body == "ab")
        #expect(try raw.readHead().status == 200)
        #expect(raw.read(3) == "raw")
        raw.halfClose()
        #expect(raw.readToEnd() == ("", .end))
    }

    /// Neither before its end nor, with `endsAtOnce`, while its last bytes are on their way.
    @Test(arguments: [false, true])
    func aStreamWhoseReaderPausesIsNotCut(endsAtOnce: Bool) throws {
        let options = Self.options {
            $0.stallTimeout = Self.short
            $0.idleTimeout = Self.short
            $0.sendBuffer = 4096
        }
        let waited = Semaphore()
        let server = try TestServer(options) { exchange in
            let loop = exchange.server.loop
            let waiter = Waiter()
            waiter.onClose = { _, _ in Issue.record("it was cut") }
            waiter.onWrite = { exchange in
                exchange.put("end")
                exchange.end()
            }
            exchange.delegate = waiter
            exchange.begin()
            while exchange.put(String(repeating: "x", count: 10_000)) == .ok {}
            if endsAtOnce { waiter.onWrite(exchange) }
            loop.schedule(after: 8 * Self.short) { waited.signal() }
        }
        let client = try server.connect(receiveBuffer: 4096)
        client.send(request("GET /"))
        waited.wait()
        #expect(try client.readResponse().body.hasSuffix("end"))
    }
}
