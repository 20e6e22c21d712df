import HTTP
import Testing

@testable import Server

@Suite struct UpstreamRequestTests {
    /// The head as it is sent.
    private func head(
        _ method: String, _ target: String, _ fields: [(String, String)] = [], _ framing: BodyFraming = .none,
        _ upgrade: String? = nil, host: String? = "h"
    ) -> String {
        withRequest(method, target, fields, framing, upgrade, host: host) { request in
            let buffer = ByteBuffer()
            let name: StaticString = "upstream"
            request.append(
                to: buffer, defaultHost: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
            return buffer.readable.text
        }
    }

    @Test func isWrittenInOrder() {
        #expect(
            head("GET", "/a?b", [("Accept", "*/*"), ("X", ""), ("x", "2")])
                == "GET /a?b HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nX: \r\nx: 2\r\n\r\n")
        #expect(head("GET", "/", host: nil) == "GET / HTTP/1.1\r\nHost: upstream\r\n\r\n")
        #expect(head("GET", "/", host: "") == "GET / HTTP/1.1\r\nHost: \r\n\r\n")
    }

    @Test func framingIsWrittenAnew() {
        let fields = [("Content-Length", "7"), ("content-length", "8"), ("Transfer-Encoding", "gzip, chunked")]
        #expect(head("POST", "/", fields) == "POST / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(head("POST", "/", fields, .length(0)) == "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        #expect(head("POST", "/", fields, .length(12)) == "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n")
        #expect(head("POST", "/", fields, .chunked) == "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
    }

    @Test func whatConcernsOneConnectionIsLeftOut() {
        let fields = [
            ("Connection", "keep-alive, X-Private"), ("connection", " Other ,,close"), ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "keep-alive"), ("TE", "trailers"), ("Trailer", "X"), ("Transfer-Encoding", "chunked"),
            ("Upgrade", "tcp"), ("x-private", "1"), ("OTHER", "2"), ("X-Public", "3"), ("Expect", "100-continue"),
            ("Host", "other"),
        ]
        #expect(head("GET", "/", fields) == "GET / HTTP/1.1\r\nHost: h\r\nX-Public: 3\r\n\r\n")
    }

    @Test func anUpgradeIsOffered() {
        #expect(
            head("POST", "/", [("Connection", "Upgrade, X"), ("Upgrade", "a"), ("X", "1")], .none, "tcp, h2c")
                == "POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: tcp, h2c\r\n\r\n")
    }

    @Test(arguments: [
        ("G T", "/", [("A", "b")], nil as String?, "h"), ("", "/", [], nil, "h"), ("GET\r\n", "/", [], nil, "h"),
        ("GET", "", [], nil, "h"), ("GET", "/ HTTP/1.1", [], nil, "h"), ("GET", "/\r\nX: y", [], nil, "h"),
        ("GET", "/\u{e9}", [], nil, "h"), ("GET", "/", [("A b", "c")], nil, "h"), ("GET", "/", [("", "c")], nil, "h"),
        ("GET", "/", [("A", "b\r\nC: d")], nil, "h"), ("GET", "/", [("A", "\0")], nil, "h"),
        ("GET", "/", [], "tcp\r\nX: y", "h"), ("GET", "/", [], nil, "h\r\nX: y"), ("GET", "/", [], nil, "a b"),
    ])
    func whatWouldBeReadOtherwiseIsRefused(
        _ method: String, _ target: String, _ fields: [(String, String)], _ upgrade: String?, _ host: String
    ) {
        withRequest(method, target, fields, .none, upgrade, host: host) { request in
            guard case .badRequest = request.fault else {
                Issue.record("it was not refused")
                return
            }
        }
    }

    @Test func whatIsRightHasNoFault() {
        withRequest("M-SEARCH", "/a%20b?c=~!", [("X", "\u{e9}\t ")], .chunked, "tcp, h2c/1") { #expect($0.fault == nil) }
        withRequest("GET", "*", host: nil) { #expect($0.fault == nil) }
        withRequest("GET", "/", [], .untilClose) { #expect($0.fault != nil) }
    }
}
