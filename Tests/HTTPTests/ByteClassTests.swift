import Testing

@testable import HTTP

/// The table against the definitions, byte by byte.
@Suite struct ByteClassTests {
    private static let letters = Array(UInt8(ascii: "A")...UInt8(ascii: "Z")) + Array(UInt8(ascii: "a")...UInt8(ascii: "z"))
    private static let digits = Array(UInt8(ascii: "0")...UInt8(ascii: "9"))

    @Test func tokens() {
        // RFC 9110 section 5.6.2.
        let tokens = Set(bytes("!#$%&'*+-.^_`|~") + Self.letters + Self.digits)
        for byte in UInt8.min...UInt8.max { #expect(ByteClass.isToken(byte) == tokens.contains(byte), "\(byte)") }
    }

    @Test func plainTargetBytes() {
        let plain = Set(UInt8(0x21)...0x7E).subtracting(bytes("%#?"))
        for byte in UInt8.min...UInt8.max { #expect(ByteClass.isPlainInTarget(byte) == plain.contains(byte), "\(byte)") }
    }

    @Test func hostNameBytes() {
        // RFC 3986 section 2.2 and 2.3.
        let names = Set(bytes("-._~") + bytes("!$&'()*+,;=") + Self.letters + Self.digits)
        for byte in UInt8.min...UInt8.max { #expect(ByteClass.isHostName(byte) == names.contains(byte), "\(byte)") }
    }

    @Test func hexDigits() {
        for byte in UInt8.min...UInt8.max {
            let value = byte < 0x80 ? Character(Unicode.Scalar(byte)).hexDigitValue : nil
            #expect(ByteClass.isHex(byte) == (value != nil), "\(byte)")
            if let value { #expect(Int(ByteClass.hexValue(byte)) == value) }
        }
    }

    @Test func controlsAndBlanks() {
        for byte in UInt8.min...UInt8.max {
            #expect(ByteClass.isControl(byte) == ((byte < 0x20 && byte != 9) || byte == 0x7F))
            #expect(ByteClass.isBlank(byte) == (byte == 0x20 || byte == 9))
        }
    }

    @Test func lowerCase() {
        for byte in UInt8.min...UInt8.max {
            let isCapital = (0x41...0x5A).contains(byte)
            #expect(ByteClass.lowercased(byte) == (isCapital ? byte + 0x20 : byte))
        }
    }
}
