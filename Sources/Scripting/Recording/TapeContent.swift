/// What an answer consists of, as fields of a reply's table: nothing, `json`, `body` or `upgrade`.
struct TapeContent {
    var status: Int
    var text: [UInt8] = []
    var contentType: String?
    var isUpgrade = false
    /// It is not what the upstream sent.
    var isReplaced = false

    init(_ take: Take, _ path: RecordedPath, room: Int, _ orders: inout NameOrders) {
        status = take.status
        guard status != 0 else { return }
        // Its text is longer still, and would only be made to be thrown away.
        if take.down.bytes.count <= room { fill(from: take, path, &orders) }
        if max(text.count, take.down.bytes.count) > room {
            text = []
            isUpgrade = false
            leaveOut("\(TapeContent.described(take.down, of: take)), for which the tape has no room")
        }
    }

    private mutating func fill(from take: Take, _ path: RecordedPath, _ orders: inout NameOrders) {
        if take.isUpgraded {
            if take.isOtherProtocol {
                leaveOut("the connection went on as \(Take.lowercased(take.protocolName))")
                return
            }
            isUpgrade = true
            contentType = "application/vnd.docker.raw-stream"
            text = TapeStream(take, keeping(StreamItem.items(of: take.down), &orders, take.down)).text
            return
        }
        guard take.down.count > 0 || take.ending != .complete else { return }
        let isEncoded = take.responseField("content-encoding") != nil
        if !isEncoded, let node = TapeContent.document(take) {
            takeDocument(node, take, path, &orders)
        } else {
            takeBytes(take, isOpaque: isEncoded, &orders)
        }
    }

    private mutating func takeDocument(_ node: JSONNode, _ take: Take, _ path: RecordedPath, _ orders: inout NameOrders) {
        takePause(take.down.runs.last.map { TapeContent.hundredths($0.time - take.answerTime) } ?? 0)
        let shown = Secrets.removed(from: node, path: path.string)
        if LuaTable.registers(shown) < StreamItem.mostRegisters, orders.take(shown) {
            contentType = "application/json"
            add("json = ", LuaTable.text(shown, column: 7))
        } else {
            takeText(shown == node ? take.down.bytes : JSONText.compact(shown))
        }
    }

    private mutating func takeBytes(_ take: Take, isOpaque: Bool, _ orders: inout NameOrders) {
        let items = StreamItem.items(of: take.down, isOpaque: isOpaque)
        let isBytes = items.allSatisfy(\.item.isRaw) && !UTF8Text.isText(take.down.bytes)
        if take.down.isCut, isBytes || take.down.bytes.isEmpty {
            leaveOut("\(TapeContent.described(take.down, of: take)), more than dogger record's --body-limit")
        } else if isPlain(items, take) {
            takePause(TapeContent.hundredths(items[0].time - take.answerTime))
            takeText(take.down.bytes)
        } else {
            contentType = TapeContent.textType
            text = TapeStream(take, keeping(items, &orders, take.down)).text
        }
    }

    /// `1000 bytes of text/plain`.
    private static func described(_ body: Track, of take: Take) -> String {
        "\(body.count) bytes" + (take.responseField("content-type").map { " of \(String(decoding: $0, as: UTF8.self))" } ?? "")
    }

    private mutating func takeText(_ bytes: [UInt8]) {
        contentType = TapeContent.textType
        add("body = ", LuaLiteral.string(bytes, indent: 2))
    }

    private static let textType = "text/plain; charset=utf-8"

    private mutating func takePause(_ pause: Int) {
        if pause >= TapeReply.shortestDelay { text.add("body_after = \(TapeContent.seconds(pause)),\n") }
    }

    private mutating func leaveOut(_ what: String) {
        isReplaced = true
        status = 501
        contentType = "application/json"
        add("json = ", LuaTable.text(.object([.init("message", .text("this answer was left out of the tape: \(what)"))])))
    }

    /// The documents among the items stay such only when the order of their names is kept.
    private func keeping(_ items: [StreamItem.Timed], _ orders: inout NameOrders, _ track: Track) -> [StreamItem.Timed] {
        for case .json(let node) in items.map(\.item) where !orders.take(node) {
            return StreamItem.items(of: track, isOpaque: true)
        }
        return items
    }

    /// Bytes that came as one.
    private func isPlain(_ items: [StreamItem.Timed], _ take: Take) -> Bool {
        guard take.ending == .complete, !take.down.isCut, let first = items.first, let last = items.last else { return false }
        return items.allSatisfy(\.item.isRaw) && last.time - first.time < TapeContent.oneBurst
    }

    /// Nanoseconds.
    private static let oneBurst: UInt64 = 100_000_000

    /// The one object or array that the whole body is.
    private static func document(_ take: Take) -> JSONNode? {
        guard take.ending == .complete, !take.down.isCut, let node = JSONNode.parse(take.down.bytes) else { return nil }
        switch node {
        case .array, .object: return node
        default: return nil
        }
    }

    private mutating func add(_ start: String, _ value: [UInt8]) {
        text.add(start)
        text.add(value)
        text.add(",\n")
    }

    static func hundredths(_ nanoseconds: UInt64) -> Int { Int((nanoseconds + 5_000_000) / 10_000_000) }

    /// `1.5` of 150.
    static func seconds(_ hundredths: Int) -> String {
        let fraction = hundredths % 100
        if fraction == 0 { return "\(hundredths / 100)" }
        let digits = fraction % 10 == 0 ? "\(fraction / 10)" : fraction < 10 ? "0\(fraction)" : "\(fraction)"
        return "\(hundredths / 100).\(digits)"
    }
}

extension StreamItem {
    var isRaw: Bool {
        if case .raw = self { true } else { false }
    }
}
