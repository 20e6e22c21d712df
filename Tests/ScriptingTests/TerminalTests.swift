import Glibc
import Testing

@testable import Scripting

@Suite struct TerminalTests {
    /// The two ends of a pseudo terminal with that many columns: a terminal, and what it shows.
    static func open(columns: UInt16) throws -> (terminal: Int32, screen: Int32) {
        let screen = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)
        try #require(screen >= 0 && grantpt(screen) == 0 && unlockpt(screen) == 0)
        let terminal = Glibc.open(ptsname(screen), O_RDWR | O_NOCTTY)
        try #require(terminal >= 0)
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        try #require(tcsetwinsize_(terminal, &size) == 0)
        return (terminal, screen)
    }

    @Test func aTerminalTellsItsWidth() throws {
        let (terminal, screen) = try TerminalTests.open(columns: 97)
        defer {
            close(terminal)
            close(screen)
        }
        #expect(Terminal.width(terminal) == 97)
    }

    @Test func whatIsNoTerminal() {
        let pipe = LogPipe()
        #expect(Terminal.width(pipe.input) == nil)
        #expect(!Terminal.hasColors(pipe.input))
    }
}

private func tcsetwinsize_(_ terminal: Int32, _ size: inout winsize) -> Int32 { ioctl(terminal, UInt(TIOCSWINSZ), &size) }
