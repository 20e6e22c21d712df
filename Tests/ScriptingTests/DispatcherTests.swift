import Testing

@testable import Scripting

/// What of a request goes to the log.
@Suite struct DispatcherTests {
    private func logged(_ options: ScriptingOptions, _ fields: String, _ body: String) throws -> String {
        let site = try Site(answering: "print('end') return { headers = { A = 'b' }, body = 'answer\\n' }", options)
        _ = try site.ask("POST /a?b", fields, body: body)
        site.log.flush()
        return site.logged
    }

    @Test(arguments: [
        ("", "", "> POST /a?b\n"),
        ("Content-Length: 5\r\n", "hello", "> POST /a?b\n  hello\n"),
        ("Content-Length: 7\r\n", "hello\r\n", "> POST /a?b\n  hello\n"),
        ("Content-Length: 9\r\n", "two\nlines", "> POST /a?b\n  two\n  lines\n"),
        ("Content-Length: 3\r\n", "a\u{1b}b", "> POST /a?b\n  (3 bytes)\n"),
        ("Content-Length: 1024\r\n", String(repeating: "x", count: 1024), "> POST /a?b\n  \(String(repeating: "x", count: 1024))\n"),
        ("Content-Length: 1025\r\n", String(repeating: "x", count: 1025), "> POST /a?b\n  (1025 bytes)\n"),
    ])
    func aRequestIsALineAndItsBody(_ fields: String, _ body: String, _ expected: String) throws {
        #expect(try logged(ScriptingOptions(), fields, body) == expected + "DIR/h.lua:1: end\n")
    }

    @Test func requestsCanBeLeftOut() throws {
        var options = ScriptingOptions()
        options.logsRequests = false
        #expect(try logged(options, "Content-Length: 5\r\n", "hello") == "DIR/h.lua:1: end\n")
    }

    @Test func aTraceHasHeadersAndTheAnswer() throws {
        var options = ScriptingOptions()
        options.traces = true
        #expect(try logged(options, "X-One: 1\r\nContent-Length: 5\r\n", "hello") == """
            > POST /a?b
            >   Host: x
            >   Connection: close
            >   X-One: 1
            >   Content-Length: 5
              hello
            DIR/h.lua:1: end
            < 200 OK
            <   A: b
            <   Content-Type: text/plain; charset=utf-8
            << answer

            """)
    }

    @Test func aRefusalIsTold() throws {
        let site = try Site(answering: "return 'x'")
        #expect(try site.ask("GET / HTTP/9").hasPrefix("HTTP/1.1 400 "))
        try site.waitForLog("dogger: a request was refused with 400: In the request line exactly one space")
    }
}
