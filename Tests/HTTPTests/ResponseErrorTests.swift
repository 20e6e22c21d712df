import Testing

@testable import HTTP

@Suite struct ResponseErrorTests {
    private func check(_ name: String, _ value: String) -> ResponseError? {
        withCopy(of: bytes(name)) { name in
            withCopy(of: bytes(value)) { ResponseError.check(ResponseField(name: name, value: $0)) }
        }
    }

    @Test(arguments: [
        ("Content-Type", "text/plain; charset=utf-8"), ("X", ""), ("x_y", "a\tb"), ("!#$%&'*+-.^_`|~", " blanks around "),
        ("X", "caf\u{C3}\u{A9}"), ("9", "\u{FF}"),
    ])
    func accepts(_ name: String, _ value: String) {
        #expect(check(name, value) == nil)
    }

    @Test(arguments: [
        ("", "1", "empty name"),
        ("X Y", "1", "\"X?Y\" holds a space"),
        ("X:", "1", "\"X:\" holds \":\""),
        ("X\r\nSet-Cookie", "1", "\"X??Set-Cookie\" holds a carriage return"),
        ("X\n", "1", "a line feed"),
        ("X\u{E9}", "1", "the byte 0xE9"),
        ("X\t", "1", "a tab"),
        ("X", "a\r\n\r\nHTTP/1.1 200 OK", "The value of the header \"X\" holds a carriage return"),
        ("X", "a\nb", "The value of the header \"X\" holds a line feed"),
        ("X", "a\0", "The value of the header \"X\" holds a NUL byte"),
        ("X-Long-Name", "\u{1B}[31m", "The value of the header \"X-Long-Name\" holds the byte 0x1B"),
        ("X", "\u{7F}", "the byte 0x7F"),
        ("X", "\u{01}", "the byte 0x01"),
    ])
    func refuses(_ name: String, _ value: String, _ message: String) {
        let error = check(name, value)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "accepted")")
    }

    @Test func aLongNameIsCutInTheMessage() {
        let message = check(String(repeating: "x", count: 5000) + " ", "1")?.message ?? ""
        #expect(message.count < 250)
        #expect(message.contains("x..."))
    }

    @Test func everyByteOfAValue() {
        for byte in UInt8.min...UInt8.max {
            let refused = (byte < 0x20 && byte != 9) || byte == 0x7F
            #expect((check("X", text([byte])) != nil) == refused, "\(byte)")
        }
    }

    @Test(arguments: [(99, false), (100, true), (200, true), (599, true), (999, true), (1000, false), (0, false), (-200, false)])
    func status(_ status: Int, _ allowed: Bool) {
        #expect((ResponseError.check(status: status) == nil) == allowed)
        #expect(ResponseError.status(status).message.contains("\(status)"))
    }
}
