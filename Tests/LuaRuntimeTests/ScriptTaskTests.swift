import LuaRuntime
import Testing

@Suite struct ScriptTaskTests {
    @Test(arguments: [
        ("return 'hi'", "hi"),
        ("return nil", "not mine"),
        ("return", "not mine"),
        ("return { status = 201, body = 'made' }", "201 made"),
        ("return { status = 204 }", "204"),
        ("return { json = { a = 1 } }", #"{"a":1}"#),
        ("return req.method .. ' ' .. req.path .. ' ' .. req.target", "GET /a b /a%20b?x=1&y=%2B+&x=2"),
        ("return req.query.x .. req.query.y .. tostring(req.query.z)", "2+ nil"),
        ("return table.concat(req:queries('x'), ',')", "1,2"),
        ("return req.headers['x-one'] .. req.headers['X-ONE'] .. tostring(req.headers.none)", "1, 21, 2nil"),
        ("local t = {} for k, v in pairs(req.headers) do t[#t + 1] = k .. '=' .. v end return table.concat(t, ';')", "Host=h;X-One=1;x-one=2"),
        ("return req.body .. req.body", "[1][1]"),
        ("return { json = req:json() }", "[1]"),
        ("return tostring(req.id) .. tostring(req.nothing)", "7nil"),
        ("req.user = 'me' return req.user", "me"),
        ("return tostring(req)", "GET /a%20b?x=1&y=%2B+&x=2"),
        ("local t = {} for c in req:chunks() do t[#t+1] = c end return table.concat(t)", ""),
        ("return require('dogger').version", "1.2.3"),
        ("local f = coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end) return tostring(f() + f())", "3"),
        ("local ok, e = pcall(error, 'x') return tostring(ok) .. e", "falsex"),
        ("return select(2, xpcall(function() error('deep') end, function(m) return 'handled ' .. m end))", "handled test.lua:1: deep"),
        ("return tostring(select(2, xpcall(function(a, b) return a + b end, print, 1, 2)))", "3"),
    ])
    func answers(_ body: String, _ expected: String) throws {
        let fixture = try ScriptFixture("return function(req) \(body) end")
        let answer = fixture.run("GET", "/a%20b?x=1&y=%2B+&x=2", fields: [("Host", "h"), ("X-One", "1"), ("x-one", "2")], body: "[1]")
        #expect(answer == expected)
    }

    @Test(arguments: [
        ("local c c.x = 1", "500: test.lua:1: attempt to index a nil value (local 'c')"),
        ("error { status = 403, message = 'no' }", "403: no"),
        ("error('x', 0)", "500: x"),
        ("count = 1", "500: test.lua:1: 'count' is a global variable: write `local count = ...` (a global would leak from one request into the next)"),
        ("print = 1", "500: test.lua:1: 'print' belongs to the standard library and can't be changed; give your own a name with `local`"),
        ("return cuont", "500: test.lua:1: 'cuont' is not defined: no local variable and nothing in the standard library has that name"),
        ("string.x = 1", "500: test.lua:1: string.x can't be set: string is read-only, since all requests share it"),
        ("rawset(string, 'x', 1)", "500: test.lua:1: rawset can't change a read-only table"),
        ("coroutine.yield()", "500: test.lua:1: attempt to yield from outside a coroutine"),
        ("return 42", "500: test.lua:1: the handler returned number; a handler returns nil, a string, or a table with status, headers and one of body, json or upgrade"),
        ("return { 1, 2 }", "500: test.lua:1: the handler returned a table with a key that is number (a list? { json = list } sends it); a handler returns nil, a string, or a table with status, headers and one of body, json or upgrade"),
        ("return { staus = 1 }", "500: test.lua:1: the handler returned a table with the unknown field 'staus'; a handler returns nil, a string, or a table with status, headers and one of body, json or upgrade"),
        ("return { status = 99 }", "500: test.lua:1: the response's status is 99, not a number from 200 to 599; a handler returns nil, a string, or a table with status, headers and one of body, json or upgrade"),
        ("return { status = 200, upgrade = print }", "500: test.lua:1: the handler returned both status and upgrade, which sends its own; a handler returns nil, a string, or a table with status, headers and one of body, json or upgrade"),
        ("return { json = { f = print } }", "500: test.lua:1: can't encode .f: a function"),
        ("setmetatable({}, { __gc = print })", "500: test.lua:1: __gc is not available; use a `local x <close>` variable"),
        ("return io.read()", "500: test.lua:1: 'io' is not defined: no local variable and nothing in the standard library has that name"),
        ("return req:json()", "400: the request's body is not JSON: not JSON at byte 0 (counted from 0; line 1, column 1): expected a value, found the end of the text"),
    ])
    func fails(_ body: String, _ expected: String) throws {
        let fixture = try ScriptFixture("return function(req) \(body) end")
        #expect(fixture.run() == expected)
        #expect(fixture.run() == expected)
    }

    @Test func waitsAndGoesOn() throws {
        let fixture = try ScriptFixture("return function(req) return req.body .. '!' end")
        fixture.answers = [nil]
        let task = fixture.task(body: nil)
        #expect(fixture.describe(task.start()) == "waiting")
        #expect(fixture.run() == "!")
        #expect(fixture.describe(task.resume(.bytes(UnsafeRawBufferPointer(fixture.keep("late"))))) == "late!")
        task.end()
    }

    @Test func waitsInsideCoroutines() throws {
        let fixture = try ScriptFixture("""
            return function(req)
              local next = coroutine.wrap(function() for c in req:chunks() do coroutine.yield(c) end return nil end)
              return next() .. (coroutine.wrap(next))() .. tostring(next())
            end
            """)
        fixture.answers = [nil, nil, nil]
        let task = fixture.task(body: nil)
        #expect(fixture.describe(task.start()) == "waiting")
        #expect(fixture.describe(task.resume(.bytes(UnsafeRawBufferPointer(fixture.keep("a"))))) == "waiting")
        #expect(fixture.describe(task.resume(.bytes(UnsafeRawBufferPointer(fixture.keep("b"))))) == "waiting")
        #expect(fixture.describe(task.resume(.none)) == "abnil")
        task.end()
    }

    @Test func refusesToWaitWhereLuaCannotYield() throws {
        let fixture = try ScriptFixture("return function(req) table.sort({ 1, 2 }, function(a, b) return req.body < 'x' end) end")
        fixture.answers = [nil]
        #expect(fixture.run(body: nil) == "500: test.lua:1: can't wait here")
    }

    @Test func streams() throws {
        let fixture = try ScriptFixture("return function(req) return { body = function(out) out:write('a', 1):write('b') end } end")
        let task = fixture.task()
        #expect(fixture.describe(task.start()) == "function")
        #expect(fixture.describe(task.stream()) == "streamed")
        #expect(fixture.written == "a1b")
        task.end()
    }

    @Test(arguments: [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() error('x') end, function() while true do end end) end",
        "coroutine.wrap(function() while true do pcall(function() while true do end end) end end)()",
        "local co = coroutine.create(function() while true do end end) while true do coroutine.resume(co) end",
        "local function f(t, k) while true do pcall(function() return t[k] end) end end return setmetatable({}, { __index = f }).x",
        "local t <close> = setmetatable({}, { __close = function() while true do end end }) while true do end",
        "('x'):rep(100):gsub('x', function() while true do end end)",
        "table.sort({ 1, 2, 3 }, function() while true do end end)",
    ])
    func stopsWhatRunsTooLong(_ body: String) throws {
        var limits = Limits()
        limits.scriptTimeout = 50_000_000
        let fixture = try ScriptFixture("return function(req) if req.path == '/ok' then return 'ok' end \(body) end", limits: limits)
        #expect(fixture.run() == "503: test.lua:1: stopped after 0.05 s of CPU")
        #expect(fixture.run("GET", "/ok") == "ok")
    }

