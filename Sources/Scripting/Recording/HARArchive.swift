/// A recording as an HTTP Archive 1.2 (http://www.softwareishard.com/blog/har-12-spec/), which browsers' tools and many others read.
struct HARArchive {
    /// By the begin of the exchange.
    private var entries: [(number: Int, text: [UInt8])] = []
    private(set) var size = 0

    /// Adds an exchange that has ended, after others that may have begun later.
    mutating func add(_ take: Take) {
        let text = HAREntry(take).text
        size += text.count
        let place = entries.lastIndex { $0.number < take.number }.map { $0 + 1 } ?? 0
        entries.insert((take.number, text), at: place)
    }

    var text: [UInt8] {
        var text = [UInt8](ascii: "\(HARArchive.mark)\"version\":\"1.2\",\"creator\":{\"name\":\"dogger\",\"version\":\"\(DoggerVersion.number)\"},\"entries\":[")
        for (index, entry) in entries.enumerated() { text += [UInt8](ascii: index == 0 ? "\n" : ",\n") + entry.text }
        return text + [UInt8](ascii: "\n]}}\n")
    }

    /// How every archive begins.
    static let mark = "{\"log\":{"
}

/// One entry.
private struct HAREntry {
    private(set) var text: [UInt8] = []

    init(_ take: Take) {
        let path = RecordedPath(take.target)
        text = [UInt8](ascii: "{\"startedDateTime\":\"\(Calendar.iso(take.wallClock))\",")
        let answer = take.status == 0 ? take.end : take.answerTime
        let sent = min(take.sentBody.endTime ?? take.start, answer)
        // The whole is the sum of its parts, to the last digit.
        let send = HAREntry.microseconds(sent - take.start)
        let wait = HAREntry.microseconds(answer - sent)
        let receive = HAREntry.microseconds(max(take.end, answer) - answer)
        text += [UInt8](ascii: "\"time\":\(HAREntry.milliseconds(send + wait + receive)),\"request\":")
        text += request(take, path) + [UInt8](ascii: ",\"response\":") + response(take, path)
        text += [UInt8](ascii: ",\"cache\":{},\"timings\":{\"send\":\(HAREntry.milliseconds(send)),\"wait\":\(HAREntry.milliseconds(wait)),\"receive\":\(HAREntry.milliseconds(receive))}")
        if let comment = HAREntry.comment(take) { text += [UInt8](ascii: ",\"comment\":") + HAREntry.string(comment) }
        text += [UInt8](ascii: "}")
    }

    private func request(_ take: Take, _ path: RecordedPath) -> [UInt8] {
        let isAbsolute = take.target.first != UInt8(ascii: "/")
        let host = take.host.isEmpty ? [UInt8](ascii: "localhost") : take.host
        let url = isAbsolute ? take.target : [UInt8](ascii: "http://") + host + take.target
        var text = [UInt8](ascii: "{\"method\":") + HAREntry.string(take.method) + [UInt8](ascii: ",\"url\":") + HAREntry.string(url)
        text += [UInt8](ascii: ",\"httpVersion\":\"HTTP/1.\(take.minorVersion)\",\"cookies\":[],\"headers\":") + HAREntry.pairs(take.requestFields, areFields: true)
        text += [UInt8](ascii: ",\"queryString\":") + HAREntry.pairs(RecordedPath.pairs(take.target), areFields: false)
        let body = take.sentBody
        if body.count > 0 {
            text += [UInt8](ascii: ",\"postData\":{\"mimeType\":") + HAREntry.string(take.requestField("content-type") ?? [UInt8](ascii: "application/octet-stream"))
            text += [UInt8](ascii: ",\"params\":[],\"text\":")
            if let shown = HAREntry.shown(body, path), UTF8Text.isText(shown) {
                text += HAREntry.string(shown) + [UInt8](ascii: "}")
            } else {
                text += [UInt8](ascii: "\"\",\"comment\":\"left out\"}")
            }
        }
        return text + [UInt8](ascii: ",\"headersSize\":-1,\"bodySize\":\(body.count)}")
    }

    private func response(_ take: Take, _ path: RecordedPath) -> [UInt8] {
        var text = [UInt8](ascii: "{\"status\":\(take.status),\"statusText\":") + HAREntry.string(take.reason)
        text += [UInt8](ascii: ",\"httpVersion\":\"HTTP/1.1\",\"cookies\":[],\"headers\":") + HAREntry.pairs(take.responseFields, areFields: true)
        text += [UInt8](ascii: ",\"content\":{\"size\":\(take.down.count),\"mimeType\":")
        text += HAREntry.string(take.responseField("content-type") ?? [UInt8](ascii: "application/octet-stream"))
        let isOther = take.isUpgraded && !take.protocolName.isEmpty && Take.lowercased(take.protocolName) != "tcp"
        if take.down.count > 0 {
            if !isOther, let shown = HAREntry.shown(take.down, path) {
                if UTF8Text.isText(shown) {
                    text += [UInt8](ascii: ",\"text\":") + HAREntry.string(shown)
                } else {
                    text += [UInt8](ascii: ",\"text\":\"") + Base64.encoded(shown) + [UInt8](ascii: "\",\"encoding\":\"base64\"")
                }
            } else {
                text += [UInt8](ascii: ",\"comment\":\"left out\"")
            }
        }
        let location = take.responseField("location") ?? []
        return text + [UInt8](ascii: "},\"redirectURL\":") + HAREntry.string(location) + [UInt8](ascii: ",\"headersSize\":-1,\"bodySize\":\(take.status == 0 ? -1 : take.down.count)}")
    }

    /// What of a body may be shown: nil where it is not all there, or only secrets.
    private static func shown(_ body: Track, _ path: RecordedPath) -> [UInt8]? {
        guard !body.isCut else { return nil }
        guard let node = JSONNode.parse(body.bytes) else { return path.string.hasSuffix("/auth") ? nil : body.bytes }
        let cleaned = Secrets.removed(from: node, path: path.string)
        return cleaned == node ? body.bytes : JSONText.compact(cleaned)
    }

    private static func comment(_ take: Take) -> String? {
        if case .broken(let reason) = take.ending { return reason }
        if take.isUpgraded { return "the connection became a raw stream; the client sent \(take.up.count) bytes on it" }
        return take.ending == .left ? "the client left before the end" : nil
    }

    private static func pairs(_ pairs: [Take.HeaderField], areFields: Bool) -> [UInt8] {
        var text: [UInt8] = []
        for pair in pairs where !areFields || !Secrets.isSecret(field: Take.lowercased(pair.name)) {
            text += [UInt8](ascii: text.isEmpty ? "{\"name\":" : ",{\"name\":") + string(pair.name) + [UInt8](ascii: ",\"value\":") + string(pair.value) + [UInt8](ascii: "}")
        }
        return [UInt8](ascii: "[") + text + [UInt8](ascii: "]")
    }

    private static func string(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        JSONText.append(string: bytes, to: &text)
        return text
    }

    private static func string(_ text: String) -> [UInt8] { string([UInt8](text.utf8)) }

    private static func microseconds(_ nanoseconds: UInt64) -> UInt64 { nanoseconds / 1000 }

    private static func milliseconds(_ microseconds: UInt64) -> String {
        let fraction = String(microseconds % 1000)
        return "\(microseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
