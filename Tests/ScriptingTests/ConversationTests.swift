import Testing

@testable import Scripting

/// What scripts return and wait for, as a client on a socket sees it.
@Suite struct ConversationTests {
    private static let text = "Content-Type: text/plain; charset=utf-8\r\n"
    private static let json = "Content-Type: application/json\r\n"

    @Test(arguments: [
        ("return 'hi'", "200 OK", "\(text)Content-Length: 2\r\n", "hi"),
        ("return { status = 201, headers = { ['X-A'] = 1 }, body = 'made' }", "201 Created", "X-A: 1\r\n\(text)Content-Length: 4\r\n", "made"),
        ("return { headers = { ['Content-Type'] = 'a/b' }, body = '' }", "200 OK", "Content-Type: a/b\r\nContent-Length: 0\r\n", ""),
        ("return { json = { 1 } }", "200 OK", "\(json)Content-Length: 3\r\n", "[1]"),
        ("return { status = 204 }", "204 No Content", "", ""),
        ("return {}", "200 OK", "Content-Length: 0\r\n", ""),
        ("return nil", "404 Not Found", "\(json)Content-Length: 29\r\n", "{\"message\":\"page not found\"}\n"),
        ("error { status = 409, message = 'no' }", "409 Conflict", "\(json)Content-Length: 17\r\n", "{\"message\":\"no\"}\n"),
        ("error 'oops'", "500 Internal Server Error", "\(json)Content-Length: 31\r\n", "{\"message\":\"DIR/h.lua:1: oops\"}\n"),
        ("return { headers = { A = 'b\\nc' }, body = '' }", "500 Internal Server Error", "\(json)Content-Length: 128\r\n",
            "{\"message\":\"DIR/h.lua:1: the response can't be sent. The value of the header \\\"A\\\" holds a line feed, which is not allowed there.\"}\n"),
        ("return { body = function(out) out:write('a', 1) out:write('b') end }", "200 OK", "\(text)Transfer-Encoding: chunked\r\n",
            "2\r\na1\r\n1\r\nb\r\n0\r\n\r\n"),
        ("return { headers = { ['Content-Length'] = 2 }, body = function(out) out:write('ab') end }", "200 OK",
            "\(text)Content-Length: 2\r\n", "ab"),
    ])
    func answers(_ body: String, _ status: String, _ fields: String, _ expected: String) throws {
        let site = try Site(answering: body)
        let answer = try site.ask()
        // A length in an error counts the directory's real name.
        let end = try #require(answer.firstRange(of: "\r\n\r\n"))
        #expect(answer[end.upperBound...] == expected)
        let head = answer[..<end.lowerBound] + "\r\n"
        if expected.contains("DIR") {
            #expect(head.hasPrefix("HTTP/1.1 \(status)\r\n\(Self.json)"))
        } else {
            #expect(head == "HTTP/1.1 \(status)\r\n\(fields)Connection: close\r\n")
        }
    }

    // MARK: Waiting

    @Test func aBodyThatComesLate() throws {
        let site = try Site(answering: "return req.body:upper()")
        let client = try site.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhello")
        try site.waitForLog("> POST /")
        client.send(String(repeating: "x", count: 99_995))
        try site.wait("the answer") { client.text.hasSuffix("XXX") }
        #expect(client.text.contains("\r\n\r\nHELLOXXX"))
    }

    @Test func chunksAsTheyCome() throws {
        let site = try Site(answering: "for chunk in req:chunks() do print('got ' .. chunk) end return 'end'")
        let client = try site.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        try site.waitForLog("got one")
        client.send("3\r\ntwo\r\n0\r\n\r\n")
        try site.wait("the answer") { client.text.hasSuffix("end") }
        #expect(site.logged.contains("got two"))
    }

    @Test func othersGoOnWhileOneSleeps() throws {
        let site = try Site(["h.lua": """
            local dogger, awake = require "dogger", false
            return function(req)
              if req.path == "/wake" then awake = true return "woken" end
              while not awake do dogger.sleep(0.001) end
              return "slept"
            end
            """])
        let sleeper = try site.client()
        sleeper.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try site.waitForLog("> GET /\n")
        #expect(sleeper.bytes.isEmpty)
        #expect(try site.body("GET /wake") == "woken")
        try site.wait("the sleeper's answer") { sleeper.text.hasSuffix("slept") }
    }

    @Test func aStreamWaitsForAClientThatLags() throws {
        let site = try Site(answering: """
            return { body = function(out)
              local piece = ('x'):rep(100000)
              for i = 1, 30 do out:write(piece) end
              print('all written')
            end }
            """)
        let client = try site.client()
        client.send("GET / HTTP/1.0\r\n\r\n")
        try site.wait("the end") { client.isAtEnd }
        #expect(client.bytes.filter { $0 == UInt8(ascii: "x") }.count > 2_999_990)
        try site.waitForLog("all written")
    }

