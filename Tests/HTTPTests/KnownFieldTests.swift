import Testing

@testable import HTTP

@Suite struct KnownFieldTests {
    @Test(arguments: [
        ("Connection", KnownField.connection), ("content-length", .contentLength), ("DATE", .date), ("Expect", .expect),
        ("hOsT", .host), ("Keep-Alive", .keepAlive), ("Proxy-Connection", .proxyConnection), ("TE", .te),
        ("Trailer", .trailer), ("Transfer-Encoding", .transferEncoding), ("Upgrade", .upgrade),
        ("", .other), ("Hosts", .other), ("Hose", .other), ("Content_Length", .other), ("Content-Lengths", .other),
        ("User-Agent", .other), ("transfer-encodinG", .transferEncoding), ("Tx", .other), ("Uprgade", .other),
    ])
    func recognises(_ name: String, _ expected: KnownField) {
        var name = name
        #expect(name.withUTF8 { KnownField(UnsafeRawBufferPointer($0)) } == expected)
    }

    @Test func hopByHopFieldsAreNotForwarded() {
        let hop: [KnownField] = [.connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .upgrade]
        let end: [KnownField] = [.contentLength, .date, .expect, .host, .other]
        for field in hop { #expect(field.isHopByHop) }
        for field in end { #expect(!field.isHopByHop) }
    }
}
