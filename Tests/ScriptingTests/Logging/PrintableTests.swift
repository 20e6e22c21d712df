import Testing

@testable import Scripting

@Suite struct PrintableTests {
    @Test(arguments: [
        ("plain ä 😀", "plain ä 😀"), ("\u{1B}[31mred\u{7}", "\\x1b[31mred\\x07"), ("a\rb\nc\td", "a\\x0db\\x0ac\\x09d"), ("\u{7F}", "\\x7f"),
        ("\u{9B}2J", "\\xc2\\x9b2J"), ("\u{202E}gnp.exe", "\\xe2\\x80\\xaegnp.exe"),
        ("\u{FFFE}\u{FFFD}\u{FFFF}", "\\xef\\xbf\\xbe\u{FFFD}\\xef\\xbf\\xbf"),
    ])
    func whatIsShown(_ text: String, _ shown: String) {
        #expect(Printable.text(text) == shown)
        #expect(Printable.text(shown) == shown)
    }

    @Test func linesAreKeptWhereTheyMayBe() {
        #expect(Printable.lines("a\n\tb\r\n\u{1B}[2J\n") == "a\n\tb\\x0d\n\\x1b[2J\n")
    }

    @Test func bytesThatAreNoText() {
        #expect(Printable.text([0x61, 0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80]) == "a\\xff\\xc3(\\xed\\xa0\\x80")
    }
}
