/// The Test Anything Protocol, version 14 (testanything.org/tap-version-14-specification.html), with what went wrong as a block of
/// YAML under its line.
final class TAPReport: TestReport {
    private let write: (String) -> Void
    private var count = 0

    init(_ write: @escaping (String) -> Void) {
        self.write = write
        write("TAP version 14\n")
    }

    func report(_ result: TestResult) {
        count += 1
        let name = TAPReport.escaped("\(result.file): \(result.name)")
        switch result.outcome {
        case .passed:
            write("ok \(count) - \(name)\n")
        case .pending(let reason):
            // A test that is not written yet: its failing is expected.
            write("not ok \(count) - \(name) # TODO\(reason.isEmpty ? "" : " \(TAPReport.escaped(reason))")\n")
        case .failed(let message, let calls):
            write("not ok \(count) - \(name)\n")
            var lines = ["---", "message: \(TAPReport.block(message))", "severity: fail"]
            if !result.place.isEmpty { lines.append("at: \(TAPReport.quoted(result.place))") }
            if !calls.isEmpty { lines.append("calls: [\(calls.map(TAPReport.quoted).joined(separator: ", "))]") }
            if !result.log.isEmpty { lines.append("log: \(TAPReport.block(result.log.joined(separator: "\n")))") }
            lines.append("...")
            write(lines.joined(separator: "\n").indented(by: "  ") + "\n")
        }
        for text in result.printed { write("\(text.indented(by: "# "))\n") }
    }

    func end(seconds: Double) { write("1..\(count)\n") }

    /// A description has no directive but by an escape.
    private static func escaped(_ text: String) -> String {
        String(text.flatMap { $0 == "\\" || $0 == "#" ? "\\\($0)" : String($0) })
    }

    /// A block of YAML, which takes lines as they are; the number is how far they are indented, so that their own blanks count.
    private static func block(_ text: String) -> String { "|2\n" + text.indented(by: "  ") }

    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
}
