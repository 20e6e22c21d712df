import Testing

@testable import Scripting

@Suite struct PackTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private var pack: Pack {
        Pack(
            main: "h.lua", handler: bytes("-- Says hello.\n-- @needs upstream\nlocal x = require \"lib.x\"\nreturn x\n"),
            modules: ["lib/x.lua": bytes("return function() end"), "a.lua": bytes("-- a\nreturn 1\n")],
            files: ["t.txt": bytes("]==]\n]===] text\n"), "open": bytes("no newline"), "bin": (0...255).map { $0 }, "empty": []])
    }

    @Test func aPackReadsAsItWasWritten() throws {
        var expected = pack
        expected.modules["lib/x.lua"]!.append(0x0A)     // a module's last line has an end
        let text = try pack.text()
        #expect(try Pack(text, path: "p") == expected)
        #expect(try Pack(text, path: "p")?.text() == text)
    }

    @Test func theForm() throws {
        var pack = pack
        pack.files = ["t.txt": bytes("]==]\n")]
        #expect(String(decoding: try pack.text(), as: UTF8.self) == """
            -- Says hello.
            -- @needs upstream
            -- @pack 1 h.lua

            package.preload["a"] = function(...)
            -- a
            return 1
            end -- a

            package.preload["lib.x"] = function(...)
            return function() end
            end -- lib.x

            --[===[ text: t.txt
            ]==]
            ]===]

            -- The handler, h.lua:
            local x = require "lib.x"
            return x

            """)
    }

    @Test(arguments: ["return 1\n", "-- only comments", "", "return 1 -- no end", "-- x\r\nreturn 1\r\n", "-- \u{FF}\n\n\n-- y\nreturn"])
    func anyHandlerComesBack(_ text: String) throws {
        let pack = Pack(main: "h.lua", handler: bytes(text))
        let back = try #require(try Pack(pack.text(), path: "p"))
        #expect(back.handler == bytes(text) || back.handler == bytes(text + "\n"))
    }

    @Test func aModuleWithTheLineThatEndsIt() throws {
        #expect(throws: SharingFault("a.lua: a line of it is 'end -- a', which ends a module in a pack: change that comment")) {
            try Pack(main: "h.lua", handler: [], modules: ["a.lua": bytes("do\nend -- a\nreturn 1")]).text()
        }
    }

    @Test(arguments: ["return 1", "-- x\nreturn 1", "-- x\n\n-- @pack 1 h.lua\n", ""])
    func whatIsNoPack(_ text: String) throws {
        #expect(try Pack(bytes(text), path: "p") == nil)
    }

    private static let handler = "\n-- The handler, h.lua:\nreturn 1\n"

    @Test(arguments: [
        ("-- @pack 2 h.lua\n", "p:1: this pack is of another form: a newer dogger reads it"),
        ("-- @pack\n", "p:1: this pack is of another form: a newer dogger reads it"),
        ("-- x\n-- @pack 1 ../h.lua\n", "p:2: this line has to be like '-- @pack 1 hello.lua'"),
        ("--  @pack 1 h.lua\n", "p:1: this line has to be like '-- @pack 1 hello.lua'"),
        ("-- @pack 1 h.lua", "p:1: the pack has no line '-- The handler, h.lua:', behind which the handler stands"),
        ("-- @pack 1 h.lua\nos.exit()" + handler, "p:2: this line belongs to no part of the pack"),
        ("-- @pack 1 h.lua\n-- @needs store" + handler, "p:2: this line belongs to no part of the pack"),
        ("-- @pack 1 h.lua\npackage.preload[\"../x\"] = function(...)\nend -- ../x" + handler, "p:2: '../x' is no module's name, or the pack has it twice"),
        ("-- @pack 1 h.lua\npackage.preload[\"a\"] = function(...)\n end -- a" + handler, "p:2: this part has no end: no line 'end -- a'"),
        ("-- @pack 1 h.lua\n" + String(repeating: "package.preload[\"a\"] = function(...)\nend -- a\n", count: 2) + handler,
         "p:4: 'a' is no module's name, or the pack has it twice"),
        ("-- @pack 1 h.lua\n--[==[ text: /etc/x\n]==]" + handler, "p:2: '/etc/x' is no path beside a handler, or the pack has it twice"),
        ("-- @pack 1 h.lua\n--[==[ text: a/../x\n]==]" + handler, "p:2: 'a/../x' is no path beside a handler, or the pack has it twice"),
        ("-- @pack 1 h.lua\n--[==[ base64: x\n!\n]==]" + handler, "p:4: what ends here is not base64"),
        ("-- @pack 1 h.lua\n--[==[ base64: x\nQUI\n]==]" + handler, "p:4: what ends here is not base64"),
    ])
    func whatIsNone(_ text: String, _ message: String) {
        #expect(throws: SharingFault(message)) { try Pack(bytes(text), path: "p") }
    }

    /// Whatever a file has in it, it is read, or refused with its line.
    @Test func anyBytes() throws {
        var random = SystemRandomNumberGenerator()
        let text = try pack.text()
        for _ in 0..<2000 {
            var other = text
            for _ in 0...2 { other[Int.random(in: 0..<other.count, using: &random)] = "\n-=[]\"@ \0\u{7F}".utf8.randomElement(using: &random)! }
            if Bool.random(using: &random) { other.removeLast(Int.random(in: 0..<other.count, using: &random)) }
            do throws(SharingFault) { _ = try Pack(other, path: "p") } catch { #expect(error.description.hasPrefix("p:")) }
        }
    }
}
