import EventLoop
import TestSupport
import Testing

@testable import Scripting

@Suite struct PackerTests {
    private let directory = TemporaryDirectory()

    private func write(_ files: [String: String]) { for (name, text) in files { directory.write(name, text) } }

    private func pack(_ name: String = "h.lua", including included: [String] = []) throws -> Pack {
        try Packer.pack("\(directory.path)/\(name)", including: included).pack
    }

    /// What is wrong; `DIR` stands for the directory.
    private func fault(_ name: String = "h.lua", including included: [String] = []) -> String {
        do { return "no fault: \(try pack(name, including: included))" } catch { return "\(error)".replacing(directory.path, with: "DIR") }
    }

    @Test func allThatIsRequiredComesAlong() throws {
        write([
            "h.lua": "require 'lib.a' require 'dogger' require 'dogger.json' return require 'dogger.docker'.engine {}", "lib/a.lua": "require 'lib.b'",
            "lib/b.lua": "require 'lib.a' return require 'dogger'.read_file('./data//x.txt')", "data/x.txt": "x", "other.lua": "return 1",
        ])
        let pack = try pack()
        #expect(pack.main == "h.lua")
        #expect(pack.modules.keys.sorted() == ["lib/a.lua", "lib/b.lua"])
        #expect(pack.files == ["data/x.txt": [0x78]])
        #expect(try pack.text() == self.pack().text())
    }

    @Test func aPackStaysWhatItIs() throws {
        write(["h.lua": "return require 'a'", "a.lua": "return 1"])
        let text = try pack().text()
        write(["p.lua": String(decoding: text, as: UTF8.self)])
        #expect(try pack("p.lua").text() == text)
        #expect(fault("p.lua", including: ["a.lua"]) == "DIR/p.lua is a pack already: nothing can be included")
    }

    @Test func whatIsMissingIsToldWithItsPlace() {
        write(["h.lua": "\nrequire 'a'", "a.lua": "\n\nrequire 'b'", "r.lua": "read_file 'none.txt'", "o.lua": "require '../x'"])
        #expect(fault().hasPrefix("DIR/a.lua:3: there is no module 'b': no file DIR/b.lua"))
        #expect(fault("r.lua") == "DIR/r.lua:1: DIR/none.txt: there is no such file")
        #expect(fault("o.lua") == "DIR/o.lua:1: '../x' is no name of a module")
        #expect(fault("none.lua") == "DIR/none.lua: there is no such file")
    }

    @Test func whatOnlyTheScriptKnowsHasToBeNamed() throws {
        write(["h.lua": "return require(x)", "lib/a.lua": "return 1", "t.txt": "t"])
        #expect(fault() == "DIR/h.lua:1: only the running script knows what require is asked for here: name each such file with --include, "
            + "or write the name as one string behind require")
        let pack = try pack(including: ["lib/a.lua", "t.txt"])
        #expect(pack.modules.keys.sorted() == ["lib/a.lua"] && pack.files.keys.sorted() == ["t.txt"])
        #expect(fault(including: ["none.txt"]) == "--include none.txt: DIR/none.txt: there is no such file")
    }

    @Test func whatIsNotBesideIsLeftOutAndTold() throws {
        write(["h.lua": "read_file '/etc/hostname' read_file '../x'"])
        let (pack, remarks) = try Packer.pack("\(directory.path)/h.lua")
        #expect(pack.files.isEmpty)
        #expect(remarks.map { $0.replacing(directory.path, with: "DIR") } == [
            "DIR/h.lua:1: /etc/hostname is not beside the handler, so it is not in the pack",
            "DIR/h.lua:1: ../x is not beside the handler, so it is not in the pack",
        ])
    }

    @Test func aLinkThatLeadsOutIsNotFollowed() {
        write(["in/h.lua": "require 'a'", "a.lua": "return 1"])
        directory.link("in/a.lua", to: "../a.lua")
        #expect(fault("in/h.lua") == "DIR/in/h.lua:1: require \"a\": DIR/in/a.lua is a link that leads out of what a script may read: "
            + "dogger run --allow-read DIR would grant it")
    }

    // MARK: A pack that runs

    private func site(_ files: [String: String], pack name: String = "h.lua") throws -> Site {
        write(files)
        return try Site(["p.lua": String(decoding: pack(name).text(), as: UTF8.self), "beside.lua/x": "", "secret.txt": "secret", "m/other.lua": "return 1"])
    }

    @Test func errorsNameTheLineOfTheOriginal() throws {
        let site = try site([
            "h.lua": "-- Header\n\nlocal a = require 'lib.a'\nreturn {\n['GET /own'] = function() error('own') end,\n['GET /a'] = function() a() end }",
            "lib/a.lua": "\n\nreturn function() error('a') end",
        ])
        #expect(try site.body("GET /own") == #"{"message":"DIR/p.lua/h.lua:5: own"}"# + "\n")
        #expect(try site.body("GET /a") == #"{"message":"DIR/p.lua/lib/a.lua:3: a"}"# + "\n")
    }

    @Test func nothingIsBesideAPack() throws {
        let site = try site([
            "h.lua": """
                local dogger = require 'dogger'
                return function(req)
                  local _, module = pcall(load [[require "m.other"]])
                  local _, file = pcall(dogger["read_" .. "file"], "secret.txt")
                  return tostring(module) .. "; " .. tostring(file) .. "; " .. dogger.read_file "t.txt"
                end
                """, "t.txt": "t",
        ])
        let body = try site.body()
        #expect(body.contains("there is no module 'm.other': DIR/p.lua does not have it in it, and dogger's own are "))
        #expect(body.hasSuffix("; t"))
        #expect(body.contains(#"read_file("secret.txt"): DIR/p.lua does not have that file in it, and no flag grants it: dogger run --allow-read "#))
    }

    @Test func aPackIsReloaded() throws {
        let site = try site(["h.lua": "local a = require 'a' return function() return a end", "a.lua": "return 'one'"])
        #expect(try site.body() == "one")
        write(["a.lua": "return 'two'"])
        site.directory.write("p.lua", String(decoding: try pack().text(), as: UTF8.self))
        try site.waitForLog("dogger: reloaded")
        #expect(try site.body() == "two")
        site.directory.write("p.lua", "-- @pack 1 h.lua\nx")
        try site.waitForLog("DIR/p.lua:2: this line belongs to no part of the pack")
        #expect(try site.body() == "two")
    }
}
