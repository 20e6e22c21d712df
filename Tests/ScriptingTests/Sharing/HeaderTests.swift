import Testing

@testable import Scripting

@Suite struct HeaderTests {
    private func header(_ text: String) -> Header { Header(Array(text.utf8)) }

    @Test func aHeaderIsTheCommentAtTheTop() {
        let text = """
            --- Looks at everything.
            --
            -- More of it,
            --   in two lines.
            --
            -- @author  Ann <ann@example.org>
            ---@version 1.2.0
            --@license MIT

            -- no more of it
            -- @author nobody
            """
        let header = header(text)
        #expect(header.summary == "Looks at everything.")
        #expect(header.description == ["More of it,", "in two lines."])
        #expect(header.value(of: "author") == "Ann <ann@example.org>")
        #expect(header.value(of: "version") == "1.2.0")
        #expect(header.value(of: "licence") == "MIT")
        #expect(header.tags.map(\.line) == [6, 7, 8])
        #expect(String(text.utf8.prefix(header.length)) == text.prefix(upTo: text.firstRange(of: "\n\n")!.lowerBound) + "\n")
    }

    @Test(arguments: ["", "\n-- late", "return 1 -- x", " -- indented", "--[[ long ]] x", "--[==[ long\n]==] x", "\u{1B}Lua"])
    func filesWithoutOne(_ text: String) {
        #expect(header(text) == Header([]))
    }

    @Test(arguments: ["#!/usr/bin/env -S dogger run\n", "\u{FEFF}#!/usr/bin/env -S dogger run\n", "\u{FEFF}"])
    func itStandsBehindWhatLuaSkips(_ before: String) {
        let header = header(before + "-- x\n-- @version 1\nreturn 1")
        #expect(header.summary == "x")
        #expect(header.tags.map(\.line) == [before.contains("#") ? 3 : 2])
        #expect(header.length == before.utf8.count + 19)
    }

    @Test(arguments: ["-- x", "-- x\n", "-- x\r\n", "---- x ----\nlocal", "-- [not long]", "--[=x"])
    func theSummaryIsTheFirstLine(_ text: String) {
        #expect(["x", "x ----", "[not long]", "[=x"].contains(header(text).summary))
    }

    @Test func whatIsNoTag() {
        let header = header("-- @\n-- @1 x\n-- me@example.org\n-- @param x\nreturn")
        #expect(header.summary == "@")
        #expect(header.description == ["@1 x", "me@example.org"])
        #expect(header.tags == [Header.Tag(name: "param", value: "x", line: 4)])
    }
}
