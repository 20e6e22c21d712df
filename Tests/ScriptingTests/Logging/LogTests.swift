import EventLoop
import Glibc
import Testing

@testable import Scripting

@Suite final class LogTests {
    private let loop: EventLoop
    private let pipe = LogPipe()
    private let log: Log

    init() throws {
        loop = try EventLoop()
        log = Log(pipe.input, loop)
    }

    deinit { loop.abandon() }

    /// Turns the loop until the log has this text.
    private func wait(for text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        var isLate = false
        let guardian = loop.schedule(after: 20_000_000_000) { [loop] in
            isLate = true
            loop.stop()
        }
        pipe.whenRead = { [pipe, loop] in if pipe.text.hasSuffix(text) { loop.stop() } }
        try loop.add(pipe.output, .readable, pipe)
        defer { loop.remove(pipe.output) }
        try loop.run()
        guardian.cancel()
        try #require(!isLate, "the log has only: \(pipe.text.suffix(200))", sourceLocation: sourceLocation)
    }

    @Test func aLineIsHeldUntilTheLoopIsIdle() throws {
        log.line("one")
        log.line("two\nlines")
        #expect(pipe.text == "")
        try wait(for: "lines\n")
        #expect(pipe.text == "one\ntwo\n  lines\n")
    }

    @Test func aLineMayComeInPieces() {
        let bytes = Array("abcd".utf8)
        bytes.withUnsafeBytes { all in
            func piece(_ index: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: all[index...index]) }
            log.line(piece(0))
            log.line(piece(0), piece(1))
            log.line(piece(0), piece(1), piece(2), piece(3))
        }
        log.flush()
        #expect(pipe.text == "a\nab\nabcd\n")
    }

    @Test func nothingInALineMovesACursorOrLooksLikeAnotherLine() {
        log.line("\u{1B}[2Ja\r\u{9B}2J\u{202E}\tä\n> GET /forged\n\n\u{7F}")
        log.flush()
        #expect(pipe.text == "\\x1b[2Ja\\x0d\\xc2\\x9b2J\\xe2\\x80\\xae\tä\n  > GET /forged\n  \n  \\x7f\n")
    }

    /// What is cut in the middle of a character is no text.
    @Test func aPieceStandsForItself() {
        let bytes = Array("a\nä".utf8)
        bytes.withUnsafeBytes { all in
            log.line(UnsafeRawBufferPointer(rebasing: all[..<3]), UnsafeRawBufferPointer(rebasing: all[3...]))
        }
        log.flush()
        #expect(pipe.text == "a\n  \\xc3\\xa4\n")
    }

    @Test func muchIsWrittenBeforeTheLoopIsIdle() {
        for _ in 0..<1000 { log.line(String(repeating: "x", count: 99)) }
        let early = pipe.text
        #expect(early.utf8.count >= 60_000)
        log.flush()
        #expect(pipe.text == String(repeating: String(repeating: "x", count: 99) + "\n", count: 1000))
    }

    /// The pipe takes 64 KiB; the rest follows when its reader does, although nothing more is logged.
    @Test func aSlowReaderGetsAllInTheEnd() throws {
        for index in 1...3000 { log.line("line \(index) \(String(repeating: "x", count: 80))") }
        log.flush()
        try wait(for: "line 3000 \(String(repeating: "x", count: 80))\n")
        let lines = pipe.text.split(separator: "\n")
        #expect(lines.count == 3000)
        #expect(lines.enumerated().allSatisfy { $1.hasPrefix("line \($0 + 1) ") })
    }

    @Test func whatNobodyReadsIsLostAndCounted() throws {
        let line = String(repeating: "x", count: 1023)
        for _ in 0..<1200 { log.line(line) }
        try wait(for: "nobody read them in time\n")
        let lines = pipe.text.split(separator: "\n")
        let kept = lines.filter { $0 == line }.count
        #expect(kept >= 1000 && kept < 1200)
        #expect(lines.last == "dogger: \(1200 - kept) lines of the log were lost: too long, or nobody read them in time")
        #expect(lines.count == kept + 1)
    }

    @Test func aLineWithoutEndIsLost() throws {
        log.line("before")
        log.line(String(repeating: "x", count: 2 << 20))
        log.line("after")
        try wait(for: "nobody read them in time\n")
        #expect(pipe.text == "before\nafter\ndogger: 1 lines of the log were lost: too long, or nobody read them in time\n")
    }

    @Test func aReaderThatIsGoneCostsNothing() async {
        // Signals are a whole process's.
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_IGN)
            let loop = try EventLoop()
            let pipe = LogPipe()
            let log = Log(pipe.input, loop)
            pipe.closeOutput()
            for _ in 0..<5000 { log.line(String(repeating: "x", count: 999)) }
            log.flush()
            // Nothing is left to try again, so the loop has nothing to wake up for.
            let start = EventLoop.clock()
            loop.schedule(after: 1) { loop.stop() }
            try loop.run()
            #expect(EventLoop.clock() >= start)
        }
    }
}
