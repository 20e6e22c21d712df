import CDogger
import CLua
import Testing

@testable import LuaRuntime

/// Memory that is short, or runs out at the worst moment: whatever a script was doing then, nothing crashes, and the VM goes on.
@Suite struct HostileScriptFaultTests {
    private static let all =
        HostileScriptTimeTests.plain + HostileScriptTimeTests.metamethods + HostileScriptTimeTests.coroutines + HostileScriptTimeTests.closing
        + HostileScriptTimeTests.functions + HostileScriptMemoryTests.bombs + HostileScriptMemoryTests.caught + HostileScriptStackTests.scripts
        + HostileScriptSandboxTests.bytecode + HostileScriptSandboxTests.globals + HostileScriptSandboxTests.library
        + HostileScriptSandboxTests.others + HostileScriptResultTests.results + HostileScriptResultTests.errors + HostileScriptResultTests.headers

    @Test(arguments: all)
    func withLittleMemory(_ script: HostileScript) throws {
        let fixture = try ScriptFixture(script.text, limits: HostileScript.limits(memory: 4 << 20, milliseconds: 20))
        for _ in 1...2 {
            _ = fixture.answer()
            #expect(fixture.run("GET", "/ok") == "ok")
        }
    }

    /// All of what a request can do, in short.
    private static let busy = [
        "local t = {} for k, v in pairs(req.headers) do t[#t + 1] = k .. v end return table.concat(t) .. req.headers.host .. req.path .. req.query.a .. req.body",
        "req.headers.x = { 'a', 'b' } req.user = 1 return { headers = req.headers, json = { req.headers.x, req.query, req.peer, req.params } }",
        "local v = require('dogger.json').decode('{\"a\":[1,2.5,\"\\\\u0041\",18446744073709551616,null]}') return { json = v, status = 201, headers = { X = { 1, 2 }, Y = 3 } }",
        "return { body = function(out) for i = 1, 3 do out:write('x', i) local c = req:chunks()() out:write(c or 'end') end end, headers = { X = 1 } }",
        "return { upgrade = function(s) local x <close> = setmetatable({}, { __close = function() print('closed') end }) s:write(s:read() or 'end') s:close() end }",
        "local f = coroutine.wrap(function() for c in req:chunks() do coroutine.yield(c) end local x <close> = setmetatable({}, { __close = function() coroutine.close(coroutine.create(print)) end }) error('deep') end) f() f() f()",
        "local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() error('in close') end }) coroutine.yield(1) end) coroutine.resume(co) return tostring(select(2, coroutine.close(co))) .. tostring(coroutine.resume(co))",
        "local t = setmetatable({}, { __index = function(_, k) return k .. k end }) return select(2, xpcall(function() error(t.abc) end, function(e) return e .. '!' end))",
        "error({ status = 404, message = 'no ' .. req.path })",
        "local function f(n) if n == 0 then error('deep ' .. req.target) end return f(n - 1) + 1 end f(100)",
        "return load('local a = ... return a .. a', 'c')(req.path) .. string.format('%s %q %5d', {}, 'x', 5):sub(-10) .. ('a'):rep(100):gsub('a', 'bc')",
        "local t = {} for i = 1, 50 do t[i] = (i * 7) % 11 .. '' end table.sort(t) table.sort(t, function(a, b) return a > b end) table.insert(t, 1, 'x') table.remove(t, 2) return table.concat(table.move(t, 1, 10, 5), ',')",
        "return (dogger or require('dogger')).routes { ['GET /{x}'] = function(r) return r.params.x .. r.version end, ['* /{y...}'] = function(r) return { json = r.params } end } (req)",
        "local r = req:forward() r.headers.x = 1 r:set_json(r:json()) return r",
        "local d = require('dogger.docker') return { json = d.container { name = 'x', ports = { '80:80' } } }",
        "return select(2, pcall(require, 'lib')) .. select(2, pcall(req.json, req)).message .. tostring(select(2, pcall(req.json)))",
        "while true do local t = {} for i = 1, 100 do t[i] = i end pcall(error, t) end",
    ]

