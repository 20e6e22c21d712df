import TestSupport
import Testing

@testable import Scripting

struct LuaTableTests {
    private func text(_ json: String) throws -> String {
        String(decoding: LuaTable.text(try #require(JSONNode.parse(Array(json.utf8)))), as: UTF8.self)
    }

    @Test func shortTablesAreOneLine() throws {
        #expect(try text(#"{"Names":["/web"],"Ports":[],"Labels":{},"Links":null,"end":-1}"#)
            == #"{ Names = { "/web" }, Ports = json.array {}, Labels = {}, Links = json.null, ["end"] = -1 }"#)
    }

    @Test func longTablesHaveALineForEachName() throws {
        let long = String(repeating: "x", count: 90)
        #expect(try text("{\"a\":\"\(long)\",\"b\":[1,{\"c\":\"\(long)\"}]}")
            == "{\n  a = \"\(long)\",\n  b = {\n    1,\n    {\n      c = \"\(long)\",\n    },\n  },\n}")
    }

    @Test func numbersShareLines() throws {
        let lines = try text("[" + (1000..<1050).map(String.init).joined(separator: ",") + "]").split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines.allSatisfy { $0.count <= LuaLiteral.width + 3 })
    }

    @Test(arguments: [
        "0", "-0", "1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809",
        "123456789012345678901234567890", "1.5", "0.1", "1e300", "-2.5e-8", "5e-324", "1e0",
    ])
    func numbersAreExact(_ number: String) throws {
        let node = JSONNode.array([.number(Array(number.utf8))])
        var check = Array("local json = require 'dogger.json'\nlocal a, b = (".utf8)
        check.add(LuaTable.text(node))
        check.add(")[1], json.decode('[\(number)]')[1]\n")
        check.add("assert(a == b and math.type(a) == math.type(b) and tostring(a) == tostring(b), tostring(a))")
        try LuaEvaluation.run(check)
    }

    /// Documents of every shape come out of Lua as they went in, byte for byte.
    @Test func randomDocumentsComeBack() throws {
        var random = DocumentGenerator(seed: 20_240_607)
        for _ in 0..<200 {
            let node = random.document()
            var orders = NameOrders()
            guard orders.take(node), LuaTable.registers(node) < StreamItem.mostRegisters else { continue }
            try LuaEvaluation.expect(LuaTable.text(node), order: orders.text, isWritten: JSONText.compact(node))
        }
    }

    /// The estimate of what Lua's compiler needs must not be below the truth.
    @Test func whatIsSaidToFitCompiles() throws {
        for (outer, inner) in [(49, 3), (49, 49), (60, 60), (200, 10)] {
            for depth in 1...6 {
                var node = JSONNode.array(Array(repeating: .number([0x31]), count: inner))
                for _ in 0..<depth { node = .array(Array(repeating: .number([0x31]), count: outer) + [node]) }
                guard LuaTable.registers(node) < StreamItem.mostRegisters else { continue }
                try LuaEvaluation.run(Array("local t = ".utf8) + LuaTable.text(node))
            }
        }
    }
}

/// Makes documents of all that JSON has.
private struct DocumentGenerator {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func document() -> JSONNode { node(depth: 0) }

    private mutating func node(depth: Int) -> JSONNode {
        switch Int.random(in: 0..<(depth > 4 ? 6 : 9), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .number(Array(String(Int64.random(in: .min ... .max, using: &random)).utf8))
        case 3: return .number(Array(String(Int.random(in: -3...300, using: &random)).utf8))
        case 4, 5: return .string(string(0...40))
        case 6: return .array((0..<Int.random(in: 0...5, using: &random)).map { _ in node(depth: depth + 1) })
        default:
            var names: Set<[UInt8]> = []
            for _ in 0..<Int.random(in: 0...6, using: &random) { names.insert(string(1...6)) }
            // A set's own order is another in each run.
            let shuffled = names.sorted { $0.lexicographicallyPrecedes($1) }.shuffled(using: &random)
            return .object(shuffled.map { JSONNode.Member(name: $0, value: node(depth: depth + 1)) })
        }
    }

    private mutating func string(_ lengths: ClosedRange<Int>) -> [UInt8] {
        let characters = Array("abcXYZ_019'\"\\\n\té漢😀/")
        let count = Int.random(in: lengths, using: &random)
        return Array(String((0..<count).map { _ in characters[Int.random(in: 0..<characters.count, using: &random)] }).utf8)
    }
}
