import EventLoop
import HTTP
import LuaRuntime
import Server

/// Gives each request to the version of the handlers that is the current one, and writes it to the log.
public final class Dispatcher: RequestHandler {
    public internal(set) var handler: Handler
    private let log: Log
    private let options: ScriptingOptions
    /// Who looks on, if anybody may.
    private let inspector: Inspector?
    private let keepsRecords: Bool
    private let summaryOfAll = RequestSummary()

    public init(_ handler: Handler, _ log: Log) {
        self.handler = handler
        self.log = log
        options = handler.options
        inspector = options.inspector
        keepsRecords = options.logsRequests && log.style.tellsEnds || options.summarizes
        inspector?.dispatcher = self
    }

    /// What came of the requests so far, line by line; empty where that is not to be told.
    public var summary: [String] { options.summarizes ? summaryOfAll.lines : [] }

    private func ended(_ record: RequestRecord) {
        if options.logsRequests { log.request(record) }
        if options.summarizes { summaryOfAll.add(record) }
    }

    public func handle(_ exchange: Exchange) {
        if let inspector, inspector.isWatched { inspector.look(at: exchange, handler) }
        if options.logsRequests, !log.style.tellsEnds || options.traces { logRequest(exchange) }
        if keepsRecords { RequestRecord.keep(exchange, withCaller: log.style == .json) { [unowned self] in ended($0) } }
        if let refusal = options.tcpGuard.refusal(of: exchange) {
            exchange.respond(status: refusal.status, message: refusal.message)
            return
        }
        handler.handle(exchange)
    }

    public func refused(_ error: HTTPError, descriptor: Int32) {
        let text = "a request was refused with \(error.status): \(error.message)"
        log.line("dogger: \(text)")
        inspector?.say(.error, text)
    }

    /// `> GET /v1.50/containers/json`, and the body under it where it came along.
    private func logRequest(_ exchange: Exchange) {
        let bytes = exchange.headBytes
        log.line(Dispatcher.arrow.bytes, exchange.head.method.bytes(in: bytes), Dispatcher.space.bytes, exchange.head.target.bytes(in: bytes))
        if options.traces { log.traceRequest(exchange) }
        if let body = exchange.completeBody, !body.isEmpty { log.requestBody(body, whole: options.traces) }
    }

    private static let arrow: StaticString = "> "
    private static let space: StaticString = " "
}

extension Log {
    private static let mostBodyBytes = 1024
    private var bodyIndent: StaticString { style == .json ? "" : "  " }

    /// A body as a line: its text, or its size where it is not text, or long.
    func requestBody(_ bytes: UnsafeRawBufferPointer, whole: Bool) {
        guard whole || bytes.count <= Log.mostBodyBytes, Log.isText(bytes) else { return line("\(bodyIndent)(\(bytes.count) bytes)") }
        line(bodyIndent.bytes, Log.withoutLastLineFeed(bytes))
    }

    /// No control bytes but those of lines.
    static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    }

    static func withoutLastLineFeed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var end = bytes.count
        while end > 0, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[..<end])
    }
}
