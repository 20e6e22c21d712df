import CDogger
import CLua
import Glibc
import Testing

/// A Lua state with the standard library and `json`, whose memory is counted and can be made to run out.
///
/// What may raise a Lua error runs inside a chunk under `lua_pcallk`, so that no longjmp crosses a Swift frame.
final class JSONTestState {
    enum Outcome: Equatable {
        case value(String)
        case error(String)
    }

    /// Which growing allocations are refused; the first is number 0.
    enum Refusal {
        case none
        case only(Int)
        case from(Int)
        /// The first ones of at least so many bytes.
        case large(bytes: Int, times: Int)
    }

    struct Meter {
        var bytesInUse = 0
        var allocations = 0
        var overruns = 0
        var refusal = Refusal.none

        /// Bytes behind each block that nobody may write, so that an overrun is seen without a sanitizer too.
        static let guardSize = 16
        static let guardByte: CInt = 0xA5

        mutating func checkGuard(_ guardBytes: UnsafeMutableRawPointer) {
            let first = guardBytes.load(as: UInt8.self)
            if first != UInt8(Meter.guardByte) || memcmp(guardBytes, guardBytes + 1, Meter.guardSize - 1) != 0 { overruns += 1 }
        }

        mutating func refuses(_ size: Int) -> Bool {
            defer { allocations += 1 }
            switch refusal {
            case .none: return false
            case .only(let number): return allocations == number
            case .from(let number): return allocations >= number
            case .large(let least, let times):
                guard size >= least, times > 0 else { return false }
                refusal = .large(bytes: least, times: times - 1)
                return true
            }
        }
    }

    let L: OpaquePointer
    let meter: UnsafeMutablePointer<Meter>

    init(opensJSON: Bool = true) {
        meter = .allocate(capacity: 1)
        meter.initialize(to: Meter())
        let allocate: lua_Alloc = { context, block, oldSize, newSize in
            let meter = context!.assumingMemoryBound(to: Meter.self)
            let old = block == nil ? 0 : oldSize  // without a block it is a type, not a size
            if let block { meter.pointee.checkGuard(block + old) }
            if newSize == 0 {
                free(block)
                meter.pointee.bytesInUse -= old
                return nil
            }
            if newSize > old, meter.pointee.refuses(newSize) { return nil }
            guard let new = realloc(block, newSize + Meter.guardSize) else { return nil }
            memset(new + newSize, Meter.guardByte, Meter.guardSize)
            meter.pointee.bytesInUse += newSize - old
            return new
        }
        L = lua_newstate(allocate, meter)!
        luaL_openlibs(L)
        if opensJSON { openJSON() }
        // Lua 5.4.4 registers the metatable of luaL_Buffer's box before it fills it: where memory runs out in between, each later
        // string.rep of more than 1 KiB fails. A large one now makes it whole.
        guard luaL_loadstring(L, "return ('x'):rep(10000)") == LUA_OK, lua_pcallk(L, 0, 0, 0, 0, nil) == LUA_OK else {
            fatalError("a plain Lua state can't repeat a string")
        }
    }

    func openJSON() {
        luaL_requiref(L, "json", dg_open_json, 1)
        lua_settop(L, 0)
    }

    /// Closes the state and gives the bytes that it didn't give back: 0 where nothing leaks.
    func close() -> Int {
        lua_close(L)
        defer { meter.deallocate() }
        if meter.pointee.overruns > 0 { Issue.record("\(meter.pointee.overruns) blocks were written past their end") }
        return meter.pointee.bytesInUse
    }

    /// Runs a chunk, named "test" in errors, with `arguments` as its `...`; it must return a string.
    func run(_ chunk: String, _ arguments: [UInt8]..., refusing refusal: Refusal = .none) -> Outcome {
        defer { lua_settop(L, 0) }
        guard luaL_loadbufferx(L, chunk, chunk.utf8.count, "=test", "t") == LUA_OK else { return .error("the chunk: " + text(-1)) }
        for argument in arguments {
            argument.withUnsafeBytes { _ = lua_pushlstring(L, $0.bindMemory(to: CChar.self).baseAddress, $0.count) }
        }
        meter.pointee.allocations = 0
        meter.pointee.refusal = refusal
        let status = lua_pcallk(L, CInt(arguments.count), 1, 0, 0, nil)
        meter.pointee.refusal = .none
        return status == LUA_OK ? .value(text(-1)) : .error(text(-1))
    }

    func run(_ chunk: String, _ argument: String) -> Outcome {
        run(chunk, Array(argument.utf8))
    }

    /// The bytes of the string at `index`; a value of another type shows as its type.
    private func text(_ index: CInt) -> String {
        guard lua_type(L, index) == LUA_TSTRING else { return "a " + String(cString: lua_typename(L, lua_type(L, index))) }
        var length = 0
        let bytes = lua_tolstring(L, index, &length)
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
    }
}

/// Runs one chunk in a state of its own, which must not leak.
func runLua(_ chunk: String, _ argument: String = "") -> JSONTestState.Outcome {
    let state = JSONTestState()
    let outcome = state.run(chunk, argument)
    let leaked = state.close()
    return leaked == 0 ? outcome : .error("\(leaked) bytes leaked")
}

extension JSONTestState.Outcome {
    /// The returned string as another value; nil for an error.
    func map<Value>(_ transform: (String) -> Value?) -> Value? {
        guard case .value(let text) = self else { return nil }
        return transform(text)
    }

    var isError: Bool {
        guard case .error = self else { return false }
        return true
    }
}
