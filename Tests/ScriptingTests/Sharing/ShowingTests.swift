import Testing

@testable import Scripting

@Suite struct ShowingTests {
    private func shown(_ text: String, path: String = "h.lua") throws -> String { try Showing.text(of: Array(text.utf8), path: path) }

    @Test func aHandler() throws {
        let text = """
            -- Looks at everything.
            -- For a day.
            -- @author Ann
            -- @licence MIT
            -- @needs upstream, env TOKEN
            local a, h = require "lib.a", require "dogger.json"
            local text, name = read_file "t.txt", ...
            return require(name)
            """
        #expect(try shown(text) == """
            h.lua
              Looks at everything.
              For a day.

              author    Ann
              licence   MIT
              needs     upstream   --upstream ADDRESS
                        env TOKEN  --allow-env TOKEN
              uses      dogger.json
              requires  lib.a
              reads     t.txt
              asks for  what only the running script knows, in line 8
              sha256    \(SHA256.hex(Array(text.utf8)))

            """)
    }

    @Test func aPack() throws {
        let pack = Pack(
            main: "h.lua", handler: Array("-- Hello.\nreturn require 'a'".utf8), modules: ["a.lua": Array("return require 'dogger'\n".utf8)],
            files: ["t.txt": Array("text".utf8)])
        let text = String(decoding: try pack.text(), as: UTF8.self)
        #expect(try shown(text, path: "p.lua") == """
            p.lua
              Hello.

              needs     nothing but itself
              uses      dogger
              contains  h.lua       29 bytes  \(SHA256.hex(Array("-- Hello.\nreturn require 'a'\n".utf8)))
                        a.lua       24 bytes  \(SHA256.hex(pack.modules["a.lua"]!))
                        t.txt        4 bytes  \(SHA256.hex(pack.files["t.txt"]!))
              sha256    \(SHA256.hex(Array(text.utf8)))

            """)
    }

    @Test func nothingReachesTheTerminalButText() throws {
        let evil = "\u{1B}]0;x\u{7}\u{202E}\r"
        for text in [
            "-- \(evil)\n-- \(evil)\n-- @author \(evil)\n-- @\(evil) x\n-- @needs \(evil)\nrequire '\(evil)' read_file '\(evil)'", "-- @pack 1 h.lua\n\(evil)",
            "-- @pack 1 \(evil)\n", "-- @pack 1 h.lua\n--[==[ text: \(evil)\n]==]\n-- The handler, h.lua:\n", "-- @needs x \(evil)", "\u{1B}Lua",
        ] {
            let output: String
            do { output = try shown(text, path: evil) } catch { output = Printable.text("\(error)") == "\(error)" ? "" : "\(error)" }
            #expect(output.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x0A } && !output.contains("\u{202E}"), "\(output.debugDescription)")
        }
    }

    @Test func whatIsLongIsCut() throws {
        let output = try shown(String(repeating: "-- \(String(repeating: "x", count: 1000))\n", count: 1000))
        #expect(output.utf8.count < 40_000 && output.contains("... 939 lines more"))
        #expect(try shown((0..<1000).map { "require 'm\($0)'" }.joined(separator: "\n")).contains(", ... 940 more"))
    }
}
