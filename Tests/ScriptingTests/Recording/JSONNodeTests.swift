import Testing

@testable import Scripting

struct JSONNodeTests {
    @Test(arguments: [
        "{}", "[]", "null", "true", "false", "0", "-0", "1.5e+10", "18446744073709551616", "\"\"", "[1,[2,{\"a\":[]}],\"x\"]",
        #"{"b":1,"a":{"d":null,"c":false}}"#, "\"é漢😀\"",
    ])
    func documentsAreReadWithAllThatTheySay(_ text: String) throws {
        let node = try #require(JSONNode.parse(Array(text.utf8)))
        #expect(String(decoding: JSONText.compact(node), as: UTF8.self) == text)
    }

    @Test func whiteSpaceMayStandAnywhereBetween() throws {
        let node = try #require(JSONNode.parse(Array(" \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } }\n".utf8)))
        #expect(String(decoding: JSONText.compact(node), as: UTF8.self) == #"{"a":[1,2],"b":{}}"#)
    }

    @Test func escapesAreDecoded() {
        let node = JSONNode.parse(Array(#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00""#.utf8))
        #expect(node == .text("\"\\/\u{8}\u{c}\n\r\tAé😀"))
    }

    @Test func aLoneSurrogateKeepsItsForm() {
        let node = JSONNode.parse(Array(#""\ud800\u0041\udc00""#.utf8))
        #expect(node == .string([0xED, 0xA0, 0x80, 0x41, 0xED, 0xB0, 0x80]))
    }

    @Test(arguments: [
        "", " ", "{", "[", "\"", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "{'a':1}", "01", "-01", "-", "1.", ".5", "+1", "1e", "1e999",
        "nul", "tru", "[1 2]", "\"\u{1}\"", "\"\\x\"", "\"\\u12\"", "{\"a\":1,\"a\":1}", "1 2", "[1]]", "NaN", "//x\n1",
    ])
    func whatIsNoDocumentIsRefused(_ text: String) {
        #expect(JSONNode.parse(Array(text.utf8)) == nil)
    }

    @Test(arguments: [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22]] as [[UInt8]])
    func whatIsNotUTF8IsRefused(_ bytes: [UInt8]) {
        #expect(JSONNode.parse(bytes) == nil)
    }

    @Test func whatLuaCanNotNestIsRefused() {
        let nested = { (depth: Int) in
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(JSONNode.parse(nested(64)) != nil)
        #expect(JSONNode.parse(nested(65)) == nil)
        #expect(JSONNode.parse(nested(1_000_000)) == nil)
    }

    @Test func whatSaysNothingIsLeftOutOfRemarks() throws {
        let text = #"{"a":0,"b":"","c":[],"d":{"e":null,"f":false},"g":{"h":1,"i":0},"j":[0]}"#
        let node = try #require(JSONNode.parse(Array(text.utf8)))
        #expect(String(decoding: JSONText.compact(node.withoutZeros), as: UTF8.self) == #"{"g":{"h":1},"j":[0]}"#)
    }

    @Test func documentsInARowAreReadOneByOne() {
        Array("{\"a\":1}\r\n[2] {\"b\"".utf8).withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            guard case .value(.object) = reader.next(), case .value(.array) = reader.next(), !reader.isAtEnd else {
                Issue.record("two documents")
                return
            }
            let before = reader.position
            guard case .incomplete = reader.next() else {
                Issue.record("the third is incomplete")
                return
            }
            #expect(reader.position == before)
        }
    }
}
