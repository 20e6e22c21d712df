import Testing

@testable import Server

@Suite struct RelayTargetTests {
    private func fault(_ path: String) -> String? {
        var path = path
        return path.withUTF8 { RelayTarget.fault(in: UnsafeRawBufferPointer($0)) }
    }

    @Test(arguments: [
        "", "/", "*", "/containers/json", "/v1.41/containers/json/", "/images/library/busybox:latest/json", "/a/..b/c..", "/a/...",
        "/a%20b", "/%41", "/a%2Eb", "/.well-known", "/images/localhost:5000/x@sha256:abc/json", "/a;b", "/~", "/%25%32%46",
    ])
    func isPassedOn(_ path: String) {
        #expect(fault(path) == nil)
    }

    @Test(arguments: [
        "//", "//a", "/a//b", "/a//", "/.", "/..", "/./a", "/a/./b", "/a/..", "/a/../b", "/%2e", "/%2E%2e", "/.%2e/a", "/a/%2e./b",
        "/a%2Fb", "/a%2fb", "/%2F", "/a%5Cb", "/a%5cb", "/a\\b", "/v1.41%2Fcontainers", "/..%2fx",
    ])
    func isRefused(_ path: String) throws {
        let message = try #require(fault(path))
        #expect(message.hasPrefix("The request's path holds "))
    }
}
