import Testing

/// Results, error values and headers that are none of what is allowed: each gets an answer that says what was wrong.
@Suite struct HostileScriptResultTests {
    @Test(arguments: results + errors + headers)
    func isTold(_ script: HostileScript) throws { try script.check() }

    private static let allowed = "; a handler returns nil, a string, or a table with status, headers and one of body, json or upgrade"

    private static func refused(_ body: String, _ what: String) -> HostileScript {
        HostileScript(body, "500: test.lua:1: \(what)\(allowed)")
    }

    static let results = [
        refused("return 42", "the handler returned number"),
        refused("return true", "the handler returned boolean"),
        refused("return print", "the handler returned function"),
        refused("return coroutine.running()", "the handler returned thread"),
        refused("return req", "the handler returned userdata"),
        refused("return require('dogger.json').null", "the handler returned userdata"),
        refused("return { 'x' }", "the handler returned a table with a key that is number (a list? { json = list } sends it)"),
        refused("return { [{}] = 1 }", "the handler returned a table with a key that is table (a list? { json = list } sends it)"),
        refused("return { body = 1 }", "the response's body is number, not a string or a function(out)"),
        refused("return { body = {} }", "the response's body is table, not a string or a function(out)"),
        refused("return { status = '200' }", "the response's status is '200', not a number from 200 to 599"),
        refused("return { status = 200.5 }", "the response's status is 200.5, not a number from 200 to 599"),
        refused("return { status = 0/0 }", "the response's status is -nan, not a number from 200 to 599"),
        refused("return { status = 1e300 }", "the response's status is 1e+300, not a number from 200 to 599"),
        refused("return { status = math.mininteger }", "the response's status is -9223372036854775808, not a number from 200 to 599"),
        refused("return { status = setmetatable({}, { __tostring = function() while true do end end }) }", "the response's status is table, not a number from 200 to 599"),
        refused("return { status = setmetatable({}, { __name = 'evil' }) }", "the response's status is table, not a number from 200 to 599"),
        refused("return { upgrade = 1 }", "the response's upgrade is number, not a function(stream)"),
        refused("return setmetatable({ staus = 1 }, { __index = function() while true do end end, __pairs = function() while true do end end, __len = function() while true do end end })", "the handler returned a table with the unknown field 'staus'"),
        HostileScript("return setmetatable({}, { __index = { body = 'inherited' } })", "200"),
        HostileScript("local t = {} t.t = t return { json = t }", "500: test.lua:1: can't encode .t.t.t.t.t.t.t.t.t.t.t.t...: nested deeper than 1000 levels; does a table contain itself?"),
        HostileScript("local t = {} for i = 1, 100000 do t = { t } end return { json = t }", "500: test.lua:1: can't encode [1][1][1][1][1][1][1][1][1][1][1][1]...: nested deeper than 1000 levels; does a table contain itself?"),
        HostileScript("return { json = function() end }", "500: test.lua:1: can't encode the value: a function"),
        HostileScript("return { json = setmetatable({}, { __pairs = function() while true do end end, __len = function() while true do end end, __index = function() while true do end end }) }", "{}"),
        HostileScript("return { json = 0/0 }", "500: test.lua:1: can't encode the value: not a number (nan); JSON has finite numbers only, json.null may stand for it"),
        HostileScript("return { json = '\\xff' }", "500: test.lua:1: can't encode the value: a string that isn't UTF-8 at its byte 0 (counted from 0)"),
        HostileScript("return { json = { [1] = 1, x = 2 } }", "500: test.lua:1: can't encode the value: a table with names and indices (such as .x); it must be an object or an array"),
        HostileScript("return { json = { [1 << 40] = 1 } }", "500: test.lua:1: can't encode the value: an array with a hole at [1]; use json.null for a hole"),
        HostileScript("return { json = req }", "500: test.lua:1: can't encode the value: a userdata (dogger.request)"),
        HostileScript("return { body = function() return 'not written' end }", "function, streamed"),
        HostileScript("return { body = function(out) out:write({}) end }", "function, 500: test.lua:1: write takes strings and numbers, not table"),
        HostileScript("return { body = function(out) out.write({}, 'x') end }", "function, 500: test.lua:1: bad argument #1 to 'write' (dogger.out expected, got table)"),
        HostileScript("return { body = function(out) out.x = 1 end }", "function, 500: test.lua:1: attempt to index a dogger.out value (local 'out')"),
        HostileScript("return { upgrade = function(s) s:write(nil) end }", "upgrade, 500: test.lua:1: write takes strings and numbers, not nil"),
        HostileScript("return { body = function(out) kept.out = out end }", "function, streamed"),
        HostileScript("return { body = coroutine.wrap(function() coroutine.yield() end) }", "function, streamed"),
        HostileScript("return { body = coroutine.yield }", "function, 500: attempt to yield from outside a coroutine"),
        HostileScript("return table.unpack({}, 1, 100000)", "not mine, touched"),
        HostileScript("return nil, error", "not mine, touched"),
    ]

