import HTTP
import LuaRuntime
import Server

/// One request of a test's, and its answer: a client over a pair of sockets, with the strict parser that upstreams get.
final class TestClient: UpstreamDelegate {
    private enum Wanted { case nothing, answer, chunk, room }

    private(set) var exchange: UpstreamExchange!
    /// `GET /info`, for messages.
    let line: String
    private var wanted = Wanted.nothing
    private(set) var wait: TestWait?
    private unowned let tests: Handler

    /// - Parameters:
    ///   - tests: whose request it is; it must outlive this.
    ///   - upstream: makes the connection; used for this request only.
    ///   - forward: read during the call only.
    init(_ tests: Handler, _ upstream: Upstream, _ forward: ScriptForward) {
        self.tests = tests
        line = "\(String(forward.method)) \(String(forward.target))"
        var headers: [ResponseField] = []
        var upgrade: UnsafeRawBufferPointer?
        for header in UnsafeBufferPointer(start: forward.headers, count: forward.header_count) {
            headers.append(ResponseField(name: header.name.buffer, value: header.value.buffer))
            if KnownField(header.name.buffer) == .upgrade { upgrade = header.value.buffer }
        }
        let hasBody = forward.body.length > 0 || TestClient.expectsBody(String(forward.method))
        let framing: BodyFraming = forward.chunked ? .chunked : hasBody ? .length(UInt64(forward.body.length)) : .none
        let host = headers.first { KnownField($0.name) == .host }?.value
        headers.withUnsafeBufferPointer { fields in
            let request = UpstreamRequest(
                method: forward.method.buffer, target: forward.target.buffer, host: host, fields: fields, framing: framing, upgrade: upgrade)
            exchange = upstream.send(request, delegate: self)
        }
        if forward.body.length > 0 { _ = exchange.write(forward.body.buffer) }
        upstream.close()
    }

    /// Clients say of these that their body is empty (RFC 9110 section 8.6).
    private static func expectsBody(_ method: String) -> Bool { ["POST", "PUT", "PATCH"].contains(method) }

    // MARK: What a test asks for. Nil: it has to wait.

    func answer() -> Answer? {
        if let failure { return failure }
        guard exchange.isAnswered else {
            wanted = .answer
            return nil
        }
        return .upstream(ScriptUpstream(
            number: 0, status: Int32(exchange.status), upgraded: exchange.isUpgraded,
            head: exchange.headBytes.baseAddress?.assumingMemoryBound(to: CChar.self),
            fields: UnsafeRawPointer(exchange.fields.baseAddress)?.assumingMemoryBound(to: ScriptField.self),
            field_count: exchange.fields.count))
    }

    func chunk() -> Answer? {
        switch exchange.readChunk() {
        case .bytes(let bytes): return .bytes(bytes)
        case .end: return Answer.none
        case .failed where failure != nil: return failure
        // Of a failure the delegate is told at the end of the turn, with its cause.
        case .failed, .wait:
            wanted = .chunk
            return nil
        }
    }

    /// What is there already; `.none` where nothing is.
    func arrived() -> Answer {
        if case .bytes(let bytes) = exchange.readChunk() { return .bytes(bytes) }
        return .none
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Answer? {
        switch exchange.write(bytes) {
        case .ok: return .yes
        // A client reads the answer while it sends; here it would wait with the answer unread, and the handler with it.
        case .wait where !exchange.isUpgraded: return .yes
        case .wait:
            wanted = .room
            return nil
        case .overrun, .closed: return failure ?? tests.error("nothing more can be sent on this request: it is over")
        }
    }

    /// The test waits, until the delegate's calls bring what it asked for.
    func suspend(_ wait: TestWait) { self.wait = wait }

    private func resume(_ answer: Answer?) {
        guard let answer, let wait else { return }
        self.wait = nil
        wanted = .nothing
        wait.resume(answer)
    }

    // MARK: What comes

    func upstreamDidAnswer(_ exchange: UpstreamExchange) {
        if wanted == .answer { resume(answer()) }
    }

    func upstreamCanRead(_ exchange: UpstreamExchange) {
        if wanted == .chunk { resume(chunk()) }
    }

    func upstreamCanWrite(_ exchange: UpstreamExchange) {
        if wanted == .room { resume(.yes) }
    }

    func upstreamDidFail(_ exchange: UpstreamExchange, _ failure: UpstreamFailure) {
        if wanted != .nothing { resume(self.failure) }
    }

    private var failure: Answer? {
        guard let failure = exchange.failure else { return nil }
        return tests.error("\(line): \(TestClient.words(failure))")
    }

    /// As a client sees it.
    private static func words(_ failure: UpstreamFailure) -> String {
        switch failure {
        case .truncated: "the answer broke off in the middle, so no client would take it for whole; t.logs() may say why"
        case .closedBeforeAnswer: "the connection was closed before there was an answer"
        case .malformed(_, let error): "the answer can't be read: \(error.message)"
        case .gone: "the handler's side is gone"
        default: failure.message
        }
    }
}
