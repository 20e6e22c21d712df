import CDogger
import CLua
import Testing

/// What happens where memory runs out, or an error ends the work: nothing crashes, nothing leaks, and the VM goes on.
@Suite struct JSONMemoryTests {
    private static let text = #"""
        {"a":[1,2.5,18446744073709551615,"long \"\ud83d\ude00\u0041 enough to be no short string in Lua",null,[[[]]]],"b":{"c":{},"d":"\ud800"},
         "e":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40],
         "escaped":"\#(String(repeating: "x\\n", count: 600))"}
        """#

    private static let chunks = [
        "local v = json.decode((...)) return json.encode(v)",
        "return json.encode({json.array(), {a = 1}}, {indent = 8})",
        "json.decode((...)) return json.encode{a = {b = {1, 2, print}}}",
        "return json.encode{[('k'):rep(100)] = {1, x = 2}}",
        "return json.decode('[' .. (...) .. ',]')",
        "return tostring(json.decode('18446744073709551615') + 1) .. json.decode('-18446744073709551615')",
        "return json.encode(json.array{('x'):rep(200000)})",
        "local t = {} t.t = t return json.encode(t)",
        "local t = json.array() for i = 1, 40 do t = json.array{t} end return tostring(#json.encode(json.decode(json.encode(t))))",
    ]

    /// The state is a new one each time, so that what is made once in a VM is refused too.
    @Test(arguments: chunks)
    func eachAllocationRefused(chunk: String) {
        let expected = runLua(chunk, Self.text)
        for once in [false, true] {
            var number = 0
            var finished = false
            while !finished {
                let state = JSONTestState()
                let outcome = state.run(chunk, Array(Self.text.utf8), refusing: once ? .only(number) : .from(number))
                finished = state.meter.pointee.allocations <= number
                // The order of names may be another one each time.
                if finished || outcome.isError == expected.isError {
                    #expect(outcome.isError == expected.isError)
                } else {
                    #expect(
                        outcome == .error("not enough memory") || outcome == .error("test:1: not enough memory to encode a value as JSON"))
                }
                // Now there is memory again.
                #expect(state.run(chunk, Self.text).isError == expected.isError)
                #expect(state.run("return json.encode(json.decode('[1,{},[]]'))") == .value("[1,{},[]]"))
                #expect(state.close() == 0, "allocation \(number) was refused")
                number += 1
            }
            #expect(number > 3)
        }
    }

    @Test func eachAllocationRefusedWhileItIsOpened() {
        var number = 0
        var finished = false
        while !finished {
            let state = JSONTestState(opensJSON: false)
            lua_pushcclosure(state.L, dg_open_json, 0)
            state.meter.pointee.allocations = 0
            state.meter.pointee.refusal = .from(number)
            let status = lua_pcallk(state.L, 0, 0, 0, 0, nil)
            state.meter.pointee.refusal = .none
            finished = status == LUA_OK
            #expect(finished || status == LUA_ERRMEM)
            state.openJSON()
            #expect(
                state.run("return json.encode(json.decode('[1,{},[],18446744073709551615]'))") == .value("[1,{},[],18446744073709551615]"))
            #expect(
                state.run("return getmetatable(json.array()) .. getmetatable(json.decode('18446744073709551615'))")
                    == .value("json.arrayjson.number"))
            #expect(state.close() == 0, "allocation \(number) was refused")
            number += 1
        }
        #expect(number > 20)
    }

    /// Garbage is collected before memory is said to be out.
    @Test func collectsBeforeItGivesUp() {
        let state = JSONTestState()
        let chunk = """
            collectgarbage("stop")
            setmetatable({}, {__gc = function() collected = true end})
            local text = json.encode{("x"):rep(600000), ("y"):rep(600000)}
            return tostring(#text) .. " " .. tostring(collected)
            """
        // Twice: the buffer asks for more than it needs first.
        #expect(state.run(chunk, [], refusing: .large(bytes: 1_000_000, times: 2)) == .value("1200007 true"))
        #expect(state.close() == 0)
    }

    /// A finalizer that runs in that collection may encode too.
    @Test func encodeWithinEncode() {
        let state = JSONTestState()
        let chunk = """
            collectgarbage("stop")
            setmetatable({}, {__gc = function() inner = json.encode{a = {1, 2, 3}} end})
            local outer = json.encode{("x"):rep(600000), ("y"):rep(600000)}
            assert(outer == '["' .. ("x"):rep(600000) .. '","' .. ("y"):rep(600000) .. '"]')
            return inner
            """
        #expect(state.run(chunk, [], refusing: .large(bytes: 1_000_000, times: 2)) == .value(#"{"a":[1,2,3]}"#))
        #expect(state.run("return json.encode{1}") == .value("[1]"))
        #expect(state.close() == 0)
    }

    /// After a large document, or one that failed, nothing large is kept.
    @Test(
        arguments: [
            "local big = ('x'):rep(1000000) return tostring(#json.encode(big))",
            "local big = ('x'):rep(1000000) return tostring(pcall(json.encode, {big, print}))",
            "local big = ('x'):rep(1000000) return tostring(pcall(json.encode, {big, '\\xff'}))",
            "local big = '\"' .. ('x'):rep(1000000) .. '\\\\n' return tostring(pcall(json.decode, big))",
            "local big = '[' .. ('1,'):rep(300000) return tostring(pcall(json.decode, big))",
        ])
    func keepsNothingLarge(chunk: String) {
        let state = JSONTestState()
        _ = state.run("return json.encode{json.decode('[1]')}")
        collectGarbage(state)
        let before = state.meter.pointee.bytesInUse
        for _ in 0..<3 {
            #expect(!state.run(chunk).isError)
            collectGarbage(state)
            #expect(state.meter.pointee.bytesInUse - before < 100_000)
        }
        #expect(state.close() == 0)
    }

    /// The text was written, but there is no memory to make a Lua string of it.
    @Test func keepsNothingLargeWhereTheStringFails() {
        let state = JSONTestState()
        let chunk = "local big = ('x'):rep(1000000) return tostring(#json.encode{big, big})"
        #expect(state.run(chunk) == .value("2000007"))
        collectGarbage(state)
        let before = state.meter.pointee.bytesInUse
        var number = 0
        while state.run(chunk, [], refusing: .from(number)).isError {
            collectGarbage(state)
            #expect(state.meter.pointee.bytesInUse - before < 100_000, "allocation \(number) was refused")
            number += 1
        }
        #expect(number > 3)
        #expect(state.close() == 0)
    }

    private func collectGarbage(_ state: JSONTestState) {
        #expect(state.run("collectgarbage() collectgarbage() return ''") == .value(""))
    }
}
