@testable import HTTP

private let line = "POST / HTTP/1.1\r\nHost: a\r\n"

/// A good POST with fields after Host.
private func post(_ name: String, _ fields: [String], body: String = "", _ change: (inout RequestSummary) -> Void) -> RequestCase
{
    good(name, line + fields.map { $0 + "\r\n" }.joined() + "\r\n" + body) {
        $0.method = "POST"
        $0.fields += fields
        $0.bodyBytes = body.unicodeScalars.count
        change(&$0)
    }
}

extension RequestTables {
    static let framing: [RequestCase] = [
        post("a length", ["Content-Length: 5"], body: "hello") { $0.framing = .length(5) },
        post("a length of 0", ["Content-Length: 0"]) { $0.framing = .length(0) },
        post("a length with leading zeros", ["Content-Length: 0005"], body: "hello") { $0.framing = .length(5) },
        post("the greatest length", ["Content-Length: 9223372036854775807"]) { $0.framing = .length(UInt64(Int64.max)) },
        post("a body of line ends", ["Content-Length: 4"], body: "\r\n\r\n") { $0.framing = .length(4) },
        post("chunked", ["Transfer-Encoding: chunked"], body: "0\r\n\r\n") { $0.framing = .chunked },
        post("chunked in capitals", ["TRANSFER-ENCODING: CHUNKED"]) { $0.framing = .chunked },
        good("a length in HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx") {
            $0.method = "POST"
            $0.minorVersion = 0
            $0.keepAlive = false
            $0.host = nil
            $0.framing = .length(1)
            $0.bodyBytes = 1
            $0.fields = ["Content-Length: 1"]
        },
        good("GET with a length", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx") {
            $0.framing = .length(1)
            $0.bodyBytes = 1
            $0.fields.append("Content-Length: 1")
        },
        bad("a length beyond Int64", line + "Content-Length: 9223372036854775808\r\n\r\n", .contentLengthTooLarge),
        bad("a length beyond UInt64", line + "Content-Length: 18446744073709551616\r\n\r\n", .contentLengthTooLarge),
        bad("a length that wraps to 1", line + "Content-Length: 18446744073709551617\r\n\r\n", .contentLengthTooLarge),
        bad(
            "a length of forty digits", line + "Content-Length: " + String(repeating: "9", count: 40) + "\r\n\r\n",
            .contentLengthTooLarge),
        bad("an empty length", line + "Content-Length:\r\n\r\n", .malformedContentLength),
        bad("a length with a plus", line + "Content-Length: +5\r\n\r\n", .malformedContentLength),
        bad("a length with a minus", line + "Content-Length: -5\r\n\r\n", .malformedContentLength),
        bad("a length of minus 0", line + "Content-Length: -0\r\n\r\n", .malformedContentLength),
        bad("a length in hex", line + "Content-Length: 0x5\r\n\r\n", .malformedContentLength),
        bad("a length with a point", line + "Content-Length: 5.0\r\n\r\n", .malformedContentLength),
        bad("a length with an exponent", line + "Content-Length: 1e3\r\n\r\n", .malformedContentLength),
        bad("a length with a blank inside", line + "Content-Length: 1 2\r\n\r\n", .malformedContentLength),
        bad("a list of equal lengths", line + "Content-Length: 5, 5\r\n\r\n", .malformedContentLength),
        bad("a list of lengths", line + "Content-Length: 5,6\r\n\r\n", .malformedContentLength),
        bad("a length in quotes", line + "Content-Length: \"5\"\r\n\r\n", .malformedContentLength),
        bad("a length with an underscore", line + "Content-Length: 1_0\r\n\r\n", .malformedContentLength),
        bad("a length in other digits", line + "Content-Length: \u{B2}\r\n\r\n", .malformedContentLength),
        bad(
            "a long length with a letter at its end", line + "Content-Length: 99999999999999999999x\r\n\r\n",
            .malformedContentLength),
        bad("two lengths", line + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", .repeatedContentLength),
        bad("two equal lengths", line + "Content-Length: 5\r\ncontent-length: 5\r\n\r\n", .repeatedContentLength),
        bad(
            "length and chunked", line + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            .transferEncodingWithContentLength),
        bad(
            "chunked and length", line + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            .transferEncodingWithContentLength),
        bad(
            "chunked and a length of 0", line + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
            .transferEncodingWithContentLength),
        bad("chunked twice in a list", line + "Transfer-Encoding: chunked, chunked\r\n\r\n", .malformedTransferEncoding),
        bad(
            "chunked twice", line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", .repeatedTransferEncoding),
        bad("deflate, chunked", line + "Transfer-Encoding: deflate, chunked\r\n\r\n", .malformedTransferEncoding),
        bad("chunked, identity", line + "Transfer-Encoding: chunked, identity\r\n\r\n", .malformedTransferEncoding),
        bad("a comma after chunked", line + "Transfer-Encoding: chunked,\r\n\r\n", .malformedTransferEncoding),
        bad("a comma before chunked", line + "Transfer-Encoding: ,chunked\r\n\r\n", .malformedTransferEncoding),
        bad("chunked with a parameter", line + "Transfer-Encoding: chunked;q=1\r\n\r\n", .malformedTransferEncoding),
        bad("chunked in quotes", line + "Transfer-Encoding: \"chunked\"\r\n\r\n", .malformedTransferEncoding),
        bad("an empty coding", line + "Transfer-Encoding:\r\n\r\n", .malformedTransferEncoding),
        bad("chunked with a vertical tab", line + "Transfer-Encoding: \u{0B}chunked\r\n\r\n", .controlByte),
        bad("chunked after a no-break space", line + "Transfer-Encoding: \u{A0}chunked\r\n\r\n", .malformedTransferEncoding),
        bad("gzip", line + "Transfer-Encoding: gzip\r\n\r\n", .unknownTransferCoding),
        bad("identity", line + "Transfer-Encoding: identity\r\n\r\n", .unknownTransferCoding),
        bad("nearly chunked", line + "Transfer-Encoding: xchunked\r\n\r\n", .unknownTransferCoding),
        bad("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInOldVersion),
        post("100-continue", ["Content-Length: 1", "Expect: 100-continue"]) {
            $0.framing = .length(1)
            $0.expectsContinue = true
        },
        post("100-Continue in capitals before a chunked body", ["EXPECT: 100-CONTINUE", "Transfer-Encoding: chunked"]) {
            $0.framing = .chunked
            $0.expectsContinue = true
        },
        post("100-continue twice", ["Expect: 100-continue", "Expect: 100-continue", "Content-Length: 1"]) {
            $0.framing = .length(1)
            $0.expectsContinue = true
        },
        post("100-continue without a body", ["Expect: 100-continue"]) { _ in },
        post("100-continue with an empty body", ["Expect: 100-continue", "Content-Length: 0"]) { $0.framing = .length(0) },
        good("100-continue in HTTP/1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n") {
            $0.method = "POST"
            $0.minorVersion = 0
            $0.keepAlive = false
            $0.host = nil
            $0.framing = .length(1)
            $0.fields = ["Expect: 100-continue", "Content-Length: 1"]
        },
        bad("another expectation", line + "Expect: 200-ok\r\n\r\n", .unsupportedExpectation),
        bad("two expectations", line + "Expect: 100-continue, x\r\n\r\n", .unsupportedExpectation),
        bad("an empty expectation", line + "Expect:\r\n\r\n", .unsupportedExpectation),
    ]

    static let connection: [RequestCase] = [
        post("close", ["Connection: close"]) { $0.keepAlive = false },
        post("close in capitals", ["CONNECTION: CLOSE"]) { $0.keepAlive = false },
        post("close in a list", ["Connection: x, close ,y"]) { $0.keepAlive = false },
        post("close and keep-alive", ["Connection: keep-alive, close"]) { $0.keepAlive = false },
        post("close, then keep-alive in another field", ["Connection: close", "Connection: keep-alive"]) { $0.keepAlive = false },
        post("keep-alive", ["Connection: keep-alive"]) { _ in },
        post("a name that only contains close", ["Connection: close-not"]) { _ in },
        post("empty elements", ["Connection: ,, ,close,"]) { $0.keepAlive = false },
        post("an empty Connection", ["Connection: "]) { _ in },
        post("Keep-Alive's parameters", ["Connection: keep-alive", "Keep-Alive: timeout=5"]) { _ in },
        good("keep-alive in HTTP/1.0", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n") {
            $0.minorVersion = 0
            $0.host = nil
            $0.fields = ["Connection: Keep-Alive"]
        },
        good("keep-alive and close in HTTP/1.0", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n") {
            $0.minorVersion = 0
            $0.keepAlive = false
            $0.host = nil
            $0.fields = ["Connection: keep-alive, close"]
        },
        post("an upgrade", ["Connection: Upgrade", "Upgrade: tcp"]) { $0.upgrade = "tcp" },
        post("an upgrade, the other way round", ["Upgrade: tcp", "connection: upgrade"]) { $0.upgrade = "tcp" },
        post("an upgrade in a list", ["Connection: keep-alive, Upgrade", "Upgrade: h2c, foo/2"]) { $0.upgrade = "h2c, foo/2" },
        post("an upgrade with a body", ["Connection: Upgrade", "Upgrade: tcp", "Content-Length: 2"], body: "{}") {
            $0.upgrade = "tcp"
            $0.framing = .length(2)
        },
        post("an upgrade that Connection does not name", ["Upgrade: tcp"]) { _ in },
        post("Connection names an upgrade that is not there", ["Connection: Upgrade"]) { _ in },
        good("an upgrade in HTTP/1.0", "POST / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n") {
            $0.method = "POST"
            $0.minorVersion = 0
            $0.keepAlive = false
            $0.host = nil
            $0.fields = ["Connection: Upgrade", "Upgrade: tcp"]
        },
        bad("two Upgrades", line + "Connection: Upgrade\r\nUpgrade: tcp\r\nUpgrade: h2c\r\n\r\n", .repeatedUpgrade),
        bad("an empty Upgrade", line + "Upgrade:\r\n\r\n", .malformedUpgrade),
        bad("an Upgrade of commas", line + "Upgrade: ,\r\n\r\n", .malformedUpgrade),
        bad("an Upgrade with a blank inside", line + "Upgrade: a b\r\n\r\n", .malformedUpgrade),
        bad("an Upgrade with two slashes", line + "Upgrade: a/b/c\r\n\r\n", .malformedUpgrade),
        bad("an Upgrade without a version", line + "Upgrade: a/\r\n\r\n", .malformedUpgrade),
        bad("a blank inside a Connection element", line + "Connection: keep alive\r\n\r\n", .malformedConnection),
        bad("a semicolon in Connection", line + "Connection: close; x\r\n\r\n", .malformedConnection),
        bad("a quote in Connection", line + "Connection: \"close\"\r\n\r\n", .malformedConnection),
        bad("Connection names Content-Length", line + "Connection: close, content-length\r\n\r\n", .connectionNamesFraming),
        bad("Connection names Transfer-Encoding", line + "Connection: Transfer-Encoding\r\n\r\n", .connectionNamesFraming),
        bad("Connection names Host", line + "Connection: host\r\n\r\n", .connectionNamesFraming),
    ]
}
