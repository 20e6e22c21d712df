@testable import HTTP

enum ResponseTables {
    static let statusLines: [ResponseCase] = [
        .good("the smallest response", "HTTP/1.1 200 OK\r\n\r\n") { _ in },
        .good("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n") { $0.minorVersion = 0 },
        .good("a reason of words", "HTTP/1.1 404 Not  Found, really\r\n\r\n") {
            $0.status = 404
            $0.reason = "Not  Found, really"
        },
        .good("an empty reason", "HTTP/1.1 200 \r\n\r\n") { $0.reason = "" },
        .good("no reason and no space", "HTTP/1.1 200\r\n\r\n") { $0.reason = "" },
        .good("a reason with a tab and bytes beyond ASCII", "HTTP/1.1 200 \t\u{C3}\u{A9}\r\n\r\n") {
            $0.reason = "\t\u{C3}\u{A9}"
        },
        .good("two spaces before the reason", "HTTP/1.1 200  OK\r\n\r\n") { $0.reason = " OK" },
        .good("the least known status", "HTTP/1.1 299 \r\n\r\n") {
            $0.status = 299
            $0.reason = ""
        },
        .good("the greatest status", "HTTP/1.1 599 X\r\n\r\n") {
            $0.status = 599
            $0.reason = "X"
        },
        .bad("a status below 100", "HTTP/1.1 099 X\r\n\r\n", .malformedStatus),
        .bad("a status of 0", "HTTP/1.1 000 X\r\n\r\n", .malformedStatus),
        .bad("a status of 600", "HTTP/1.1 600 X\r\n\r\n", .malformedStatus),
        .bad("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", .malformedStatusLine),
        .bad("a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", .malformedStatusLine),
        .bad("a status with a sign", "HTTP/1.1 +20 OK\r\n\r\n", .malformedStatusLine),
        .bad("a status with a letter", "HTTP/1.1 20x OK\r\n\r\n", .malformedStatusLine),
        .bad("no status", "HTTP/1.1\r\n\r\n", .malformedStatusLine),
        .bad("two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n", .malformedStatusLine),
        .bad("a tab before the status", "HTTP/1.1\t200 OK\r\n\r\n", .malformedStatusLine),
        .bad("a tab after the status", "HTTP/1.1 200\tOK\r\n\r\n", .malformedStatusLine),
        .bad("a reason that follows at once", "HTTP/1.1 200OK\r\n\r\n", .malformedStatusLine),
        .bad("an empty line before", "\r\nHTTP/1.1 200 OK\r\n\r\n", .malformedStatusLine),
        .bad("a blank before", " HTTP/1.1 200 OK\r\n\r\n", .malformedStatusLine),
        .bad("a version in lower case", "http/1.1 200 OK\r\n\r\n", .malformedStatusLine),
        .bad("a version of one number", "HTTP/1 200 OK\r\n\r\n", .malformedStatusLine),
        .bad("a version of two digits", "HTTP/1.10 200 OK\r\n\r\n", .malformedStatusLine),
        .bad("Icecast", "ICY 200 OK\r\n\r\n", .malformedStatusLine),
        .bad("HTTP/0.9: a body alone", "<html>", .malformedStatusLine),
        .bad("a TLS alert", "\u{15}\u{03}\u{01}", .malformedStatusLine),
        .bad("HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", .unsupportedVersion),
        .bad("HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", .unsupportedVersion),
        .bad("a status line that ends in LF", "HTTP/1.1 200 OK\n\r\n", .bareLineFeed),
        .bad("a status line that ends in LF after the status", "HTTP/1.1 200\n\r\n", .bareLineFeed),
        .bad("LF in the version", "HTTP/1.\n", .bareLineFeed),
        .bad("a CR in the reason", "HTTP/1.1 200 O\rK\r\n\r\n", .bareCarriageReturn),
        .bad("a NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n", .controlByte),
        .bad("DEL in the reason", "HTTP/1.1 200 O\u{7F}K\r\n\r\n", .controlByte),
        .unfinished("nothing", ""),
        .unfinished("half a version", "HTTP/1."),
        .unfinished("half a status", "HTTP/1.1 20"),
        .unfinished("a status", "HTTP/1.1 200"),
        .unfinished("a status line", "HTTP/1.1 200 OK\r\n"),
        .unfinished("half an empty line", "HTTP/1.1 200 OK\r\n\r"),
    ]