    @Test func stopsAtTheMemoryLimit() throws {
        var limits = Limits()
        limits.memory = 8 << 20
        let fixture = try ScriptFixture("return function(req) if req.path == '/ok' then return 'ok' end local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end", limits: limits)
        for _ in 1...3 {
            #expect(fixture.run() == "503: test.lua:1: stopped at 8 MiB of memory")
            #expect(fixture.run("GET", "/ok") == "ok")
        }
    }

    @Test func aBodyThatDoesNotFitIsNotTheClientsFault() throws {
        var limits = Limits()
        limits.memory = 1 << 20
        let fixture = try ScriptFixture("return function(req) return { json = #req:json() } end", limits: limits)
        #expect(fixture.run(body: "[" + String(repeating: "[],", count: 20_000) + "1]") ==
            "503: there is not enough memory to decode the request's body: raise --memory-limit")
        #expect(fixture.run(body: "[1]") == "1")
    }

    @Test func aRequestThatIsOverSaysSo() throws {
        let fixture = try ScriptFixture("local kept return function(req) if kept then return kept.path end kept = req return 'kept' end")
        #expect(fixture.run() == "kept")
        #expect(fixture.run() == "500: test.lua:1: this request is over: keep what you need of it in a local variable while it runs")
    }

    /// The host serves the request that runs: another one's body or stream would be taken for its own.
    @Test(arguments: ["kept.body", "kept:chunks()()", "out:write('x')"])
    func anothersRequestIsNotReadOrWritten(_ use: String) throws {
        let fixture = try ScriptFixture("""
            local kept, out
            return function(req)
              if kept then return tostring(kept.path .. tostring(\(use))) end
              kept = req
              return { body = function(o) out = o for c in req:chunks() do o:write(c) end end }
            end
            """)
        fixture.answers = [nil]
        let first = fixture.task("GET", "/first", body: nil)
        _ = first.start()
        #expect(fixture.describe(first.stream()) == "waiting")
        #expect(fixture.run().contains("this belongs to another request"))
        #expect(fixture.written == "")
        #expect(fixture.describe(first.resume(.none)) == "streamed")
        first.end()
    }

    @Test(arguments: [
        ("print('gone ' .. req.path)", "test.lua:2: gone /a"),
        ("error('oops')", "dogger: while a request ended early: test.lua:2: oops"),
        ("print(pcall(function() return req.body end))", "test.lua:2: false\ttest.lua:2: the request has failed, or its client is gone: nothing more can be read or written"),
    ])
    func whatIsOpenIsClosedWhenTheClientGoes(_ closing: String, _ logged: String) throws {
        let fixture = try ScriptFixture("""
            return function(req)
              local open <close> = setmetatable({}, { __close = function() \(closing) end })
              return req.body
            end
            """)
        fixture.answers = [nil]
        let task = fixture.task("GET", "/a", body: nil)
        #expect(fixture.describe(task.start()) == "waiting")
        task.end()
        #expect(fixture.log == [logged])
    }

    @Test func routes() throws {
        let fixture = try ScriptFixture("""
            return {
              ["GET /containers/json"] = function() return "list" end,
              ["GET /containers/{id}/json"] = function(req) return "one " .. req.params.id end,
              ["* /containers/{id}/json"] = function(req) return req.method .. " " .. req.params.id end,
              ["POST /containers/{id}/{verb}"] = function(req) return req.params.verb .. " " .. req.params.id end,
              ["* /images/{name...}"] = function(req) return "image " .. req.params.name end,
              ["GET /images/{name...}/json"] = function(req) return "inspect " .. req.params.name end,
              ["HEAD /containers/json"] = function() return "head" end,
              ["GET /"] = function() return "root" end,
            }
            """)
        let expected = [
            ("GET", "/containers/json", "list"), ("HEAD", "/containers/json", "head"), ("GET", "/containers/a%2Fb/json?x=1", "one a/b"),
            ("HEAD", "/containers/x/json", "one x"), ("PUT", "/containers/x/json", "PUT x"), ("POST", "/containers/x/stop", "stop x"),
            ("GET", "/images/a/b/c", "image a/b/c"), ("GET", "/images/a/b/json", "inspect a/b"), ("GET", "/images/json", "image json"),
            ("GET", "/", "root"), ("GET", "/x", "not mine"), ("GET", "/containers//json", "not mine"), ("GET", "/containers/json/", "not mine"),
            ("GET", "/%63ontainers/json", "list"), ("GET", "//containers/json", "not mine"), ("GET", "/v1.50/containers/json", "not mine"),
            ("GET", "/containers%2Fjson", "not mine"),
        ]
        for (method, target, answer) in expected { #expect(fixture.run(method, target) == answer, "\(method) \(target)") }
    }

    @Test(arguments: [
        ("return 42", "test.lua: the file returned number; a handler file returns a function, a table of routes, or what docker.engine gives"),
        ("return", "test.lua: the file returned nothing; a handler file returns a function, a table of routes, or what docker.engine gives"),
        ("return {", "test.lua:1: unexpected symbol near <eof>"),
        ("x = 1", "test.lua:1: 'x' is a global variable: write `local x = ...` (a global would leak from one request into the next)"),
        ("return { ['GET x'] = print }", #"the route "GET x" is not of the form "METHOD /path" ("GET /containers/{id}/json"; * is any method, {name...} several segments)"#),
        ("return { ['GET /{a}'] = print, ['GET /{b}'] = print }", "match the same requests"),
        ("return {}", "the route table is empty"),
    ])
    func handlersThatDoNotLoad(_ text: String, _ expected: String) {
        #expect { try ScriptFixture(text) } throws: { ($0 as? ScriptFailure)?.message.contains(expected) == true }
    }
}
