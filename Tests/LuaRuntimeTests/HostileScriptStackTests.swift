import LuaRuntime
import Testing

/// Recursion without an end, on Lua's stack and on C's.
@Suite struct HostileScriptStackTests {
    @Test(arguments: scripts)
    func isStopped(_ script: HostileScript) throws { try script.check(memory: 256 << 20, milliseconds: 20_000) }

    /// To look for the outermost of them would take as long as the recursion itself, and nothing would stop it.
    @Test func onlyTheInnermostOfVeryManyCallsAreTold() throws {
        let limits = HostileScript.limits(memory: 256 << 20, milliseconds: 20_000)
        let fixture = try ScriptFixture("local function f() return 1 + f() end return function() return f() end", limits: limits)
        let task = fixture.task()
        defer { task.end() }
        guard case .failed(let failure) = task.start() else {
            Issue.record("it did not fail")
            return
        }
        #expect(failure.message == "test.lua:1: stack overflow")
        let lines = failure.traceback.split(separator: "\n")
        #expect(lines.count == 24)
        #expect(lines.first == "stack traceback:" && lines.last == "\t...")
        #expect(lines.dropFirst().dropLast().allSatisfy { $0 == "\ttest.lua:1: in upvalue 'f'" })
    }

    static let scripts = [
        HostileScript("local function f() return 1 + f() end return select(2, pcall(f)):match('stack overflow')", "stack overflow"),
        HostileScript("local function f() local ok, e = pcall(f) return e or 'end' end return tostring(f()):match('C stack overflow')", "C stack overflow"),
        HostileScript("local function f() return coroutine.wrap(f)() end return select(2, pcall(f)):match('C stack overflow')", "C stack overflow"),
        HostileScript("local t = setmetatable({}, {}) getmetatable(t).__index = function(s, k) return s[k] end return select(2, pcall(function() return t.x end)):match('C stack overflow')", "C stack overflow"),
        HostileScript("local t = setmetatable({}, {}) getmetatable(t).__index = t return select(2, pcall(function() return t.x end))", "test.lua:1: '__index' chain too long; possible loop"),
        HostileScript("local t = setmetatable({}, {}) getmetatable(t).__newindex = t return select(2, pcall(function() t.x = 1 end))", "test.lua:1: '__newindex' chain too long; possible loop"),
        HostileScript("local t = {} setmetatable(t, t) t.__call = t return select(2, pcall(t))", "test.lua:1: '__call' chain too long; possible loop"),
        HostileScript("local t = {} setmetatable(t, t) t.__call = t t()", "500: test.lua:1: '__call' chain too long; possible loop"),
        HostileScript("local t = {} setmetatable(t, t) t.__call = t return t(1, 2, 3)", "500: test.lua:1: '__call' chain too long; possible loop"),
        HostileScript("local t = {} setmetatable(t, t) t.__call = t return coroutine.wrap(function() return t() end)()", "500: test.lua:1: test.lua:1: '__call' chain too long; possible loop"),
        HostileScript("local t = {} setmetatable(t, t) t.__call = t for _ in t do end", "500: test.lua:1: '__call' chain too long; possible loop"),
        HostileScript("local t = {} setmetatable(t, t) t.__call = t local x <close> = setmetatable({}, { __close = t }) return 'x'", "500: test.lua:1: '__call' chain too long; possible loop"),
        HostileScript("local t = {} setmetatable(t, t) t.__call = t return select(2, pcall(table.sort, { 1, 2, 3 }, t))", "bad argument #2 to '?' (function expected, got table)"),
        HostileScript("local a, b, c = {}, {}, {} setmetatable(a, { __call = b }) setmetatable(b, { __call = c }) setmetatable(c, { __call = a }) b()", "500: test.lua:1: '__call' chain too long; possible loop"),
        HostileScript("local t = {} for i = 1, 200 do t = setmetatable({}, { __call = t }) end t()", "500: test.lua:1: '__call' chain too long; possible loop"),
        HostileScript("local t = function(...) return select('#', ...) end for i = 1, 90 do t = setmetatable({}, { __call = t }) end for i = 1, 200 do t() end return tostring(t())", "90"),
        // None of the calls has a file, whose line the error could tell.
        HostileScript("local t = {} setmetatable(t, t) t.__call = t local f = load('local t = ... local function f(n) if n == 0 then return pcall(t) end local a, b = f(n - 1) return a, b end return f', '=x')(t) return select(2, f(150000))", "'__call' chain too long; possible loop"),
        HostileScript("local t = setmetatable({}, { __call = {} }) return select(2, pcall(t)) .. select(2, pcall(function() t() end))", "attempt to call a table valuetest.lua:1: attempt to call a table value (upvalue 't')"),
        HostileScript("local t = setmetatable({}, { __tostring = function(s) return tostring(s) end }) return select(2, pcall(tostring, t)):match('C stack overflow')", "C stack overflow"),
        HostileScript("local function f() ('x'):gsub('x', f) end return select(2, pcall(f)):match('C stack overflow')", "C stack overflow"),
        HostileScript("local function f() table.sort({ 1, 2 }, f) end return select(2, pcall(f)):match('C stack overflow')", "C stack overflow"),
        HostileScript("local function f() load(f) end return tostring(pcall(f))", "true"),
        HostileScript("return select(2, load(('('):rep(1000000))):match('C stack overflow')", "C stack overflow"),
        HostileScript("return select(2, load('x = ' .. ('{'):rep(1000000))):match('C stack overflow')", "C stack overflow"),
        HostileScript("return select(2, load(('do '):rep(1000000))):match('C stack overflow')", "C stack overflow"),
        HostileScript("return select(2, load('return ' .. ('- '):rep(1000000) .. '1')):match('C stack overflow')", "C stack overflow"),
        HostileScript("return select(2, load('return ' .. ('not '):rep(1000000) .. '1')):match('C stack overflow')", "C stack overflow"),
        HostileScript("return select(2, load('local a <close> = ' .. ('function() return '):rep(1000))):match('C stack overflow') or 'other'", "C stack overflow"),
        HostileScript("local function f() error(f) end return type(select(2, xpcall(f, function(e) return f() end)))", "string"),
        HostileScript("return select(2, xpcall(error, function(e) error(e) end, 'x'))", "error in error handling"),
        HostileScript("return tostring(select('#', pcall(table.unpack, {}, 1, 1e7)))", "2"),
        HostileScript("return select(2, pcall(string.byte, ('x'):rep(2000000), 1, -1)):match('string slice too long')", "string slice too long"),
        HostileScript("return select(2, pcall(string.find, ('x'):rep(300), ('(.)'):rep(33)))", "too many captures"),
        HostileScript("return select(2, pcall(string.find, ('x'):rep(300000), ('.?'):rep(300000)))", "pattern too complex"),
        HostileScript("return select(2, pcall(string.rep, 'x', -1)) .. 'empty'", "empty"),
        // 20 000 closes in closes, and the same with as much of C's stack as each of them can be made to take.
        HostileScript("""
            local n = 0 \
            local function nest() n = n + 1 if n > 20000 then return end \
            local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = nest }) coroutine.yield() end) \
            coroutine.resume(co) assert(coroutine.close(co)) end \
            return select(2, pcall(nest)):match('C stack overflow') or select(2, pcall(nest)):match('nested too deep')
            """, "C stack overflow"),
        HostileScript("""
            local cos, level, why = {}, 0, nil \
            local function deep(n, f) if n == 0 then return f() end ('x'):gsub('x', function() deep(n - 1, f) end) end \
            local function nest() level = level + 1 if cos[level] then assert(coroutine.close(cos[level])) end end \
            local function closing() local ok, e = pcall(deep, 60, nest) if not ok then why = why or e end end \
            for i = 1, 2000 do cos[i] = coroutine.create(function() local x <close> = setmetatable({}, { __close = closing }) coroutine.yield() end) coroutine.resume(cos[i]) end \
            nest() return why
            """, "test.lua:1: coroutine.close nested too deep"),
        HostileScript("""
            local cos = {} for i = 1, 20000 do cos[i] = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() assert(coroutine.close(cos[i + 1])) end }) coroutine.yield() end) coroutine.resume(cos[i]) end \
            return select(2, coroutine.close(cos[1])):match('coroutine.close nested too deep')
            """, "coroutine.close nested too deep"),
    ]
}
