import CDogger
import CLua
import Testing

@Suite struct JSONEncodeTests {
    @Test(
        arguments: [
            ("json.null", "null"), ("true", "true"), ("false", "false"), ("''", #""""#), ("{}", "{}"), ("{1}", "[1]"),
            ("{{}}", "[{}]"), ("{a=1}", #"{"a":1}"#), ("{a={b={}}}", #"{"a":{"b":{}}}"#),
            ("{'x', 1, 1.5, true, json.null}", #"["x",1,1.5,true,null]"#),
            ("json.array()", "[]"), ("json.array{}", "[]"), ("json.array{1, 2}", "[1,2]"), ("{json.array()}", "[[]]"),
            ("{['']=1}", #"{"":1}"#), ("{[1.0]=5}", "[5]"),
            // In the hash part, in an order of its own.
            ("{[1]=1, [2]=2, [3]=3}", "[1,2,3]"), ("{[3]=3, [2]=2, [1]=1}", "[1,2,3]"), ("{1, 2, [3]=3, [4]=4}", "[1,2,3,4]"),
            (
                "(function() local t = {} for i = 20, 1, -1 do t[i] = i end return t end)()",
                "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]"
            ),
            ("(function() local t = json.array() for i = 3, 1, -1 do t[i] = {i} end return t end)()", "[[1],[2],[3]]"),
            // A key that was taken out again is none.
            ("(function() local t = {1, 2, 3} t[3] = nil return t end)()", "[1,2]"),
            ("(function() local t = {1, x = 2} t[1] = nil return t end)()", #"{"x":2}"#),
            ("(function() local t = {1} t[1] = nil return t end)()", "{}"),
            // Metamethods aren't called.
            ("setmetatable({1}, {__index = error, __len = error, __pairs = error, __tostring = error})", "[1]"),
            ("setmetatable({}, {__index = function() return 1 end})", "{}"),
        ] as [(String, String)])
    func values(expression: String, text: String) {
        #expect(runLua("return json.encode(\(expression))") == .value(text))
    }

    @Test(
        arguments: [
            (#""a\"b\\c/""#, #""a\"b\\c/""#), (#""\b\f\n\r\t""#, #""\b\f\n\r\t""#), (#""\0\1\x1f\x7f""#, "\"\\u0000\\u0001\\u001f\u{7F}\""),
            ("'é漢😀'", #""é漢😀""#), (#""\xed\xa0\x80""#, #""\ud800""#), (#""\xed\xaf\xbf\xed\xbf\xbf""#, #""\udbff\udfff""#),
            (#""\xed\x9f\xbf\xee\x80\x80""#, "\"\u{D7FF}\u{E000}\""), (#""\xf4\x8f\xbf\xbf""#, "\"\u{10FFFF}\""),
        ] as [(String, String)])
    func strings(literal: String, text: String) {
        #expect(runLua("return json.encode(\(literal))") == .value(text))
        #expect(runLua("return json.encode{[\(literal)] = 1}") == .value("{\(text):1}"))
    }

    @Test func appendsToTheBuffer() {
        let state = JSONTestState()
        var buffer = dg_buffer()
        dg_buffer_init(&buffer, state.L)
        #expect(dg_buffer_append(&buffer, "data: ", 6))
        dg_json_push_array(state.L, 1)
        lua_pushnumber(state.L, 0.5)
        lua_rawseti(state.L, 1, 1)
        dg_json_encode(state.L, 1, &buffer)
        dg_json_encode_indented(state.L, -1, &buffer, 1)
        dg_json_encode_indented(state.L, -1, &buffer, -1)
        #expect(lua_gettop(state.L) == 1)
        let text = String(decoding: UnsafeRawBufferPointer(start: buffer.bytes, count: buffer.length), as: UTF8.self)
        #expect(text == "data: [0.5][\n 0.5\n][0.5]")
        dg_buffer_free(&buffer)
        #expect(state.close() == 0)
    }

    /// Each length and offset takes another way through the eight bytes at a time.
    @Test func whatIsSpecialIsFoundAtEachPlace() {
        let state = JSONTestState()
        for length in 0...20 {
            for place in 0...length {
                let before = String(repeating: "a", count: place)
                let after = String(repeating: "b", count: length - place)
                #expect(state.run("return json.encode((...))", "\(before)\t\(after)") == .value("\"\(before)\\t\(after)\""))
                #expect(state.run("return json.encode((...))", "\(before)\u{1}\(after)") == .value("\"\(before)\\u0001\(after)\""))
                #expect(state.run("return json.encode((...))", "\(before)é\(after)") == .value("\"\(before)é\(after)\""))
                let bytes = Array(before.utf8) + [0xFF] + Array(after.utf8)
                #expect(
                    state.run("return json.encode((...))", bytes)
                        == .error("test:1: can't encode the value: a string that isn't UTF-8 at its byte \(place) (counted from 0)"))
            }
        }
        #expect(state.close() == 0)
    }

    @Test func escapesNeedRoomAtTheEndOfTheBuffer() {
        let state = JSONTestState()
        for count in stride(from: 1, to: 3000, by: 37) {
            let outcome = state.run("return json.encode{(...)}", [UInt8](repeating: 1, count: count))
            #expect(outcome == .value("[\"" + String(repeating: "\\u0001", count: count) + "\"]"))
        }
        #expect(state.close() == 0)
    }

    /// The buffer's first size is 512 bytes. Plain text behind the last escape is written eight bytes at a time.
    @Test func plainTextAtTheEndOfTheBuffer() {
        for count in 70...90 {
            for tail in ["a", "abc", "abcdefg"] {
                let state = JSONTestState()
                let outcome = state.run("return json.encode((...))", String(repeating: "\u{1}", count: count) + tail)
                #expect(outcome == .value("\"" + String(repeating: "\\u0001", count: count) + tail + "\""))
                #expect(state.close() == 0)
            }
        }
    }

    @Test(arguments: refusals)
    func refuses(refusal: Refusal) {
        #expect(runLua("return json.encode(\(refusal.expression))") == .error("test:1: can't encode \(refusal.message)"))
    }

    @Test func refusesACycle() {
        let cycle = "local t = {} t.a = {t} return json.encode(t)"
        let deep = "nested deeper than 1000 levels; does a table contain itself?"
        #expect(runLua(cycle) == .error("test:1: can't encode .a[1].a[1].a[1].a[1].a[1].a[1]...: \(deep)"))
        #expect(
            runLua("local t = {} t[1] = t return json.encode(t)")
                == .error("test:1: can't encode [1][1][1][1][1][1][1][1][1][1][1][1]...: \(deep)"))
    }

    @Test func thousandLevelsAndNoMore() {
        func chunk(_ depth: Int, key: String) -> String {
            "local t = {} for i = 2, \(depth) do t = {\(key) t} end return tostring(#json.encode(t))"
        }
        #expect(runLua(chunk(1000, key: "")) == .value("2000"))
        #expect(runLua(chunk(1000, key: "a =")) == .value(String(999 * 6 + 2)))
        for key in ["", "a ="] {
            guard case .error(let message) = runLua(chunk(1001, key: key)) else {
                Issue.record("1001 levels were accepted")
                continue
            }
            #expect(message.hasSuffix(": nested deeper than 1000 levels; does a table contain itself?"))
        }
    }

    /// The items of each level are looked at once, not once for each level above.
    @Test func arraysOutOfOrderInEachOther() {
        let chunk = """
            local t = 1
            for i = 1, 500 do t = {[3] = 3, [2] = t, [1] = 1} end
            return json.encode(t)
            """
        let expected = String(repeating: "[1,", count: 500) + "1" + String(repeating: ",3]", count: 500)
        #expect(runLua(chunk) == .value(expected))
    }
}

typealias Refusal = (expression: String, message: String)

private let refusals: [Refusal] = [
    ("nil", "the value: it is nil; JSON's null is json.null"),
    ("", "the value: it is nil; JSON's null is json.null"),
    ("print", "the value: a function"),
    ("coroutine.create(print)", "the value: a thread"),
    ("io.stdout", "the value: a userdata (FILE*)"),
    ("{Config = {Env = {1, 2, print}}}", ".Config.Env[3]: a function"),
    ("{{{print}}}", "[1][1][1]: a function"),
    ("{a1_Z = print}", ".a1_Z: a function"),
    ("{['1a'] = print}", #"["1a"]: a function"#),
    ("{['com.example'] = print}", #"["com.example"]: a function"#),
    ("{[''] = print}", #"[""]: a function"#),
    ("{['日本'] = {print}}", #"["日本"][1]: a function"#),
    (#"{["a\n\x7f"] = print}"#, #"["a??"]: a function"#),
    (#"{1, ["\xff"] = 1}"#, #"the value: a table with names and indices (such as ["?"]); it must be an object or an array"#),
    ("{[('k'):rep(40)] = print}", "." + String(repeating: "k", count: 40) + ": a function"),
    ("{[('k'):rep(41)] = print}", "[\"" + String(repeating: "k", count: 40) + "...\"]: a function"),
    ("{x = 0/0}", ".x: not a number (nan); JSON has finite numbers only, json.null may stand for it"),
    ("{1/0}", "[1]: infinity; JSON has finite numbers only, json.null may stand for it"),
    ("-1/0", "the value: minus infinity; JSON has finite numbers only, json.null may stand for it"),
    ("{1, 2, x = 1}", "the value: a table with names and indices (such as .x); it must be an object or an array"),
    (
        "{y = {1, ['a b'] = 2}}",
        #".y: a table with names and indices (such as ["a b"]); it must be an object or an array"#
    ),
    ("{1, [3] = 3}", "the value: an array with a hole at [2]; use json.null for a hole"),
    ("{l = {nil, 2}}", ".l: an array with a hole at [1]; use json.null for a hole"),
    ("{1, nil, 3}", "the value: an array with a hole at [2]; use json.null for a hole"),
    ("{[2] = 2}", "the value: an array with a hole at [1]; use json.null for a hole"),
    ("{1, 2, [2^53] = 3}", "the value: an array with a hole at [3]; use json.null for a hole"),
    ("json.array{1, nil, 3}", "the value: an array with a hole at [2]; use json.null for a hole"),
    ("{[0] = 1}", "the value: an array with the index [0]; an array's begin with 1"),
    ("{1, [-1] = 1}", "the value: an array with the index [-1]; an array's begin with 1"),
    ("{[true] = 1}", "the value: a table with a boolean as a key; an object's keys are strings, an array's are 1, 2, 3..."),
    ("{[1.5] = 1}", "the value: a table with a number as a key; an object's keys are strings, an array's are 1, 2, 3..."),
    ("{1, [json.null] = 1}", "the value: a table with a userdata as a key; an object's keys are strings, an array's are 1, 2, 3..."),
    ("{a = {[print] = 1}}", ".a: a table with a function as a key; an object's keys are strings, an array's are 1, 2, 3..."),
    ("json.array{x = 1}", "the value: a json.array with the name .x; an array has indices only"),
    ("{a = json.array{1, x = 1}}", ".a: a json.array with the name .x; an array has indices only"),
    (#""ab\xff""#, "the value: a string that isn't UTF-8 at its byte 2 (counted from 0)"),
    (#"{"\xc3"}"#, "[1]: a string that isn't UTF-8 at its byte 0 (counted from 0)"),
    (#"{"\xc0\xaf"}"#, "[1]: a string that isn't UTF-8 at its byte 0 (counted from 0)"),
    (#"{"\xe0\x9f\xbf"}"#, "[1]: a string that isn't UTF-8 at its byte 0 (counted from 0)"),
    (#"{"é\xed\xa0"}"#, "[1]: a string that isn't UTF-8 at its byte 2 (counted from 0)"),
    (#"{"\xf4\x90\x80\x80"}"#, "[1]: a string that isn't UTF-8 at its byte 0 (counted from 0)"),
    (#"{"\xf0\x9f\x98"}"#, "[1]: a string that isn't UTF-8 at its byte 0 (counted from 0)"),
    (#"{"\n\n\x80"}"#, "[1]: a string that isn't UTF-8 at its byte 2 (counted from 0)"),
    (#"{a = {["k\xff"] = 1}}"#, ".a: a name that isn't UTF-8 at its byte 1 (counted from 0)"),
]
