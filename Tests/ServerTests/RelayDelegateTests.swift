import HTTP
import Testing

@testable import Server

/// Whoever starts a relay decides what becomes of the answer.
@Suite struct RelayDelegateTests {
    /// A delegate made of closures, and what it was told.
    private final class Decider: RelayDelegate, Witness, @unchecked Sendable {
        // The closures are set before the server runs; the log has its lock.
        let log = Log<String>()
        var onAnswer: (Relay) -> Void = { $0.pass() }
        var onRead: (Relay) -> Void = { _ in }

        func relayDidAnswer(_ relay: Relay) {
            log.add("answer \(relay.response?.status ?? 0)")
            onAnswer(relay)
        }

        func relayCanRead(_ relay: Relay) { onRead(relay) }

        func relayDidFail(_ relay: Relay, status: Int, message: String) {
            log.add("failure \(status)")
            relay.exchange.answer(status, [], "failed")
        }

        func relayDidEnd(_ relay: Relay, isComplete: Bool) { log.add("end \(isComplete)") }

        func witnessed(_ answer: WitnessedAnswer) { log.add("seen answer") }
        func witnessed(_ bytes: UnsafeRawBufferPointer, _ direction: Direction) {
            log.add("seen \(direction) \(bytes.text)")
        }
        func needsBytes(_ direction: Direction) -> Bool { true }
        func witnessed(count: Int, _ direction: Direction) { log.add("counted \(direction)") }
        func witnessedEnd(of direction: Direction) { log.add("seen end \(direction)") }
        func witnessedOver(isComplete: Bool, _ failure: String?) {
            log.add("seen over \(isComplete)\(failure == nil ? "" : " failed")")
        }
    }

    private func fixture(_ decider: Decider, witnessed: Bool = false) throws -> RelayFixture {
        try RelayFixture { exchange, upstream in
            ProxyHandler.forward(exchange, to: upstream, delegate: decider, witness: witnessed ? decider : nil)
        }
    }

    private static let answer = "HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 5\r\n\r\nhello"

    @Test func theAnswerIsPassedOnAsItCame() throws {
        let decider = Decider()
        let fixture = try fixture(decider)
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        upstream.send(Self.answer)
        #expect(try client.readResponse().body == "hello")
        fixture.server.settle()
        #expect(decider.log.all == ["answer 200", "end true"])
    }

    @Test func theHeadMayBeChanged() throws {
        let decider = Decider()
        decider.onAnswer = { relay in
            withRequest("GET", "/", [("Y", "2"), ("Content-Length", "99"), ("Connection", "Z"), ("Z", "3")]) {
                _ = relay.pass(status: 203, fields: $0.fields)
            }
        }
        let fixture = try fixture(decider)
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        upstream.send(Self.answer)
        let answer = try client.readResponse()
        #expect(answer.status == 203)
        #expect(answer["y"] == "2")
        #expect(answer["x"] == nil)
        #expect(answer["z"] == nil)
        #expect(answer["content-length"] == "5")
        #expect(answer.body == "hello")
    }

    @Test func aBodyThatTheClientDoesNotGetIsNotWaitedFor() throws {
        let decider = Decider()
        decider.onAnswer = { $0.pass(status: 204) }
        let fixture = try fixture(decider)
        let (client, upstream, _) = try fixture.forwarded(request("GET /events"))
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n")
        #expect(try client.readResponse(hasBody: false).status == 204)
        #expect(upstream.readToEnd().end != .timeout)
        client.send(request("GET /next"))
        #expect(try fixture.upstream.accept().readHeadText().hasPrefix("GET /next"))
    }

    @Test func hintsBeforeAnAnswerThatIsDecidedOfDoNotGoBy() throws {
        let fixture = try fixture(Decider())
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        upstream.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + Self.answer)
        #expect(try client.readHead().status == 200)
    }

    @Test func aHeadThatCannotBeSentCanBeReplaced() throws {
        let decider = Decider()
        decider.onAnswer = { relay in
            withRequest("GET", "/", [("Y", "a\r\nb")]) { #expect(relay.pass(fields: $0.fields) != nil) }
            relay.cancel()
            relay.exchange.answer(500, [], "mine")
        }
        let fixture = try fixture(decider)
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        upstream.send("HTTP/1.1 200 OK\r\n\r\n")
        let answer = try client.readResponse()
        #expect(answer.status == 500)
        #expect(answer.body == "mine")
        #expect(upstream.readToEnd().end != .timeout)
        #expect(decider.log.all == ["answer 200"])
    }

    @Test func theBodyMayBeReadInPlaceOfBeingPassedOn() throws {
        let decider = Decider()
        let body = Log<String>()
        let read: (Relay) -> Void = { relay in
            while let response = relay.response {
                switch response.readChunk() {
                case .bytes(let bytes): body.add(bytes.text)
                case .wait, .failed: return
                case .end:
                    relay.cancel()
                    relay.exchange.answer(200, [], body.all.joined().uppercased())
                    return
                }
            }
        }
        decider.onAnswer = read
        decider.onRead = read
        let fixture = try fixture(decider)
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n")
        fixture.server.settle()
        upstream.send("2\r\nlo\r\n0\r\n\r\n")
        #expect(try client.readResponse().body == "HELLO")
        // It was read to its end, so its connection goes on.
        client.send(request("GET /next"))
        #expect(upstream.readHeadText().hasPrefix("GET /next"))
    }

    @Test func aFailureIsTheDelegatesToAnswer() throws {
        let decider = Decider()
        let fixture = try fixture(decider)
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        upstream.close()
        let answer = try client.readResponse()
        #expect(answer.status == 502)
        #expect(answer.body == "failed")
        #expect(decider.log.all == ["failure 502"])
    }

    @Test func aClientThatLeavesEndsIt() throws {
        let decider = Decider()
        let fixture = try fixture(decider)
        let (client, upstream, _) = try fixture.forwarded(request("GET /"))
        client.close()
        #expect(upstream.readToEnd().end != .timeout)
        fixture.server.awaitNoConnections()
        #expect(decider.log.all == ["end false"])
    }

    @Test func aBodyOfOnesOwnMayBeSent() throws {
        let fixture = try RelayFixture { exchange, upstream in
            withRequest("PUT", "/other", [("X", "1")], .length(4)) { request in
                var body = "mine"
                body.withUTF8 { Relay(exchange).start(upstream, request, body: UnsafeRawBufferPointer($0)) }
            }
        }
        let (client, upstream, head) = try fixture.forwarded(request("POST /", "Content-Length: 5\r\n", body: "their"))
        #expect(head == "PUT /other HTTP/1.1\r\nHost: h\r\nX: 1\r\nContent-Length: 4\r\n\r\n")
        #expect(upstream.read(4) == "mine")
        upstream.send(Self.answer)
        #expect(try client.readResponse().body == "hello")
        client.send(request("POST /", "Content-Length: 0\r\n"))
        #expect(upstream.readHeadText().hasPrefix("PUT /other"))
    }

    @Test func aWitnessSeesWhatPasses() throws {
        let decider = Decider()
        let fixture = try RelayFixture { exchange, upstream in
            ProxyHandler.forward(exchange, to: upstream, witness: decider)
        }
        let (client, upstream, _) = try fixture.forwarded(request("POST /", "Content-Length: 2\r\n", body: "up"))
        #expect(upstream.read(2) == "up")
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndown")
        #expect(try client.readResponse().body == "down")
        fixture.server.settle()
        #expect(
            decider.log.all == ["seen up up", "seen end up", "seen answer", "seen down down", "seen end down", "seen over true"])
    }
}
