/// For people: a line a test under its file, what went wrong right where it did, and a line of figures at the end.
final class PlainReport: TestReport {
    private let isColoured: Bool
    private let write: (String) -> Void
    private var file: String?
    private var passed = 0
    private var failed = 0
    private var pending = 0

    init(isColoured: Bool, _ write: @escaping (String) -> Void) {
        self.isColoured = isColoured
        self.write = write
    }

    private enum Colour: String { case red = "31", green = "32", yellow = "33", bold = "1" }

    private func paint(_ text: String, _ colour: Colour) -> String { isColoured ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text }

    func report(_ result: TestResult) {
        if file != result.file {
            file = result.file
            write("\(paint(result.file, .bold))\n")
        }
        switch result.outcome {
        case .passed:
            passed += 1
            // A test takes milliseconds: one that takes longer is worth a look.
            let time = result.seconds >= 0.5 ? " (\(result.seconds.threeDigits) s)" : ""
            write("  \(paint("ok", .green))       \(result.name)\(time)\n")
        case .pending(let reason):
            pending += 1
            write("  \(paint("pending", .yellow))  \(result.name)\(reason.isEmpty ? "" : ": \(reason)")\n")
        case .failed(let message, let calls):
            failed += 1
            write("  \(paint("FAILED", .red))   \(result.name)\n")
            write("\(PlainReport.details(result, message, calls).indented(by: "    "))\n")
        }
        for text in result.printed { write("\(text.indented(by: "    | "))\n") }
    }

    /// Place, message, calls, log.
    static func details(_ result: TestResult, _ message: String, _ calls: [String]) -> String {
        var text = result.place.isEmpty ? message : "\(result.place): \(message)"
        for call in calls { text += "\n  called from \(call)" }
        if !result.log.isEmpty { text += "\nThe log of this test:\n" + result.log.joined(separator: "\n").indented(by: "  ") }
        return text
    }

    func end(seconds: Double) {
        var parts = ["\(passed) passed", paint("\(failed) failed", failed > 0 ? .red : .green)]
        if failed == 0 { parts[1] = "0 failed" }
        if pending > 0 { parts.append("\(pending) pending") }
        write("\n\(parts.joined(separator: ", ")) in \(seconds.threeDigits) s\n")
    }
}
