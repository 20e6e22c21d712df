/// How one test went. What tests and handlers say may hold anything: here it is printable, so that each report is.
public struct TestResult: Equatable, Sendable {
    public enum Outcome: Equatable, Sendable {
        case passed
        /// - calls: the places of the calls that led there, `file:line`, the innermost first.
        case failed(message: String, calls: [String])
        /// It is there by name only, or said while it ran that it is not finished.
        case pending(reason: String)
    }

    /// As the user named the file.
    public let file: String
    /// With the names of the blocks that it is in.
    public let name: String
    /// `ps_test.lua:8`: where it went wrong, and else where it stands; empty where nobody knows.
    public let place: String
    public let outcome: Outcome
    public let seconds: Double
    /// What its handlers wrote to the log.
    public var log: [String]
    /// What the test itself printed.
    public let printed: [String]

    public var isFailed: Bool {
        if case .failed = outcome { true } else { false }
    }

    public var isPending: Bool {
        if case .pending = outcome { true } else { false }
    }

    public init(file: String, name: String, place: String, outcome: Outcome, seconds: Double, log: [String] = [], printed: [String] = []) {
        self.file = Printable.text(file)
        self.name = Printable.text(name)
        self.place = Printable.text(place)
        self.outcome = switch outcome {
        case .passed: .passed
        case .failed(let message, let calls): .failed(message: Printable.lines(message), calls: calls.map { Printable.text($0) })
        case .pending(let reason): .pending(reason: Printable.text(reason))
        }
        self.seconds = seconds
        self.log = log.map(Printable.lines)
        self.printed = printed.map(Printable.lines)
    }
}
