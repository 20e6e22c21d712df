@testable import HTTP

private let smallest = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

private func limited(_ row: RequestCase, bytes: Int = 65_536, fields: Int = 256) -> RequestCase {
    var row = row
    row.limits = HeadLimits(bytes: bytes, fields: fields)
    return row
}

private func fill(_ count: Int) -> String { String(repeating: "x", count: count) }

extension RequestTables {
    static let limits: [RequestCase] = [
        limited(good("a head just as long as allowed", smallest), bytes: 27),
        limited(bad("a head one byte longer than allowed", smallest, .headTooLarge), bytes: 26),
        limited(bad("a fault just inside the limit comes first", "GET / HTTP/1.1\r\n X", .foldedField), bytes: 17),
        limited(bad("a fault just outside the limit comes second", "GET / HTTP/1.1\r\n X", .headTooLarge), bytes: 16),
        limited(good("empty lines count", "\r\n\r\n" + smallest), bytes: 31),
        limited(bad("empty lines count too", "\r\n\r\n" + smallest, .headTooLarge), bytes: 30),
        bad("a request line without an end", "GET /" + fill(65_531), .headTooLarge),
        unfinished("a request line without an end, one byte less", "GET /" + fill(65_530)),
        bad("a method without an end", fill(65_536), .headTooLarge),
        bad("a field name without an end", "GET / HTTP/1.1\r\n" + fill(65_520), .headTooLarge),
        bad("a value without an end", "GET / HTTP/1.1\r\nX:" + fill(70_000), .headTooLarge),
        bad("blanks without an end", "GET / HTTP/1.1\r\nX:" + String(repeating: " ", count: 70_000), .headTooLarge),
        good("a long target", "GET /" + fill(60_000) + " HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.target = "/" + fill(60_000)
            $0.path = $0.target
        },
        limited(
            good("as many fields as allowed", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n") { $0.fields.append("X: 1") }, fields: 2
        ),
        limited(bad("a field more than allowed", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 1\r\n", .tooManyFields), fields: 2),
        limited(unfinished("half a field more than allowed", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 1"), fields: 2),
        limited(bad("no field allowed", smallest, .tooManyFields), fields: 0),
    ]

    /// Heads as clients send them.
    static let clients: [RequestCase] = [
        good(
            "docker's ping",
            "HEAD /_ping HTTP/1.1\r\nHost: api.moby.localhost\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\n\r\n"
        ) {
            $0.method = "HEAD"
            $0.target = "/_ping"
            $0.path = "/_ping"
            $0.host = "api.moby.localhost"
            $0.fields = ["Host: api.moby.localhost", "User-Agent: Docker-Client/28.2.2 (linux)"]
        },
        good(
            "docker's filters",
            "GET /v1.50/containers/json?all=1&filters=%7B%22name%22%3A%7B%22x%22%3Atrue%7D%7D HTTP/1.1\r\n"
                + "Host: api.moby.localhost\r\n\r\n"
        ) {
            $0.target = "/v1.50/containers/json?all=1&filters=%7B%22name%22%3A%7B%22x%22%3Atrue%7D%7D"
            $0.path = "/v1.50/containers/json"
            $0.query = "all=1&filters=%7B%22name%22%3A%7B%22x%22%3Atrue%7D%7D"
            $0.host = "api.moby.localhost"
            $0.fields = ["Host: api.moby.localhost"]
        },
        good(
            "docker's hijack",
            "POST /v1.50/exec/abc/start HTTP/1.1\r\nHost: api.moby.localhost\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\n"
                + "Content-Length: 28\r\nConnection: Upgrade\r\nContent-Type: application/json\r\nUpgrade: tcp\r\n\r\n"
                + "{\"Detach\":false,\"Tty\":false}"
        ) {
            $0.method = "POST"
            $0.target = "/v1.50/exec/abc/start"
            $0.path = $0.target
            $0.host = "api.moby.localhost"
            $0.framing = .length(28)
            $0.upgrade = "tcp"
            $0.bodyBytes = 28
            $0.fields = [
                "Host: api.moby.localhost", "User-Agent: Docker-Client/28.2.2 (linux)", "Content-Length: 28",
                "Connection: Upgrade",
                "Content-Type: application/json", "Upgrade: tcp",
            ]
        },
        good(
            "curl's upload",
            "PUT /x HTTP/1.1\r\nHost: localhost\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\nContent-Length: 2000000\r\n"
                + "Content-Type: application/x-tar\r\nExpect: 100-continue\r\n\r\n"
        ) {
            $0.method = "PUT"
            $0.target = "/x"
            $0.path = "/x"
            $0.host = "localhost"
            $0.framing = .length(2_000_000)
            $0.expectsContinue = true
            $0.fields = [
                "Host: localhost", "User-Agent: curl/7.88.1", "Accept: */*", "Content-Length: 2000000",
                "Content-Type: application/x-tar", "Expect: 100-continue",
            ]
        },
        good(
            "curl's offer of HTTP/2",
            "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n"
        ) {
            $0.host = "localhost"
            $0.upgrade = "h2c"
            $0.fields = [
                "Host: localhost", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
            ]
        },
        good(
            "an old docker's hijack",
            "POST /v1.41/containers/x/attach?stream=1 HTTP/1.1\r\nHost: \r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
        ) {
            $0.method = "POST"
            $0.target = "/v1.41/containers/x/attach?stream=1"
            $0.path = "/v1.41/containers/x/attach"
            $0.query = "stream=1"
            $0.host = ""
            $0.upgrade = "tcp"
            $0.fields = ["Host: ", "Connection: Upgrade", "Upgrade: tcp"]
        },
    ]
}
