import Glibc

/// A request as one line in columns: time, status, method, target, how long it took, bytes up and down, who answered.
struct RequestLine {
    let record: RequestRecord
    /// Columns of the terminal; nil: as many as it takes.
    let width: Int?
    let colors: Bool

    private static let targetWidth = 40
    private static let leastTarget = 16

    var text: String {
        var columns = tail
        let head = "\(clock) \(status) \(String(decoding: record.method, as: UTF8.self).padded(to: 6)) ".count
        // What has no room goes, from the right.
        if let width { while !columns.isEmpty, head + RequestLine.leastTarget + length(columns) > width { columns.removeLast() } }
        let room = width.map { max(RequestLine.leastTarget, $0 - head - length(columns)) } ?? RequestLine.targetWidth
        let target = RequestLine.cut(Printable.text(record.target), to: width == nil ? Int.max : room).padded(to: columns.isEmpty ? 0 : room)
        let method = Printable.text(record.method).padded(to: 6)
        return "\(paint(clock, 2)) \(paint(status, statusColor)) \(method) \(target)"
            + columns.enumerated().map { "  " + paint($1, $0 == 0 ? nil : 2) }.joined()
    }

    private func length(_ columns: [String]) -> Int { columns.reduce(0) { $0 + 2 + $1.count } }

    /// What stands behind the target.
    private var tail: [String] {
        let answerer = record.answerer.map { Printable.text($0.hasPrefix("unix://") || $0.hasPrefix("tcp://") ? "upstream" : String($0.split(separator: "/").last ?? "")) }
        let sizes = "\(RequestLine.size(record.requestBytes).leftPadded(to: 8)) \(RequestLine.size(record.responseBytes).leftPadded(to: 8))"
        let end = record.isComplete ? answerer ?? "" : "broke off"
        return [RequestLine.time(record.duration).leftPadded(to: 8), sizes, RequestLine.cut(end, to: 16).padded(to: 12)]
    }

    private var status: String { record.status == 0 ? "---" : "\(record.status)" }

    private var statusColor: Int {
        switch record.status {
        case 100..<200: 35
        case 200..<300: record.isComplete ? 32 : 33
        case 300..<400: 36
        case 400..<500: 33
        default: 31
        }
    }

    /// SGR of ECMA-48.
    private func paint(_ text: String, _ color: Int?) -> String {
        guard colors, let color else { return text }
        return "\u{1B}[\(color)m\(text)\u{1B}[0m"
    }

    /// `12:34:56`, in the zone of whoever looks.
    private var clock: String {
        var seconds = time_t(record.wallClock / 1_000_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }

    static func cut(_ text: String, to width: Int) -> String {
        text.utf8.count <= width || text.count <= width ? text : text.prefix(max(0, width - 1)) + "…"
    }

    /// `0.3 ms`, `12 ms`, `1.5 s`, `3 m 20 s`.
    static func time(_ nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case ..<9_950_000: "\(tenths(nanoseconds, 1_000_000)) ms"
        case ..<999_500_000: "\((nanoseconds + 500_000) / 1_000_000) ms"
        case ..<59_950_000_000: "\(tenths(nanoseconds, 1_000_000_000)) s"
        default: "\(nanoseconds / 60_000_000_000) m \(nanoseconds / 1_000_000_000 % 60) s"
        }
    }

    private static func tenths(_ value: UInt64, _ unit: UInt64) -> String {
        let tenths = (value * 10 + unit / 2) / unit
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// `0 B`, `999 B`, `1.2 kB`, `35 MB`, in steps of a thousand.
    static func size(_ bytes: Int) -> String {
        if bytes < 1000 { return "\(bytes) B" }
        var unit: UInt64 = 1000
        var names = ["kB", "MB", "GB", "TB"][...]
        while UInt64(bytes) >= unit * 1000, names.count > 1 {
            unit *= 1000
            names.removeFirst()
        }
        let value = UInt64(bytes)
        return (value < unit * 10 ? tenths(value, unit) : "\(value / unit)") + " \(names.first!)"
    }
}
