/// How one test went.
public struct TestResult: Equatable, Sendable {
    public enum Outcome: Equatable, Sendable {
        case passed
        /// - calls: the places of the calls that led there, `file:line`, the innermost first.
        case failed(message: String, calls: [String])
        /// It is there by name only, or said while it ran that it is not finished.
        case pending(reason: String)
    }

    /// As the user named the file.
    public var file: String
    /// With the names of the blocks that it is in.
    public var name: String
    /// `ps_test.lua:8`: where it went wrong, and else where it stands; empty where nobody knows.
    public var place: String
    public var outcome: Outcome
    public var seconds: Double
    /// What its handlers wrote to the log.
    public var log: [String]
    /// What the test itself printed.
    public var printed: [String]

    public var isFailed: Bool {
        if case .failed = outcome { true } else { false }
    }

    public var isPending: Bool {
        if case .pending = outcome { true } else { false }
    }

    public init(file: String, name: String, place: String, outcome: Outcome, seconds: Double, log: [String] = [], printed: [String] = []) {
        self.file = file
        self.name = name
        self.place = place
        self.outcome = outcome
        self.seconds = seconds
        self.log = log
        self.printed = printed
    }
}
