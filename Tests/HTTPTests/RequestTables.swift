@testable import HTTP

/// The requests that the parser is held to, good and bad: see ``RequestParserTests`` for how each is run.
enum RequestTables {
    static let requestLines: [RequestCase] = [
        good("the smallest request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        good("HTTP/1.0 without fields", "GET / HTTP/1.0\r\n\r\n") {
            $0.minorVersion = 0
            $0.keepAlive = false
            $0.host = nil
            $0.fields = []
        },
        good("an unknown method", "FROB / HTTP/1.1\r\nHost: a\r\n\r\n") { $0.method = "FROB" },
        good("a method of one letter", "x / HTTP/1.1\r\nHost: a\r\n\r\n") { $0.method = "x" },
        good("a method of every kind of token byte", "M!#$%&'*+-.^_`|~9 / HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.method = "M!#$%&'*+-.^_`|~9"
        },
        good("connect in lower case is another method", "connect / HTTP/1.1\r\nHost: a\r\n\r\n") { $0.method = "connect" },
        good("one empty line before", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        good("two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        bad("three empty lines before", "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .tooManyEmptyLines),
        bad("an empty line of LF alone before", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareLineFeed),
        bad("an empty line of CR alone before", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", .bareCarriageReturn),
        bad("a blank before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineSpacing),
        bad("a tab before the method", "\tGET / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineSpacing),
        bad("a TLS hello", "\u{16}\u{03}\u{01}\u{02}\u{00}\u{01}", .tlsHandshake),
        bad("a NUL at the start", "\0", .controlByte),
        bad("binary at the start", "\u{80}\u{2E}\u{01}", .malformedMethod),
        bad("DEL at the start", "\u{7F}", .controlByte),
        bad("a colon at the start", ":method GET\r\n", .malformedMethod),
        bad("a bracket in the method", "GE[T / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedMethod),
        bad("a control byte in the method", "GE\u{01}T / HTTP/1.1\r\nHost: a\r\n\r\n", .controlByte),
        bad("a letter beyond ASCII in the method", "G\u{C9}T / HTTP/1.1\r\nHost: a\r\n\r\n", .malformedMethod),
        bad("a method alone", "GET\r\n\r\n", .malformedMethod),
        bad("a method alone, LF", "GET\n", .bareLineFeed),
        bad("a tab after the method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineSpacing),
        bad("two spaces after the method", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineSpacing),
        bad("a tab after the target", "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", .requestLineSpacing),
        bad("two spaces after the target", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineSpacing),
        bad("a space after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .requestLineSpacing),
        bad("a tab after the version", "GET / HTTP/1.1\t\r\nHost: a\r\n\r\n", .requestLineSpacing),
        bad("a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", .malformedVersion),
        bad("HTTP/0.9", "GET /\r\n", .missingVersion),
        bad("HTTP/0.9 with a space at its end", "GET / \r\n", .missingVersion),
        bad("HTTP/0.9, LF", "GET /\n", .bareLineFeed),
        bad("a version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", .malformedVersion),
        bad("a version of one number", "GET / HTTP/1\r\nHost: a\r\n\r\n", .malformedVersion),
        bad("a version with a comma", "GET / HTTP/1,1\r\nHost: a\r\n\r\n", .malformedVersion),
        bad("a version of two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", .malformedVersion),
        bad("a version with a leading zero", "GET / HTTP/01.1\r\nHost: a\r\n\r\n", .malformedVersion),
        bad("a version with a sign", "GET / HTTP/+1.1\r\nHost: a\r\n\r\n", .malformedVersion),
        bad("a version with a letter", "GET / HTTP/1.x\r\nHost: a\r\n\r\n", .malformedVersion),
        bad("a version of another protocol", "GET / HTTPS/1.1\r\nHost: a\r\n\r\n", .malformedVersion),
        bad("a version of an Icecast client", "GET / ICE/1.0\r\n\r\n", .malformedVersion),
        bad("a control byte in the version", "GET / HTTP/\u{01}.1\r\nHost: a\r\n\r\n", .controlByte),
        bad("HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", .unsupportedVersion),
        bad("HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", .unsupportedVersion),
        bad("HTTP/3.1", "GET / HTTP/3.1\r\nHost: a\r\n\r\n", .unsupportedVersion),
        bad("HTTP/0.9 said", "GET / HTTP/0.9\r\n\r\n", .unsupportedVersion),
        bad("the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion),
        bad("a request line that ends in LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineFeed),
        bad("a request line that ends in CR", "GET / HTTP/1.1\rHost: a\r\n\r\n", .bareCarriageReturn),
        bad("a request line that ends in CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", .bareCarriageReturn),
        unfinished("nothing", ""),
        unfinished("an empty line", "\r\n"),
        unfinished("half an empty line", "\r"),
        unfinished("a method", "GET"),
        unfinished("a method and a space", "GET "),
        unfinished("a target", "GET /"),
        unfinished("a target and a space", "GET / "),
        unfinished("a version", "GET / HTTP/1.1"),
        unfinished("a version and a CR", "GET / HTTP/1.1\r"),
        unfinished("a request line", "GET / HTTP/1.1\r\n"),
    ]

    static let targets: [RequestCase] = [
        good("a path", "GET /v1.50/containers/json HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "/v1.50/containers/json"
            $0.path = $0.target
        },
        good("a query", "GET /p?all=1&x HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "/p?all=1&x"
            $0.path = "/p"
            $0.query = "all=1&x"
        },
        good("an empty query", "GET /p? HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "/p?"
            $0.path = "/p"
            $0.query = ""
        },
        good("a question mark in the query", "GET /?a?b HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "/?a?b"
            $0.query = "a?b"
        },
        good("JSON in the query, as curl -g sends it", "GET /j?f={\"a\":[\"b\"]} HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "/j?f={\"a\":[\"b\"]}"
            $0.path = "/j"
            $0.query = "f={\"a\":[\"b\"]}"
        },
        good("escapes in the path", "GET /a%2Fb%20%c3%A4 HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "/a%2Fb%20%c3%A4"
            $0.path = $0.target
        },
        good("an escaped percent before 00", "GET /%2500 HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "/%2500"
            $0.path = $0.target
        },
        good("an escaped NUL in the query", "GET /?%00 HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "/?%00"
            $0.query = "%00"
        },
        good("two slashes", "GET //x//y HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "//x//y"
            $0.path = $0.target
        },
        good("dots", "GET /../x/./ HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "/../x/./"
            $0.path = $0.target
        },
        good("an address in the path", "GET /http://b/ HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "/http://b/"
            $0.path = $0.target
        },
        good("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.method = "OPTIONS"
            $0.target = "*"
            $0.path = "*"
        },
        good("OPTIONS of a path", "OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.method = "OPTIONS"
            $0.target = "/x"
            $0.path = "/x"
        },
        good("absolute-form", "GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "http://a/x?y"
            $0.path = "/x"
            $0.query = "y"
            $0.authority = "a"
        },
        good("absolute-form in capitals", "GET HTTP://A/x HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "HTTP://A/x"
            $0.path = "/x"
            $0.authority = "A"
        },
        good("absolute-form without a path", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "http://a"
            $0.path = ""
            $0.authority = "a"
        },
        good("absolute-form with a query alone", "GET http://a?x/y HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "http://a?x/y"
            $0.path = ""
            $0.query = "x/y"
            $0.authority = "a"
        },
        good("absolute-form with a port", "GET http://a:8080/ HTTP/1.1\r\nHost: a:8080\r\n\r\n") {
            $0.target = "http://a:8080/"
            $0.authority = "a:8080"
            $0.host = "a:8080"
            $0.fields = ["Host: a:8080"]
        },
        good("absolute-form with the default port in one place", "GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "http://a:80/"
            $0.authority = "a:80"
        },
        good("absolute-form with an empty port in the other", "GET http://a/ HTTP/1.1\r\nHost: a:\r\n\r\n") {
            $0.target = "http://a/"
            $0.authority = "a"
            $0.host = "a:"
            $0.fields = ["Host: a:"]
        },
        good("absolute-form with IPv6", "GET http://[::1]:80/ HTTP/1.1\r\nHost: [::1]\r\n\r\n") {
            $0.target = "http://[::1]:80/"
            $0.authority = "[::1]:80"
            $0.host = "[::1]"
            $0.fields = ["Host: [::1]"]
        },
        good("absolute-form in HTTP/1.0 without Host", "GET http://a/ HTTP/1.0\r\n\r\n") {
            $0.target = "http://a/"
            $0.authority = "a"
            $0.minorVersion = 0
            $0.keepAlive = false
            $0.host = nil
            $0.fields = []
        },
        bad("absolute-form with another Host", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", .hostMismatch),
        bad("absolute-form with another port", "GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", .hostMismatch),
        bad("absolute-form with an empty Host", "GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n", .hostMismatch),
        bad("absolute-form without Host", "GET http://a/ HTTP/1.1\r\n\r\n", .missingHost),
        bad("absolute-form with a user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", .malformedAuthority),
        bad("absolute-form with user and password", "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", .malformedAuthority),
        bad("absolute-form without a host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", .malformedAuthority),
        bad("absolute-form with a query and no host", "GET http://?x HTTP/1.1\r\nHost: a\r\n\r\n", .malformedAuthority),
        bad("absolute-form with a backslash", "GET http://a\\b/ HTTP/1.1\r\nHost: a\r\n\r\n", .malformedAuthority),
        bad("absolute-form with an open bracket", "GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n", .malformedAuthority),
        bad("absolute-form with https", "GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
        bad("absolute-form with one slash", "GET http:/a HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
        bad(
            "absolute-form with the question mark too early", "GET http:?//a HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
        bad("absolute-form with ftp", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
        bad("a path without a slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
        bad("a path without a slash that begins with h", "GET host HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
        bad("authority-form", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
        bad("a query without a path", "GET ?x HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
        bad("an escape in place of the slash", "GET %2Fx HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
        bad("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", .connectMethod),
        bad("CONNECT of a path", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", .connectMethod),
        bad("GET *", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", .asteriskTarget),
        bad("OPTIONS * and more", "OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
        bad("OPTIONS * with a query", "OPTIONS *?x HTTP/1.1\r\nHost: a\r\n\r\n", .unsupportedTargetForm),
        bad("a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", .targetFragment),
        bad("a fragment in the query", "GET /?a#b HTTP/1.1\r\nHost: a\r\n\r\n", .targetFragment),
        bad("a fragment at once", "GET #b HTTP/1.1\r\nHost: a\r\n\r\n", .targetFragment),
        bad("half an escape", "GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n", .targetEscape),
        bad("a percent alone", "GET /% HTTP/1.1\r\nHost: a\r\n\r\n", .targetEscape),
        bad("an escape with a letter beyond F", "GET /%2g HTTP/1.1\r\nHost: a\r\n\r\n", .targetEscape),
        bad("an escape with a first letter beyond F", "GET /%G0 HTTP/1.1\r\nHost: a\r\n\r\n", .targetEscape),
        bad("an escape of a wide character", "GET /%u0041 HTTP/1.1\r\nHost: a\r\n\r\n", .targetEscape),
        bad("half an escape in the query", "GET /?%a HTTP/1.1\r\nHost: a\r\n\r\n", .targetEscape),
        bad("an escaped NUL in the path", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", .targetNull),
        bad("an escaped NUL in the authority", "GET http://a%00/ HTTP/1.1\r\nHost: a\r\n\r\n", .targetNull),
        bad("UTF-8 in the path", "GET /\u{C3}\u{A4} HTTP/1.1\r\nHost: a\r\n\r\n", .targetByte),
        bad("a byte beyond ASCII in the query", "GET /?\u{FF} HTTP/1.1\r\nHost: a\r\n\r\n", .targetByte),
        bad("a NUL in the path", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", .controlByte),
        bad("DEL in the path", "GET /\u{7F} HTTP/1.1\r\nHost: a\r\n\r\n", .controlByte),
        bad("a control byte in place of a target", "GET \u{01} HTTP/1.1\r\nHost: a\r\n\r\n", .controlByte),
        bad("a byte beyond ASCII in place of a target", "GET \u{E9} HTTP/1.1\r\nHost: a\r\n\r\n", .targetByte),
        bad("a line end in place of a target", "GET \r\n\r\n", .missingVersion),
        unfinished("half an escape at the end", "GET /%"),
        unfinished("most of an escape at the end", "GET /%4"),
    ]
}
