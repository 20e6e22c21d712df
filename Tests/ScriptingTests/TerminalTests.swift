import Testing

@testable import Scripting

@Suite struct TerminalTests {
    @Test func whatIsNoTerminal() {
        let pipe = LogPipe()
        #expect(Terminal.width(pipe.input) == nil)
        #expect(!Terminal.hasColors(pipe.input))
    }
}
