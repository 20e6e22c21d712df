import Testing

@testable import Scripting

struct LuaLiteralTests {
    private func literal(_ text: String) -> String { String(decoding: LuaLiteral.string(text), as: UTF8.self) }

    @Test(arguments: [
        ("plain é 漢", #""plain é 漢""#), ("it's", #""it's""#), ("{\"a\":1}", #"'{"a":1}'"#), ("\"it's\"", #""\"it's\"""#),
        ("a\\b", #""a\\b""#), ("a\n\r\t\0\u{7f}b", #""a\n\r\t\x00\x7fb""#), ("\u{202e}\u{feff}", #""\xe2\x80\xae\xef\xbb\xbf""#),
    ])
    func textIsShownAndTheRestEscaped(_ text: String, _ expected: String) { #expect(literal(text) == expected) }

    @Test func everyByteComesBack() throws {
        var bytes = (0...255).map { UInt8($0) }
        for cut in [1, 2, 3] { bytes += Array("\u{80}\u{7ff}\u{ffff}\u{10ffff}\u{200b}é😀".utf8.dropLast(cut)) }
        bytes += Array("  lines\n   with spaces \n\n\tand 'quotes' \"\n".utf8)
        bytes += Array(repeating: 0x20, count: 300) + Array(repeating: 0xE9, count: 300)
        for indent in [0, 4, 40] {
            var text = Array("local a, b = ".utf8)
            text.add(LuaLiteral.string(bytes, indent: indent))
            text.add(", { ", bytes.map(String.init).joined(separator: ","), " }\n")
            text.add("assert(#a == #b) for i = 1, #b do assert(a:byte(i) == b[i], i) end")
            try LuaEvaluation.run(text)
        }
    }

    @Test func longTextIsBrokenAtItsLines() {
        let x = String(repeating: "x", count: 60)
        let text = LuaLiteral.string(Array("\(x)\n  y\(x)\n".utf8), indent: 4)
        #expect(String(decoding: text, as: UTF8.self) == "\"\(x)\\n\\z\n    \\x20 y\(x)\\n\"")
    }

    @Test(arguments: [
        ("Id", "Id"), ("_a1", "_a1"), ("1a", "[\"1a\"]"), ("end", "[\"end\"]"), ("a.b", "[\"a.b\"]"), ("", "[\"\"]"), ("é", "[\"é\"]"),
    ])
    func keysAreNamesWhereTheyCanBe(_ name: String, _ expected: String) {
        #expect(String(decoding: LuaLiteral.key(Array(name.utf8)), as: UTF8.self) == expected)
    }

    @Test func everyKeywordIsQuoted() throws {
        let words = "and break do else elseif end false for function goto if in local nil not or repeat return then true until while"
        for word in words.split(separator: " ") {
            try LuaEvaluation.run(Array("local t = { ".utf8) + LuaLiteral.key(Array(word.utf8)) + Array(" = 1 }".utf8))
        }
    }
}
