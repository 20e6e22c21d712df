/// JUnit's XML, as continuous integration reads it: written at the end, for each suite tells its sums in front.
final class JUnitReport: TestReport {
    private let write: (String) -> Void
    private var results: [TestResult] = []

    init(_ write: @escaping (String) -> Void) { self.write = write }

    func report(_ result: TestResult) { results.append(result) }

    func end(seconds: Double) {
        var files: [String] = []
        for result in results where !files.contains(result.file) { files.append(result.file) }
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dogger test\"\(JUnitReport.sums(results)) time=\"\(seconds.threeDigits)\">\n"
        for file in files { text += JUnitReport.suite(file, results.filter { $0.file == file }) }
        write(text + "</testsuites>\n")
    }

    private static func sums(_ results: [TestResult]) -> String {
        " tests=\"\(results.count)\" failures=\"\(results.filter(\.isFailed).count)\" errors=\"0\" skipped=\"\(results.filter(\.isPending).count)\""
    }

    private static func suite(_ file: String, _ results: [TestResult]) -> String {
        let time = results.map(\.seconds).reduce(0, +).threeDigits
        return "  <testsuite name=\"\(escaped(file))\"\(sums(results)) time=\"\(time)\">\n"
            + results.map { testCase(file, $0) }.joined() + "  </testsuite>\n"
    }

    private static func testCase(_ file: String, _ result: TestResult) -> String {
        let classname = file.hasSuffix(".lua") ? String(file.dropLast(4)) : file
        var head = "    <testcase name=\"\(escaped(result.name))\" classname=\"\(escaped(classname))\" time=\"\(result.seconds.threeDigits)\" file=\"\(escaped(file))\""
        if let colon = result.place.lastIndex(of: ":"), let line = Int(result.place[result.place.index(after: colon)...]) { head += " line=\"\(line)\"" }
        let output = result.log + result.printed
        let tail = (output.isEmpty ? "" : "      <system-out>\(escaped(output.joined(separator: "\n")))</system-out>\n") + "    </testcase>\n"
        switch result.outcome {
        case .passed:
            return result.printed.isEmpty ? head + "/>\n" : head + ">\n" + tail
        case .pending(let reason):
            return head + ">\n      <skipped\(reason.isEmpty ? "" : " message=\"\(escaped(reason))\"")/>\n" + tail
        case .failed(let message, let calls):
            var bare = result
            bare.log = []
            let first = message.split(separator: "\n").first.map(String.init) ?? ""
            let text = head + ">\n      <failure message=\"\(escaped(first))\">\(escaped(PlainReport.details(bare, message, calls)))</failure>\n"
            return text + tail
        }
    }

    /// For texts and for attributes. What XML 1.0 has no way to say is in no result.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n": result += "&#10;"
            case "\t": result += "&#9;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
