/// One exchange of an HTTP Archive.
struct HAREntry {
    private let take: Take
    private let path: RecordedPath
    private let bodyRoom: Int

    /// - Parameter bodyRoom: a body with more bytes is left out.
    init(_ take: Take, bodyRoom: Int) {
        self.take = take
        self.bodyRoom = bodyRoom
        path = RecordedPath(take.target)
    }

    var node: JSONNode {
        let answer = take.status == 0 ? take.end : take.answerTime
        let sent = min(take.sentBody.endTime ?? take.start, answer)
        // The whole is the sum of its parts, to the last digit.
        let send = (sent - take.start) / 1000
        let wait = (answer - sent) / 1000
        let receive = (max(take.end, answer) - answer) / 1000
        var members: [JSONNode.Member] = [
            .init("startedDateTime", .text(UTC.iso(take.wallClock))),
            .init("time", HAREntry.milliseconds(send + wait + receive)),
            .init("request", request),
            .init("response", response),
            .init("cache", .object([])),
            .init("timings", .object([
                .init("send", HAREntry.milliseconds(send)), .init("wait", HAREntry.milliseconds(wait)),
                .init("receive", HAREntry.milliseconds(receive)),
            ])),
        ]
        if let comment { members.append(.init("comment", .text(comment))) }
        return .object(members)
    }

    private var request: JSONNode {
        let host = take.host.isEmpty ? Array("localhost".utf8) : take.host
        let isAbsolute = take.target.first != UInt8(ascii: "/")
        var members: [JSONNode.Member] = [
            .init("method", .string(take.method)),
            .init("url", .string(isAbsolute ? take.target : Array("http://".utf8) + host + take.target)),
            .init("httpVersion", .text("HTTP/1.\(take.minorVersion)")),
            .init("cookies", .array([])),
            .init("headers", HAREntry.headers(take.requestFields)),
            .init("queryString", HAREntry.pairs(RecordedPath.pairs(take.target))),
        ]
        let body = take.sentBody
        if body.count > 0 { members.append(.init("postData", postData(body))) }
        return .object(members + [.init("headersSize", .integer(-1)), .init("bodySize", .integer(body.count))])
    }

    /// Unlike a response's, its text has no encoding for bytes.
    private func postData(_ body: Track) -> JSONNode {
        let shown = shown(body).flatMap { UTF8Text.isText($0) ? $0 : nil }
        var members: [JSONNode.Member] = [
            .init("mimeType", .string(take.requestField("content-type") ?? HAREntry.anyType)), .init("params", .array([])),
            .init("text", .string(shown ?? [])),
        ]
        if shown == nil { members.append(.init("comment", .text("left out"))) }
        return .object(members)
    }

    private var response: JSONNode {
        .object([
            .init("status", .integer(take.status)),
            .init("statusText", .string(take.reason)),
            .init("httpVersion", .text("HTTP/1.1")),
            .init("cookies", .array([])),
            .init("headers", HAREntry.headers(take.responseFields)),
            .init("content", content),
            .init("redirectURL", .string(take.responseField("location") ?? [])),
            .init("headersSize", .integer(-1)),
            .init("bodySize", .integer(take.status == 0 ? -1 : take.down.count)),
        ])
    }

    private var content: JSONNode {
        var members: [JSONNode.Member] = [
            .init("size", .integer(take.down.count)),
            .init("mimeType", .string(take.responseField("content-type") ?? HAREntry.anyType)),
        ]
        if take.down.count == 0 { return .object(members) }
        if !take.isOtherProtocol, let shown = shown(take.down) {
            if UTF8Text.isText(shown) {
                members.append(.init("text", .string(shown)))
            } else {
                members += [.init("text", .string(Base64.encoded(shown))), .init("encoding", .text("base64"))]
            }
        } else {
            members.append(.init("comment", .text("left out")))
        }
        return .object(members)
    }

    /// What of a body may be shown: nil where it is not all there, too long, or only secrets.
    private func shown(_ body: Track) -> [UInt8]? {
        guard !body.isCut, body.bytes.count <= bodyRoom else { return nil }
        guard let node = JSONNode.parse(body.bytes) else { return path.string.hasSuffix("/auth") ? nil : body.bytes }
        let cleaned = Secrets.removed(from: node, path: path.string)
        return cleaned == node ? body.bytes : JSONText.compact(cleaned)
    }

    private var comment: String? {
        if case .broken(let reason) = take.ending { return reason }
        if take.isUpgraded { return "the connection became a raw stream; the client sent \(take.up.count) bytes on it" }
        return take.ending == .left ? "the client left before the end" : nil
    }

    private static func headers(_ fields: [Take.HeaderField]) -> JSONNode {
        pairs(fields.filter { !Secrets.isSecret(field: Take.lowercased($0.name)) })
    }

    private static func pairs(_ pairs: [Take.HeaderField]) -> JSONNode {
        .array(pairs.map { .object([.init("name", .string($0.name)), .init("value", .string($0.value))]) })
    }

    private static func milliseconds(_ microseconds: UInt64) -> JSONNode {
        let fraction = String(microseconds % 1000)
        return .number(Array("\(microseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)".utf8))
    }

    private static let anyType = Array("application/octet-stream".utf8)
}

extension JSONNode {
    fileprivate static func integer(_ value: Int) -> JSONNode { .number(Array(String(value).utf8)) }
}