    static let errors = [
        HostileScript("error()", "500: test.lua:1: error was called with a nil value (a string, or { status =, message = } is shown)"),
        HostileScript("error(nil)", "500: test.lua:1: error was called with a nil value (a string, or { status =, message = } is shown)"),
        HostileScript("error(true)", "500: test.lua:1: error was called with a boolean value (a string, or { status =, message = } is shown)"),
        HostileScript("error(42)", "500: test.lua:1: error was called with the number 42"),
        HostileScript("error(print)", "500: test.lua:1: error was called with a function value (a string, or { status =, message = } is shown)"),
        HostileScript("error((coroutine.running()))", "500: test.lua:1: error was called with a thread value (a string, or { status =, message = } is shown)"),
        HostileScript("error(req)", "500: test.lua:1: error was called with a userdata value (a string, or { status =, message = } is shown)"),
        HostileScript("error({})", "500: test.lua:1: error was called with a table that has no message (a string, or { status =, message = } is shown)"),
        HostileScript("error({ message = {} })", "500: test.lua:1: error was called with a table that has no message (a string, or { status =, message = } is shown)"),
        HostileScript("error({ status = 200, message = 'm' })", "500: m"),
        HostileScript("error({ status = 1e300, message = 'm' })", "500: m"),
        HostileScript("error({ status = 0/0, message = 'm' })", "500: m"),
        HostileScript("error({ status = '404', message = 'm' })", "500: m"),
        HostileScript("error({ status = 404, message = 'm' })", "404: m"),
        HostileScript("error(setmetatable({}, { __tostring = function() while true do end end, __index = function() while true do end end, __name = 5 }))", "500: test.lua:1: error was called with a table that has no message (a string, or { status =, message = } is shown)"),
        HostileScript("error(setmetatable({ message = 'm' }, { __index = function() while true do end end }))", "500: m"),
        HostileScript("error(('x'):rep(20000), 0)", "500: " + String(repeating: "x", count: 16384) + " ... (20000 bytes)"),
        HostileScript("error(('\\u{20ac}'):rep(10000), 0)", "500: " + String(repeating: "\u{20ac}", count: 5461) + " ... (30000 bytes)"),
        HostileScript("error('\\xff\\0\\27[31m', 0)", "500: \u{fffd}\0\u{1b}[31m"),
        HostileScript("error('x', 1e9)", "500: x"),
        HostileScript("local a <close> = setmetatable({}, { __close = function() error('second') end }) error('first')", "500: test.lua:1: first"),
        HostileScript("return select(2, pcall(function() local a <close> = setmetatable({}, { __close = function(_, e) error('second after ' .. e, 0) end }) error('first', 0) end))", "second after first"),
        HostileScript("local e = select(2, pcall(req.json, req)) e.message = nil error(e)", "400: test.lua:1: error was called with a table that has no message (a string, or { status =, message = } is shown)"),
        HostileScript("local e = select(2, pcall(req.json, req)) e.message = 5 return tostring(e)", "5"),
        HostileScript("local f = load('error(\"x\")', '=' .. ('n'):rep(100000)) f()", "500: " + String(repeating: "n", count: 59) + ":1: x"),
        HostileScript("local f = load('local a = nil + 1', '@' .. ('n'):rep(100000)) f()", "500: ..." + String(repeating: "n", count: 56) + ":1: attempt to perform arithmetic on a nil value"),
    ]

