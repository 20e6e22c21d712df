import CDogger
import LuaRuntime
import Testing

/// What the script makes of a request before it goes on, and of the answer after.
@Suite struct ForwardTests {
    /// `sent` is the request as the upstream gets it; the upstream says 200, with two headers and `{"a":1}`.
    private func run(_ body: String, target: String = "/a%20b?x=1", requestBody: String = "body") throws -> (answer: String, sent: String) {
        let fixture = try ScriptFixture("return function(req) \(body) end", hasUpstream: true)
        let answer = fixture.run("POST", target, fields: [("Host", "h"), ("X-One", "1"), ("x-one", "2")], body: requestBody)
        return (answer, fixture.sent)
    }

    @Test(arguments: [
        ("return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "unchanged"),
        ("local r = req:forward() r.status = 201 return r", "upstream 1 201 Content-Type=application/json;X-Up=1", "unchanged"),
        ("local r = req:forward() r.headers['x-up'] = nil r.headers.New = 2 return r", "upstream 1 200 Content-Type=application/json;New=2", "unchanged"),
        ("local r = req:forward() return r.body", #"{"a":1}"#, "unchanged"),
        ("local r = req:forward() local v = r:json() v.b = json.array{} return r:set_json({ v.a, v.b })", "[1,[]]", "unchanged"),
        ("local r = req:forward() r.body = 'x' return r", "x", "unchanged"),
        ("local t = {} for c in req:forward():chunks() do t[#t + 1] = c end return table.concat(t, '|')", #"{"a"|:1}"#, "unchanged"),
        ("return tostring(req:forward().headers['content-type'])", "application/json", "unchanged"),
        ("req.method = 'PUT' return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "method=PUT"),
        ("req.path = '/c/d e' return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "target=/c/d%20e?x=1"),
        ("local p = req.path return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "unchanged"),
        ("req.query.all = 'a&b' return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "target=/a%20b?all=a%26b&x=1"),
        ("local q = req.query.x return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "unchanged"),
        ("req.query = {} return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "target=/a%20b"),
        ("req.target = '/t?a=1&a=2' req.query.b = 3 return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "target=/t?a=2&b=3"),
        ("req.target = '/t?a=1' req.path = '/u' return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "target=/u?a=1"),
        ("req.query.x = 2 req.path = '/u' req.target = '/t' return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "target=/t"),
        ("req.target = '/t%31?a=%31&a=2' return req.path .. req.query.a .. #req:queries('a') .. #req:queries('x')", "/t1220", ""),
        ("req.target = '/t' req.target = nil return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "unchanged"),
        ("local r = req:forward { method = 'GET', target = '/v?w', body = '' } return r.status .. req.method .. req.target .. req.path .. req.body", "200POST/a%20b?x=1/a bbody", "method=GET target=/v?w body="),
        ("local q = req.query q.x = 2 req:forward { target = '/v' } return req.query.x .. #req:queries('x')", "21", "target=/v"),
        ("pcall(req.forward, req, { target = '/../x' }) return req.target", "/a%20b?x=1", "target=/../x"),
        ("req:forward { path = '/v' }", "500: test.lua:1: req:forward takes a table of method, target and body, each a string", ""),
        ("req.target = '/t' return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "target=/t"),
        ("req.headers['x-ONE'] = '3' return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "headers=Host:h,x-ONE:3"),
        ("req.headers.Y = { 'a', 'b' } return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "headers=Host:h,X-One:1,x-one:2,Y:a,Y:b"),
        ("req.body = req.body .. '!' return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "body=body!"),
        ("req.body = 'other' req.body = nil return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "unchanged"),
        ("local b = req.body req.body = 'other' req.body = nil return req:forward()", "upstream 1 200 Content-Type=application/json;X-Up=1", "body=body"),
        ("for _ in req:chunks() do end return req:forward()", "500: test.lua:1: the request's body was read with req:chunks() and is gone: set req.body to what is to be forwarded", ""),
        ("local r = req:forward() r.staus = 1", "500: test.lua:1: a response has no field 'staus': set status, headers[name] or body", "unchanged"),
        ("req.path = '/changed' return nil", "not mine, touched", ""),
        ("return nil", "not mine", ""),
    ])
    func forwards(_ body: String, _ answer: String, _ sent: String) throws {
        let (given, seen) = try run("local json = require 'dogger.json' " + body)
        #expect(given == answer)
        #expect(seen == sent)
    }

    @Test func anUnansweredRequestGoesOnAsTheScriptLeftIt() throws {
        let fixture = try ScriptFixture("return function(req) req.path = '/changed' end", hasUpstream: true)
        let task = fixture.task("GET", "/")
        #expect(fixture.describe(task.start()) == "not mine, touched")
        #expect(fixture.describe(task.forward()) == "upstream 1 200 Content-Type=application/json;X-Up=1")
        #expect(fixture.sent == "target=/changed")
        task.end()
    }

    @Test(arguments: [
        ("return nil", "hello/text/plain; charset=utf-8/200"),
        ("return { json = { 1 } , status = 201 }", "[1]/application/json/201"),
        ("return { body = function(out) out:write('a', 1) end }", "a1/text/plain; charset=utf-8/200"),
        ("return req:forward()", "hello/text/plain; charset=utf-8/200"),
        ("local r = req:forward() r.body = r.body:upper() return r", "HELLO/text/plain; charset=utf-8/200"),
    ])
    func theChainIsAnOnion(_ second: String, _ expected: String) throws {
        let fixture = try ScriptFixture("return function(req) local r = req:forward() return r.body .. '/' .. r.headers['content-type'] .. '/' .. r.status end")
        try fixture.load("return function(req) \(second) end", name: "second.lua")
        try fixture.load("return function(req) return 'hello' end", name: "third.lua")
        #expect(fixture.run() == expected)
    }

    @Test(arguments: [
        ("req.method = 'GET' req.target = '/changed?x'", "GET /changed"), ("req.path = '/a/b%41'", "POST a b%41"),
        ("local p = req.path", "POST x y z"), ("req.path = req.path", "POST x y z"), ("req.target = '/a/b%41'", "POST a bA"),
        ("req.target = '/a/b' req.path = '/c/d'", "POST c d"),
    ])
    func routesMatchWhatAnEarlierHandlerMadeOfTheRequest(_ change: String, _ expected: String) throws {
        let fixture = try ScriptFixture("return function(req) \(change) end")
        try fixture.load("""
            return { ["GET /changed"] = function(req) return 'GET /changed' end,
              ["POST /{a}/{b}"] = function(req) return 'POST ' .. req.params.a .. ' ' .. req.params.b end }
            """, name: "second.lua")
        #expect(fixture.run("POST", "/x/y%20z") == expected)
    }

    @Test func anErrorOfALaterHandlerThatIsCaughtDoesNotSkipIt() throws {
        let fixture = try ScriptFixture("""
            return function(req)
              local ok = pcall(req.forward, req)
              return tostring(ok) .. ' ' .. tostring(pcall(req.forward, req, { method = 'PUT' })) .. ' ' .. req:forward { method = 'GET' }.body
            end
            """)
        try fixture.load("return function(req) if req.method ~= 'GET' then error('no') end return req:forward() end", name: "second.lua")
        try fixture.load("return function(req) return 'third, by ' .. req.method end", name: "third.lua")
        #expect(fixture.run("POST") == "false false third, by GET")
    }

    @Test func behindTheLastHandlerThereIsDockersNotFound() throws {
        let fixture = try ScriptFixture("return function(req) return req:forward() end")
        #expect(fixture.run() == #"404 {"message":"page not found"}"#)
    }

    @Test func aTapSeesBothDirections() throws {
        let fixture = try ScriptFixture("return function(req) return req:forward():tap(function(d, b) if b ~= 'drop' then return d .. ':' .. b end end) end", hasUpstream: true)
        fixture.taps = [("up", "in"), ("down", "out"), ("up", "drop"), ("up", nil), ("down", nil)]
        let task = fixture.task()
        #expect(fixture.describe(task.start()) == "upstream 1 200 Content-Type=application/json;X-Up=1, tapped")
        #expect(fixture.describe(task.stream()) == "streamed")
        #expect(fixture.written == "[up up:in][down down:out][up end][down end]")
        task.end()
    }
}
