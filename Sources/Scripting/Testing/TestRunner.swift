import EventLoop
import LuaRuntime
import Server

/// Runs files of tests, one after the other, each in a VM of its own.
///
/// A test is a request to that VM, which a client of the runner's makes. While everything waits (that test, and the handlers that
/// it asks) the clock moves on to the next that sleeps; where nobody sleeps, the test is stopped.
public final class TestRunner {
    public struct Plan {
        public var scripting = ScriptingOptions()
        public var server = ServerOptions()
        /// A Lua pattern: only tests whose names it is found in are run.
        public var filter: String?
        /// How long a test may take, in nanoseconds, whatever it does.
        public var timeout: UInt64 = 10_000_000_000
        /// Count the lines of handlers.
        public var countsLines = false

        public init() {}
    }

    private let plan: Plan
    private let loop: EventLoop
    /// What was counted so far.
    public let coverage: Coverage?
    /// The absolute paths of all files that the last run of a file was made of, by that file.
    public private(set) var sources: [String: Set<String>] = [:]
    /// Those files of tests whose sources have changed since they were read.
    public private(set) var stale: Set<String> = []

    public init(_ plan: Plan, _ loop: EventLoop) {
        self.plan = plan
        self.loop = loop
        coverage = plan.countsLines ? Coverage() : nil
    }

    /// The filter is no pattern.
    public struct PatternError: Error {
        public var message: String
    }

    /// Runs the tests of one file.
    /// - Parameter report: called with each result, in the order of the file.
    public func run(_ file: String, report: (TestResult) -> Void) throws {
        let start = EventLoop.clock()
        let bench: TestBench
        do throws(Reloader.StartError) {
            bench = try TestBench(file, plan.scripting, plan.server, coverage, loop)
        } catch {
            sources[file] = [Path.absolute(file)]
            return report(TestResult(
                file: file, name: "the file loads", place: "", outcome: .failed(message: error.message, calls: []), seconds: since(start)))
        }
        defer {
            bench.close()
            // The loop has failed already where this does.
            try? settle()
            sources[file] = Set(bench.touched.flatMap(\.touched.keys))
            if bench.touched.contains(where: \.isStale) { stale.insert(file) } else { stale.remove(file) }
        }
        let query = plan.filter.map { "?filter=" + TestRunner.escaped($0) } ?? ""
        let fields = try perform(bench, "/plan\(query)").get()
        if fields.first == "wrong" { throw PatternError(message: fields[1]) }
        for (index, start) in stride(from: 0, to: fields.count, by: 3).enumerated() {
            let (kind, name, place) = (fields[start], fields[start + 1], fields[start + 2])
            let result = try run(bench, index + 1, isTest: kind == "test") { at, outcome, seconds in
                TestResult(
                    file: file, name: name, place: at.isEmpty ? place : at, outcome: outcome, seconds: seconds, log: bench.logged, printed: bench.printed)
            }
            // What stands around tests is told only where it fails.
            if kind == "test" || kind == "pending" || result.isFailed { report(result) }
        }
    }

    private func run(
        _ bench: TestBench, _ number: Int, isTest: Bool, result: (_ place: String, TestResult.Outcome, _ seconds: Double) -> TestResult
    ) throws -> TestResult {
        bench.beginTest()
        let mark = bench.mark
        let start = EventLoop.clock()
        let answer = try perform(bench, "/run/\(number)")
        var outcome: TestResult.Outcome
        var place = ""
        switch answer {
        case .success(let fields):
            (outcome, place) = TestRunner.outcome(fields)
        case .failure(let message):
            // The test was stopped, so what comes after it has not run yet.
            let (at, text) = TestRunner.split(message.text)
            (outcome, place) = (.failed(message: text, calls: []), at)
            if case .success(let fields) = try perform(bench, "/after/\(number)"), case .failed(let other, _) = TestRunner.outcome(fields).outcome {
                outcome = .failed(message: "\(text)\nand then: \(other)", calls: [])
            }
        }
        let seconds = since(start)
        if isTest { bench.endTest(keeping: mark) }
        try settle()
        return result(place, outcome, seconds)
    }

    private static func outcome(_ fields: [String]) -> (outcome: TestResult.Outcome, place: String) {
        guard fields.count == 4 else { return (.failed(message: "the test's VM gave no result", calls: []), "") }
        switch fields[0] {
        case "passed": return (.passed, "")
        case "pending": return (.pending(reason: fields[2]), fields[1])
        default: return (.failed(message: fields[2], calls: fields[3].split(separator: "\n").map(String.init)), fields[1])
        }
    }

    /// `ps_test.lua:8: words` in two.
    private static func split(_ message: String) -> (place: String, words: String) {
        guard let end = message.firstRange(of: ": ") else { return ("", message) }
        let place = message[..<end.lowerBound]
        guard let colon = place.lastIndex(of: ":"), Int(place[place.index(after: colon)...]) != nil else { return ("", message) }
        return (String(place), String(message[end.upperBound...]))
    }

    private func since(_ start: UInt64) -> Double { Double(EventLoop.clock() - start) / 1e9 }

    private static func escaped(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF")
        return text.utf8.map { "%\(hex[Int($0 >> 4)])\(hex[Int($0 & 15)])" }.joined()
    }

    // MARK: Turning the loop

    /// Has one step done.
    private func perform(_ bench: TestBench, _ target: String) throws -> Result<[String], TestStep.Message> {
        var reason: String?
        let step = TestStep(bench, target, whenOver: { [loop] in loop.stop() })
        let limit = loop.schedule(after: plan.timeout) { [loop, plan] in
            reason = "stopped: the test has taken \(Double(plan.timeout) / 1e9) s; --timeout sets another limit"
            loop.stop()
        }
        watch(bench, step) { [loop] in
            let waits = bench.purposes.joined(separator: ", and ")
            reason = "stopped: nothing happens any more" + (waits.isEmpty ? "" : ": \(waits)")
            loop.stop()
        }
        try loop.run()
        limit.cancel()
        guard let reason else { return step.result }
        step.close()
        try settle()
        return .failure(TestStep.Message(text: reason))
    }

    /// Moves the clock on whenever nothing else goes on.
    private func watch(_ bench: TestBench, _ step: TestStep, whenStuck: @escaping () -> Void) {
        loop.whenQuiet { [self] in
            guard !step.isOver else { return }
            if bench.clock.advance() { return watch(bench, step, whenStuck: whenStuck) }
            // Only what comes from outside could go on now.
            let activity = bench.activity
            loop.schedule(after: plan.scripting.grants.net.isEmpty ? plan.scripting.limits.scriptTimeout : plan.timeout) { [self] in
                guard !step.isOver else { return }
                if bench.activity == activity { whenStuck() } else { watch(bench, step, whenStuck: whenStuck) }
            }
        }
    }

    /// Lets what was closed come to its end.
    private func settle() throws {
        loop.whenQuiet { [loop] in loop.stop() }
        try loop.run()
    }
}
