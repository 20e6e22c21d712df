/// A line of the log as a JSON object: `{"time":"2026-11-25T03:04:05.678Z","type":"request",...}`.
public enum LogObject {
    /// A fault, for where there is no `Log`: of what keeps dogger from starting.
    public static func error(_ text: String) -> String { String(decoding: message("error", Array(text.utf8)), as: UTF8.self) }

    static func message(_ type: String, _ text: [UInt8], _ more: [JSONNode.Member] = []) -> [UInt8] {
        line(Take.wallClock(), type, [.init("message", .string(text))] + more)
    }

    static func request(_ record: RequestRecord) -> [UInt8] {
        var members: [JSONNode.Member] = [
            .init("id", number(record.id)), .init("method", .string(record.method)), .init("target", .string(record.target)),
            .init("status", record.status == 0 ? .null : number(record.status)),
            .init("duration_ms", .number(Array(milliseconds(record.duration).utf8))),
            .init("request_bytes", number(record.requestBytes)), .init("response_bytes", number(record.responseBytes)),
            .init("complete", .bool(record.isComplete)), .init("handler", record.answerer.map { .text($0) } ?? .null),
        ]
        if let caller = record.caller, let pid = caller.pid, let uid = caller.uid {
            members.append(.init("peer", .object([.init("pid", number(pid)), .init("uid", number(uid))])))
        }
        return line(record.wallClock, "request", members)
    }

    private static func line(_ time: UInt64, _ type: String, _ members: [JSONNode.Member]) -> [UInt8] {
        JSONText.compact(.object([.init("time", .text(UTC.iso(time))), .init("type", .text(type))] + members))
    }

    private static func number(_ value: some BinaryInteger) -> JSONNode { .number(Array("\(value)".utf8)) }

    private static func milliseconds(_ nanoseconds: UInt64) -> String { "\(nanoseconds / 1_000_000).\(digits(nanoseconds / 1000 % 1000, 3))" }

    private static func digits(_ value: UInt64, _ count: Int) -> String {
        let text = "\(value)"
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
