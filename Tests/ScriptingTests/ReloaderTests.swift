import Glibc
import Testing

@testable import Scripting

/// Saves, and what requests and the log say then.
@Suite struct ReloaderTests {
    private static func returning(_ text: String) -> String { "return function(req) return '\(text)' end" }

    @Test func aSaveIsLive() throws {
        let site = try Site(["h.lua": Self.returning("one")])
        #expect(try site.body() == "one")
        site.directory.write("h.lua", Self.returning("two"))
        try site.waitForLog("dogger: reloaded DIR/h.lua (DIR/h.lua changed)")
        #expect(try site.body() == "two")
    }

    @Test func aSaveByRenamingIsLive() throws {
        let site = try Site(["h.lua": Self.returning("one")])
        site.directory.write("h.lua~", Self.returning("two"))
        #expect(rename("\(site.directory.path)/h.lua~", "\(site.directory.path)/h.lua") == 0)
        try site.waitForLog("dogger: reloaded")
        #expect(try site.body() == "two")
    }

    @Test func whatIsRequiredOrReadCountsToo() throws {
        let site = try Site([
            "h.lua": "local m, text = require 'lib.m', require('dogger').read_file('text') return function(req) return m .. text end",
            "lib/m.lua": "return 'module '", "text": "text",
        ])
        #expect(try site.body() == "module text")
        site.directory.write("lib/m.lua", "return 'new module '")
        try site.waitForLog("(DIR/lib/m.lua changed)")
        #expect(try site.body() == "new module text")
        site.directory.write("text", "new text")
        try site.waitForLog("(DIR/text changed)")
        #expect(try site.body() == "new module new text")
    }

    @Test func whatARequestRequiresOrReadsFirstCountsToo() throws {
        let site = try Site([
            "h.lua": """
                local kept
                return function(req)
                  kept = kept or require('dogger').read_file('text')
                  return require('lib.m') .. kept
                end
                """,
            "lib/m.lua": "return 'module '", "text": "text",
        ])
        #expect(try site.body() == "module text")
        site.directory.write("lib/m.lua", "return 'new module '")
        try site.waitForLog("(DIR/lib/m.lua changed)")
        #expect(try site.body() == "new module text")
        site.directory.write("text", "new text")
        try site.waitForLog("(DIR/text changed)")
        #expect(try site.body() == "new module new text")
    }

    @Test func aBrokenSaveKeepsTheLastGoodVersion() throws {
        let site = try Site(["h.lua": "local n = 0 return function(req) n = n + 1 return tostring(n) end"])
        #expect(try site.body() == "1")
        site.directory.write("h.lua", "return function(req)\n  return 'broken' edn\n")
        try site.waitForLog("dogger: the last good version of DIR/h.lua goes on serving")
        #expect(site.logged.contains("dogger: DIR/h.lua:2: 'end' expected (to close 'function' at line 1) near 'edn'\n"))
        #expect(try site.body() == "2")
        site.directory.write("h.lua", Self.returning("mended"))
        try site.waitForLog("dogger: reloaded DIR/h.lua")
        #expect(try site.body() == "mended")
    }

    /// The module that the broken version looked for in vain mends it.
    @Test func aMissingModuleThatAppears() throws {
        let site = try Site(["h.lua": Self.returning("one")])
        site.directory.write("h.lua", "local m = require 'm' return function(req) return m end")
        try site.waitForLog("there is no module 'm'")
        #expect(try site.body() == "one")
        site.directory.write("m.lua", "return 'two'")
        try site.waitForLog("dogger: reloaded")
        #expect(try site.body() == "two")
    }

    @Test func aFileThatGoesAndComesBack() throws {
        let site = try Site(["h.lua": Self.returning("one")])
        site.directory.remove("h.lua")
        try site.waitForLog("dogger: DIR/h.lua: there is no such file; the last good version goes on serving")
        #expect(try site.body() == "one")
        site.directory.write("h.lua", Self.returning("two"))
        try site.waitForLog("dogger: reloaded")
        #expect(try site.body() == "two")
    }

