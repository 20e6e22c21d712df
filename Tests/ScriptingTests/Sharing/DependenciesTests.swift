import Testing

@testable import Scripting

@Suite struct DependenciesTests {
    /// `3:lib.x` for a module in line 3, `3:'x.txt'` for a file, with `?` where only the script knows.
    private func uses(_ text: String) -> [String] {
        Dependencies(Array(text.utf8)).uses.map { use in
            "\(use.line):" + (use.kind == .module ? use.name ?? "?" : "'\(use.name ?? "?")'")
        }
    }

    @Test(arguments: [
        "require \"a.b\"", "require('a.b')", "require[[a.b]]", "require [==[\na.b]==]", "require(\n'a.b')", "require -- why\n \"a.b\"",
        "local x<const> = require \"a.b\" { 1 }", "f(require\"a.b\".x)", "x = 'y' .. require \"a.b\"", "1.5e+3 require 'a.b'", "0xF .. require 'a.b'",
    ])
    func modulesByName(_ text: String) {
        #expect(uses(text).map { $0.dropFirst(2) } == ["a.b"])
    }

    @Test func filesByName() {
        #expect(uses("local d = require 'dogger'\nd.read_file(\"x.txt\")\nread_file 'y'") == ["1:dogger", "2:'x.txt'", "3:'y'"])
    }

    @Test(arguments: [
        "-- require 'a'", "--[[ require 'a' ]]", "--[=[\n]] require 'a' ]=]", "'require \"a\"'", "\"\\\" require 'a'\"", "[[require 'a']]",
        "x.require 'a'", "x:require 'a'", "{ require = 1 }", "function require() end", "required 'a'", "prerequire 'a'", "'a\\\n require'", "--",
        "goto ::require::", "'require", "[==[ require", "res:read_file('x')",
    ])
    func whatAsksForNothing(_ text: String) {
        #expect(uses(text).isEmpty)
    }

    @Test(arguments: [
        "require(name)", "require('a' .. b)", "pcall(require, 'a')", "local r = require", "require 'a\\x2e'", "require(\"a\", 1)", "read_file(x)",
        "local read = dogger.read_file", "require == 1",
    ])
    func whatOnlyTheScriptKnows(_ text: String) {
        #expect(uses(text).count == 1 && uses(text)[0].contains("?"))
    }

    @Test func linesAreCountedThroughEverything() {
        #expect(uses("--[[\n\n]] x = [[\n\n]] 'a\\\nb' \"\\z\n\"\nrequire 'a'") == ["8:a"])
        #expect(uses("\r\n\r\nrequire 'a'") == ["3:a"])
    }
}
