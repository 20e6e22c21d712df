import Server
import Testing

@testable import Scripting

@Suite struct HTTPURLTests {
    @Test(arguments: [
        ("http://example.com/", UpstreamAddress.tcp(host: "example.com", port: 80), "example.com", "/"),
        ("http://example.com", UpstreamAddress.tcp(host: "example.com", port: 80), "example.com", "/"),
        ("HTTP://Example.com:8080/a?b=c/d", UpstreamAddress.tcp(host: "Example.com", port: 8080), "Example.com:8080", "/a?b=c/d"),
        ("http://[::1]:5000?x", UpstreamAddress.tcp(host: "::1", port: 5000), "[::1]:5000", "/?x"),
        ("http+unix://%2Fvar%2Frun%2Fdocker.sock/info", UpstreamAddress.unix(path: "/var/run/docker.sock"), "localhost", "/info"),
        ("http+unix://%2fa%20b", UpstreamAddress.unix(path: "/a b"), "localhost", "/"),
    ])
    func isRead(_ text: String, _ address: UpstreamAddress, _ host: String, _ target: String) throws {
        let url = try HTTPURL(text)
        #expect(url.address == address && url.host == host && url.target == target, "\(url)")
    }

    /// What could be read in another way than it is connected to, or not at all.
    @Test(arguments: [
        "", "example.com", "/var/run/docker.sock", "//example.com/", "http:/example.com", "http:///x", "http://:80/", "ftp://example.com/",
        "https://example.com/", "http://good@evil/", "http://good:80@evil:80/", "http://good:x@evil/", "http://good\\@evil/", "http://good#@evil/",
        "http://a b/", "http://a\tb/", "http://a\r\nHost: b/", "http://a/\u{0}", "http://ex%61mple.com/", "http://exämple.com/", "http://a:0/",
        "http://a:99999/", "http://a:+80/", "http://a:80:80/", "http://::1/", "http://[::1/", "http://[::1]x/", "http://a:/",
        "http+unix:///var/run/docker.sock", "http+unix://docker.sock/", "http+unix://%2/x", "http+unix://%2Fa%00b/", "http+unix://%2Fa%FF/",
        "http+unix://user@%2Fa%zz/", " http://a/", "http://a/ ",
    ])
    func isRefused(_ text: String) {
        #expect(throws: HTTPURL.Fault.self) { try HTTPURL(text) }
    }

    @Test func sentences() {
        func message(_ text: String) -> String {
            do throws(HTTPURL.Fault) {
                _ = try HTTPURL(text)
                return ""
            } catch {
                return error.message
            }
        }
        #expect(message("https://a/") == "'https://a/' needs TLS, which is not spoken here: let a TLS proxy such as stunnel stand between")
        #expect(message("x") == "'x' is no address that can be asked: write http://host:port/path, or http+unix://%2Fpath%2Fto%2Fsocket/path")
        #expect(message("http://u@a/").contains("has a user name in it"))
    }
}
