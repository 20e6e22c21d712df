import EventLoop
import Glibc
import HTTP
import Server
import TestSupport
import Testing

@testable import Scripting

/// Handlers in a directory of their own, served in this process, and its clients: all on one loop, in the test's thread, so
/// that nothing happens but while the test waits for it.
final class Site {
    let directory = TemporaryDirectory()
    let loop: EventLoop
    let log: Log
    let reloader: Reloader
    let server: Server
    private let logPipe: LogPipe
    private var condition: () -> Bool = { false }

    /// - Parameters:
    ///   - files: the text of each file; what ends in `.lua` and has no directory is a handler, in the order of the names.
    ///   - adjust: changes the options, by what needs the loop.
    init(
        _ files: [String: String], _ options: ScriptingOptions = ScriptingOptions(), sourceLocation: SourceLocation = #_sourceLocation,
        adjust: (inout ScriptingOptions, EventLoop) -> Void = { _, _ in }
    ) throws {
        loop = try EventLoop()
        var options = options
        adjust(&options, loop)
        for (name, text) in files { directory.write(name, text) }
        logPipe = LogPipe()
        log = Log(logPipe.input, loop, options.logStyle)
        let root = directory.path
        let paths = files.keys.sorted().filter { $0.hasSuffix(".lua") && !$0.contains("/") }.map { "\(root)/\($0)" }
        reloader = try Reloader(paths, options, loop, log)
        server = Server(loop: loop, handler: reloader.requestHandler)
        try server.listen(Listener.unix(path: "\(root)/s"))
        logPipe.whenRead = { [weak self] in self?.check() }     // its end turns the loop, too
        try loop.add(logPipe.output, .readable, logPipe)
    }

    /// One handler that answers with the body of a function of `req`.
    convenience init(answering body: String, _ options: ScriptingOptions = ScriptingOptions()) throws {
        try self.init(["h.lua": "local dogger = require 'dogger' return function(req) \(body) end"], options)
    }

    deinit {
        var isDrained = false
        server.drain(grace: 0) { [loop] in
            isDrained = true
            loop.stop()
        }
        // Nobody can be told of an error here, and a loop that does not end fails the test that waits for it.
        while !isDrained {
            do { try loop.run() } catch { break }
        }
        loop.abandon()
    }

    /// What was logged, without the directory's path. The log itself waits for an idle loop.
    var logged: String {
        log.flush()
        return replaced(logPipe.text)
    }

    /// The test's paths are different each time: `DIR` stands for the directory.
    func replaced(_ text: String) -> String { text.replacing("\(directory.path)/", with: "DIR/") }

    /// - Parameter name: of the socket in the directory.
    func client(_ name: String = "s") throws -> Client {
        try Client(loop, "\(directory.path)/\(name)") { [weak self] in self?.check() }
    }

    /// Turns the loop until the condition holds, which is looked at whenever a client got something or the log was written.
    func wait(_ what: String, sourceLocation: SourceLocation = #_sourceLocation, until condition: @escaping () -> Bool) throws {
        if condition() { return }
        self.condition = condition
        var isLate = false
        // Only a broken test comes to this.
        let guardian = loop.schedule(after: 20_000_000_000) { [loop] in
            isLate = true
            loop.stop()
        }
        try loop.run()
        guardian.cancel()
        self.condition = { false }
        try #require(!isLate, "\(what) did not come. The log: \(logged)", sourceLocation: sourceLocation)
    }

    func waitForLog(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try wait("'\(text)'", sourceLocation: sourceLocation) { [unowned self] in logged.contains(text) }
    }

    private func check() { if condition() { loop.stop() } }

    /// One request on a connection of its own.
    /// - Returns: the whole answer, without its Date.
    func ask(_ line: String = "GET /", _ fields: String = "", body: String = "", sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let client = try client()
        defer { client.close() }
        client.send("\(line) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(fields)\r\n\(body)")
        try wait("the end of the answer", sourceLocation: sourceLocation) { client.isAtEnd }
        return replaced(client.text)
    }

    /// The body of an answer.
    func body(_ line: String = "GET /", _ fields: String = "", body: String = "", sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let answer = try ask(line, fields, body: body, sourceLocation: sourceLocation)
        let end = try #require(answer.firstRange(of: "\r\n\r\n"), sourceLocation: sourceLocation)
        return String(answer[end.upperBound...])
    }
}
