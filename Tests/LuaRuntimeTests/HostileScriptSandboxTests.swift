import Testing

/// Attempts at what a script must not reach: bytecode, globals, the library, other requests.
@Suite struct HostileScriptSandboxTests {
    @Test(arguments: bytecode + globals + library + others)
    func isRefused(_ script: HostileScript) throws { try script.check() }

    private static let readOnly = "since all requests share it"
    private static let binary = "attempt to load a binary chunk (mode is 't')"

    static let bytecode = [
        HostileScript("return tostring(string.dump)", "nil"),
        HostileScript("return select(2, load('\\27Lua'))", binary),
        HostileScript("return select(2, load('\\27Lua', 'x', 'b'))", binary),
        HostileScript("return select(2, load('\\27Lua', 'x', 'bt'))", binary),
        HostileScript("local n = 0 return select(2, load(function() n = n + 1 return n == 1 and '\\27Lua' or nil end, 'x', 'b'))", binary),
    ]

    static let globals = [
        HostileScript("x = 1", "500: test.lua:1: 'x' is a global variable: write `local x = ...` (a global would leak from one request into the next)"),
        HostileScript("_G.x = 1", "500: test.lua:1: 'x' is a global variable: write `local x = ...` (a global would leak from one request into the next)"),
        HostileScript("_ENV.x = 1", "500: test.lua:1: 'x' is a global variable: write `local x = ...` (a global would leak from one request into the next)"),
        HostileScript("_G[1] = 1", "500: test.lua:1: 'number' is a global variable: write `local number = ...` (a global would leak from one request into the next)"),
        HostileScript("rawset(_G, 'x', 1)", "500: test.lua:1: rawset can't change a read-only table"),
        HostileScript("table.insert(_G, 1)", "500: 'number' is a global variable: write `local number = ...` (a global would leak from one request into the next)"),
        HostileScript("setmetatable(_G, nil)", "500: test.lua:1: cannot change a protected metatable"),
        HostileScript("return tostring(getmetatable(_G))", "false"),
        HostileScript("return tostring(next(_G)) .. tostring(rawget(_G, 'print')) .. rawlen(_G)", "nilnil0"),
        HostileScript("for k, v in pairs(_G) do pcall(rawset, v, 'x', 1) pcall(rawset, _G, k, 1) end return type(print) .. tostring(string.x)", "functionnil"),
        HostileScript("local _, real, key = pairs(_G) real.print = 1", "500: test.lua:1: 'print' belongs to the standard library and can't be changed; give your own a name with `local`"),
        HostileScript("for _, name in ipairs { 'io', 'debug', 'package', 'dofile', 'loadfile', 'warn', 'arg' } do if pcall(function() return _G[name] end) then return name end end return 'none'", "none"),
        HostileScript("return tostring(os.execute or os.exit or os.getenv or os.remove or os.rename or os.tmpname or os.setlocale)", "nil"),
        HostileScript("collectgarbage()", "500: test.lua:1: collectgarbage(\"collect\") is not available; only \"count\" is"),
        HostileScript("collectgarbage('stop')", "500: test.lua:1: collectgarbage(\"stop\") is not available; only \"count\" is"),
        HostileScript("local f = load('x = 1') return select(2, pcall(f))", "[string \"x = 1\"]:1: 'x' is a global variable: write `local x = ...` (a global would leak from one request into the next)"),
        HostileScript("return tostring(load('return _ENV')() == _G)", "true"),
        HostileScript("local string = tostring local _ENV <const> = {} x = 1 return string(x)", "1"),
        HostileScript("return require('dogger.forward')", "500: table index is nil"),
    ]

