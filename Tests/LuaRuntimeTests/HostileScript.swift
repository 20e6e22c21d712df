import CDogger
import TestSupport
import Testing

@testable import LuaRuntime

/// The body of a handler that means harm, and the exact answer that its request gets.
struct HostileScript: CustomTestStringConvertible {
    let body: String
    let expected: String

    init(_ body: String, _ expected: String) {
        self.body = body
        self.expected = expected
    }

    var testDescription: String { body.count < 200 ? body : body.prefix(200) + "..." }

    /// In front of the body on the same line, so that all errors tell line 1.
    static let start = "local kept = {} return function(req) if req.path == '/ok' then return 'ok' end "
    var text: String { HostileScript.start + body + " end" }

    static func limits(memory: Int, milliseconds: UInt64) -> Limits {
        var limits = Limits()
        limits.memory = memory
        limits.scriptTimeout = milliseconds * 1_000_000
        return limits
    }

    static let outOfTime = "503: test.lua:1: stopped after 0.05 s of CPU"
    static let outOfMemory = "503: test.lua:1: stopped at 8 MiB of memory"

    /// Runs it twice, for a first run may have left something to a second one. After each the next request is answered, and the
    /// VM's memory is back where it was.
    func check(memory: Int = 8 << 20, milliseconds: UInt64 = 50) throws {
        // With a sanitizer everything is slower, and what is not to meet the time limit must not.
        let slowness: UInt64 = expected.contains("s of CPU") ? 1 : UInt64(Sanitizer.slowness)
        let fixture = try ScriptFixture(text, limits: HostileScript.limits(memory: memory, milliseconds: milliseconds * slowness))
        #expect(fixture.run("GET", "/ok") == "ok")
        let before = fixture.memoryInUse
        for _ in 1...2 {
            #expect(fixture.answer() == expected)
            #expect(fixture.run("GET", "/ok") == "ok")
            let growth = fixture.memoryInUse - before
            // JSON keeps a buffer of 64 KiB at most.
            #expect(growth < 80 * 1024, "\(growth) bytes are left")
        }
    }
}

extension ScriptFixture {
    /// The request's answer to its end: waits are over at once, with nothing to show for them; a body's function runs.
    func answer(_ target: String = "/", fields: [(String, String)] = [], body: String? = "") -> String {
        let task = task("GET", target, fields: fields, body: body)
        defer { task.end() }
        return finish(task, task.start())
    }

    func finish(_ task: ScriptTask, _ first: ScriptTask.Outcome) -> String {
        var outcome = first
        var steps = ""
        for _ in 0..<100 {
            switch outcome {
            case .waiting: outcome = task.resume(.none)
            case .responded(let response) where response.body_kind == .function || response.body_kind == .upgrade:
                steps += "\(describe(outcome)), "
                outcome = task.stream()
            default: return steps + describe(outcome)
            }
        }
        return steps + "no end"
    }

    /// Bytes that the VM holds when all garbage is gone. A collection takes half away of the places for strings and calls that
    /// nobody uses: so several of them.
    var memoryInUse: Int {
        var before = Int.max
        while machine.memory < before {
            before = machine.memory
            dg_vm_collect(machine.vm)
        }
        return machine.memory
    }
}
