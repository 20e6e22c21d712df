import LuaRuntime
import TestSupport
import Testing

/// Bombs: more memory than the VM may have, at once or little by little.
@Suite struct HostileScriptMemoryTests {
    @Test(arguments: bombs + caught)
    func isStopped(_ script: HostileScript) throws { try script.check(milliseconds: 20_000) }

    /// Of a full VM, in which nothing can be freed.
    @Test func aTracebackIsToldAtTheLimit() throws {
        let script = HostileScript("local t while true do t = { t } end", HostileScript.outOfMemory)
        let fixture = try ScriptFixture(script.text, limits: HostileScript.limits(memory: 8 << 20, milliseconds: 20_000 * UInt64(Sanitizer.slowness)))
        let task = fixture.task()
        defer { task.end() }
        guard case .failed(let failure) = task.start() else {
            Issue.record("it did not fail")
            return
        }
        #expect(failure.kind == .outOfMemory)
        #expect(failure.traceback.contains("test.lua:1: in function <test.lua:1>"))
    }

    private static func bomb(_ body: String) -> HostileScript { HostileScript(body, HostileScript.outOfMemory) }

    static let bombs = [
        bomb("return ('x'):rep(1 << 30)"),
        bomb("return ('x'):rep(1000, ('y'):rep(1000000))"),
        bomb("local s = 'x' while true do s = s .. s end"),
        bomb("local t = {} while true do t[#t + 1] = {} end"),
        bomb("local t = {} while true do t[{}] = 1 end"),
        bomb("local t = {} for i = 1, math.huge do t[i] = i end"),
        bomb("local t = {} for i = 1, math.huge do t['k' .. i] = i end"),
        bomb("local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end"),
        bomb("local t = {} while true do t[#t + 1] = function() return t end end"),
        bomb("local t = {} while true do t[#t + 1] = coroutine.create(print) end"),
        bomb("local t = {} while true do local co = coroutine.wrap(function() local a, b, c = {}, {}, {} coroutine.yield() return a, b, c end) co() t[#t + 1] = co end"),
        bomb("local t = {} while true do local f, e = load('return ' .. #t) t[#t + 1] = f or error(e, 0) end"),
        HostileScript("return select(2, load(function() return ('x'):rep(1000) end))", "not enough memory"),
        HostileScript("local n = 0 return select(2, load(function() n = n + 1 return n == 1 and 'return {' or '\"' .. ('x'):rep(100000) .. n .. '\",' end))", "not enough memory"),
        bomb("return (('x'):rep(10000):gsub('.', ('y'):rep(10000)))"),
        bomb("return (('x'):rep(10000):gsub('x', function() return ('y'):rep(10000) end))"),
        bomb("return table.concat(setmetatable({}, { __len = function() return 1 << 40 end, __index = function() return ('x'):rep(1000) end }))"),
        bomb("local t = {} for i = 1, 1000 do t[i] = ('x'):rep(10000) end return table.concat(t, ('y'):rep(100000))"),
        bomb("return ('%s%s'):format(('x'):rep(7 << 20), ('y'):rep(7 << 20))"),
        bomb("return string.pack('c2147483647', '')"),
        bomb("local s = ('x'):rep(5 << 20) print(s, s, s, s)"),
        bomb("local t = {} for i = 1, math.huge do t[i] = tostring(req) .. i end"),
        bomb("local h = {} for i = 1, math.huge do h[i] = ('v'):rep(100) .. i end req.headers.x = h"),
        bomb("local s = '[' .. ('{},'):rep(1000000) .. '{}]' return #require('dogger.json').decode(s)"),
        bomb("local s = '\"' .. ('\\\\u0041'):rep(1500000) .. '\"' return #require('dogger.json').decode(s)"),
        bomb("local t = { ('x'):rep(1 << 20) } for i = 1, 20 do t = { t, t } end return require('dogger.json').encode(t)"),
        bomb("local s = ('x'):rep(5 << 20) local t = {} while true do t[#t + 1] = s:upper() end"),
        bomb("local s = ('x'):rep(5 << 20) local t = {} while true do t[#t + 1] = s:reverse() end"),
    ]

    /// Catching the error does not help; what is caught fits.
    static let caught = [
        HostileScript("local ok, e = pcall(string.rep, 'x', 1 << 40) return tostring(ok) .. e", "falseresulting string too large"),
        HostileScript("local ok, e = pcall(string.rep, 'x', 1 << 30) return tostring(ok) .. e", "falsenot enough memory"),
        HostileScript("local ok, e = pcall(function() local t = {} while true do t[#t + 1] = {} end end) return tostring(ok) .. e", "falsenot enough memory"),
        HostileScript("local ok, e = xpcall(function() local t = {} while true do t[#t + 1] = {} end end, function(m) return 'handled ' .. m end) return e", "not enough memory"),
        HostileScript("local co = coroutine.create(function() local t = {} while true do t[#t + 1] = {} end end) return tostring(coroutine.resume(co)) .. coroutine.status(co)", HostileScript.outOfMemory),
        HostileScript("local x <close> = setmetatable({}, { __close = function() local t = {} while true do t[#t + 1] = {} end end }) error('first')", "500: test.lua:1: first"),
        HostileScript("return { json = { ('x'):rep(9 << 20) } }", HostileScript.outOfMemory),
        HostileScript("return { body = function(out) while true do out:write(('x'):rep(1 << 30)) end end }", "function, " + HostileScript.outOfMemory),
    ]
}
