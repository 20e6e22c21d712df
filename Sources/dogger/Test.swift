import ArgumentParser
import EventLoop
import Glibc
import LuaRuntime
import Scripting

struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run tests of handlers, which are written in Lua too.",
        discussion: """
            A test stands beside its handler: ps_test.lua beside ps.lua. It is written as for busted, and asks the handler over \
            HTTP, in this process, with no socket to be seen:

              local t = require "dogger.test"

              describe("ps", function()
                it("lists the web server", function()
                  local res = t.load("ps.lua"):get("/v1.50/containers/json")
                  assert.equal(200, res.status)
                  assert.same({ "/web" }, res:json()[1].Names)
                end)
              end)

            Directories are searched for files that end in _test.lua, with all below them. Sleeping takes no time in a test. A \
            test in which nothing happens any more is stopped, and so is one that takes longer than --timeout.

            Exit status: 0 when all tests passed, 1 when one failed, 2 when there was none to run, or dogger was used wrongly.
            """)

    @Argument(help: "Files of tests, and directories with such. (default: the current directory)", completion: .file(extensions: ["lua"]))
    var paths: [String] = []

    @Option(help: ArgumentHelp("Run only the tests in whose names this Lua pattern is found.", valueName: "pattern"))
    var filter: String?

    @Flag(help: "Run again what a save concerns, until Ctrl-C.")
    var watch = false

    @Option(help: ArgumentHelp("plain, tap (version 14) or junit (XML).", valueName: "format"))
    var format = TestReportFormat.plain

    @Option(help: ArgumentHelp("Where the report goes. The plain one is shown as well, then.", valueName: "file"), completion: .file())
    var output: String?

    @Flag(help: "Tell how much of each handler has run, and which lines have not.")
    var coverage = false

    @Option(help: ArgumentHelp("Write which lines have run, in lcov's format.", valueName: "file"), completion: .file())
    var lcov: String?

    @Option(help: ArgumentHelp("How long a test may take, by the clock on the wall. (default: 10s)", valueName: "time"), transform: Duration.parse)
    var timeout = Duration(seconds: 10)

    @OptionGroup(title: "What handlers may reach") var grants: GrantOptions

    @OptionGroup(title: "Limits") var limits: LimitOptions

    func validate() throws {
        if watch, output != nil || lcov != nil || format != .plain { throw ValidationError("--watch is for people: it has no --format, --output or --lcov") }
    }

    func run() throws {
        // A report that nobody reads to its end is no reason to die without a word.
        signal(SIGPIPE, SIG_IGN)
        let loop = try EventLoop()
        var plan = TestRunner.Plan()
        plan.scripting = limits.scripting
        plan.scripting.grants = grants.grants
        plan.server = limits.server
        plan.filter = filter
        plan.timeout = timeout.nanoseconds
        plan.countsLines = coverage || lcov != nil
        do {
            if watch { try TestWatch(plan, loop, search: files, run: run).run() }
            let files = try files()
            let runner = TestRunner(plan, loop)
            guard try run(files, runner) else { throw ExitCode.failure }
        } catch let error as TestRunner.PatternError {
            throw ValidationError("--filter: \(error.message)")
        }
    }

    private func files() throws -> [String] {
        let paths = paths.isEmpty ? ["."] : paths
        do throws(TestFiles.Fault) {
            let files = try TestFiles.find(paths)
            if !files.isEmpty { return files }
        } catch {
            throw ValidationError(error.message)
        }
        throw ValidationError("there are no tests in \(paths.joined(separator: ", ")): no file whose name ends in \(TestFiles.suffix)")
    }

    /// - Returns: whether all passed.
    private func run(_ files: [String], _ runner: TestRunner) throws -> Bool {
        let start = EventLoop.clock()
        var count = 0
        var isFailed = false
        var written = ""
        let hasColors = Terminal.hasColors(1)
        let shown = output == nil ? format : .plain
        var reports = [shown.report(isTerminal: hasColors) { Test.show($0) }]
        if output != nil { reports.append(format.report(isTerminal: false) { written += $0 }) }
        let report = TestReports(reports)
        for file in files {
            try runner.run(file) { result in
                count += 1
                isFailed = isFailed || result.isFailed
                report.report(result)
            }
        }
        guard count > 0 else {
            throw ValidationError(filter.map { "no test has a name in which '\($0)' is found" } ?? "there are no tests in \(files.joined(separator: ", ")): it(name, function) makes one")
        }
        report.end(seconds: Double(EventLoop.clock() - start) / 1e9)
        if let output { try Test.write(written, to: output) }
        if let counted = runner.coverage?.files {
            // A report for a machine stands alone.
            if coverage { shown == .plain ? Test.show("\n" + CoverageReport.table(counted)) : Test.show(CoverageReport.table(counted), to: 2) }
            if let lcov { try Test.write(CoverageReport.lcov(counted), to: lcov) }
        }
        return !isFailed
    }

    private static func show(_ text: String, to descriptor: Int32 = 1) { try? Output.write(Array(text.utf8), to: descriptor) }

    private static func write(_ text: String, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw Failure("\(path) can't be written: \(SystemError.reason(errno))") }
        defer { close(file) }
        do throws(SystemError) {
            try Output.write(Array(text.utf8), to: file)
        } catch {
            throw Failure("\(path) can't be written: \(SystemError.reason(error.code))")
        }
    }
}

extension TestReportFormat: ExpressibleByArgument {}
