import Glibc
import Testing

@testable import Scripting

struct Base64Tests {
    /// RFC 4648 section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func theSpecificationsVectors(_ text: String, _ expected: String) {
        #expect(String(decoding: Base64.encoded(Array(text.utf8)), as: UTF8.self) == expected)
    }

    @Test func theLastLettersOfTheAlphabet() {
        #expect(String(decoding: Base64.encoded([0xFB, 0xFF, 0xBF]), as: UTF8.self) == "+/+/")
    }
}

struct UTCTests {
    @Test func timesAreUTC() {
        #expect(UTC.iso(0) == "1970-01-01T00:00:00.000Z")
        #expect(UTC.iso(1_709_210_096_007_999_999) == "2024-02-29T12:34:56.007Z")
        #expect(UTC.text(1_709_210_096_007_999_999) == "2024-02-29 at 12:34:56 UTC")
    }
}

struct JSONTextTests {
    @Test func whatCanNotBeShownIsEscaped() {
        var text: [UInt8] = []
        JSONText.append(string: Array("\"\\\n\u{1}é\u{202e}\u{e0001}".utf8) + [0xFF], to: &text)
        #expect(String(decoding: text, as: UTF8.self) == #""\"\\\n\u0001é\u202e\udb40\udc01"# + "\u{FFFD}\"")
    }
}

struct UTF8TextTests {
    @Test(arguments: [
        ("plain\r\n\té", true), ("\u{1b}[0m", false), ("\0", false), ("\u{85}", false), ("\u{202e}", false), ("", true),
    ])
    func textIsWhatCanBeShown(_ text: String, _ isText: Bool) { #expect(UTF8Text.isText(Array(text.utf8)) == isText) }

    @Test(arguments: [[0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xE2, 0x82]] as [[UInt8]])
    func malformedSequencesAreNoText(_ bytes: [UInt8]) { #expect(!UTF8Text.isText(bytes)) }
}
