import HTTP

/// One answer of a tape.
struct TapeReply {
    typealias Header = (name: [UInt8], values: [[UInt8]])

    /// By the begin of the exchange.
    let number: Int
    let method: [UInt8]
    let path: RecordedPath
    /// Names and values in their order.
    let query: [RecordedPath.Pair]
    /// Lines without their `--`.
    var remarks: [[UInt8]] = []
    /// Seconds before the answer, in hundredths.
    var delay = 0
    /// 0: none came.
    let status: Int
    /// Without what belongs to one connection or one moment.
    let headers: [Header]
    /// Fields of the reply's table, each in lines of its own with a comma at the end.
    let content: [UInt8]
    /// What the client gets without a header that says something else.
    let contentType: String?
    let isUpgrade: Bool
    /// It is not what the upstream sent.
    let isReplaced: Bool
    /// Modules that the content calls.
    let usesJSON: Bool
    let usesDocker: Bool
    /// How often it came, one after the other.
    var times = 1

    /// About the bytes of its text.
    var size: Int { content.count + 200 }

    /// Pauses shorter than this are not kept. Hundredths of a second.
    static let shortestDelay = 5

    /// - Parameters:
    ///   - room: bytes that the content may have; what is longer is left out.
    ///   - orders: takes in what the tables of the reply do not keep.
    init(_ take: Take, room: Int, _ orders: inout NameOrders) {
        number = take.number
        method = take.method
        path = RecordedPath(take.target)
        query = RecordedPath.pairs(take.target)
        remarks = TapeReply.remarks(on: take, path)
        let content = TapeContent(take, path, room: room, &orders)
        status = content.status
        self.content = content.text
        contentType = content.contentType
        usesJSON = content.text.contains("json.")
        usesDocker = content.text.contains("docker.")
        isUpgrade = content.isUpgrade
        isReplaced = content.isReplaced
        headers = content.isReplaced ? [] : TapeReply.headers(of: take)
        if take.status != 0 {
            let asked = take.sentBody.endTime.map { min($0, take.answerTime) } ?? take.start
            delay = TapeContent.hundredths(take.answerTime - asked)
            if delay < TapeReply.shortestDelay { delay = 0 }
        }
    }

    func isSame(as other: TapeReply) -> Bool {
        method == other.method && path.text == other.path.text && RecordedPath.isSame(query, other.query)
            && remarks == other.remarks && delay == other.delay && status == other.status && content == other.content
            && headers.elementsEqual(other.headers) { $0.name == $1.name && $0.values == $1.values }
    }

    /// What was asked, as far as the route does not say it.
    private static func remarks(on take: Take, _ path: RecordedPath) -> [[UInt8]] {
        let body = take.sentBody
        guard body.count > 0 else { return [] }
        if path.string.hasSuffix("/auth") { return [Array("asked with credentials, which are left out".utf8)] }
        if !body.isCut, let node = JSONNode.parse(body.bytes) {
            let shown = Secrets.removed(from: node, path: path.string).withoutZeros
            return shown.isZero ? [] : [Array("asked with ".utf8) + shortened(JSONText.compact(shown))]
        }
        if !body.isCut, body.count <= longestRemark, UTF8Text.isText(body.bytes) {
            return [Array("asked with ".utf8) + LuaLiteral.string(body.bytes)]
        }
        let type = take.requestField("content-type").map { ", \(LuaLiteral.text($0))" } ?? ""
        return [Array("asked with \(body.count) bytes\(type)".utf8)]
    }

    private static let longestRemark = 160

    private static func shortened(_ text: [UInt8]) -> [UInt8] {
        guard text.count > longestRemark else { return text }
        var end = longestRemark
        while text[end] & 0xC0 == 0x80 { end -= 1 }
        return text[..<end] + Array("...".utf8)
    }

    private static func headers(of take: Take) -> [Header] {
        var headers: [Header] = []
        for field in take.responseFields where isKept(field.name) {
            let name = Take.lowercased(field.name)
            if let index = headers.firstIndex(where: { Take.lowercased($0.name) == name }) {
                headers[index].values.append(field.value)
            } else {
                headers.append((field.name, [field.value]))
            }
        }
        return headers
    }

    private static func isKept(_ name: [UInt8]) -> Bool {
        if Take.lowercased(name) == "date" || Secrets.isSecret(field: Take.lowercased(name)) { return false }
        let known = name.withUnsafeBytes { KnownField($0) }
        return known != .contentLength && !known.isHopByHop
    }
}

extension [UInt8] {
    fileprivate func contains(_ text: String) -> Bool {
        let text = Array(text.utf8)
        guard let first = text.first, count >= text.count else { return false }
        return (0...count - text.count).contains { self[$0] == first && self[$0..<$0 + text.count].elementsEqual(text) }
    }
}
