import CDogger
import CLua
import Glibc
import Testing

@testable import LuaRuntime

/// The object that a script knows as `req`, seen from its memory.
@Suite struct RequestObjectTests {
    /// When a script fails at the limit of memory, the reset of its coroutine has Lua collect once more, and the request's object with
    /// the rest; it was written to after that.
    @Test func anObjectThatIsCollectedIsLeftAlone() throws {
        let quarantine = Quarantine()
        defer { quarantine.free() }
        do {
            let fixture = try ScriptFixture("return function(req) local t = {} while true do t[#t + 1] = {} end end")
            let context = Unmanaged.passUnretained(quarantine).toOpaque()
            quarantine.limit = 2 << 20
            lua_setallocf(dg_vm_state(fixture.machine.vm), Quarantine.allocate, context)
            #expect(fixture.run() == "503: test.lua:1: stopped at 256 MiB of memory")
            #expect(quarantine.changed == 0)
        }
    }
}

/// Memory of Lua's of which nothing is given back, but filled, so that who writes to it later is found out.
private final class Quarantine {
    var limit = 0
    private var inUse = 0
    private var blocks: [UnsafeMutableRawBufferPointer] = []

    private static let filling: UInt8 = 0xA5

    static let allocate: lua_Alloc = { context, block, oldSize, newSize in
        let quarantine = Unmanaged<Quarantine>.fromOpaque(context!).takeUnretainedValue()
        let old = block == nil ? 0 : oldSize
        guard newSize <= old || quarantine.inUse + newSize - old <= quarantine.limit else { return nil }
        quarantine.inUse += newSize - old
        let new = newSize == 0 ? nil : malloc(newSize)
        if let block {
            if let new { memcpy(new, block, min(old, newSize)) }
            memset(block, CInt(filling), old)
            quarantine.blocks.append(UnsafeMutableRawBufferPointer(start: block, count: old))
        }
        return new
    }

    /// Blocks that are not as they were filled.
    var changed: Int { blocks.count { !$0.allSatisfy { $0 == Quarantine.filling } } }

    func free() {
        for block in blocks { Glibc.free(block.baseAddress) }
    }
}
