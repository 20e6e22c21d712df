import Testing

/// Loops without an end, of every kind: whatever they hide in, the deadline ends them.
@Suite struct HostileScriptTimeTests {
    @Test(arguments: plain + metamethods + coroutines + closing + functions)
    func isStopped(_ script: HostileScript) throws { try script.check() }

    private static func endless(_ body: String, _ before: String = "") -> HostileScript { HostileScript(body, before + HostileScript.outOfTime) }

    static let plain = [
        endless("while true do end"),
        endless("for i = 1, math.huge do end"),
        endless("repeat until false"),
        endless("::again:: goto again"),
        endless("local function f() return f() end f()"),
        endless("for k in function() return 1 end do end"),
        endless("while true do pcall(function() while true do end end) end"),
        endless("while true do pcall(error) end"),
        endless("local function f() pcall(f) f() end f()"),
        endless("local function f(n) if n > 0 then pcall(f, n - 1) end while true do end end f(150)"),
        endless("xpcall(function() while true do end end, function() while true do end end)"),
        endless("while true do xpcall(error, function() while true do end end) end"),
        endless("while true do xpcall(error, function(e) error(e) end) end"),
        endless("xpcall(function() error(setmetatable({}, { __tostring = function() while true do end end })) end, function(e) return tostring(e) end)"),
        endless("error(setmetatable({}, { __index = function() while true do end end, __tostring = function() while true do end end }), (function() while true do end end)())"),
        HostileScript("load('while true do end', '=loaded')()", "503: loaded:1: stopped after 0.05 s of CPU"),
        endless("while true do load('x =') end"),
        endless("local t = {} for i = 1, 1e9 do t[1] = i end"),
        endless("while true do req.x = req.path .. req.method end"),
        endless("while true do pcall(req.json, req) end"),
    ]

    static let metamethods = [
        endless("return setmetatable({}, { __index = function() while true do end end }).x"),
        endless("setmetatable({}, { __newindex = function() while true do end end }).x = 1"),
        endless("local t = setmetatable({}, { __eq = function() while true do end end }) return t == setmetatable({}, getmetatable(t))"),
        endless("return setmetatable({}, { __lt = function() while true do end end }) < {}"),
        endless("return setmetatable({}, { __le = function() while true do end end }) <= {}"),
        endless("return setmetatable({}, { __concat = function() while true do end end }) .. 'x'"),
        endless("return setmetatable({}, { __call = function() while true do end end })()"),
        endless("return #setmetatable({}, { __len = function() while true do end end })"),
        endless("return -setmetatable({}, { __unm = function() while true do end end })"),
        endless("return setmetatable({}, { __add = function() while true do end end }) + 1"),
        endless("return tostring(setmetatable({}, { __tostring = function() while true do end end }))"),
        endless("print(setmetatable({}, { __tostring = function() while true do end end }))"),
        endless("return ('%s'):format(setmetatable({}, { __tostring = function() while true do end end }))"),
        endless("for _ in pairs(setmetatable({}, { __pairs = function() while true do end end })) do end"),
        endless("for _ in pairs(setmetatable({}, { __pairs = function() return function() return 1 end end })) do end"),
        endless("while true do pcall(function() return setmetatable({}, { __index = function(t, k) return t[k + 1] end })[1] end) end"),
        endless("local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) while true do pcall(function() return t[k] end) end end return t.x"),
    ]

    static let coroutines = [
        endless("coroutine.wrap(function() while true do end end)()"),
        endless("local co = coroutine.create(function() while true do end end) while true do coroutine.resume(co) end"),
        endless("while true do coroutine.resume(coroutine.create(function() while true do end end)) end"),
        endless("while true do coroutine.wrap(function() coroutine.yield() end)() end"),
        endless("local f = function() while true do end end for i = 1, 100 do local g = f f = function() return coroutine.wrap(g)() end end f()"),
        endless("local f = function() while true do coroutine.yield() end end for i = 1, 50 do local g = f f = function() local h = coroutine.wrap(g) while true do pcall(h) coroutine.yield() end end end local h = coroutine.wrap(f) while true do h() end"),
        endless("local a, b a = coroutine.wrap(function() while true do coroutine.yield() end end) b = coroutine.wrap(function() while true do a() coroutine.yield() end end) while true do b() end"),
        endless("coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) error('x') end)()"),
        endless("while true do pcall(coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) error('x') end)) end"),
        endless("pcall(coroutine.wrap(function() pcall(coroutine.wrap(function() while true do end end)) while true do end end)) while true do end"),
        endless("local co = coroutine.wrap(function() for c in req:chunks() do coroutine.yield(c) end end) co() while true do end"),
        endless("while true do pcall(coroutine.resume, coroutine.running()) end"),
        endless("while true do pcall(coroutine.close, coroutine.running()) end"),
    ]

