/// Strings, names and numbers as Lua reads them, and people too.
enum LuaLiteral {
    /// A line of a tape is at most about this long, where it can be.
    static let width = 100

    /// A string in one line: text as it is, everything else escaped.
    static func string(_ bytes: [UInt8]) -> [UInt8] {
        let quote = quote(for: bytes)
        var literal = [quote]
        forEachUnit(bytes, quote) { literal.append(contentsOf: $0) }
        literal.append(quote)
        return literal
    }

    static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }

    /// The same, to be put into other text.
    static func text(_ bytes: [UInt8]) -> String { String(decoding: string(bytes), as: UTF8.self) }

    /// A string, over several lines where it is long: `\z` takes a line's end and the next one's indentation away.
    /// - Parameter indent: of the lines after the first.
    static func string(_ bytes: [UInt8], indent: Int) -> [UInt8] {
        if bytes.count <= width * 3 / 2 {
            let single = string(bytes)
            let lines = bytes.split(separator: 0x0A).count
            if single.count <= width || lines <= 1 && single.count <= width * 3 / 2 { return single }
        }
        let quote = quote(for: bytes)
        let lineEnd = Array("\\z\n".utf8) + Array(repeating: 0x20, count: indent)
        var literal = [quote]
        literal.reserveCapacity(bytes.count * 2)
        var column = 0
        var breaks = false
        forEachUnit(bytes, quote) { unit in
            let isNewLine = breaks || column + unit.count > width
            if isNewLine {
                literal += lineEnd
                column = 0
            }
            if isNewLine, unit.count == 1, unit[0] == 0x20 {
                literal.add("\\x20")       // \z takes white space away: that which belongs to the string too
                column += 4
            } else {
                literal.append(contentsOf: unit)
                column += unit.count
            }
            breaks = unit.count == 2 && unit[0] == UInt8(ascii: "\\") && unit[1] == UInt8(ascii: "n")
        }
        literal.append(quote)
        return literal
    }

    /// A table's key in its constructor: `Name` or `["com.example"]`.
    static func key(_ name: [UInt8]) -> [UInt8] {
        isName(name) ? name : [UInt8(ascii: "[")] + string(name) + [UInt8(ascii: "]")]
    }

    /// A JSON number. An integer stays one; beyond 64 bits it is one of `dogger.json`'s.
    static func number(_ literal: [UInt8]) -> [UInt8] {
        let text = String(decoding: literal, as: UTF8.self)
        if literal.contains(where: { ".eE".utf8.contains($0) }) { return literal }
        switch text {
        case "-0": return Array("-0.0".utf8)
        // Lua reads the digits before it sees the minus, and they are one too many.
        case "-9223372036854775808": return Array("math.mininteger".utf8)
        default: return Int64(text) != nil ? literal : Array("json.decode(\"\(text)\")".utf8)
        }
    }

    static func isName(_ name: [UInt8]) -> Bool {
        guard let first = name.first, first == UInt8(ascii: "_") || isLetter(first) else { return false }
        guard name.allSatisfy({ $0 == UInt8(ascii: "_") || isLetter($0) || $0 &- 0x30 < 10 }) else { return false }
        return !keywords.contains(String(decoding: name, as: UTF8.self))
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

    private static let keywords: Set<String> = [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not", "or",
        "repeat", "return", "then", "true", "until", "while",
    ]

    private static func quote(for bytes: [UInt8]) -> UInt8 {
        bytes.contains(UInt8(ascii: "\"")) && !bytes.contains(UInt8(ascii: "'")) ? UInt8(ascii: "'") : UInt8(ascii: "\"")
    }

    /// Gives what stands in a literal for one byte after the other, or for one character.
    private static func forEachUnit(_ bytes: [UInt8], _ quote: UInt8, _ body: (UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes { bytes in
            var position = 0
            while position < bytes.count {
                let byte = bytes[position]
                let length = UTF8Text.shownLength(bytes, at: position)
                if length == 0 || byte == quote || byte == UInt8(ascii: "\\") {
                    escapes[Int(byte)].withUnsafeBytes(body)
                } else {
                    body(UnsafeRawBufferPointer(rebasing: bytes[position..<position + length]))
                }
                position += max(length, 1)
            }
        }
    }

    private static let escapes: [[UInt8]] = (0...UInt8.max).map { byte in
        switch byte {
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): [UInt8(ascii: "\\"), byte]
        case 0x0A: Array("\\n".utf8)
        case 0x0D: Array("\\r".utf8)
        case 0x09: Array("\\t".utf8)
        default: Array("\\x".utf8) + [hexDigit(byte >> 4), hexDigit(byte & 15)]
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : UInt8(ascii: "a") + value - 10 }
}
