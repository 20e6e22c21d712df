import ArgumentParser
import EventLoop
import Scripting

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load handlers without serving them, and report their errors.",
        discussion: """
            Each file is loaded as `dogger run` would load it, with all that it requires. Every error is a line of the form \
            file:line: message on standard error. Exit status: 0 when all load, 1 when one does not.

              dogger check handlers/*.lua
            """)

    @Argument(help: "Handler files.", completion: .file(extensions: ["lua"]))
    var handlers: [String]

    @OptionGroup(title: "What scripts may reach") var grants: GrantOptions

    @OptionGroup(title: "Limits") var limits: LimitOptions

    func run() throws {
        let loop = try EventLoop()
        let log = Log(2, loop, .suiting(2))
        var scripting = limits.scripting
        scripting.grants = grants.grants
        // What is right about a file does not depend on the flags that it will run with.
        scripting.refusesNeeds = false
        let (paths, given) = try HandlerSearch.all.findAll(handlers)
        scripting.given = given
        let faults = Reloader.check(paths, scripting, loop, log)
        for fault in faults { log.fault(fault) }
        log.flush()
        if !faults.isEmpty { throw ExitCode.failure }
    }
}
