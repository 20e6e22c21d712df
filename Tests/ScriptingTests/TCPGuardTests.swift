import Testing

@testable import Scripting

@Suite struct TCPGuardTests {
    @Test(arguments: [
        "", "localhost", "localhost:9000", "LocalHost", "a.localhost", "a.b.localhost:1", "127.0.0.1", "127.0.0.1:9000", "127.255.0.9",
        "[::1]", "[::1]:9000",
    ])
    func namesOfThisMachine(_ host: String) { #expect(TCPGuard.isLocal(host)) }

    @Test(arguments: [
        "example.com", "localhost.example.com", "notlocalhost", "127.0.0.1.example.com", "127.0.0", "127.0.0.256", "127.0.0.0.1", "128.0.0.1",
        "0.0.0.0", "10.0.0.1", "[::2]", "[::]", "127.0.0.x", ".127.0.0.1", " localhost",
    ])
    func namesOfOthers(_ host: String) { #expect(!TCPGuard.isLocal(host)) }

    /// A Unix socket's file has a mode, so nobody is asked for a name there.
    @Test func aUnixSocketIsNotGuarded() throws {
        let site = try Site(answering: "return 'hello'")
        #expect(try site.body("GET /", "Origin: http://page.example\r\n") == "hello")
    }
}
