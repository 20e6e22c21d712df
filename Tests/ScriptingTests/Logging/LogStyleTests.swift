import Testing

@testable import Scripting

@Suite struct LogStyleTests {
    private static func site(_ style: LogStyle, summarizes: Bool = false) throws -> Site {
        var options = ScriptingOptions()
        options.logStyle = style
        options.summarizes = summarizes
        return try Site(["h.lua": """
            return {
              ["GET /ok"] = function() return "fine" end,
              ["POST /ok"] = function(req) print("a line") return { status = 201, body = req.body .. req.body } end,
              ["GET /bad"] = function(req) local c return c.name end,
            }
            """], options)
    }

    @Test func columns() throws {
        let site = try LogStyleTests.site(.aligned(colors: false))
        _ = try site.ask("POST /ok?x=1", "Content-Length: 3\r\n", body: "abc")
        try site.waitForLog("h.lua")
        let line = try #require(site.logged.split(separator: "\n").last)
        #expect(line.wholeMatch(of: /\d\d:\d\d:\d\d 201 POST   \/ok\?x=1 {33}  +\d+(\.\d)? ms       3 B      6 B  h\.lua {7}/) != nil, "\(line)")
    }

    @Test func colours() throws {
        let site = try LogStyleTests.site(.aligned(colors: true))
        for (path, color) in [("/ok", 32), ("/none", 33), ("/bad", 31)] {
            _ = try site.ask("GET \(path)")
            try site.waitForLog("GET    \(path)")
            let line = try #require(site.logged.split(separator: "\n").first { $0.contains("GET    \(path)") })
            #expect(line.contains(" \u{1B}[\(color)m"), "\(line)")
        }
    }

    @Test func anErrorShowsItsLine() throws {
        let site = try LogStyleTests.site(.aligned(colors: false))
        _ = try site.ask("GET /bad")
        try site.waitForLog("GET    /bad")
        #expect(site.logged.contains("""
            dogger: DIR/h.lua:4: attempt to index a nil value (local 'c')
                4 |   ["GET /bad"] = function(req) local c return c.name end,
                  |                                      ^
            stack traceback:
            """), "\(site.logged)")
    }

    @Test func objects() throws {
        let site = try LogStyleTests.site(.json)
        _ = try site.ask("POST /ok?x=\u{22}", "Content-Length: 3\r\n", body: "abc")
        _ = try site.ask("GET /bad")
        try site.waitForLog("/bad")
        try site.waitForLog(#""status":500"#)
        let lines = site.logged.split(separator: "\n").map { String($0) }
        #expect(lines.allSatisfy { JSONNode.parse(Array($0.utf8)) != nil && $0.hasPrefix(#"{"time":"20"#) })
        #expect(lines[0].contains(#""type":"log","message":"a line","place":"DIR/h.lua:3","request":1}"#), "\(lines[0])")
        #expect(lines[1].contains(#""type":"request","id":1,"method":"POST","target":"/ok?x=\"","status":201,"duration_ms":"#), "\(lines[1])")
        #expect(lines[1].contains(#","request_bytes":3,"response_bytes":6,"complete":true,"handler":"DIR/h.lua","peer":{"pid":"#), "\(lines[1])")
        #expect(lines[2].contains(#""type":"error","message":"DIR/h.lua:4: attempt to index"#) && lines[2].contains(#""line":4,"source":"  [\"GET /bad\"]"#), "\(lines[2])")
    }

    @Test func aSummary() throws {
        let site = try LogStyleTests.site(.aligned(colors: false), summarizes: true)
        for path in ["/ok", "/ok", "/none", "/none", "/bad"] { _ = try site.ask("GET \(path)") }
        try site.waitForLog("GET    /bad")
        let lines = site.reloader.requestHandler.summary
        #expect(lines[0].hasPrefix("5 requests: 2 × 200, 2 × 404, 1 × 500; the slowest took "), "\(lines)")
        #expect(lines.dropFirst() == ["404 GET /none (2 times)"])
    }

    @Test func plainTellsNoEnds() throws {
        let site = try LogStyleTests.site(.plain)
        _ = try site.ask("GET /ok")
        try site.waitForLog("> GET /ok\n")
        #expect(site.reloader.requestHandler.summary.isEmpty)
    }
}
