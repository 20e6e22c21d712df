/// What a tape has for one method and path.
struct TapeRoute {
    let pattern: [UInt8]
    /// By their requests.
    var replies: [TapeReply]

    /// The argument of `tape.play`: one reply, or a list of them.
    /// - Parameter shared: headers that every answer has.
    func text(_ shared: [TapeReply.Header]) -> [UInt8] {
        // Which answer is meant depends on the query only where there were several.
        let hasQueries = replies.contains { !RecordedPath.isSame($0.query, replies[0].query) }
        if replies.count == 1 { return TapeReplyText.text(replies[0], shared, query: false, times: false) }
        var text = [UInt8](ascii: "{\n")
        for (index, reply) in replies.enumerated() {
            let isLast = !replies[(index + 1)...].contains { RecordedPath.isSame($0.query, reply.query) }
            text += TapeReplyText.text(reply, shared, query: hasQueries, times: !isLast).indented(by: 2) + [UInt8](ascii: ",\n")
        }
        return text + [UInt8](ascii: "}")
    }
}

/// A reply as a table.
enum TapeReplyText {
    static func text(_ reply: TapeReply, _ shared: [TapeReply.Header], query: Bool, times: Bool) -> [UInt8] {
        let fields = fields(reply, shared, query: query, times: times)
        let remarks: [UInt8] = reply.remarks.flatMap { [UInt8](ascii: "-- ") + $0 + [0x0A] }
        guard reply.status != 0 else {
            return [UInt8](ascii: "{\n") + (remarks + [UInt8](ascii: "-- no answer came before the client left\nfunction() tape.hold() end,\n")).indented(by: 2) + [UInt8](ascii: "}")
        }
        if remarks.isEmpty, fields.isEmpty { return [UInt8](ascii: "{}") }
        if remarks.isEmpty, fields.count < 80, fields.split(separator: 0x0A).count == 1 {
            return [UInt8](ascii: "{ ") + fields.dropLast(2) + [UInt8](ascii: " }")
        }
        return [UInt8](ascii: "{\n") + (remarks + fields).indented(by: 2) + [UInt8](ascii: "}")
    }

    private static func fields(_ reply: TapeReply, _ shared: [TapeReply.Header], query: Bool, times: Bool) -> [UInt8] {
        var fields: [UInt8] = []
        func add(_ name: String, _ value: [UInt8]) { fields += [UInt8](ascii: "\(name) = ") + value + [UInt8](ascii: ",\n") }
        if query {
            let grouped = RecordedPath.grouped(reply.query)
            var names: [[UInt8]] = []
            for pair in reply.query where !names.contains(pair.name) { names.append(pair.name) }
            add("query", names.isEmpty ? [UInt8](ascii: "{}") : table(of: names.map { ($0, grouped[$0] ?? []) }, indent: 0, column: 8))
        }
        if times, reply.times > 1 { add("times", [UInt8](ascii: "\(reply.times)")) }
        if reply.delay > 0 { add("after", [UInt8](ascii: TapeContent.seconds(reply.delay))) }
        if reply.status != 200, !reply.isUpgrade { add("status", [UInt8](ascii: "\(reply.status)")) }
        let headers = reply.headers.filter { header in
            if Take.lowercased(header.name) == "content-type" { return header.values.map { String(decoding: $0, as: UTF8.self) } != [reply.contentType] }
            return !shared.contains { $0.name == header.name && $0.values == header.values }
        }
        if !headers.isEmpty { add("headers", table(of: headers, indent: 0, column: 10)) }
        return fields + reply.content
    }

    /// Names with a value or several.
    static func table(of fields: [TapeReply.Header], indent: Int, column: Int) -> [UInt8] {
        let members = fields.map { field in
            let values = field.values.map { JSONNode.string($0) }
            return JSONNode.Member(name: field.name, value: values.count == 1 ? values[0] : .array(values))
        }
        return LuaTable.text(.object(members), indent: indent, column: column)
    }
}
