import Testing

@testable import Scripting

/// One version: its chain, its modules, its limits.
@Suite struct HandlerTests {
    @Test func theFirstThatDoesNotPassAnswers() throws {
        let site = try Site([
            "a.lua": "return { ['GET /a'] = function(req) return 'a' end }",
            "b.lua": "return function(req) if req.path ~= '/c' then return 'b' end end",
        ])
        #expect(try site.body("GET /a") == "a")
        #expect(try site.body("GET /b") == "b")
        #expect(try site.body("GET /c") == "{\"message\":\"page not found\"}\n")
    }

    @Test func aChainSharesItsModules() throws {
        let site = try Site([
            "a.lua": "local m = require 'lib.m' return function(req) m.count = m.count + 1 end",
            "b.lua": "local m = require 'lib.m' return function(req) return tostring(m.count) end",
            "lib/m.lua": "return { count = 0 }",
        ])
        #expect(try site.body() == "1")
        #expect(try site.body() == "2")
    }

    @Test func aChainSharesItsRequest() throws {
        let site = try Site([
            "a.lua": """
                return function(req)
                  req.body = req.body:upper()
                  req.headers["X-Added"] = "added"
                  req.method, req.path, req.mine = "PUT", "/other", { 1 }
                end
                """,
            "b.lua": "return function(req) return table.concat({ req.method, req.path, req.headers['x-added'], req.body, #req.mine }, ' ') end",
        ])
        #expect(try site.body("POST /", "Content-Length: 2\r\n", body: "hi") == "PUT /other added HI 1")
    }

    @Test(arguments: [
        ("require 'none'", "there is no module 'none'"),
        ("require '../x'", "is no name of a module"),
        ("require 'lib.broken'", "DIR/lib/broken.lua:1: unexpected symbol near <eof>"),
        ("require 'lib.a'", "modules require each other in a circle: 'DIR/lib/a.lua' is still being loaded"),
        ("require 'lib.failing'", "DIR/lib/failing.lua:2: no"),
        ("require 'dogger'.sleep = 1", "dogger.sleep can't be set: dogger is read-only"),
        ("require 'dogger.docker'.id = 1", "dogger.docker.id can't be set"),
    ])
    func modulesThatFail(_ body: String, _ message: String) throws {
        let site = try Site([
            "h.lua": "return function(req) \(body) end", "lib/broken.lua": "return {", "lib/failing.lua": "\nerror 'no'",
            "lib/a.lua": "return require 'lib.b'", "lib/b.lua": "return require 'lib.a'",
        ])
        #expect(try site.body().contains(message))
        #expect(try site.body().contains(message))
    }

    @Test func aModuleRunsOnceAndKnowsItsNameAndPath() throws {
        let site = try Site([
            "h.lua": "return function(req) return require('lib.m')[1] .. ' ' .. require('lib.m')[2] .. ' ' .. tostring(require('lib.nothing')) end",
            "lib/m.lua": "print('runs') return { ... }", "lib/nothing.lua": "",
        ])
        #expect(site.replaced(try site.body()) == "lib.m DIR/lib/m.lua true")
        #expect(site.replaced(try site.body()) == "lib.m DIR/lib/m.lua true")
        site.log.flush()
        #expect(site.logged.split(separator: "\n").filter { $0.hasSuffix("runs") }.count == 1)
    }

    /// Each limit by itself: to fill the memory takes time as well.
    @Test func limitsEndAScriptAndNotTheServer() throws {
        var options = ScriptingOptions()
        options.limits.scriptTimeout = 30_000_000
        let slow = try Site(answering: "if req.path == '/loop' then while true do end end return 'fine'", options)
        #expect(try slow.ask("GET /loop").hasPrefix("HTTP/1.1 503 "))
        #expect(try slow.body("GET /loop") == "{\"message\":\"DIR/h.lua:1: stopped after 0.03 s of CPU\"}\n")
        #expect(try slow.body() == "fine")
        options = ScriptingOptions()
        options.limits.scriptTimeout = 60_000_000_000
        options.limits.memory = 4 << 20
        let hoarder = try Site(answering: """
            if req.path == '/hoard' then local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end
            return 'fine'
            """, options)
        #expect(try hoarder.body("GET /hoard") == "{\"message\":\"DIR/h.lua:1: stopped at 4 MiB of memory\"}\n")
        #expect(try hoarder.body() == "fine")
    }

    @Test func theModulesOfItsOwn() throws {
        let site = try Site(answering: """
            local names = {}
            for _, name in ipairs { 'dogger', 'dogger.json', 'dogger.docker' } do
              local all = {}
              for key in pairs(require(name)) do all[#all + 1] = key end
              table.sort(all)
              names[#names + 1] = name .. ': ' .. table.concat(all, ' ')
            end
            return table.concat(names, '\\n')
            """)
        #expect(try site.body() == """
            dogger: env log now read_file routes sleep version
            dogger.json: array decode encode is_array null
            dogger.docker: api container engine error id image stream
            """)
    }
}
