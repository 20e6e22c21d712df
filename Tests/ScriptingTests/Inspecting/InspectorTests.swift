import Glibc
import Testing

@testable import Scripting

/// What a page is told.
@Suite struct InspectorTests {
    @Test func nothingIsKeptWhileNobodyLooksOn() throws {
        let site = try InspectedSite(answering: "return 'x'")
        _ = try site.site.ask()
        #expect(!site.inspector.isWatched)
        #expect(site.inspector.history.items.isEmpty)
    }

    @Test func anExchangeIsToldAsItGoesBy() throws {
        let site = try InspectedSite(answering: "print('asked') return { status = 201, headers = { A = 'b' }, body = 'made' }")
        let page = try site.open()
        defer { page.close() }
        _ = try site.site.ask("POST /things?a=b", "Content-Type: text/x\r\nContent-Length: 4\r\n", body: "body")
        try site.site.wait("the event") { page.text.contains("\"state\":\"complete\"") }
        let item = try #require(site.inspector.history[1])
        #expect(item.take.status == 201)
        #expect(item.take.requestBody.count == 0)
        #expect(item.take.sentBody.bytes == Array("body".utf8))
        #expect(item.take.down.bytes == Array("made".utf8))
        #expect(item.asked.count == 1)
        #expect(item.notes.map(\.text) == ["\(site.site.directory.path)/h.lua:1: asked"])
        #expect(item.caller.pid == getpid() && item.callerName == ProcessName.of(getpid()) && !item.callerName.isEmpty)
        let detail = try site.page("/exchanges/1")
        for part in [
            #""method":"POST","target":"/things?a=b""#, #""status":201"#, #""sent":4,"received":4"#, #"["Content-Type","text/x"]"#, #"["A","b"]"#,
            #""handler":"DIR/h.lua","version":1"#, #""size":4,"base64":"Ym9keQ==""#, #""kind":"log""#, #""address":"unix://DIR/s""#,
        ] { #expect(detail.contains(part), "\(part)") }
    }

    @Test func theNextVersionIsNamed() throws {
        let site = try InspectedSite(answering: "return 'x'")
        let page = try site.open()
        defer { page.close() }
        site.site.directory.write("h.lua", "return function() return nil end")
        try site.site.waitForLog("reloaded")
        try site.site.wait("the message") { page.text.contains("\"kind\":\"reload\"") }
        _ = try site.site.ask()
        #expect(site.inspector.history[1]?.version == 2)
        #expect(site.inspector.history[1]?.answerer == "nobody")
    }

    @Test func anErrorHasItsTraceback() throws {
        let site = try InspectedSite(answering: "local c\n return c.name")
        let page = try site.open()
        defer { page.close() }
        _ = try site.site.ask()
        let note = try #require(site.inspector.history[1]?.notes.first)
        #expect(note.kind == .error)
        #expect(note.text.hasSuffix("h.lua:2: attempt to index a nil value (local 'c')"))
        #expect(note.traceback.contains("stack traceback"))
    }

    @Test func theOneThatAnsweredIsNamedInAChain() throws {
        let site = try InspectedSite(["a.lua": "return function() return nil end", "b.lua": "return function() return 'b' end"])
        let page = try site.open()
        defer { page.close() }
        _ = try site.site.ask()
        #expect(site.inspector.history[1]?.asked.map { $0.split(separator: "/").last } == ["a.lua", "b.lua"])
        #expect(site.inspector.history[1]?.answerer?.hasSuffix("/b.lua") == true)
    }

    @Test func longBodiesAreCut() throws {
        let site = try InspectedSite(answering: "return ('x'):rep(1000000)")
        let page = try site.open()
        defer { page.close() }
        _ = try site.site.ask()
        let down = try #require(site.inspector.history[1]?.take.down)
        #expect(down.count == 1_000_000)
        #expect(down.bytes.count == InspectedExchange.bodyLimit)
    }

    @Test func theLastFiveHundredAreKept() throws {
        let site = try InspectedSite(answering: "return 'x'")
        let page = try site.open()
        defer { page.close() }
        let client = try site.site.client()
        defer { client.close() }
        for number in 1...510 {
            client.send("GET /\(number) HTTP/1.1\r\nHost: x\r\n\r\n")
            try site.site.wait("the answer") { site.inspector.history[number]?.isOver == true }
        }
        #expect(site.inspector.history.first == 11)
        try site.site.wait("the event") { page.text.contains("\"first\":11") }
        _ = try site.page("/clear", method: "POST")
        #expect(site.inspector.history.items.isEmpty)
    }

    @Test func aPageThatLagsGetsAllAnewAndCostsNoMemory() throws {
        let site = try InspectedSite(answering: "return 'x'")
        let page = try site.open()
        defer { page.close() }
        // More than its socket and the server's buffer hold.
        page.pause()
        let client = try site.site.client()
        defer { client.close() }
        let target = String(repeating: "x", count: 30_000)
        for number in 1...60 {
            client.send("GET /\(target) HTTP/1.1\r\nHost: x\r\n\r\n")
            try site.site.wait("the answer") { site.inspector.history[number]?.isOver == true }
            if number % 10 == 0 { try site.turn(60) }
        }
        try page.resume()
        try site.site.wait("all anew") { page.text.contains("\"missed\":") && page.text.firstRange(of: #/"missed":[1-9]/#) != nil }
    }

    @Test func theLastPageToLeaveEndsTheLooking() throws {
        let site = try InspectedSite(answering: "return 'x'")
        let pages = [try site.open(), try site.open()]
        pages[0].close()
        _ = try site.site.ask()
        #expect(site.inspector.isWatched)
        pages[1].close()
        try site.turn(20)
        _ = try site.site.ask()
        #expect(!site.inspector.isWatched)
    }

    // MARK: Replays

    @Test func aReplayIsAnExchangeOfItsOwn() throws {
        let site = try InspectedSite(answering: "return req.method .. req.target .. req.headers['X-A'] .. req.body")
        let page = try site.open()
        defer { page.close() }
        _ = try site.site.ask("PUT /a%20b?c", "X-A: 1\r\nTransfer-Encoding: chunked\r\n", body: "2\r\nhi\r\n0\r\n\r\n")
        #expect(try site.page("/exchanges/1/replay", method: "POST").contains(" 202 "))
        try site.site.wait("the replay's end") { site.inspector.history[2]?.isOver == true }
        let again = try #require(site.inspector.history[2])
        #expect(again.replayOf == 1)
        #expect(again.take.down.bytes == Array("PUT/a%20b?c1hi".utf8))
        #expect(again.address == site.inspector.history[1]?.address)
        // And once more, of the replay.
        #expect(try site.page("/exchanges/2/replay", method: "POST").contains(" 202 "))
        try site.site.wait("the replay's end") { site.inspector.history[3]?.isOver == true }
        #expect(site.inspector.history[3]?.take.down.bytes == again.take.down.bytes)
    }

    @Test func aRawStreamIsReplayedWithWhatTheClientSent() throws {
        let site = try InspectedSite(answering: "return { upgrade = function(s) local all = '' while true do local b = s:read() if not b then break end all = all .. b end s:write(all:upper()) end }")
        let page = try site.open()
        defer { page.close() }
        let client = try site.site.client()
        defer { client.close() }
        client.send("POST /attach HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello")
        client.halfClose()
        try site.site.wait("the end") { site.inspector.history[1]?.isOver == true }
        #expect(site.inspector.history[1]?.take.up.bytes == Array("hello".utf8))
        #expect(try site.page("/exchanges/1/replay", method: "POST").contains(" 202 "))
        try site.site.wait("the replay's end") { site.inspector.history[2]?.isOver == true }
        #expect(site.inspector.history[2]?.take.down.bytes == Array("HELLO".utf8))
    }

    @Test func whatWasCutIsNotReplayed() throws {
        let site = try InspectedSite(answering: "return tostring(#req.body)")
        let page = try site.open()
        defer { page.close() }
        _ = try site.site.ask("POST /", "Content-Length: 70000\r\n", body: String(repeating: "x", count: 70_000))
        let answer = try site.page("/exchanges/1/replay", method: "POST")
        #expect(answer.contains(" 409 "))
        #expect(answer.contains("only the first 64 KiB were kept"))
    }

    // MARK: Archives

    @Test func theArchiveHasWhatHasEndedAndNoCredentials() throws {
        let site = try InspectedSite(answering: "return 'x'")
        let page = try site.open()
        defer { page.close() }
        _ = try site.site.ask("GET /one", "X-Registry-Auth: secret\r\n")
        let archive = try site.page("/exchanges.har")
        #expect(archive.contains("attachment; filename=\"dogger.har\""))
        #expect(archive.contains(#""url":"http://x/one""#))
        #expect(!archive.contains("secret"))
    }
}
