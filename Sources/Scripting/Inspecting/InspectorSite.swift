import HTTP
import Server

/// Serves the inspector's page, to whoever knows its address: the first segment of every path is the token.
///
///     GET  /TOKEN/                        the page, and the files that it loads
///     GET  /TOKEN/events                  what goes by, as server-sent events
///     GET  /TOKEN/exchanges/N             all that is kept of an exchange
///     POST /TOKEN/exchanges/N/replay      sends its request again
///     POST /TOKEN/clear                   forgets all exchanges
///     GET  /TOKEN/exchanges.har           all that have ended, as an HTTP Archive
public final class InspectorSite: RequestHandler {
    private let inspector: Inspector
    private let token: InspectorToken

    public init(_ inspector: Inspector, _ token: InspectorToken) {
        self.inspector = inspector
        self.token = token
    }

    public func handle(_ exchange: Exchange) {
        do throws(Refusal) {
            try answer(exchange, path(of: exchange))
        } catch {
            respond(exchange, error.status, "text/plain; charset=utf-8", Array("\(error.message)\n".utf8))
        }
    }

    public func refused(_ error: HTTPError, descriptor: Int32) {}

    private struct Refusal: Error {
        var status: Int
        var message: String
    }

    // MARK: Who may ask

    /// What follows the token.
    private func path(of exchange: Exchange) throws(Refusal) -> String {
        let bytes = exchange.headBytes
        let value = { (name: StaticString) in
            exchange.fields.firstValue(of: name, in: bytes).map { String(decoding: $0.bytes(in: bytes), as: UTF8.self) }
        }
        let host = (exchange.head.authority ?? exchange.head.host).map { String(decoding: $0.bytes(in: bytes), as: UTF8.self) } ?? ""
        // A page elsewhere may have a name of its own lead here (DNS rebinding).
        guard TCPGuard.isLocal(host) else {
            throw Refusal(status: 421, message: "This server answers to localhost and loopback addresses only, not to the host \(host).")
        }
        let path = exchange.head.path.bytes(in: bytes).dropFirst()
        guard token.matches(path.prefix { $0 != UInt8(ascii: "/") }) else {
            throw Refusal(status: 403, message: "This address lacks the token. dogger prints the whole address when it starts.")
        }
        // Nobody else knows the token; were it to leak, a page of another origin still could not use it.
        let isOwnOrigin = value("origin").map { $0 == "http://\(host)" } ?? true
        guard isOwnOrigin, ["same-origin", "none"].contains(value("sec-fetch-site") ?? "none") else {
            throw Refusal(status: 403, message: "Other pages may not ask here.")
        }
        return String(decoding: path.drop { $0 != UInt8(ascii: "/") }, as: UTF8.self)
    }

    // MARK: Answers

    private func answer(_ exchange: Exchange, _ path: String) throws(Refusal) {
        let method = String(decoding: exchange.head.method.bytes(in: exchange.headBytes), as: UTF8.self)
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        let isRead = method == "GET" || method == "HEAD"
        switch (segments.count, segments.first) {
        case (0, _) where isRead: redirect(exchange)
        case (1, "events") where method == "GET": try stream(exchange)
        case (1, "exchanges.har") where isRead: respond(exchange, 200, "application/json", archive(), InspectorSite.attachment)
        case (1, "clear") where method == "POST":
            inspector.clear()
            respond(exchange, 204, "", [])
        case (2, "exchanges") where isRead: respond(exchange, 200, "application/json", InspectorJSON.detail(try item(segments[1])))
        case (3, "exchanges") where method == "POST" && segments[2] == "replay":
            if let reason = inspector.replay(try item(segments[1])) { throw Refusal(status: 409, message: reason) }
            respond(exchange, 202, "", [])
        case (1, let name?) where WebFile.all[name] != nil:
            guard isRead, let file = WebFile.all[name] else { throw Refusal(status: 405, message: "This can only be read.") }
            respond(exchange, 200, file.type, file.bytes)
        default: throw Refusal(status: 404, message: "There is no such page.")
        }
    }

    private func item(_ number: String) throws(Refusal) -> InspectedExchange {
        guard let number = Int(number), let item = inspector.history[number] else {
            throw Refusal(status: 404, message: "This exchange is not kept any more.")
        }
        return item
    }

    /// Relative addresses count from the token's directory.
    private func redirect(_ exchange: Exchange) {
        let location = Array("/\(token.text)/".utf8)
        location.withUnsafeBytes { location in
            respond(exchange, 308, "", [], [ResponseField(name: InspectorSite.location.bytes, value: location)])
        }
    }

    private func archive() -> [UInt8] {
        var archive = HARArchive()
        for item in inspector.history.items where item.isOver { archive.add(item.take) }
        return archive.text
    }

    private func stream(_ exchange: Exchange) throws(Refusal) {
        guard !inspector.isFull else {
            throw Refusal(status: 503, message: "\(Inspector.mostPages) pages look on already: close one of them.")
        }
        let fields = InspectorSite.fields("text/event-stream")
        guard fields.withUnsafeBufferPointer({ exchange.begin(status: 200, fields: $0) }) == nil else { return }
        let page = InspectorPage(exchange, inspector)
        inspector.join(page)
        page.begin()
    }

    private func respond(_ exchange: Exchange, _ status: Int, _ type: StaticString, _ body: [UInt8], _ more: [ResponseField] = []) {
        let fields = InspectorSite.fields(type) + more
        fields.withUnsafeBufferPointer { fields in
            // Only a client that is gone is not answered, for the fields are all good.
            _ = body.withUnsafeBytes { exchange.respond(status: status, fields: fields, body: $0) }
        }
    }

    // MARK: Fields

    private static func fields(_ type: StaticString) -> [ResponseField] {
        let all = type.utf8CodeUnitCount > 0 ? [("Content-Type", type)] + always : always
        return all.map { ResponseField(name: $0.0.bytes, value: $0.1.bytes) }
    }

    /// What is shown is a stranger's: no script but the page's own runs, nothing is loaded from elsewhere or sent there, no other page
    /// frames this one, and text is never made markup.
    private static let always: [(StaticString, StaticString)] = [
        ("Content-Security-Policy", """
            default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; \
            form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'
            """),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ]

    private static let location: StaticString = "Location"
    private static let attachmentName: StaticString = "Content-Disposition"
    private static let attachmentValue: StaticString = "attachment; filename=\"dogger.har\""
    private static var attachment: [ResponseField] { [ResponseField(name: attachmentName.bytes, value: attachmentValue.bytes)] }
}