    private final class Refusal {
        var allocations = 0
        var range = 0..<0
        let alloc: lua_Alloc
        let context: UnsafeMutableRawPointer?

        init(_ L: OpaquePointer) {
            var context: UnsafeMutableRawPointer?
            alloc = lua_getallocf(L, &context)
            self.context = context
        }
    }

    /// Each allocation of the request refused in turn, alone or with all that follow; the VM is the same all the time.
    @Test(arguments: busy, [false, true])
    func withEachAllocationRefused(_ body: String, once: Bool) throws {
        let limits = HostileScript.limits(memory: 64 << 20, milliseconds: 50)
        let fixture = try ScriptFixture(HostileScript(body, "").text, limits: limits, hasUpstream: true)
        let fields = [("Host", "h"), ("X-Y", "z"), ("x", "1"), ("X", "2")]
        #expect(fixture.run("GET", "/ok") == "ok")
        let L = dg_vm_state(fixture.machine.vm)
        let refusal = Refusal(L)
        // The object outlives the VM's use of it, which ends where the allocator is put back below.
        lua_setallocf(L, { context, block, oldSize, newSize in
            let refusal = Unmanaged<Refusal>.fromOpaque(context!).takeUnretainedValue()
            if newSize > (block == nil ? 0 : oldSize) {
                refusal.allocations += 1
                if refusal.range.contains(refusal.allocations) { return nil }
            }
            return refusal.alloc(refusal.context, block, oldSize, newSize)
        }, Unmanaged.passUnretained(refusal).toOpaque())
        defer { lua_setallocf(L, refusal.alloc, refusal.context) }

        let before = fixture.memoryInUse
        var number = 1
        var isDone = false
        while !isDone {
            fixture.answers = ["[1]", nil, "more"]
            refusal.allocations = 0
            // A refusal has Lua collect its garbage and ask once more: so two in a row.
            refusal.range = number..<(once ? number + 2 : .max)
            _ = fixture.answer("/a%20b?a=1&b=2&a=3", fields: fields, body: number % 2 == 0 ? nil : "[1]")
            // The endless one asks for memory for as long as it has time.
            isDone = refusal.allocations < number || number > 300
            refusal.range = 0..<0
            #expect(fixture.run("GET", "/ok") == "ok", "after allocation \(number) was refused")
            number += 1
        }
        #expect(number > 5)
        let growth = fixture.memoryInUse - before
        #expect(growth < 96 * 1024, "\(growth) bytes are left")
    }

    /// The VM's limit itself, at every size from one that holds nothing more.
    @Test(arguments: busy)
    func withEveryMemoryLimit(_ body: String) throws {
        let text = HostileScript(body, "").text
        let whole = try ScriptFixture(text, limits: HostileScript.limits(memory: 64 << 20, milliseconds: 50))
        _ = whole.run("GET", "/ok")
        let least = whole.memoryInUse
        for extra in stride(from: 0, to: 24 * 1024, by: 200) {
            guard let fixture = try? ScriptFixture(text, limits: HostileScript.limits(memory: least + extra, milliseconds: 20)) else { continue }
            _ = fixture.answer("/a%20b?a=1", fields: [("Host", "h")])
            fixture.answers = [nil]
            _ = fixture.answer("/a%20b?a=1", fields: [("Host", "h")], body: nil)
            let answer = fixture.run("GET", "/ok")
            #expect(answer == "ok" || answer.hasPrefix("503"))
        }
    }

    @Test func whereAVMIsMade() throws {
        var made = 0
        for memory in stride(from: 0, to: 64 * 1024, by: 97) {
            if let fixture = try? ScriptFixture("return function() return 'ok' end", limits: HostileScript.limits(memory: memory, milliseconds: 50)) {
                made += 1
                _ = fixture.run()
            }
        }
        #expect(made > 100)
    }
}
