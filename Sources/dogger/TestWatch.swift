import EventLoop
import Glibc
import Scripting

/// `dogger test --watch`: runs all tests, and then those that a save concerns, for ever.
final class TestWatch {
    private let plan: TestRunner.Plan
    private let loop: EventLoop
    private let search: () throws -> [String]
    private let runFiles: ([String], TestRunner) throws -> Bool
    private let runner: TestRunner
    private var watcher: FileWatcher!
    private var changed: Set<String> = []
    /// Nothing runs, so the loop turns for the watcher alone.
    private var isWaiting = false

    /// - Parameters:
    ///   - search: finds the files of tests.
    ///   - run: runs some of them and tells how they went.
    init(_ plan: TestRunner.Plan, _ loop: EventLoop, search: @escaping () throws -> [String], run: @escaping ([String], TestRunner) throws -> Bool) throws {
        self.plan = plan
        self.loop = loop
        self.search = search
        runFiles = run
        runner = TestRunner(plan, loop)
        watcher = try FileWatcher(loop) { [unowned self] in
            changed.formUnion($0)
            if isWaiting { loop.stop() }
        }
    }

    func run() throws -> Never {
        var files = try search()
        while true {
            do {
                _ = try runFiles(files, runner)
            } catch let error as Failure {
                Output.say("dogger: \(error.message)")
            }
            let sources = runner.sources.values.reduce(into: Set<String>()) { $0.formUnion($1) }
            watcher.watch(sources)
            // What was saved between the reading and the watching is told by nobody.
            changed = runner.stale.reduce(into: Set<String>()) { $0.formUnion(runner.sources[$1] ?? []) }
            Output.say("", "waiting for a save ...")
            isWaiting = true
            while changed.isEmpty { try loop.run() }
            isWaiting = false
            let saved = changed
            changed = []
            let all = (try? search()) ?? []
            files = all.filter { runner.sources[$0].map { !$0.isDisjoint(with: saved) } ?? true }
            if files.isEmpty { files = all }
        }
    }
}