    static let fields: [ResponseCase] = [
        .good("fields", "HTTP/1.1 200 OK\r\nApi-Version: 1.50\r\nX:\t a \t\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nbody") {
            $0.fields = ["Api-Version: 1.50", "X: a", "Set-Cookie: a", "Set-Cookie: b"]
            $0.bodyBytes = 4
        },
        .good("fields that only mean something in requests", "HTTP/1.1 200 OK\r\nHost: a b\r\nHost: c\r\nExpect: x\r\n\r\n") {
            $0.fields = ["Host: a b", "Host: c", "Expect: x"]
        },
        .bad("a folded value", "HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n", .foldedField),
        .bad("a blank before the first field", "HTTP/1.1 200 OK\r\n X: 1\r\n\r\n", .foldedField),
        .bad("a blank before the colon", "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n", .blankBeforeColon),
        .bad("no colon", "HTTP/1.1 200 OK\r\nX\r\n\r\n", .missingColon),
        .bad("no name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n", .emptyFieldName),
        .bad("a line that ends in LF", "HTTP/1.1 200 OK\r\nX: 1\nY: 2\r\n\r\n", .bareLineFeed),
        .bad("a CR in a value", "HTTP/1.1 200 OK\r\nX: 1\rY: 2\r\n\r\n", .bareCarriageReturn),
        .bad("a NUL in a value", "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n", .controlByte),
        .bad("a head without an end", "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 66_000), .headTooLarge),
        .bad("a reason without an end", "HTTP/1.1 200 " + String(repeating: "x", count: 66_000), .headTooLarge),
        .bad("many fields", "HTTP/1.1 200 OK\r\n" + String(repeating: "X: 1\r\n", count: 257) + "\r\n", .tooManyFields),
    ]

    static let framing: [ResponseCase] = [
        .good("a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") {
            $0.framing = .length(5)
            $0.keepAlive = true
            $0.bodyBytes = 5
            $0.fields = ["Content-Length: 5"]
        },
        .good("a length of 0", "HTTP/1.1 404 \r\ncontent-length:0\r\n\r\n") {
            $0.status = 404
            $0.reason = ""
            $0.framing = .length(0)
            $0.keepAlive = true
            $0.fields = ["content-length: 0"]
        },
        .good("chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n") {
            $0.framing = .chunked
            $0.keepAlive = true
            $0.bodyBytes = 5
            $0.fields = ["Transfer-Encoding: Chunked"]
        },
        .good("up to the end, though keep-alive is said", "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n") {
            $0.fields = ["Connection: keep-alive"]
        },
        .good("a length, and close", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n") {
            $0.framing = .length(5)
            $0.fields = ["Content-Length: 5", "Connection: close"]
        },
        .good("a length in HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n") {
            $0.minorVersion = 0
            $0.framing = .length(5)
            $0.fields = ["Content-Length: 5"]
        },
        .good("a length in HTTP/1.0, and keep-alive", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n") {
            $0.minorVersion = 0
            $0.framing = .length(5)
            $0.keepAlive = true
            $0.fields = ["Content-Length: 5", "Connection: keep-alive"]
        },
        .good("a length to HEAD", to: .init(isHead: true), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") {
            $0.framing = .none
            $0.keepAlive = true
            $0.fields = ["Content-Length: 5"]
        },
        .good("chunked to HEAD", to: .init(isHead: true), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") {
            $0.framing = .none
            $0.keepAlive = true
            $0.fields = ["Transfer-Encoding: chunked"]
        },
        .good("nothing to HEAD", to: .init(isHead: true), "HTTP/1.1 200 OK\r\n\r\n") {
            $0.framing = .none
            $0.keepAlive = true
        },
        .good("close to HEAD", to: .init(isHead: true), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n") {
            $0.framing = .none
            $0.fields = ["Connection: close"]
        },
        .good("204", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1") {
            $0.status = 204
            $0.reason = "No Content"
            $0.framing = .none
            $0.keepAlive = true
            $0.bodyBytes = 8
        },
        .good("204 with a length of 0", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n") {
            $0.status = 204
            $0.reason = "No Content"
            $0.framing = .none
            $0.keepAlive = true
            $0.fields = ["Content-Length: 0"]
        },
        .bad("204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", .unexpectedFraming),
        .bad("204 with chunked", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", .unexpectedFraming),
        .bad(
            "204 with a length to HEAD", to: .init(isHead: true), "HTTP/1.1 204 \r\nContent-Length: 5\r\n\r\n", .unexpectedFraming
        ),
        .good("304", "HTTP/1.1 304 Not Modified\r\n\r\n") {
            $0.status = 304
            $0.reason = "Not Modified"
            $0.framing = .none
            $0.keepAlive = true
        },
        .good("304 with the length of what it did not send", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n") {
            $0.status = 304
            $0.reason = "Not Modified"
            $0.framing = .none
            $0.keepAlive = true
            $0.fields = ["Content-Length: 5"]
        },
        .bad("304 with two lengths", "HTTP/1.1 304 \r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", .repeatedContentLength),
        .good("205 is framed like any other", "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n") {
            $0.status = 205
            $0.reason = "Reset"
            $0.framing = .length(0)
            $0.keepAlive = true
            $0.fields = ["Content-Length: 0"]
        },
        .bad("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", .repeatedContentLength),
        .bad("a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", .malformedContentLength),
        .bad("a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", .malformedContentLength),
        .bad("a length too large", "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n", .contentLengthTooLarge),
        .bad(
            "a malformed length to HEAD", to: .init(isHead: true), "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            .malformedContentLength),
        .bad(
            "length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            .transferEncodingWithContentLength),
        .bad(
            "chunked and length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            .transferEncodingWithContentLength),
        .bad("gzip, chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .malformedTransferEncoding),
        .bad("gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", .unknownTransferCoding),
        .bad(
            "chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            .repeatedTransferEncoding),
        .bad("chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInOldVersion),
        .bad("a malformed Connection", "HTTP/1.1 200 OK\r\nConnection: a b\r\n\r\n", .malformedConnection),
        .bad("Connection names Content-Length", "HTTP/1.1 200 OK\r\nConnection: Content-Length\r\n\r\n", .connectionNamesFraming),
    ]

    static let interimAndUpgrade: [ResponseCase] = [
        .good("100", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n") {
            $0.status = 100
            $0.reason = "Continue"
            $0.framing = .none
            $0.keepAlive = true
            $0.bodyBytes = 19
        },
        .good("103 with fields", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n") {
            $0.status = 103
            $0.reason = "Early Hints"
            $0.framing = .none
            $0.keepAlive = true
            $0.fields = ["Link: </x>"]
        },
        .bad("100 with a length", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n", .unexpectedFraming),
        .bad("100 with chunked", "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n", .unexpectedFraming),
        .good(
            "Docker's hijack", to: .init(offersUpgrade: true),
            "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n\u{01}\0"
        ) {
            $0.status = 101
            $0.reason = "UPGRADED"
            $0.framing = .none
            $0.upgrade = "tcp"
            $0.bodyBytes = 2
            $0.fields = ["Content-Type: application/vnd.docker.raw-stream", "Connection: Upgrade", "Upgrade: tcp"]
        },
        .good("101 that doesn't say to what", to: .init(offersUpgrade: true), "HTTP/1.1 101 X\r\n\r\n") {
            $0.status = 101
            $0.reason = "X"
            $0.framing = .none
        },
        .bad("101 that nobody asked for", "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n", .unexpectedUpgrade),
        .bad("101 in HTTP/1.0", to: .init(offersUpgrade: true), "HTTP/1.0 101 X\r\n\r\n", .unexpectedUpgrade),
        .bad(
            "101 with chunked", to: .init(offersUpgrade: true), "HTTP/1.1 101 X\r\nTransfer-Encoding: chunked\r\n\r\n",
            .unexpectedFraming),
        .bad(
            "101 with a length", to: .init(offersUpgrade: true), "HTTP/1.1 101 X\r\nContent-Length: 1\r\n\r\n", .unexpectedFraming
        ),
        .bad(
            "101 with two Upgrades", to: .init(offersUpgrade: true), "HTTP/1.1 101 X\r\nUpgrade: a\r\nUpgrade: b\r\n\r\n",
            .repeatedUpgrade),
        .good("an offer that is turned down", to: .init(offersUpgrade: true), "HTTP/1.1 200 OK\r\nUpgrade: h2c\r\n\r\n") {
            $0.fields = ["Upgrade: h2c"]
        },
        .bad("a malformed Upgrade", "HTTP/1.1 426 X\r\nUpgrade: a b\r\n\r\n", .malformedUpgrade),
    ]
}
