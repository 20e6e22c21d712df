/// What came of the requests of a command, in a few lines.
final class RequestSummary {
    private var statuses: [Int: Int] = [:]
    private var unanswered: [String: Int] = [:]
    private var count = 0
    private var broken = 0
    private var slowest: (duration: UInt64, what: String)?

    private static let mostTargets = 1000
    private static let shownTargets = 10

    func add(_ record: RequestRecord) {
        count += 1
        statuses[record.status, default: 0] += 1
        if !record.isComplete { broken += 1 }
        let isSlowest = record.duration > slowest?.duration ?? 0
        guard isSlowest || record.status == 404 else { return }
        let what = "\(Printable.text(record.method)) \(RequestLine.cut(Printable.text(record.target), to: 100))"
        if isSlowest { slowest = (record.duration, what) }
        if record.status == 404, unanswered.count < RequestSummary.mostTargets || unanswered[what] != nil { unanswered[what, default: 0] += 1 }
    }

    /// Empty where there was no request.
    var lines: [String] {
        guard count > 0 else { return [] }
        let kinds = statuses.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key == 0 ? "no answer" : "\($0.key)")" }
        var first = "\(count) \(count == 1 ? "request" : "requests"): \(kinds.joined(separator: ", "))"
        if broken > 0 { first += "; \(broken) broke off" }
        if let slowest { first += "; the slowest took \(RequestLine.time(slowest.duration)): \(slowest.what)" }
        let missing = unanswered.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let rest = missing.count > RequestSummary.shownTargets ? ["... and \(missing.count - RequestSummary.shownTargets) others that got 404"] : []
        return [first] + missing.prefix(RequestSummary.shownTargets).map { "404 \($0.key)" + ($0.value > 1 ? " (\($0.value) times)" : "") } + rest
    }
}