    static let headers = [
        refused("return { headers = 1 }", "the response's headers is number, not a table"),
        refused("return { headers = { 'x' } }", "the response's headers has a key that is number, not a name"),
        refused("return { headers = { X = {} , [{}] = 1 } }", "the response's headers has a key that is table, not a name"),
        refused("return { headers = { X = true } }", "the response's header X is boolean, not a string, a number, or a list of them"),
        refused("return { headers = { X = { true } } }", "the response's header X has a list with boolean in it"),
        refused("return { headers = { X = { {} } } }", "the response's header X has a list with table in it"),
        HostileScript("local h = {} for i = 1, 1024 do h['x' .. i] = i end return { headers = h, body = 'x' }", "x"),
        HostileScript("local h = {} for i = 1, 2000 do h['x' .. i] = i end return { headers = h }", "500: test.lua:1: more than 1024 headers in a response"),
        HostileScript("local h = {} for i = 1, 2000 do h[i] = i end return { headers = { X = h } }", "500: test.lua:1: more than 1024 headers in a response"),
        HostileScript("local h = {} for i = 1, 1000 do h[i] = i end return { headers = { X = h }, body = function(out) out:write(req.path) end }", "function, streamed"),
        HostileScript("return { headers = { X = ('v'):rep((1 << 20) - 1) }, body = 'x' }", "x"),
        HostileScript("return { headers = { X = ('v'):rep(1 << 20) } }", "500: test.lua:1: the headers have more than 1 MiB together"),
        HostileScript("return { headers = { X = { ('v'):rep(1 << 19), ('w'):rep(1 << 19) } } }", "500: test.lua:1: the headers have more than 1 MiB together"),
        HostileScript("req.headers.x = ('v'):rep(1 << 20) return { headers = req.headers }", "500: test.lua:1: the headers have more than 1 MiB together"),
        HostileScript("req.headers.connection = 'a, X-User ,, b' req.headers['x-user'] = 'ann' return req.headers.connection", "a, b"),
        HostileScript("req.headers.connection = {'x', 'y'} req.headers.X = 1 req.headers.Y = nil return req.headers.connection", ", y"),
        HostileScript("req.headers[1] = 'x' return req.headers['1']", "x"),
        HostileScript("req.headers.x = {{}}", "500: test.lua:1: the header x can't be set to table: a string, a number, a list of them, or nil to remove it"),
        HostileScript("req.headers.x = print", "500: test.lua:1: the header x can't be set to function: a string, a number, a list of them, or nil to remove it"),
        HostileScript("local v = {} for i = 1, 5000 do v[i] = 'v' end req.headers.x = v return tostring(#req.headers.X)", "14998"),
        HostileScript("local v = {} for i = 1, 5000 do v[i] = 'v' end req.headers.cookie = v return req.headers.Cookie:sub(1, 7)", "v; v; v"),
        HostileScript("local v = {} for i = 1, 2000 do v[i] = i end req.headers.x = v return { headers = req.headers }", "500: test.lua:1: more than 1024 headers in a response"),
        HostileScript("req.headers = 5 return tostring(req.headers)", "5"),
        HostileScript("req.headers = setmetatable({}, { __index = function() return 'x' end }) return req.headers.y", "x"),
        HostileScript("local n = 0 for k, v in pairs(req.headers) do req.headers[k] = nil n = n + 1 if n > 100 then break end end return tostring(n)", "0"),
        HostileScript("req[{}] = 1", "500: test.lua:1: bad argument #2 to 'newindex' (string expected, got table)"),
        HostileScript("req.body = {}", "500: test.lua:1: bad argument #3 to 'newindex' (string expected, got table)"),
    ]
}
