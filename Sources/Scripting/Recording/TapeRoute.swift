/// What a tape has for one method and path.
struct TapeRoute {
    let pattern: [UInt8]
    /// By their requests.
    var replies: [TapeReply]

    /// The argument of `tape.play`: one reply, or a list of them.
    /// - Parameter shared: headers that every answer has.
    func text(_ shared: [TapeReply.Header]) -> [UInt8] {
        if replies.count == 1 { return replies[0].text(shared, showsQuery: false, showsTimes: false) }
        // Which answer is meant depends on the query only where there were several.
        let hasQueries = replies.contains { !RecordedPath.isSame($0.query, replies[0].query) }
        var text = Array("{\n".utf8)
        for (index, reply) in replies.enumerated() {
            let isLast = !replies[(index + 1)...].contains { RecordedPath.isSame($0.query, reply.query) }
            text.add(reply.text(shared, showsQuery: hasQueries, showsTimes: !isLast).indented(by: 2))
            text.add(",\n")
        }
        text.add("}")
        return text
    }
}
