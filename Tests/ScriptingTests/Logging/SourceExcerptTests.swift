import Testing

@testable import Scripting

@Suite struct SourceExcerptTests {
    private func excerpt(_ message: String, _ text: String, width: Int? = nil) -> String? {
        SourceExcerpt(message) { $0 == "h.lua" ? Array(text.utf8) : nil }?.text(width: width)
    }

    @Test(arguments: [
        ("h.lua:2: attempt to index a nil value (local 'c')", "x\n  return c.name\n", "    2 |   return c.name", "         ^"),
        ("h.lua:1: attempt to call a nil value (field 'cc')", "c = ac.cc()", "    1 | c = ac.cc()", "       ^^"),
        ("h.lua:1: 'end' expected (to close 'function' at line 1) near 'edn'", "function edn", "    1 | function edn", "^^^^^^^^"),
        ("h.lua:1: 'pirnt' is not defined: no local variable", "\tpirnt(x)", "    1 |  pirnt(x)", " ^^^^^"),
        ("h.lua:1: unexpected symbol near <eof>", "  return 1 +", "    1 |   return 1 +", "  ^^^^^^"),
        ("h.lua:1: oops", "  ({})()", "    1 |   ({})()", "  ^"),
    ])
    func aMarkStandsUnderWhatItIsAbout(_ message: String, _ text: String, _ line: String, _ mark: String) {
        #expect(excerpt(message, text) == "\(line)\n      | \(mark)")
    }

    @Test(arguments: ["other.lua:1: x", "h.lua:9: x", "h.lua:0: x", "no place", "h.lua: x", ":1: x", "h.lua:x: y", "h.lua:99999999999999999999: x"])
    func messagesWithoutALine(_ message: String) {
        #expect(excerpt(message, "return 1\n\n") == nil)
    }

    @Test func anEmptyLineIsNotShown() {
        #expect(excerpt("h.lua:2: x", "a\n   \nb") == nil)
    }

    @Test func aLongLineIsShownWhereTheMarkIs() throws {
        let text = String(repeating: "x ", count: 500) + "name " + String(repeating: "y ", count: 500)
        let shown = try #require(excerpt("h.lua:1: bad (local 'name')", text, width: 60))
        let lines = shown.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 60 })
        let start = lines[1].distance(from: lines[1].startIndex, to: lines[1].firstIndex(of: "^")!)
        #expect(lines[0].dropFirst(start).hasPrefix("name "))
    }

    @Test func nothingOfTheLineReachesTheTerminalButText() {
        #expect(excerpt("h.lua:1: x", "a\u{1B}[2J") == "    1 | a\\x1b[2J\n      | ^")
    }
}