    static let library = [
        HostileScript("string.x = 1", "500: test.lua:1: string.x can't be set: string is read-only, \(readOnly)"),
        HostileScript("local _, real = pairs(string) real.upper = print", "500: test.lua:1: string.upper can't be set: string is read-only, \(readOnly)"),
        HostileScript("local f, s, k = pairs(string) return tostring(s == string) .. type(f(nil, nil)) .. tostring(k)", "truestringnil"),
        HostileScript("table.insert(string, 1)", "500: string.number can't be set: string is read-only, \(readOnly)"),
        HostileScript("table.move({ 1 }, 1, 1, 1, math)", "500: math.number can't be set: math is read-only, \(readOnly)"),
        HostileScript("table.remove(table)", "500: table.number can't be set: table is read-only, \(readOnly)"),
        HostileScript("table.sort(os) return tostring(next(os))", "nil"),
        HostileScript("rawset(coroutine, 'wrap', 1)", "500: test.lua:1: rawset can't change a read-only table"),
        HostileScript("setmetatable(utf8, {})", "500: test.lua:1: cannot change a protected metatable"),
        HostileScript("getmetatable('').__index = {}", "500: test.lua:1: attempt to index a boolean value"),
        HostileScript("('x').y = 1", "500: test.lua:1: attempt to index a string value (constant 'x')"),
        HostileScript("setmetatable('', {})", "500: test.lua:1: bad argument #1 to 'setmetatable' (table expected, got string)"),
        HostileScript("require('dogger').log = 1", "500: test.lua:1: dogger.log can't be set: dogger is read-only, \(readOnly)"),
        HostileScript("require('dogger.json').null = 1", "500: test.lua:1: dogger.json.null can't be set: dogger.json is read-only, \(readOnly)"),
        HostileScript("require('dogger.json').array(string)", "500: test.lua:1: json.array: the table has another metatable"),
        HostileScript("require('dogger.json').array(_G)", "500: test.lua:1: json.array: the table has another metatable"),
        HostileScript("local m = getmetatable(require('dogger.json').array()) return m", "json.array"),
        HostileScript("setmetatable(require('dogger.json').array(), {})", "500: test.lua:1: cannot change a protected metatable"),
        HostileScript("local m = getmetatable(require('dogger.json').decode('18446744073709551616')) return m", "json.number"),
        HostileScript("return require('dogger.json').encode(string)", "{}"),
        HostileScript("setmetatable({}, { __gc = function() end })", "500: test.lua:1: __gc is not available; use a `local x <close>` variable"),
        HostileScript("local m = {} setmetatable({}, m) m.__gc = function() print('ran') end return 'set'", "set"),
        HostileScript("setmetatable({}, setmetatable({}, { __index = { __gc = print } })) return 'set'", "set"),
    ]

    static let others = [
        HostileScript("return tostring(getmetatable(req)) .. tostring(getmetatable(req.headers))", "falsefalse"),
        HostileScript("setmetatable(req, {})", "500: test.lua:1: bad argument #1 to 'setmetatable' (table expected, got dogger.request)"),
        HostileScript("rawset(req, 'x', 1)", "500: test.lua:1: bad argument #1 to 'rawset' (table expected, got dogger.request)"),
        HostileScript("return req.json({})", "500: test.lua:1: bad argument #1 to 'json' (dogger.request expected, got table)"),
        HostileScript("return req.json(req.headers)", "500: test.lua:1: bad argument #1 to 'json' (dogger.request expected, got dogger.headers)"),
        HostileScript("return req.forward(setmetatable({}, { __name = 'dogger.request' }))", "500: test.lua:1: bad argument #1 to 'forward' (dogger.request expected, got dogger.request)"),
        HostileScript("coroutine.resume(coroutine.running())", "500: test.lua:1: can't resume the coroutine of a request"),
        HostileScript("coroutine.close(coroutine.running())", "500: test.lua:1: can't close the coroutine of a request"),
        HostileScript("coroutine.wrap(function() coroutine.close(coroutine.running()) end)()", "500: test.lua:1: test.lua:1: can't close a coroutine that runs"),
        HostileScript("local co = coroutine.running() return coroutine.wrap(function() return select(2, pcall(coroutine.resume, co)) end)()", "can't resume the coroutine of a request"),
        HostileScript("coroutine.yield()", "500: test.lua:1: attempt to yield from outside a coroutine"),
        HostileScript("pcall(coroutine.yield) table.sort({ 1, 2 }, coroutine.yield)", "500: attempt to yield from outside a coroutine"),
    ]
}
