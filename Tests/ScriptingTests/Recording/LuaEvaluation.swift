import LuaRuntime
import Testing

@testable import Scripting

/// What Lua makes of a text that a tape would have.
enum LuaEvaluation {
    private final class Host: ScriptHost {
        func answer(_ call: inout HostCall) -> HostReply {
            call.answer = .none
            return .done
        }
    }

    /// Runs statements that raise where something is wrong.
    static func run(_ statements: [UInt8]) throws {
        let host = Host()
        let machine = try VirtualMachine(limits: Limits(), modules: EmbeddedLua.modules, version: "1.2.3", host: host)
        let text = statements + Array("\nreturn function() end".utf8)
        // Inferred to throw anything: a closure that throws only ScriptFailure crashes the compiler here (6.3.1).
        try text.withUnsafeBytes { bytes throws(any Error) in try machine.load(name: "test.lua", text: bytes) }
    }

    /// Checks that an expression, written as JSON by `dogger.tape`, is a text.
    static func expect(_ expression: [UInt8], order: [UInt8], isWritten json: [UInt8]) throws {
        var text = Array("local json = require 'dogger.json'\nlocal tape = require('dogger.tape').open {}\n".utf8)
        if !order.isEmpty {
            text.add("tape.order [[\n")
            text.add(order)
            text.add("]]\n")
        }
        text.add("local got = tape.line(")
        text.add(expression)
        text.add(")\nlocal wanted = ")
        text.add(LuaLiteral.string(json + [0x0A]))
        text.add("\nif got ~= wanted then error(got .. ' is not ' .. wanted) end")
        try run(text)
    }
}
