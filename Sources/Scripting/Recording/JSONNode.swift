/// A JSON document with all that a Lua table does not keep: the order of names, and numbers as they were written.
indirect enum JSONNode: Equatable {
    case null
    case bool(Bool)
    /// The literal.
    case number([UInt8])
    /// UTF-8; a lone surrogate in its three-byte form, as `dogger.json` has it.
    case string([UInt8])
    case array([JSONNode])
    case object([Member])

    struct Member: Equatable {
        var name: [UInt8]
        var value: JSONNode

        init(name: [UInt8], value: JSONNode) {
            self.name = name
            self.value = value
        }

        init(_ name: StaticString, _ value: JSONNode) { self.init(name: Array(name.bytes), value: value) }
    }

    static func text(_ text: String) -> JSONNode { .string(Array(text.utf8)) }

    /// - Returns: nil where the bytes are no document, or one that Lua's tables can't hold: with equal names in an object, with
    ///   bytes that are not UTF-8, or nested too deep.
    static func parse(_ bytes: [UInt8]) -> JSONNode? {
        bytes.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            guard case .value(let node) = reader.next(), reader.isAtEnd else { return nil }
            return node
        }
    }

    /// Null, false, 0, "" and what is empty: what a client sends for "nothing said".
    var isZero: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .number(let literal): literal == [UInt8(ascii: "0")]
        case .string(let bytes): bytes.isEmpty
        case .array(let items): items.isEmpty
        case .object(let members): members.allSatisfy(\.value.isZero)
        }
    }

    /// Without the members that say nothing.
    var withoutZeros: JSONNode {
        switch self {
        case .array(let items): .array(items.map(\.withoutZeros))
        case .object(let members):
            .object(members.filter { !$0.value.isZero }.map { Member(name: $0.name, value: $0.value.withoutZeros) })
        default: self
        }
    }
}

/// Reads JSON documents that stand one after the other.
struct JSONReader {
    enum Outcome {
        case value(JSONNode)
        /// The text ends before the document does, or there is none.
        case incomplete
        case malformed
    }

    private struct Fault: Error {
        var isIncomplete: Bool
    }

    private let bytes: UnsafeRawBufferPointer
    /// How much is read.
    private(set) var position = 0
    private var depth = 0

    /// Lua's compiler nests to 200, and the tape's own tables and calls need some of that.
    private static let mostDepth = 64

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Whether only white space is left.
    var isAtEnd: Bool { bytes[position...].allSatisfy(JSONReader.isSpace) }

    /// The next document. Among documents in a row only objects and arrays show where they end, so others are read only when they
    /// are followed by something.
    mutating func next() -> Outcome {
        let start = position
        do throws(Fault) {
            skipSpace()
            return .value(try value())
        } catch {
            position = start
            return error.isIncomplete ? .incomplete : .malformed
        }
    }

    private mutating func skipSpace() {
        while position < bytes.count, JSONReader.isSpace(bytes[position]) { position += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    private func peek() throws(Fault) -> UInt8 {
        guard position < bytes.count else { throw Fault(isIncomplete: true) }
        return bytes[position]
    }

    private static var malformed: Fault { Fault(isIncomplete: false) }

    private mutating func value() throws(Fault) -> JSONNode {
        switch try peek() {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ text: StaticString, _ node: JSONNode) throws(Fault) -> JSONNode {
        for index in 0..<text.utf8CodeUnitCount {
            guard try peek() == text.utf8Start[index] else { throw JSONReader.malformed }
            position += 1
        }
        return node
    }

    private mutating func enter() throws(Fault) {
        depth += 1
        position += 1
        guard depth <= JSONReader.mostDepth else { throw JSONReader.malformed }
    }

    /// After an item: whether another follows.
    private mutating func goesOn(upTo end: UInt8) throws(Fault) -> Bool {
        skipSpace()
        let byte = try peek()
        guard byte == UInt8(ascii: ",") || byte == end else { throw JSONReader.malformed }
        position += 1
        return byte != end
    }

    private mutating func isEmpty(upTo end: UInt8) throws(Fault) -> Bool {
        skipSpace()
        guard try peek() == end else { return false }
        position += 1
        return true
    }

    private mutating func array() throws(Fault) -> JSONNode {
        try enter()
        defer { depth -= 1 }
        var items: [JSONNode] = []
        if try isEmpty(upTo: UInt8(ascii: "]")) { return .array(items) }
        repeat {
            skipSpace()
            items.append(try value())
        } while try goesOn(upTo: UInt8(ascii: "]"))
        return .array(items)
    }

    private mutating func object() throws(Fault) -> JSONNode {
        try enter()
        defer { depth -= 1 }
        var members: [JSONNode.Member] = []
        var names: Set<[UInt8]> = []
        if try isEmpty(upTo: UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw JSONReader.malformed }
            let name = try string()
            guard names.insert(name).inserted else { throw JSONReader.malformed }
            skipSpace()
            guard try peek() == UInt8(ascii: ":") else { throw JSONReader.malformed }
            position += 1
            skipSpace()
            members.append(JSONNode.Member(name: name, value: try value()))
        } while try goesOn(upTo: UInt8(ascii: "}"))
        return .object(members)
    }

    /// RFC 8259 section 6. One that a Lua number can't hold is refused, but for integers, which `json.decode` reads exactly.
    private mutating func number() throws(Fault) -> [UInt8] {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let isZero = try peek() == UInt8(ascii: "0")
        // No digit after a leading zero.
        let count = digits()
        guard count == 1 || count > 1 && !isZero else { throw JSONReader.malformed }
        var isInteger = true
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            isInteger = false
            guard digits() > 0 else { throw Fault(isIncomplete: position == bytes.count) }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            isInteger = false
            if position < bytes.count, "+-".utf8.contains(bytes[position]) { position += 1 }
            guard digits() > 0 else { throw Fault(isIncomplete: position == bytes.count) }
        }
        let literal = Array(bytes[start..<position])
        if !isInteger, Double(String(decoding: literal, as: UTF8.self))?.isFinite != true { throw JSONReader.malformed }
        return literal
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, bytes[position] &- 0x30 < 10 { position += 1 }
        return position - start
    }

    private mutating func string() throws(Fault) -> [UInt8] {
        position += 1
        var text: [UInt8] = []
        while true {
            let byte = try peek()
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return text
            case UInt8(ascii: "\\"):
                position += 1
                try escape(&text)
            case 0..<0x20:
                throw JSONReader.malformed
            case 0x20..<0x80:
                position += 1
                text.append(byte)
            default:
                let length = UTF8Text.sequenceLength(bytes, at: position)
                guard length > 0 else { throw Fault(isIncomplete: bytes.count - position < 4) }
                text.append(contentsOf: bytes[position..<position + length])
                position += length
            }
        }
    }

    private mutating func escape(_ text: inout [UInt8]) throws(Fault) {
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let unit = try hexUnit()
            guard unit & 0xFC00 == 0xD800, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            else { return UTF8Text.append(unit, to: &text) }
            let before = position
            position += 2
            let second = try hexUnit()
            if second & 0xFC00 == 0xDC00 {
                UTF8Text.append(0x10000 + (unit & 0x3FF) << 10 + second & 0x3FF, to: &text)
            } else {
                position = before
                UTF8Text.append(unit, to: &text)
            }
        default: throw JSONReader.malformed
        }
    }

    private mutating func hexUnit() throws(Fault) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(try peek())).hexDigitValue else { throw JSONReader.malformed }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}