    @Test func aRequestEndsInTheVersionThatItBeganWith() throws {
        let site = try Site(["h.lua": "return function(req) return 'one ' .. req.body:sub(1, 3) end"])
        let client = try site.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\nabc")
        try site.waitForLog("> POST /")
        site.directory.write("h.lua", Self.returning("two"))
        try site.waitForLog("dogger: reloaded")
        #expect(try site.body() == "two")
        client.send(String(repeating: "x", count: 49_997))
        try site.wait("the old version's answer") { client.text.hasSuffix("one abc") }
    }

    @Test func stateBeginsAnew() throws {
        let counting = "local n = 0 return function(req) n = n + 1 return tostring(n) end"
        let site = try Site(["h.lua": counting])
        #expect(try site.body() == "1")
        #expect(try site.body() == "2")
        site.directory.write("h.lua", counting + "\n")
        try site.waitForLog("dogger: reloaded")
        #expect(try site.body() == "1")
    }

    @Test func onDemandWithoutAChange() throws {
        let site = try Site(["h.lua": "local n = 0 return function(req) n = n + 1 return tostring(n) end"])
        #expect(try site.body() == "1")
        site.reloader.reload()
        try site.waitForLog("dogger: reloaded DIR/h.lua\n")
        #expect(try site.body() == "1")
    }

    @Test func allOfAChainAtOnce() throws {
        let site = try Site([
            "a.lua": "return function(req) req.seen = 'a1 ' end", "b.lua": "return function(req) return req.seen .. 'b1' end",
        ])
        #expect(try site.body() == "a1 b1")
        site.directory.write("b.lua", "broken")
        try site.waitForLog("the last good version of DIR/a.lua, DIR/b.lua goes on serving")
        site.directory.write("a.lua", "return function(req) req.seen = 'a2 ' end")
        try site.wait("the second report") { site.logged.split(separator: "\n").filter { $0.hasSuffix("goes on serving") }.count == 2 }
        #expect(try site.body() == "a1 b1")
        site.directory.write("b.lua", "return function(req) return req.seen .. 'b2' end")
        try site.waitForLog("dogger: reloaded DIR/a.lua, DIR/b.lua")
        #expect(try site.body() == "a2 b2")
    }

    /// Each version is freed when its last request has ended.
    @Test func oldVersionsGo() throws {
        let site = try Site(["h.lua": Self.returning("one")])
        weak let first = site.reloader.requestHandler.handler
        #expect(try site.body() == "one")
        site.directory.write("h.lua", Self.returning("two"))
        try site.waitForLog("dogger: reloaded")
        #expect(try site.body() == "two")
        #expect(first == nil)
    }

    // MARK: The start

    @Test(arguments: [
        ("return {", "DIR/h.lua:1: unexpected symbol near <eof>"),
        ("return 42", "DIR/h.lua: the file returned number; a handler file returns a function, a table of routes, or what docker.engine gives"),
        ("error 'no'", "DIR/h.lua:1: no"),
        ("require('dogger').sleep(1)", "DIR/h.lua:1: this works only while a request is answered"),
        ("\u{1b}Lua", "DIR/h.lua: compiled Lua can't be loaded, only its source"),
    ])
    func theFirstVersionMustLoad(_ text: String, _ message: String) {
        #expect {
            _ = try Site(["h.lua": text])
        } throws: { error in
            // The directory is a new one each time, so only what stands behind it is compared.
            (error as? Reloader.StartError)?.message.contains(message.replacing("DIR/", with: "")) == true
        }
    }

    @Test func checkTellsTheFaultOfEachFile() throws {
        let site = try Site(["h.lua": Self.returning("one")])
        site.directory.write("bad.lua", "return {")
        site.directory.write("worse.lua", "\n\nx = 1")
        let paths = ["h", "bad", "none", "worse"].map { "\(site.directory.path)/\($0).lua" }
        let faults = Reloader.check(paths, ScriptingOptions(), site.loop, site.log).map { site.replaced($0.message) }
        #expect(faults == [
            "DIR/bad.lua:1: unexpected symbol near <eof>", "DIR/none.lua: there is no such file",
            "DIR/worse.lua:3: 'x' is a global variable: write `local x = ...` (a global would leak from one request into the next)",
        ])
    }
}
