import Server

/// What the page is told, as JSON. The names are those that `web/` reads.
enum InspectorJSON {
    /// For a page that has just come, or has missed something.
    static func everything(_ inspector: Inspector, missed: Int) -> [UInt8] {
        let handler = inspector.dispatcher?.handler
        return JSONText.compact(.fields([
            "type": .text("everything"),
            "worker": .text(String(inspector.worker)),
            "dogger": .text("\(DoggerVersion.number)"),
            "handlers": .array((handler?.paths ?? []).map { .text($0) }),
            "version": .integer(handler?.version ?? 0),
            "upstream": handler?.upstream.map { .text($0.address.description) },
            "first": .integer(inspector.history.first),
            "missed": .integer(missed),
            "exchanges": .array(inspector.history.items.map(summary)),
            "messages": .array(inspector.messages.map(message)),
        ]))
    }

    static func changes(_ exchanges: [InspectedExchange], _ messages: ArraySlice<Inspector.Message>, _ inspector: Inspector) -> [UInt8] {
        JSONText.compact(.fields([
            "type": .text("changes"),
            "version": .integer(inspector.dispatcher?.handler.version ?? 0),
            "first": .integer(inspector.history.first),
            "exchanges": .array(exchanges.map(summary)),
            "messages": .array(messages.map(message)),
        ]))
    }

    private static func message(_ message: Inspector.Message) -> JSONNode {
        .fields([
            "kind": .text(message.kind.rawValue), "time": .milliseconds(message.time), "text": .text(message.text),
            "traceback": .text(message.traceback),
        ])
    }

    // MARK: One exchange

    /// What a line of the list shows.
    static func summary(_ item: InspectedExchange) -> JSONNode { .object(members(item)) }

    /// All of it.
    static func detail(_ item: InspectedExchange) -> [UInt8] {
        let take = item.take
        let more = JSONNode.fields([
            "httpVersion": .text("1.\(take.minorVersion)"),
            "reason": .string(take.reason),
            "requestHeaders": headers(take.requestFields),
            "responseHeaders": headers(take.responseFields),
            "requestBody": track(take.sentBody, take),
            "up": take.isUpgraded ? track(take.up, take) : nil,
            "down": track(take.down, take),
            "protocol": take.protocolName.isEmpty ? nil : .string(take.protocolName),
            "asked": .array(item.asked.map { .text($0) }),
            "loaded": .milliseconds(item.loadTime),
            "address": item.address.map { .text($0.description) },
            "notes": .array(item.notes.map(note)),
            "lostNotes": .integer(item.lostNotes),
            "bodyLimit": .integer(InspectedExchange.bodyLimit),
        ])
        guard case .object(let moreMembers) = more else { return [] }
        return JSONText.compact(.object(members(item) + moreMembers))
    }

    private static func members(_ item: InspectedExchange) -> [JSONNode.Member] {
        let take = item.take
        let node = JSONNode.fields([
            "id": .integer(item.number),
            "method": .string(take.method),
            "target": .string(take.target),
            "host": .string(take.host),
            "time": .milliseconds(take.wallClock),
            "status": take.status == 0 ? nil : .integer(take.status),
            "state": .text(state(item)),
            "failure": failure(take).map { .text($0) },
            "wait": take.status == 0 ? nil : .milliseconds(take.answerTime - take.start),
            "duration": item.isOver ? .milliseconds(take.end - take.start) : nil,
            "sent": .integer(take.isUpgraded ? take.sentBody.count + take.up.count : take.up.count),
            "received": .integer(take.down.count),
            "type": take.responseField("content-type").map { .string($0) },
            "upgraded": take.isUpgraded ? .bool(true) : nil,
            "pid": item.caller.pid.map { .integer($0) },
            "uid": item.caller.uid.map { .integer($0) },
            "caller": item.callerName.isEmpty ? nil : .text(item.callerName),
            "handler": item.answerer.map { .text($0) },
            "version": .integer(item.version),
            "errors": .integer(item.notes.count { $0.kind == .error }),
            "logs": .integer(item.notes.count { $0.kind == .log } + item.lostNotes),
            "replayOf": item.replayOf.map { .integer($0) },
        ])
        guard case .object(let members) = node else { return [] }
        return members
    }

    private static func state(_ item: InspectedExchange) -> String {
        guard item.isOver else { return item.take.status == 0 ? "waiting" : "answering" }
        return switch item.take.ending {
        case .complete: "complete"
        case .left: "left"
        case .broken: "broken"
        }
    }

    private static func failure(_ take: Take) -> String? {
        if case .broken(let reason) = take.ending { reason } else { nil }
    }

    private static func headers(_ fields: [Take.HeaderField]) -> JSONNode {
        .array(fields.map { .array([.string($0.name), .string($0.value)]) })
    }

    private static func note(_ note: InspectedExchange.Note) -> JSONNode {
        .fields([
            "kind": .text(note.kind.rawValue), "time": .milliseconds(note.time), "text": .text(note.text), "traceback": .text(note.traceback),
        ])
    }

    /// The bytes of one direction, and when they came: pairs of a time, in milliseconds after the request, and of how many bytes were
    /// there then.
    private static func track(_ track: Track, _ take: Take) -> JSONNode {
        .fields([
            "size": .integer(track.count),
            "base64": .string(Base64.encoded(track.bytes)),
            "runs": .array(track.runs.map { .array([.milliseconds($0.time - take.start), .integer($0.end)]) }),
            "end": track.endTime.map { .milliseconds($0 - take.start) },
        ])
    }
}

extension JSONNode {
    fileprivate static func integer(_ number: some BinaryInteger) -> JSONNode { .number(Array(String(number).utf8)) }

    /// To the microsecond.
    fileprivate static func milliseconds(_ nanoseconds: UInt64) -> JSONNode {
        let fraction = String(nanoseconds / 1000 % 1000)
        return .number(Array("\(nanoseconds / 1_000_000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)".utf8))
    }

    /// What is nil is left out.
    fileprivate static func fields(_ pairs: KeyValuePairs<String, JSONNode?>) -> JSONNode {
        .object(pairs.compactMap { pair in pair.value.map { Member(name: Array(pair.key.utf8), value: $0) } })
    }
}
