import TestSupport
import Testing

/// Writes random JSON in all the ways that the grammar allows.
private struct JSONWriter {
    var random: SeededGenerator
    var text = ""

    mutating func chance(_ one: UInt64, in all: UInt64) -> Bool { random.next() % all < one }

    mutating func pick(_ choices: [String]) -> String { choices[Int(random.next() % UInt64(choices.count))] }

    mutating func space() {
        while chance(1, in: 6) { text += pick([" ", "\n", "\t", "\r", "  "]) }
    }

    mutating func value(depth: Int) {
        space()
        switch random.next() % (depth > 0 ? 10 : 6) {
        case 0: text += pick(["null", "true", "false"])
        case 1:
            text += pick([
                "0", "-0", "1", "-1", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551615",
            ])
        case 2: text += "\(Int64(truncatingIfNeeded: random.next() >> (random.next() & 63)))"
        case 3: number()
        case 4, 5: string()
        case 6, 7: list("[", "]") { $0.value(depth: depth - 1) }
        default:
            list("{", "}") {
                $0.space()
                $0.string()
                $0.space()
                $0.text += ":"
                $0.value(depth: depth - 1)
            }
        }
        space()
    }

    mutating func list(_ open: String, _ close: String, item: (inout JSONWriter) -> Void) {
        text += open
        let count = chance(1, in: 30) ? random.next() % 80 : random.next() % 5
        if count == 0 { space() }
        for index in 0..<count {
            if index > 0 { text += "," }
            item(&self)
        }
        text += close
    }

    mutating func number() {
        let float = Double(bitPattern: random.next())
        switch random.next() % 4 {
        case 0 where float.isFinite: text += "\(float)"
        case 1: text += "\(Double(random.next() % 1_000_000) / 1000)"
        case 2: text += "\(random.next())" + pick(["", "0"]) + pick([".0", ".5", ".123456789012345678901"])
        default: text += "\(random.next() >> (random.next() & 63))" + pick(["e", "E"]) + pick(["", "+", "-"]) + "\(random.next() % 280)"
        }
    }

    mutating func string() {
        text += "\""
        for _ in 0..<(chance(1, in: 20) ? random.next() % 100 : random.next() % 8) {
            switch random.next() % 12 {
            case 0: text += pick(["\\n", "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\r", "\\t"])
            case 1:
                let hex = String(random.next() & 0xFFFF, radix: 16, uppercase: chance(1, in: 2))
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            case 2: text += pick(["\\ud83d\\ude00", "\\ud800", "\\udc00", "\\uDBFF\\uDFFF", "\\u0000"])
            case 3: text += pick(["é", "漢", "😀", "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}"])
            default: text.unicodeScalars.append(Unicode.Scalar(UInt8(ascii: "a") + UInt8(random.next() % 26)))
            }
        }
        text += "\""
    }
}

/// The conversion in C against the plain parser of these tests.
@Suite struct JSONRandomTests {
    private let roundTrip = "local ok, value = pcall(json.decode, (...)) return ok and json.encode(value) or 'refused'"

    @Test func randomDocuments() {
        var writer = JSONWriter(random: SeededGenerator(seed: 4))
        let state = JSONTestState()
        for _ in 0..<1200 {
            writer.text = ""
            writer.value(depth: 5)
            let expected = JSONTestValue.parse(writer.text)
            let outcome = state.run(roundTrip, writer.text)
            if expected == nil || outcome.map(JSONTestValue.parse) != expected { Issue.record("\(writer.text) became \(outcome)") }
        }
        #expect(state.close() == 0)
    }

    /// Bytes are changed, taken out, doubled: what one parser accepts the other must accept, as the same value.
    @Test func damagedDocuments() {
        var writer = JSONWriter(random: SeededGenerator(seed: 5))
        let state = JSONTestState()
        let likely = Array("[]{}\",:\\/0123456789.eE+-tfnul \n\u{1}".utf8) + [0x80, 0xC3, 0xE2, 0xED, 0xF0, 0xFF, 0]
        var accepted = 0
        let count = 8000
        for _ in 0..<count {
            writer.text = ""
            writer.value(depth: 2)
            var bytes = Array(writer.text.utf8)
            for _ in 0...(writer.random.next() % 3) where !bytes.isEmpty {
                let place = Int(writer.random.next() % UInt64(bytes.count))
                let byte = likely[Int(writer.random.next() % UInt64(likely.count))]
                switch writer.random.next() % 4 {
                case 0: bytes[place] = byte
                case 1: bytes.insert(byte, at: place)
                case 2: bytes.remove(at: place)
                default: bytes.insert(bytes[place], at: place)
                }
            }
            let expected = JSONTestValue.parse(bytes)
            let outcome = state.run(roundTrip, bytes)
            if expected != nil { accepted += 1 }
            if expected == nil ? outcome != .value("refused") : outcome.map(JSONTestValue.parse) != expected {
                Issue.record("\(String(decoding: bytes, as: UTF8.self).debugDescription) became \(outcome)")
            }
        }
        // Both kinds must be met often for this to tell anything.
        #expect(accepted > count / 20 && accepted < count * 19 / 20)
        #expect(state.close() == 0)
    }
}