    static let closing = [
        endless("local x <close> = setmetatable({}, { __close = function() while true do end end }) while true do end"),
        endless("local x <close> = setmetatable({}, { __close = function() while true do end end })"),
        endless("do local x <close> = setmetatable({}, { __close = function() while true do end end }) end"),
        endless("local m = { __close = function() while true do end end } local function f(n) local x <close> = setmetatable({}, m) if n > 0 then f(n - 1) end while true do end end f(1000)"),
        endless("for _ in function() return 1 end, nil, nil, setmetatable({}, { __close = function() while true do end end }) do break end"),
        endless("local m = { __close = function() pcall(function() while true do end end) while true do end end } local x <close> = setmetatable({}, m) error('x')"),
        endless("local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) coroutine.yield() end) coroutine.resume(co) coroutine.close(co)"),
        endless("local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() while true do pcall(error) end end }) coroutine.yield() end) coroutine.resume(co) pcall(coroutine.close, co) while true do end"),
        endless("local function nest(n) local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() if n > 0 then nest(n - 1) end while true do end end }) coroutine.yield() end) coroutine.resume(co) coroutine.close(co) end nest(20)"),
        endless("return { body = function() while true do end end }", "function, "),
        endless("return { body = function(out) while true do out:write('') end end }", "function, "),
        endless("return { upgrade = function(s) while true do s:read() end end }", "upgrade, "),
        endless("return { body = function(out) local x <close> = setmetatable({}, { __close = function() while true do end end }) error('x') end }", "function, "),
    ]

    /// Calls into C that call back, or that have much to do and never call back at all.
    static let functions = [
        endless("('x'):rep(100):gsub('x', function() while true do end end)"),
        endless("('x'):rep(100):gsub('x', setmetatable({}, { __index = function() while true do end end }))"),
        endless("('x'):rep(100):gsub('x', function() pcall(function() while true do end end) return 'y' end) while true do end"),
        endless("table.sort({ 1, 2, 3 }, function() while true do end end)"),
        endless("table.sort({ 1, 2, 3 }, function() pcall(function() while true do end end) end) while true do end"),
        endless("local t = {} for i = 1, 50000 do t[i] = i end while true do table.sort(t, pcall) end"),
        endless("local s = ('x'):rep(1000000) local t = {} for i = 1, 5000 do t[i] = s end table.sort(t)"),
        endless("load(function() while true do end end)"),
        endless("load(function() return ' ' end)"),
        endless("local n, pieces = 0, { 'local a if a then ', ('elseif a then '):rep(60000) } load(function() n = n + 1 return pieces[n] end)"),
        endless("load('local a if a then ' .. ('elseif a then '):rep(60000))"),
        endless("load(function() pcall(function() while true do end end) return ' ' end)"),
        endless("local f = coroutine.wrap(function() while true do coroutine.yield(' ') end end) load(f)"),
        endless("return #table.concat(setmetatable({}, { __len = function() return 1 << 62 end, __index = function() return '' end }))"),
        endless("table.move(setmetatable({}, { __index = function() return nil end }), 1, 1 << 62, 1, {})"),
        endless("table.move({}, 1, 1 << 62, 1, {})"),
        endless("table.move({}, -1 << 62, -1, 1)"),
        endless("table.insert(setmetatable({}, { __len = function() return 1 << 62 end }), 1, 1)"),
        endless("table.remove(setmetatable({}, { __len = function() return 1 << 62 end }), 1)"),
        endless("table.sort(setmetatable({}, { __len = function() return (1 << 31) - 2 end }))"),
        endless("local t = {} for i = 1, 1990 do t = setmetatable({}, { __index = t }) end table.unpack(t, 1, 500000)"),
        endless("local t = {} for i = 1, 1990 do t = setmetatable({}, { __index = t }) end table.move(t, 1, 1 << 40, 1)"),
        endless("local sparse = {} for i = 1, 30000 do sparse['k' .. i] = i end for k in pairs(sparse) do sparse[k] = nil end local list = {} for i = 1, 100000 do list[i] = sparse end require('dogger.json').encode(list)"),
        HostileScript("local sparse = {} for i = 1, 30000 do sparse['k' .. i] = i end for k in pairs(sparse) do sparse[k] = nil end local list = {} for i = 1, 100000 do list[i] = sparse end return { json = list }", HostileScript.outOfTime),
        endless("local text = ('x = 1 '):rep(300000) while true do load(text) end"),
        HostileScript("local s = ('\\1'):rep(3 << 20) return select(2, pcall(string.format, '%s %q %q', s, s, s))", "string.format: with %q, the arguments may have 8 MiB together"),
        endless("while true do pcall(string.rep, 'x', 1 << 40) end"),
        endless("while true do string.rep('', 1 << 62) end"),
        endless("while true do ('x'):rep(100000):upper() end"),
        endless("for _ in ('x'):rep(1000):gmatch('x*') do while true do end end"),
        endless("while true do select('#', table.unpack({}, 1, 10000)) end"),
    ]
}
