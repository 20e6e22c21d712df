/// What a byte may be a part of. One load a byte in the parser's loops; the table is a string literal because that is
/// the one constant array in Swift that needs neither a lazy initialiser nor a bounds check.
enum ByteClass {
    /// 256 characters, one a byte value: 0x40, and 1 for a token (RFC 9110 section 5.6.2), 2 for a target's plain byte
    /// (visible ASCII but `%`, `#` and `?`), 4 for a host name's (RFC 3986 unreserved and sub-delims), 8 for a hex digit.
    private static let table: StaticString = """
        @@@@@@@@@@@@@@@@\
        @@@@@@@@@@@@@@@@\
        @GBAGAGGFFGGFGGB\
        OOOOOOOOOOBFBFB@\
        BOOOOOOGGGGGGGGG\
        GGGGGGGGGGGBBBCG\
        COOOOOOGGGGGGGGG\
        GGGGGGGGGGGBCBG@\
        @@@@@@@@@@@@@@@@\
        @@@@@@@@@@@@@@@@\
        @@@@@@@@@@@@@@@@\
        @@@@@@@@@@@@@@@@\
        @@@@@@@@@@@@@@@@\
        @@@@@@@@@@@@@@@@\
        @@@@@@@@@@@@@@@@\
        @@@@@@@@@@@@@@@@
        """

    @inline(__always)
    private static func flags(_ byte: UInt8) -> UInt8 { table.utf8Start[Int(byte)] }

    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool { flags(byte) & 1 != 0 }

    @inline(__always)
    static func isPlainInTarget(_ byte: UInt8) -> Bool { flags(byte) & 2 != 0 }

    @inline(__always)
    static func isHostName(_ byte: UInt8) -> Bool { flags(byte) & 4 != 0 }

    @inline(__always)
    static func isHex(_ byte: UInt8) -> Bool { flags(byte) & 8 != 0 }

    /// NUL, the other control bytes and DEL, but not the tab.
    @inline(__always)
    static func isControl(_ byte: UInt8) -> Bool { (byte < 0x20 && byte != 0x09) || byte == 0x7F }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// The value of a hex digit that ``isHex(_:)`` has passed.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8 { (byte & 0xF) &+ (byte >> 6) &* 9 }

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    static func isToken(_ start: UnsafePointer<UInt8>, count: Int) -> Bool {
        guard count > 0 else { return false }
        for index in 0..<count where !isToken(start[index]) { return false }
        return true
    }

    /// Whether `count` bytes are `lowercase`, in whatever case they are written.
    @inline(__always)
    static func equals(_ start: UnsafePointer<UInt8>, count: Int, _ lowercase: StaticString) -> Bool {
        guard count == lowercase.utf8CodeUnitCount else { return false }
        let other = lowercase.utf8Start
        for index in 0..<count where lowercased(start[index]) != other[index] { return false }
        return true
    }

    static func equalIgnoringCase(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        guard one.count == other.count else { return false }
        for index in 0..<one.count where lowercased(one[index]) != lowercased(other[index]) { return false }
        return true
    }
}

extension UInt8 {
    static let carriageReturn: UInt8 = 0x0D
    static let lineFeed: UInt8 = 0x0A
    static let space: UInt8 = 0x20
    static let tab: UInt8 = 0x09
}
