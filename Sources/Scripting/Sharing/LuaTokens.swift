/// The tokens of a Lua text, as far as it takes to find calls by name (manual, section 3.1). What is no Lua gives tokens too, for
/// it is Lua's to refuse.
struct LuaTokens: Sequence, IteratorProtocol {
    enum Kind: Equatable {
        case name(String)
        /// Its value; nil where it has escapes in it, which nobody writes in the name of a file.
        case string(String?)
        case number
        /// Dots, colons and equals signs that stand together are one.
        case symbol(String)
    }

    struct Token: Equatable {
        var kind: Kind
        /// From 1.
        var line: Int
    }

    private let text: [UInt8]
    private var position = 0
    private var line = 1

    init(_ text: [UInt8]) { self.text = text }

    mutating func next() -> Token? {
        while position < text.count {
            let byte = text[position]
            if byte == UInt8(ascii: "\n") {
                line += 1
                position += 1
            } else if byte <= 0x20 {
                position += 1
            } else if byte == UInt8(ascii: "-"), at(1) == byte {
                skipComment()
            } else {
                let start = line
                return Token(kind: token(byte), line: start)
            }
        }
        return nil
    }

    private func at(_ offset: Int) -> UInt8 { position + offset < text.count ? text[position + offset] : 0 }

    private mutating func token(_ byte: UInt8) -> Kind {
        if byte.isWordByte, !byte.isDigit { return .name(take { $0.isWordByte }) }
        if byte.isDigit || (byte == UInt8(ascii: ".") && at(1).isDigit) { return number() }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return .string(quoted(byte)) }
        if byte == UInt8(ascii: "["), let level = longBracket() { return .string(longString(level)) }
        if byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=") { return .symbol(take { $0 == byte }) }
        position += 1
        return .symbol(String(UnicodeScalar(byte)))
    }

    private mutating func take(while condition: (UInt8) -> Bool) -> String {
        let start = position
        while position < text.count, condition(text[position]) { position += 1 }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    /// The sign of an exponent belongs to it.
    private mutating func number() -> Kind {
        while position < text.count {
            let byte = text[position]
            let isSign = (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")) && [0x65, 0x70].contains(text[position - 1] | 0x20) && at(1).isDigit
            guard byte.isWordByte || byte == UInt8(ascii: ".") || isSign else { break }
            position += 1
        }
        return .number
    }

    private mutating func quoted(_ quote: UInt8) -> String? {
        position += 1
        let start = position
        var hasEscapes = false
        while position < text.count, text[position] != quote {
            if text[position] == UInt8(ascii: "\n") { line += 1 }
            if text[position] == UInt8(ascii: "\\") {
                hasEscapes = true
                position += 1
                if at(0) == UInt8(ascii: "\n") { line += 1 }
            }
            position += 1
        }
        let end = Swift.min(position, text.count)
        position = end + 1
        return hasEscapes ? nil : String(decoding: text[start..<end], as: UTF8.self)
    }

    /// The number of equals signs in the `[==[` that stands here; nil where none does.
    private func longBracket() -> Int? {
        guard at(0) == UInt8(ascii: "[") else { return nil }
        var level = 0
        while at(1 + level) == UInt8(ascii: "=") { level += 1 }
        return at(1 + level) == UInt8(ascii: "[") ? level : nil
    }

    private mutating func longString(_ level: Int) -> String {
        position += level + 2
        if at(0) == UInt8(ascii: "\r") { position += 1 }
        if at(0) == UInt8(ascii: "\n") {
            line += 1
            position += 1
        }
        let start = position
        while position < text.count {
            if text[position] == UInt8(ascii: "\n") { line += 1 }
            if text[position] == UInt8(ascii: "]"), closes(level) {
                let value = String(decoding: text[start..<position], as: UTF8.self)
                position += level + 2
                return value
            }
            position += 1
        }
        return ""
    }

    private func closes(_ level: Int) -> Bool {
        for offset in 0..<level where at(1 + offset) != UInt8(ascii: "=") { return false }
        return at(1 + level) == UInt8(ascii: "]")
    }

    private mutating func skipComment() {
        position += 2
        if let level = longBracket() {
            _ = longString(level)
        } else {
            while position < text.count, text[position] != UInt8(ascii: "\n") { position += 1 }
        }
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// Bytes past ASCII are in no name of Lua's, and harmless here.
    fileprivate var isWordByte: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) || self == UInt8(ascii: "_") || self >= 0x80
    }
}
