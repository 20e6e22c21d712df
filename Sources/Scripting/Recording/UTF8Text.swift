/// What of some bytes is text that can be shown.
enum UTF8Text {
    /// The length of the well-formed sequence (Unicode 15, table 3-7) at a position; 0 where there is none.
    static func sequenceLength(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Int {
        let lead = bytes[position]
        if lead < 0x80 { return 1 }
        guard lead >= 0xC2, lead <= 0xF4 else { return 0 }
        let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
        guard position + length <= bytes.count else { return 0 }
        let second = bytes[position + 1]
        let lowest: UInt8 = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80
        let highest: UInt8 = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF
        guard second >= lowest, second <= highest else { return 0 }
        for index in 2..<max(length, 2) where bytes[position + index] & 0xC0 != 0x80 { return 0 }
        return length
    }

    /// Appends a code point; a surrogate too, in the same form.
    static func append(_ point: UInt32, to text: inout [UInt8]) {
        switch point {
        case ..<0x80: text.append(UInt8(point))
        case ..<0x800: text += [0xC0 | UInt8(point >> 6), tail(point)]
        case ..<0x10000: text += [0xE0 | UInt8(point >> 12), tail(point >> 6), tail(point)]
        default: text += [0xF0 | UInt8(point >> 18), tail(point >> 12), tail(point >> 6), tail(point)]
        }
    }

    private static func tail(_ bits: UInt32) -> UInt8 { 0x80 | UInt8(bits & 0x3F) }

    /// The length of what can stand for itself in a file that people read: well-formed, printable, and nothing that moves, hides or
    /// reverses what is around it, for a tape comes from others. 0 where it can't.
    static func shownLength(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Int {
        let byte = bytes[position]
        if byte < 0x80 { return byte >= 0x20 && byte != 0x7F ? 1 : 0 }
        let length = sequenceLength(bytes, at: position)
        guard length > 0 else { return 0 }
        var point = UInt32(byte) & (0x7F >> UInt32(length))
        for index in 1..<length { point = point << 6 | UInt32(bytes[position + index] & 0x3F) }
        switch point {
        case 0x80..<0xA0, 0xAD, 0x61C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB, 0xFFFE, 0xFFFF, 0xE0000...0xE0FFF: return 0
        default: return length
        }
    }

    /// Whether all is text: what can be shown, line feeds, carriage returns and tabs.
    static func isText(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var position = 0
            while position < bytes.count {
                let byte = bytes[position]
                let length = byte == 0x0A || byte == 0x0D || byte == 0x09 ? 1 : shownLength(bytes, at: position)
                if length == 0 { return false }
                position += length
            }
            return true
        }
    }
}