    // MARK: Upgrades

    @Test func anUpgradeReadsUpToTheHalfClose() throws {
        let site = try Site(answering: """
            return { headers = { ['Content-Type'] = 'a/b' }, upgrade = function(stream)
              while true do
                local bytes = stream:read()
                if not bytes then break end
                stream:write(bytes:upper())
              end
              stream:write('.')
            end }
            """)
        let client = try site.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        let head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: a/b\r\n\r\n"
        try site.wait("the head") { client.text == head }
        client.send("one")
        try site.wait("an echo") { client.text == head + "ONE" }
        client.send("two")
        client.halfClose()
        try site.wait("the end") { client.isAtEnd }
        #expect(client.text == head + "ONETWO.")
    }

    @Test func anUpgradeHalfClosesAndReadsOn() throws {
        let site = try Site(answering: """
            return { upgrade = function(stream)
              stream:write('bye')
              stream:close()
              print('then ' .. stream:read())
              print(pcall(stream.write, stream, 'x'))
            end }
            """)
        let client = try site.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\n\r\n")
        try site.wait("the server's end") { client.isAtEnd }
        #expect(client.text.hasSuffix("\r\n\r\nbye"))
        client.send("more")
        try site.waitForLog("then more")
        try site.waitForLog("the response is over")
    }

    // MARK: The client goes

    @Test(arguments: [
        "dogger.sleep(1000)",
        "local body = req.body",
        "for chunk in req:chunks() do end",
        "pcall(dogger.sleep, 1000) print('not caught')",
        "coroutine.wrap(function() dogger.sleep(1000) end)()",
        "return { body = function(out) local inner <close> = open() while true do out:write('tick') dogger.sleep(0.001) end end }",
        "return { upgrade = function(stream) local inner <close> = open() dogger.sleep(1000) end }",
    ])
    func aClientThatGoesClosesTheCoroutine(_ waiting: String) throws {
        let site = try Site(answering: """
            if req.path == '/b' then return 'free' end
            local function open() return setmetatable({}, { __close = function() print('closed', req.path) end }) end
            local outer <close> = open()
            \(waiting)
            """)
        let client = try site.client()
        client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhello")
        try site.waitForLog("> POST /a")
        client.close()
        try site.waitForLog("closed\t/a")
        #expect(!site.logged.contains("not caught"))
        #expect(try site.body("GET /b") == "free")
    }

    // MARK: Errors

    @Test func errorsCanBeHidden() throws {
        var options = ScriptingOptions()
        options.hidesErrors = true
        let site = try Site(answering: "if req.path == '/4' then error { status = 404, message = 'none' } end error 'secret'", options)
        #expect(try site.body() == "{\"message\":\"the handler failed; the server's log says how\"}\n")
        #expect(try site.body("GET /4") == "{\"message\":\"none\"}\n")
        try site.waitForLog("dogger: DIR/h.lua:1: secret\nstack traceback:\n")
    }

    @Test func anErrorInAStreamCutsItOff() throws {
        let site = try Site(answering: "return { body = function(out) out:write('one') error 'two' end }")
        #expect(try site.body() == "3\r\none\r\n")
        try site.waitForLog("dogger: DIR/h.lua:1: two")
    }

    @Test(arguments: [
        ("Content-Length: 9\r\n", "123456789", "413", "larger than 8 bytes"),
        ("Transfer-Encoding: chunked\r\n", "9\r\n123456789\r\n0\r\n\r\n", "413", "larger than 8 bytes"),
        ("Transfer-Encoding: chunked\r\n", "x\r\n", "400", "A chunk's size must be hex digits"),
        ("Content-Length: 8\r\n", "12345678", "200", "8"),
    ])
    func aBodyThatCannotBeHad(_ fields: String, _ body: String, _ status: String, _ message: String) throws {
        var options = ScriptingOptions()
        options.bodyLimit = 8
        let site = try Site(answering: "return tostring(#req.body)", options)
        let answer = try site.ask("POST /", fields, body: body)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
        #expect(answer.contains(message))
    }

    @Test func aWaitWhereNothingCanWait() throws {
        let site = try Site(answering: "table.sort({ 2, 1 }, function(a, b) dogger.sleep(0) return a < b end)")
        #expect(try site.body().contains("h.lua:1: this has to wait, and nothing can wait here"))
    }

    @Test func twoThingsOfAnotherRequest() throws {
        let site = try Site(["h.lua": """
            local dogger, out = require "dogger"
            return function(req)
              if out then out:write("not yours") end
              return { body = function(o) out = o o:write("mine;") dogger.sleep(1000) end }
            end
            """])
        let first = try site.client()
        first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try site.wait("the first answer") { first.text.contains("mine;") }
        #expect(try site.body().contains("belongs to another request"))
        #expect(!first.text.contains("not yours"))
    }
}
