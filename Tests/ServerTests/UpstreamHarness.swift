import EventLoop
import Glibc
import HTTP
import Testing

@testable import Server

/// An upstream's client and its server in one thread: the test turns the loop, and plays the server in between.
final class UpstreamHarness {
    let loop: EventLoop
    let upstream: Upstream
    let server: FakeUpstream

    init(_ options: UpstreamOptions = UpstreamOptions(), tcp: Bool = false) throws {
        loop = try EventLoop()
        server = try FakeUpstream(tcp: tcp)
        upstream = Upstream(loop: loop, address: server.address, options: options)
    }

    deinit {
        upstream.close()
        loop.abandon()
    }

    /// Sends a request.
    func send(
        _ method: String = "GET", _ target: String = "/", fields: [(String, String)] = [], framing: BodyFraming = .none,
        upgrade: String? = nil, reads: Bool = true
    ) -> Sent {
        let sent = Sent(reads: reads)
        withRequest(method, target, fields, framing, upgrade) { sent.exchange = upstream.send($0, delegate: sent) }
        return sent
    }

    /// Turns the loop until something holds.
    func turn(until condition: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let deadline = EventLoop.clock() + 20_000_000_000
        while !condition() {
            try #require(EventLoop.clock() < deadline, "it did not come to hold", sourceLocation: sourceLocation)
            try turn()
        }
    }

    /// One turn that waits for a millisecond at most, so that it sees all that has happened before.
    func turn() throws {
        loop.schedule(after: 1_000_000) { [loop] in loop.stop() }
        try loop.run()
    }

    /// The next connection, with what was sent on it so far.
    func accept(sourceLocation: SourceLocation = #_sourceLocation) throws -> Client {
        try turn(until: { server.isCalled }, sourceLocation: sourceLocation)
        return try server.accept(sourceLocation: sourceLocation)
    }

    /// The next request's head on a connection.
    func head(_ client: Client, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        try turn(until: { client.isReadable }, sourceLocation: sourceLocation)
        return client.readHeadText()
    }

    /// Sends a request, and answers it on a new connection, which is returned.
    func answered(_ answer: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> (Sent, Client) {
        let sent = send()
        let client = try accept(sourceLocation: sourceLocation)
        _ = try head(client, sourceLocation: sourceLocation)
        client.send(answer)
        try turn(until: { sent.isOver }, sourceLocation: sourceLocation)
        return (sent, client)
    }
}

/// A request that was sent, and all that its delegate was told.
final class Sent: UpstreamDelegate {
    // Set by whoever makes this, before anything can be told.
    var exchange: UpstreamExchange!
    private(set) var answers = 0
    private(set) var body = ""
    private(set) var hasEnd = false
    private(set) var writes = 0
    private(set) var failure: UpstreamFailure?
    private(set) var calls = 0
    var onAnswer: (UpstreamExchange) -> Void = { _ in }
    /// Whether the body is read as it comes.
    private let reads: Bool

    init(reads: Bool) { self.reads = reads }

    var isOver: Bool { hasEnd || failure != nil }

    func upstreamDidAnswer(_ exchange: UpstreamExchange) {
        calls += 1
        answers += 1
        onAnswer(exchange)
        if reads { read() }
    }

    func upstreamCanRead(_ exchange: UpstreamExchange) {
        calls += 1
        read()
    }

    func upstreamCanWrite(_ exchange: UpstreamExchange) {
        calls += 1
        writes += 1
    }

    func upstreamDidFail(_ exchange: UpstreamExchange, _ failure: UpstreamFailure) {
        calls += 1
        self.failure = failure
    }

    /// Reads all that is here.
    func read() {
        while true {
            switch exchange.readChunk() {
            case .bytes(let bytes): body += bytes.text
            case .end:
                hasEnd = true
                return
            case .wait, .failed: return
            }
        }
    }

    @discardableResult
    func write(_ text: String) -> WriteOutcome {
        var text = text
        return text.withUTF8 { exchange.write(UnsafeRawBufferPointer($0)) }
    }

    func value(_ name: StaticString) -> String? { exchange.firstValue(of: name)?.text }
}

/// Calls with a request made of strings.
func withRequest<Result>(
    _ method: String, _ target: String, _ fields: [(String, String)] = [], _ framing: BodyFraming = .none,
    _ upgrade: String? = nil, host: String? = "h", _ body: (UpstreamRequest) -> Result
) -> Result {
    // Kept to the end of this call, in which the request is used.
    let texts = ([method, target, upgrade ?? "", host ?? ""] + fields.flatMap { [$0.0, $0.1] }).map { text in
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        copy.copyBytes(from: text.utf8)
        return UnsafeRawBufferPointer(copy)
    }
    defer { for text in texts { text.deallocate() } }
    let list = fields.indices.map { ResponseField(name: texts[4 + 2 * $0], value: texts[5 + 2 * $0]) }
    return list.withUnsafeBufferPointer {
        body(
            UpstreamRequest(
                method: texts[0], target: texts[1], host: host == nil ? nil : texts[3], fields: $0, framing: framing,
                upgrade: upgrade == nil ? nil : texts[2]))
    }
}
