/// Tells how tests went, as they go, in one of several forms. Text goes to `write`, with its line feeds.
public protocol TestReport: AnyObject {
    func report(_ result: TestResult)
    /// After the last one.
    /// - Parameter seconds: that the whole run took.
    func end(seconds: Double)
}

/// The forms by their names.
public enum TestReportFormat: String, CaseIterable, Sendable {
    case plain, tap, junit

    /// - Parameters:
    ///   - isTerminal: somebody looks at it: colours are shown.
    public func report(isTerminal: Bool, write: @escaping (String) -> Void) -> any TestReport {
        switch self {
        case .plain: PlainReport(isColoured: isTerminal, write)
        case .tap: TAPReport(write)
        case .junit: JUnitReport(write)
        }
    }
}

/// Passes all on to several.
public final class TestReports: TestReport {
    private let all: [any TestReport]

    public init(_ all: [any TestReport]) { self.all = all }

    public func report(_ result: TestResult) { for report in all { report.report(result) } }

    public func end(seconds: Double) { for report in all { report.end(seconds: seconds) } }
}

extension String {
    /// Each line with something in front.
    func indented(by prefix: String) -> String {
        split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : prefix + $0 }.joined(separator: "\n")
    }
}

extension Double {
    /// With three digits behind the point.
    var threeDigits: String {
        let thousandths = Int((self * 1000).rounded())
        let rest = String(thousandths % 1000)
        return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
}
