import HTTP
import Server

/// One request to the VM of tests: to tell its tests, or to run one. Its answer is a list of packed strings.
final class TestStep: UpstreamDelegate {
    /// Told when the answer is whole, or there is none.
    private let whenOver: () -> Void
    private var exchange: UpstreamExchange!
    private(set) var isOver = false
    private var body: [UInt8] = []

    /// - Parameter target: `/plan`, `/run/3`, `/after/3`.
    init(_ bench: TestBench, _ target: String, whenOver: @escaping () -> Void) {
        self.whenOver = whenOver
        let upstream = Upstream(loop: bench.loop, address: .unix(path: "dogger.test")) { [unowned bench] in bench.dialTests() }
        let method: StaticString = "GET"
        var target = target
        target.withUTF8 {
            exchange = upstream.send(UpstreamRequest(method: method.bytes, target: UnsafeRawBufferPointer($0)), delegate: self)
        }
        upstream.close()
    }

    /// Stops what runs.
    func close() {
        exchange.close()
        isOver = true
    }

    /// The strings; or what the test's own VM said in place of them: that it was stopped, say.
    var result: Result<[String], Message> {
        guard exchange.status == 200, exchange.failure == nil else {
            let text = String(decoding: body, as: UTF8.self)
            guard case .object(let members)? = JSONNode.parse(body), case .string(let message)? = members.first?.value else {
                return .failure(Message(text: exchange.failure?.message ?? text))
            }
            return .failure(Message(text: String(decoding: message, as: UTF8.self)))
        }
        return .success(unpack())
    }

    struct Message: Error {
        var text: String
    }

    /// Each string has its length in front: four bytes, the lowest first.
    private func unpack() -> [String] {
        var strings: [String] = []
        var rest = body[...]
        while rest.count >= 4 {
            let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            strings.append(String(decoding: rest.prefix(length), as: UTF8.self))
            rest = rest.dropFirst(length)
        }
        return strings
    }

    private func read() {
        while true {
            switch exchange.readChunk() {
            case .bytes(let bytes): body.append(contentsOf: bytes)
            case .wait: return
            case .end, .failed: return end()
            }
        }
    }

    private func end() {
        guard !isOver else { return }
        isOver = true
        whenOver()
    }

    func upstreamDidAnswer(_ exchange: UpstreamExchange) { read() }

    func upstreamCanRead(_ exchange: UpstreamExchange) { read() }

    func upstreamCanWrite(_ exchange: UpstreamExchange) {}

    func upstreamDidFail(_ exchange: UpstreamExchange, _ failure: UpstreamFailure) { end() }
}
