import Testing

@testable import Scripting

/// Who may see the page, and how it is sent.
@Suite struct InspectorSiteTests {
    private func status(_ answer: String) -> String { String(answer.dropFirst(9).prefix(3)) }

    @Test func thePageAndAllThatItLoadsAreThere() throws {
        let site = try InspectedSite(answering: "return 'x'")
        let index = try site.page("/")
        #expect(status(index) == "200")
        for match in index.matches(of: /(?:href|src)="([a-z.]+\.(?:css|js|svg))"/) {
            #expect(try status(site.page("/\(match.1)")) == "200", "\(match.1)")
        }
        for (name, file) in WebFile.all {
            for match in String(decoding: file.bytes, as: UTF8.self).matches(of: /from "\.\/([a-z]+\.js)"/) {
                #expect(WebFile.all[String(match.1)] != nil, "\(name) imports \(match.1)")
            }
        }
    }

    @Test(arguments: ["", "x", "0123456789abcdef0123456789abcdee", "0123456789abcdef0123456789abcdef0"])
    func withoutTheTokenNothingIs(token: String) throws {
        let site = try InspectedSite(answering: "return 'x'")
        for path in ["/", "/style.css", "/events", "/exchanges/1"] { #expect(try status(site.page(path, token: token)) == "403") }
        #expect(try status(site.page("/clear", method: "POST", token: token)) == "403")
    }

    @Test(arguments: [
        ("Host: localhost:1\r\n", "200"), ("Host: 127.0.0.1:8\r\nOrigin: http://127.0.0.1:8\r\nSec-Fetch-Site: same-origin\r\n", "200"),
        ("Host: localhost\r\nSec-Fetch-Site: none\r\n", "200"),
        ("Host: evil.example\r\n", "421"), ("Host: 127.0.0.1.evil.example\r\n", "421"),
        ("Host: localhost\r\nOrigin: http://evil.example\r\n", "403"), ("Host: localhost:1\r\nOrigin: http://localhost:2\r\n", "403"),
        ("Host: localhost\r\nOrigin: null\r\n", "403"), ("Host: localhost\r\nSec-Fetch-Site: cross-site\r\n", "403"),
        ("Host: localhost\r\nSec-Fetch-Site: same-site\r\n", "403"),
    ])
    func otherHostsAndPagesAreRefused(fields: String, expected: String) throws {
        #expect(try status(InspectedSite(answering: "return 'x'").page("/", fields)) == expected)
    }

    @Test func everyAnswerKeepsStrangersTextInItsPlace() throws {
        let site = try InspectedSite(answering: "return 'x'")
        for path in ["/", "/app.js", "/exchanges/9", "/exchanges.har"] {
            let answer = try site.page(path)
            if status(answer) != "404" { #expect(answer.contains("Content-Security-Policy: default-src 'none'; script-src 'self';")) }
            #expect(answer.contains("X-Content-Type-Options: nosniff\r\n"))
            #expect(answer.contains("Cache-Control: no-store\r\n"))
        }
    }

    @Test func whatIsNotThereIsSaid() throws {
        let site = try InspectedSite(answering: "return 'x'")
        for path in ["/nothing", "/exchanges/1", "/exchanges/x", "/exchanges/99999999999999999999", "/style.css/", "/clear"] {
            #expect(try status(site.page(path)) == "404", "\(path)")
        }
        #expect(try status(site.page("/style.css", method: "POST")) == "405")
        #expect(try site.page("").contains("Location: /\(InspectedSite.token.text)/\r\n"))
    }

    @Test func onlySoManyPagesLookOn() throws {
        let site = try InspectedSite(answering: "return 'x'")
        let pages = try (0..<Inspector.mostPages).map { _ in try site.open() }
        #expect(try status(site.page("/events")) == "503")
        for page in pages { page.close() }
    }
}
