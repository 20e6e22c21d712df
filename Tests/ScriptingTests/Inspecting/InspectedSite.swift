import Server
import Testing

@testable import Scripting

/// A site that somebody may look on at, and the page's own server beside it.
final class InspectedSite {
    let site: Site
    let inspector: Inspector
    private let server: Server
    static let token = InspectorToken("0123456789abcdef0123456789abcdef")

    init(_ files: [String: String]) throws {
        var inspector: Inspector?
        site = try Site(files) { options, loop in
            inspector = Inspector(loop, lastEnd: nil, nameOf: ProcessName.of)
            options.inspector = inspector
        }
        self.inspector = try #require(inspector)
        self.inspector.server = site.server
        server = Server(loop: site.loop, handler: InspectorSite(self.inspector, InspectedSite.token))
        try server.listen(Listener.unix(path: "\(site.directory.path)/page"))
    }

    convenience init(answering body: String) throws {
        try self.init(["h.lua": "local dogger = require 'dogger' return function(req) \(body) end"])
    }

    deinit {
        var isDrained = false
        server.drain(grace: 0) { [loop = site.loop] in
            isDrained = true
            loop.stop()
        }
        // As in Site.
        while !isDrained {
            do { try site.loop.run() } catch { break }
        }
    }

    /// One request to the page's server.
    /// - Returns: the whole answer, without its Date.
    func page(_ path: String, method: String = "GET", token: String = InspectedSite.token.text, _ fields: String = "Host: localhost\r\n") throws -> String {
        let client = try site.client("page")
        defer { client.close() }
        client.send("\(method) /\(token)\(path) HTTP/1.1\r\n\(fields)Connection: close\r\nContent-Length: 0\r\n\r\n")
        try site.wait("the end of the answer") { client.isAtEnd }
        return site.replaced(client.text)
    }

    /// A page, whose events come in.
    func open() throws -> Client {
        let client = try site.client("page")
        client.send("GET /\(InspectedSite.token.text)/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try site.wait("the page's first event") { client.text.contains("everything") }
        return client
    }
}

extension InspectedSite {
    /// Turns the loop for so many milliseconds: for what shows in nothing that could be waited for.
    func turn(_ milliseconds: UInt64) throws {
        let loop = site.loop
        loop.schedule(after: milliseconds * 1_000_000) { loop.stop() }
        try loop.run()
    }
}
