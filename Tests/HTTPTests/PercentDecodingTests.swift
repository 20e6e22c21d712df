import Testing

@testable import HTTP

@Suite struct PercentDecodingTests {
    private func decoded(_ encoded: String, plusIsSpace: Bool = false) -> String? {
        withCopy(of: bytes(encoded)) { source in
            var destination = [UInt8](repeating: 0xAA, count: source.count)
            let count = destination.withUnsafeMutableBytes {
                PercentDecoding.decode(source, into: $0, plusIsSpace: plusIsSpace)
            }
            return count.map { text(destination[..<$0]) }
        }
    }

    @Test(arguments: [
        ("", ""), ("abc", "abc"), ("a%20b", "a b"), ("%2F", "/"), ("%2f", "/"), ("%c3%A4", "\u{C3}\u{A4}"), ("%25", "%"),
        ("%2541", "%41"), ("%00", "\0"), ("%ff", "\u{FF}"), ("a+b", "a+b"), ("%41%42%43", "ABC"), ("x%7E", "x~"),
    ])
    func decodes(_ encoded: String, _ expected: String) {
        #expect(decoded(encoded) == expected)
    }

    @Test(arguments: ["%", "%4", "a%", "a%4", "%zz", "%4z", "%z4", "%%20", "% 20", "%+1", "%-1"])
    func refuses(_ encoded: String) {
        #expect(decoded(encoded) == nil)
    }

    @Test func plusIsASpaceInQueriesOnly() {
        #expect(decoded("a+b%2Bc", plusIsSpace: true) == "a b+c")
        #expect(decoded("a+b%2Bc") == "a+b+c")
    }

    @Test func everyByteComesThrough() {
        for byte in UInt8.min...UInt8.max {
            let hex = String(byte, radix: 16)
            #expect(decoded("%" + (hex.count == 1 ? "0" : "") + hex) == text([byte]))
        }
    }

    @Test func decodesInPlace() {
        var text = bytes("a%20b%2Fc")
        let count = text.withUnsafeMutableBytes { PercentDecoding.decode(UnsafeRawBufferPointer($0), into: $0) }
        #expect(count == 5)
        #expect(text[..<5].elementsEqual(bytes("a b/c")))
    }

    @Test(arguments: [("abc", false, false), ("a%20", true, true), ("a+b", false, true), ("", false, false)])
    func isNeeded(_ encoded: String, _ inPath: Bool, _ inQuery: Bool) {
        withCopy(of: bytes(encoded)) {
            #expect(PercentDecoding.isNeeded($0) == inPath)
            #expect(PercentDecoding.isNeeded($0, plusIsSpace: true) == inQuery)
        }
    }
}
