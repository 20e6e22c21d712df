import Testing

@testable import HTTP

@Suite struct FieldLookupTests {
    private let head = bytes(
        "GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-one: 2\r\nX-On: 3\r\nEmpty:\r\n"
            + "Connection: X-One, close\r\nconnection: Keep-Alive\r\n\r\n")

    private func look<R>(_ body: (UnsafeBufferPointer<Field>, UnsafeRawBufferPointer) -> R) -> R {
        var parser = RequestParser()
        return head.withUnsafeBytes { raw in
            #expect(parser.parse(raw) == .complete)
            return body(parser.fields, raw)
        }
    }

    @Test(
        arguments: [("x-one", "1"), ("X-ON", "3"), ("empty", ""), ("HOST", "a"), ("x-two", nil), ("", nil)] as [(String, String?)]
    )
    func theFirstValueOfAName(_ name: String, _ value: String?) {
        let found = look { fields, raw in bytes(name).withUnsafeBytes { fields.firstValue(of: $0, in: raw) } }
        #expect(found?.text(in: head) == value)
    }

    @Test func aNameThatIsKnownAtCompileTime() {
        #expect(look { $0.firstValue(of: "x-one", in: $1) }?.text(in: head) == "1")
        #expect(look { $0.firstValue(of: "x-two", in: $1) } == nil)
        var parser = RequestParser()
        head.withUnsafeBytes { raw in
            _ = parser.parse(raw)
            #expect(parser.firstValue(of: "X-One", in: raw)?.text(in: head) == "1")
        }
    }

    @Test(arguments: [("x-one", true), ("X-ONE", true), ("keep-alive", true), ("close", true), ("x-on", false), ("host", false)])
    func whatConnectionNames(_ name: String, _ isNamed: Bool) {
        #expect(look { fields, raw in bytes(name).withUnsafeBytes { fields.connectionNames($0, in: raw) } } == isNamed)
    }
}
