/// A reply as a table.
extension TapeReply {
    func text(_ shared: [Header], showsQuery: Bool, showsTimes: Bool) -> [UInt8] {
        var lines: [UInt8] = []
        for remark in remarks {
            lines.add("-- ")
            lines.add(remark)
            lines.add("\n")
        }
        if status == 0 {
            lines.add("-- no answer came before the client left\nfunction() tape.hold() end,\n")
        } else {
            addFields(shared, showsQuery, showsTimes, to: &lines)
        }
        if lines.isEmpty { return Array("{}".utf8) }
        var text = Array("{".utf8)
        if remarks.isEmpty, lines.count < TapeReply.shortLine, lines.firstIndex(of: 0x0A) == lines.count - 1 {
            text.add(" ")
            text += lines.dropLast(2)
            text.add(" }")
        } else {
            text.add("\n")
            text.add(lines.indented(by: 2))
            text.add("}")
        }
        return text
    }

    private static let shortLine = 80

    private func addFields(_ shared: [Header], _ showsQuery: Bool, _ showsTimes: Bool, to lines: inout [UInt8]) {
        if showsQuery {
            let grouped = RecordedPath.grouped(query)
            var names: [[UInt8]] = []
            for pair in query where !names.contains(pair.name) { names.append(pair.name) }
            TapeReply.add("query", names.map { ($0, grouped[$0] ?? []) }, to: &lines)
        }
        if showsTimes, times > 1 { lines.add("times = \(times),\n") }
        if delay > 0 { lines.add("after = \(TapeContent.seconds(delay)),\n") }
        if status != 200, !isUpgrade { lines.add("status = \(status),\n") }
        let own = headers.filter { header in
            guard Take.lowercased(header.name) == "content-type" else {
                return !shared.contains { $0.name == header.name && $0.values == header.values }
            }
            return header.values.map { String(decoding: $0, as: UTF8.self) } != [contentType]
        }
        if !own.isEmpty { TapeReply.add("headers", own, to: &lines) }
        lines.add(content)
    }

    private static func add(_ name: String, _ members: [Header], to lines: inout [UInt8]) {
        lines.add(name, " = ")
        lines.add(table(of: members, column: name.utf8.count + 3))
        lines.add(",\n")
    }

    /// Names with a value or several.
    static func table(of members: [Header], column: Int) -> [UInt8] {
        let node = JSONNode.object(members.map { member in
            let values = member.values.map { JSONNode.string($0) }
            return JSONNode.Member(name: member.name, value: values.count == 1 ? values[0] : .array(values))
        })
        return LuaTable.text(node, column: column)
    }
}
