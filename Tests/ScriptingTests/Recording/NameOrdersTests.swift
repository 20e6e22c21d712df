import Testing

@testable import Scripting

struct NameOrdersTests {
    private func node(_ json: String) throws -> JSONNode { try #require(JSONNode.parse(Array(json.utf8))) }
    private func take(_ json: String, _ orders: inout NameOrders) throws -> Bool { orders.take(try node(json)) }
    private func lines(_ orders: NameOrders) -> String { String(decoding: orders.text, as: UTF8.self) }

    @Test func onlyWhatTheAlphabetDoesNotSayIsListed() throws {
        var orders = NameOrders()
        let isTaken = try take(#"{"a":{"z":1,"y":2},"b":[{"only":1},{"z":3,"y":4}],"c":{}}"#, &orders)
        #expect(isTaken)
        #expect(lines(orders) == "  z y\n")
    }

    @Test func theAlphabetIsListedWhereAnotherOrderWouldBeTaken() throws {
        let documents = [#"{"c":1,"b":2,"d":3}"#, #"{"b":1,"c":2}"#, #"{"x":1,"y":2}"#, #"{"c":1,"x":2,"y":3}"#]
        for documents in [documents, documents.reversed()] {
            var orders = NameOrders()
            for document in documents {
                let isTaken = try take(document, &orders)
                #expect(isTaken)
            }
            #expect(lines(orders).split(separator: "\n").sorted() == ["  b c", "  c b d"])
            for document in documents {
                try LuaEvaluation.expect(
                    Array(document.replacing(":", with: " = ").replacing("\"", with: "").utf8), order: orders.text,
                    isWritten: Array(document.utf8))
            }
        }
    }

    @Test func anotherOrderOfTheSameNamesIsRefusedWhole() throws {
        var orders = NameOrders()
        var isTaken = try take(#"{"b":1,"a":2}"#, &orders)
        #expect(isTaken)
        isTaken = try take(#"{"y":1,"x":{"a":1,"b":2}}"#, &orders)
        #expect(!isTaken)
        #expect(lines(orders) == "  b a\n")
        isTaken = try take(#"[{"d":1,"c":2},{"c":1,"d":2}]"#, &orders)
        #expect(!isTaken)
        #expect(lines(orders) == "  b a\n")
    }

    @Test(arguments: [#"{"b b":1,"a":2}"#, #"{"b]]":1,"a":2}"#, #"{"":1,"\n":2,"a":3,"Z":4}"#])
    func namesThatCanNotBeListedAreRefused(_ json: String) throws {
        var orders = NameOrders()
        let isTaken = try take(json, &orders)
        #expect(!isTaken)
    }

    @Test func longListsGoOnInIndentedLines() throws {
        let names = (0..<60).reversed().map { "Name\($0 + 10)" }
        var orders = NameOrders()
        let isTaken = try take("{\(names.map { "\"\($0)\":null" }.joined(separator: ","))}", &orders)
        #expect(isTaken)
        let text = lines(orders).split(separator: "\n")
        #expect(text.count > 1 && text.allSatisfy { $0.count <= LuaLiteral.width + 4 })
        #expect(text[0].hasPrefix("  N") && text.dropFirst().allSatisfy { $0.hasPrefix("    N") })
    }

    @Test func anEditedObjectKeepsTheOrderOfTheNamesThatItHas() throws {
        try LuaEvaluation.expect(
            Array("{ Id = 1, Names = 2, Image = 3, Added = 4 }".utf8), order: Array("  Image Names Id\n  Zone Id\n".utf8),
            isWritten: Array(#"{"Image":3,"Names":2,"Id":1,"Added":4}"#.utf8))
        try LuaEvaluation.expect(
            Array("{ b = 1, a = 2 }".utf8), order: Array("  z y\n".utf8), isWritten: Array(#"{"a":2,"b":1}"#.utf8))
    }
}
