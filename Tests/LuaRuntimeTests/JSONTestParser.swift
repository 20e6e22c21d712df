/// A second JSON parser, slow and plain, as what the one in C is compared with.
enum JSONTestValue: Equatable {
    case null
    case bool(Bool)
    /// The literal.
    case integer(String)
    /// The bits, so that 0.0 and -0.0 differ.
    case float(UInt64)
    /// UTF-16, which can hold a lone surrogate.
    case string([UInt16])
    case array([JSONTestValue])
    /// Of equal names the last one.
    case object([[UInt16]: JSONTestValue])

    /// nil where the bytes are not JSON, or hold a number too large for a float.
    static func parse(_ bytes: [UInt8]) -> JSONTestValue? {
        var parser = JSONTestParser(bytes: bytes)
        parser.skipSpace()
        guard let value = parser.value() else { return nil }
        parser.skipSpace()
        return parser.position == bytes.count ? value : nil
    }

    static func parse(_ text: String) -> JSONTestValue? { parse(Array(text.utf8)) }
}

private struct JSONTestParser {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte = next, [0x20, 0x0A, 0x0D, 0x09].contains(byte) { position += 1 }
    }

    mutating func take(_ text: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    mutating func value() -> JSONTestValue? {
        if take("null") { return .null }
        if take("true") { return .bool(true) }
        if take("false") { return .bool(false) }
        switch next {
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "["): return array()
        case UInt8(ascii: "{"): return object()
        default: return number()
        }
    }

    mutating func array() -> JSONTestValue? {
        position += 1
        skipSpace()
        if take("]") { return .array([]) }
        var items: [JSONTestValue] = []
        while true {
            skipSpace()
            guard let item = value() else { return nil }
            items.append(item)
            skipSpace()
            if take("]") { return .array(items) }
            guard take(",") else { return nil }
        }
    }

    mutating func object() -> JSONTestValue? {
        position += 1
        skipSpace()
        if take("}") { return .object([:]) }
        var members: [[UInt16]: JSONTestValue] = [:]
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\""), let name = string() else { return nil }
            skipSpace()
            guard take(":") else { return nil }
            skipSpace()
            guard let member = value() else { return nil }
            members[name] = member
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { return nil }
        }
    }

    mutating func digits() -> Int {
        let first = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position - first
    }

    mutating func number() -> JSONTestValue? {
        let first = position
        let negative = take("-")
        let leading = next
        let count = digits()
        guard count > 0, count == 1 || leading != UInt8(ascii: "0") else { return nil }
        var isInteger = true
        if take(".") {
            isInteger = false
            guard digits() > 0 else { return nil }
        }
        if take("e") || take("E") {
            isInteger = false
            _ = take("+") || take("-")
            guard digits() > 0 else { return nil }
        }
        let literal = String(decoding: bytes[first..<position], as: UTF8.self)
        if isInteger, !(negative && leading == UInt8(ascii: "0")) { return .integer(literal) }
        guard let float = Double(literal), float.isFinite else { return nil }
        return .float(float.bitPattern)
    }

    mutating func string() -> [UInt16]? {
        position += 1
        var units: [UInt16] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return units
            case UInt8(ascii: "\\"):
                position += 1
                guard let unit = escape() else { return nil }
                units.append(unit)
            case 0..<0x20:
                return nil
            default:
                guard let scalar = scalar() else { return nil }
                units.append(contentsOf: String(scalar).utf16)
            }
        }
        return nil
    }

    mutating func scalar() -> Unicode.Scalar? {
        var rest = bytes[position...].prefix(4).makeIterator()
        var decoder = UTF8()
        guard case .scalarValue(let scalar) = decoder.decode(&rest) else { return nil }
        position += UTF8.width(scalar)
        return scalar
    }

    mutating func escape() -> UInt16? {
        guard let letter = next else { return nil }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(letter)
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "u"):
            let hex = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
            guard hex.utf8.count == 4, !hex.hasPrefix("+"), !hex.hasPrefix("-") else { return nil }
            position += 4
            return UInt16(hex, radix: 16)
        default: return nil
        }
    }
}
