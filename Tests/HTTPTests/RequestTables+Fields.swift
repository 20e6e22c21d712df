@testable import HTTP

private let line = "GET / HTTP/1.1\r\nHost: a\r\n"

extension RequestTables {
    static let fieldLines: [RequestCase] = [
        good("a field", line + "X-One: 1\r\n\r\n") { $0.fields.append("X-One: 1") },
        good("a value without a blank before", line + "X:1\r\n\r\n") { $0.fields.append("X: 1") },
        good("blanks around a value", line + "X: \t 1 2 \t \r\n\r\n") { $0.fields.append("X: 1 2") },
        good("tabs inside a value", line + "X: 1\t2\t\t3\r\n\r\n") { $0.fields.append("X: 1\t2\t\t3") },
        good("an empty value", line + "X:\r\n\r\n") { $0.fields.append("X: ") },
        good("a value of blanks", line + "X:  \t  \r\n\r\n") { $0.fields.append("X: ") },
        good("a value of one byte beyond ASCII", line + "X: \u{FF}\r\n\r\n") { $0.fields.append("X: \u{FF}") },
        good("UTF-8 in a value", line + "X: caf\u{C3}\u{A9} and more of it\r\n\r\n") {
            $0.fields.append("X: caf\u{C3}\u{A9} and more of it")
        },
        good("colons in a value", line + "X: a:b: c\r\n\r\n") { $0.fields.append("X: a:b: c") },
        good("a colon at the start of a value", line + "X::\r\n\r\n") { $0.fields.append("X: :") },
        good("a name of every kind of token byte", line + "!#$%&'*+-.^_`|~9aZ: 1\r\n\r\n") {
            $0.fields.append("!#$%&'*+-.^_`|~9aZ: 1")
        },
        good("the same name twice", line + "X: 1\r\nx: 2\r\n\r\n") { $0.fields += ["X: 1", "x: 2"] },
        good("a long value", line + "X: " + String(repeating: "0123456789", count: 30) + "\r\n\r\n") {
            $0.fields.append("X: " + String(repeating: "0123456789", count: 30))
        },
        good("names with an underscore are names of their own", line + "Content_Length: 5\r\n\r\n") {
            $0.fields.append("Content_Length: 5")
        },
        bad("a blank before the colon", line + "X : 1\r\n\r\n", .blankBeforeColon),
        bad("a tab before the colon", line + "X\t: 1\r\n\r\n", .blankBeforeColon),
        bad("a blank before Content-Length's colon", line + "Content-Length : 1\r\n\r\n", .blankBeforeColon),
        bad("no name", line + ": 1\r\n\r\n", .emptyFieldName),
        bad("a blank for a name", line + " : 1\r\n\r\n", .foldedField),
        bad("no colon", line + "X\r\n\r\n", .missingColon),
        bad("no colon but a blank", line + "X 1\r\n\r\n", .blankBeforeColon),
        bad("a bracket in a name", line + "X[1]: 1\r\n\r\n", .fieldNameByte),
        bad("a slash in a name", line + "X/Y: 1\r\n\r\n", .fieldNameByte),
        bad("a quote before a name", line + "\"X\": 1\r\n\r\n", .fieldNameByte),
        bad("a byte beyond ASCII in a name", line + "X\u{E9}: 1\r\n\r\n", .fieldNameByte),
        bad("a NUL in a name", line + "X\0: 1\r\n\r\n", .controlByte),
        bad("a control byte before a name", line + "\u{0B}X: 1\r\n\r\n", .controlByte),
        bad("a folded value", line + "X: 1\r\n 2\r\n\r\n", .foldedField),
        bad("a value folded with a tab", line + "X: 1\r\n\t2\r\n\r\n", .foldedField),
        bad("a blank before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedField),
        bad("a blank on the empty line", line + " \r\n\r\n", .foldedField),
        bad("a field line that ends in LF", line + "X: 1\nY: 2\r\n\r\n", .bareLineFeed),
        bad("a field line that ends in LF after a name", line + "X\n\r\n", .bareLineFeed),
        bad("an empty line of LF alone", line + "\n", .bareLineFeed),
        bad("LF LF", line + "X: 1\n\n", .bareLineFeed),
        bad("a CR in a value", line + "X: 1\r2\r\n\r\n", .bareCarriageReturn),
        bad("CR CR LF", line + "X: 1\r\r\n\r\n", .bareCarriageReturn),
        bad("an empty line of CR alone", line + "\rX: 1\r\n\r\n", .bareCarriageReturn),
        bad("a NUL in a value", line + "X: 1\02\r\n\r\n", .controlByte),
        bad("a NUL in a long value", line + "X: 0123456789\0abcdef 123\r\n\r\n", .controlByte),
        bad("a NUL at the end of a value", line + "X: 1\0\r\n\r\n", .controlByte),
        bad("DEL in a value", line + "X: 1\u{7F}\r\n\r\n", .controlByte),
        bad("DEL in a long value after a tab", line + "X: 012\t4567\u{7F}9abcdef\r\n\r\n", .controlByte),
        bad("an escape sequence in a value", line + "X: \u{1B}[31m\r\n\r\n", .controlByte),
        bad("a form feed in a value", line + "X: a\u{0C}b\r\n\r\n", .controlByte),
        unfinished("half a name", line + "X-On"),
        unfinished("a name and its colon", line + "X:"),
        unfinished("blanks", line + "X: \t "),
        unfinished("half a value", line + "X: 12345678901234567890"),
        unfinished("a value and a CR", line + "X: 1\r"),
        unfinished("a field line", line + "X: 1\r\n"),
        unfinished("half an empty line after fields", line + "X: 1\r\n\r"),
    ]

    static let hosts: [RequestCase] =
        [
            "localhost", "docker", "api.moby.localhost", "%2Fvar%2Frun%2Fdocker.sock", "", "a:", "a:0", "a:80", "a:65535",
            "127.0.0.1", "127.0.0.1:2375", "[::]", "[::1]", "[::1]:2375", "[1:2:3:4:5:6:7:8]", "[1::8]", "[1:2:3:4:5:6:7::]",
            "[::2:3:4:5:6:7:8]", "[::ffff:192.0.2.1]", "[1:2:3:4:5:6:192.0.2.1]", "[ABCD:ef01::]", "a_b", "a~b!$&'()*+,;=c", "A",
            "256.256.256.256", "-", "..",
        ].map { host in
            good("Host \(host)", "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") {
                $0.host = host
                $0.fields = ["Host: \(host)"]
            }
        }
        + [
            "/var/run/docker.sock", "a b", "a/b", "u@a", "a:b", "a:-1", "a:65536", "a:000080", "a:1:2", ":80", ":", "::1",
            "[", "[]", "[::1", "[::1]x", "[::1]:x", "[:]", "[:1]", "[1:]", "[1::2::3]", "[:::]", "[1:2:3:4:5:6:7]",
            "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7::8]", "[12345::]", "[g::]", "[::1.2.3]", "[::1.2.3.4.5]", "[::1.2.3.256]",
            "[::01.2.3.4]", "[::1.2.3.4:5]", "[1:2:3:4:5:6:7:1.2.3.4]", "[fe80::1%25eth0]", "[v1.x]", "a%2", "a%zz", "a%00", "a%",
            "caf\u{C3}\u{A9}", "a\\b", "a?b", "a#b", "<a>", "a\"", "a\tb",
        ].map { host in
            bad("Host \(host)", "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n", .malformedHost)
        }
        + [
            good("blanks around Host", "GET / HTTP/1.1\r\nhOST: \t a \r\n\r\n") { $0.fields = ["hOST: a"] },
            good("Host in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n") {
                $0.minorVersion = 0
                $0.keepAlive = false
            },
            good("Host as the last field", "GET / HTTP/1.1\r\nX: 1\r\nHost: a\r\n\r\n") { $0.fields = ["X: 1", "Host: a"] },
            bad("no Host", "GET / HTTP/1.1\r\n\r\n", .missingHost),
            bad("no Host but a field", "GET / HTTP/1.1\r\nX: 1\r\n\r\n", .missingHost),
            bad("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", .repeatedHost),
            bad("two equal Hosts", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nhost: a\r\n\r\n", .repeatedHost),
            bad("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", .repeatedHost),
            bad("two empty Hosts", "GET / HTTP/1.1\r\nHost:\r\nHost:\r\n\r\n", .repeatedHost),
            bad("a malformed Host in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n", .malformedHost),
        ]
}
