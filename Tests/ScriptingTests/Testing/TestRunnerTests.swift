import EventLoop
import TestSupport
import Testing

@testable import Scripting

/// What `dogger test` does is tried from outside, in Tests/EndToEnd/test_testing.py; here are its parts that nobody sees from there.
@Suite struct TestRunnerTests {
    private let directory = TemporaryDirectory()

    private func run(_ files: [String: String], _ plan: TestRunner.Plan = TestRunner.Plan()) throws -> (results: [TestResult], runner: TestRunner) {
        for (name, text) in files { directory.write(name, text) }
        let loop = try EventLoop()
        defer { loop.abandon() }
        let runner = TestRunner(plan, loop)
        var results: [TestResult] = []
        try runner.run("\(directory.path)/x_test.lua") { results.append($0) }
        return (results, runner)
    }

    @Test func givesResultsInTheOrderOfTheFile() throws {
        let (results, _) = try run(["x_test.lua": """
            describe("a", function()
              it("one", function() end)
              pending("two")
              it("three", function() error("no") end)
            end)
            """])
        #expect(results.map(\.name) == ["a one", "a two", "a three"])
        #expect(results.map(\.outcome) == [.passed, .pending(reason: ""), .failed(message: "no", calls: [])])
        #expect(results.map { $0.place.split(separator: ":").last } == ["2", "3", "4"])
    }

    /// What --watch looks at.
    @Test func tellsAllFilesThatARunWasMadeOf() throws {
        let (results, runner) = try run([
            "x_test.lua": "local t = require 'dogger.test' it('a', function() t.load('h.lua'):get('/') pcall(t.load, 'none.lua') end)",
            "h.lua": "require 'm' return function() return require('dogger').read_file('data') end", "m.lua": "return 1", "data": "x",
        ])
        #expect(results.map(\.outcome) == [.passed])
        let path = "\(directory.path)/x_test.lua"
        #expect(runner.sources[path] == Set(["x_test.lua", "h.lua", "m.lua", "data", "none.lua"].map { "\(directory.path)/\($0)" }))
        #expect(runner.stale.isEmpty)
    }

    @Test func noticesAFileThatChangesWhileItRuns() throws {
        let path = directory.path
        let files = ["x_test.lua": "local t = require 'dogger.test' it('a', function() t.load('h.lua') end)", "h.lua": "return function() end"]
        for (name, text) in files { directory.write(name, text) }
        let loop = try EventLoop()
        defer { loop.abandon() }
        let runner = TestRunner(TestRunner.Plan(), loop)
        let file = "\(path)/x_test.lua"
        try runner.run(file) { _ in directory.write("h.lua", "return function() return 'longer' end") }
        #expect(runner.stale == [file])
        try runner.run(file) { _ in }
        #expect(runner.stale.isEmpty)
    }

    @Test func aFileThatDoesNotLoadIsAResult() throws {
        let (results, runner) = try run(["x_test.lua": "it("])
        #expect(results.count == 1 && results[0].isFailed && results[0].name == "the file loads")
        #expect(runner.sources.count == 1)
    }

    @Test func aFilterThatIsNoPatternIsTold() throws {
        var plan = TestRunner.Plan()
        plan.filter = "["
        #expect(throws: TestRunner.PatternError.self) { try run(["x_test.lua": "it('a', function() end)"], plan) }
    }

    @Test func theTimeoutIsReal() throws {
        var plan = TestRunner.Plan()
        plan.timeout = 50_000_000
        let (results, _) = try run(["x_test.lua": "it('a', function() while true do require('dogger').sleep(1e6) end end)"], plan)
        #expect(results[0].outcome == .failed(message: "stopped: the test has taken 0.05 s; --timeout sets another limit", calls: []))
    }

    @Test func aNameOfAnyBytesComesThrough() throws {
        let (results, _) = try run(["x_test.lua": "it('a\\0b\\n\u{E9}', function() end)"])
        #expect(results.map(\.name) == ["a\\x00b\\x0a\u{E9}"])
    }
}
