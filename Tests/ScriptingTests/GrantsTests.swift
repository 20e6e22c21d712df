import Glibc
import Server
import Testing

@testable import Scripting

@Suite struct GrantsTests {
    @Test func nothingIsGrantedByItself() {
        let grants = Grants()
        #expect(Grants.Kind.allCases.allSatisfy { !grants.hasAny($0) })
        #expect(!grants.allows(read: "/") && !grants.allows(env: "HOME") && !grants.allows(net: .unix(path: "/s")))
    }

    @Test func eachKindIsItsOwn() {
        var grants = Grants()
        grants.env = ["HOME"]
        #expect(Grants.Kind.allCases.filter(grants.hasAny) == [.env])
        grants.net = [.anywhere]
        grants.read = ["/"]
        #expect(Grants.Kind.allCases.allSatisfy(grants.hasAny))
    }

    @Test(arguments: [
        ("example.com:80", "tcp://example.com:80", true), ("example.com:80", "tcp://EXAMPLE.com:80", true),
        ("example.com:80", "tcp://example.com:81", false), ("example.com:80", "tcp://www.example.com:80", false),
        ("example.com:*", "tcp://example.com:81", true), ("example.com:*", "tcp://example.org:81", false),
        ("tcp://example.com:80", "http://example.com", true), ("localhost:80", "tcp://127.0.0.1:80", false),
        ("[::1]:80", "tcp://[::1]:80", true), ("[::1]:*", "tcp://[::1]:9", true), ("[::1]:80", "tcp://[::2]:80", false),
        ("unix:///run/x.sock", "/run/x.sock", true), ("/run/x.sock", "unix:///run/x.sock", true), ("/run/x.sock", "/run/y.sock", false),
        ("example.com:*", "/run/x.sock", false), ("/run/x.sock", "tcp://x:1", false),
        ("*", "/run/x.sock", true), ("*", "tcp://example.com:80", true),
    ])
    func addresses(_ granted: String, _ asked: String, _ expected: Bool) throws {
        var grants = Grants()
        grants.net = [try #require(Grants.Destination(granted))]
        #expect(grants.allows(net: try UpstreamAddress.parse(asked)) == expected)
    }

    @Test(arguments: ["", "example.com", "example.com:", ":80", "example.com:http", "example.com:0", "example.com:99999", "a b:80", "*:80x",
        "https://example.com:443", "http://example.com/path:80", "::1:80", "unix://", "http://example.com"])
    func whatIsNoAddress(_ text: String) { #expect(Grants.Destination(text) == nil) }

    @Test func theFlagThatWouldGrantAnAddress() throws {
        for text in ["example.com:80", "[::1]:80", "unix:///run/x.sock"] {
            let address = try UpstreamAddress.parse(text.hasPrefix("unix") ? text : "tcp://\(text)")
            #expect(Grants.flag(net: address) == "--allow-net \(ShellWord.quoted(text))")
            #expect(try #require(Grants.Destination(text)).covers(address))
        }
    }

    @Test(arguments: [("HOME", true), ("HOME2", false), ("APP_", true), ("APP_KEY", true), ("APP", false), ("", false), ("home", false)])
    func variables(_ name: String, _ expected: Bool) {
        var grants = Grants()
        grants.env = ["HOME", "APP_*"]
        #expect(grants.allows(env: name) == expected)
    }

    @Test func scriptsSeeTheVariablesThatAreGranted() throws {
        setenv("DOGGER_TEST_SEEN", "value", 1)
        defer { unsetenv("DOGGER_TEST_SEEN") }
        var options = ScriptingOptions()
        options.grants.env = ["DOGGER_TEST_*"]
        let site = try Site(answering: "return tostring(dogger.env(req.query.name))", options)
        #expect(try site.body("GET /?name=DOGGER_TEST_SEEN") == "value")
        #expect(try site.body("GET /?name=DOGGER_TEST_UNSET") == "nil")
        #expect(try site.body("GET /?name=HOME").contains(
            "DIR/h.lua:1: env(\\\"HOME\\\"): a script sees no variables but those that a flag grants: dogger run --allow-env HOME would grant it"))
    }
}
