import Testing

@Suite struct JSONModuleTests {
    @Test func whatThereIs() {
        let chunk =
            "local out = {} for k, v in pairs(json) do out[#out + 1] = k .. ' ' .. type(v) end table.sort(out) return table.concat(out, ', ')"
        #expect(runLua(chunk) == .value("array function, decode function, encode function, is_array function, null userdata"))
    }

    @Test func null() {
        let chunk = """
            assert(json.null ~= nil)
            assert(json.decode('null') == json.null)
            assert(json.decode('[null]')[1] == json.null)
            assert(json.decode('{"a":null}').a == json.null)
            return json.encode({a = {json.null}})
            """
        #expect(runLua(chunk) == .value(#"{"a":[null]}"#))
    }

    @Test(
        arguments: [
            ("[]", 2, "[]"), ("{}", 2, "{}"), ("1", 2, "1"), ("[1,[2,[]]]", 2, "[\n  1,\n  [\n    2,\n    []\n  ]\n]"),
            (#"{"a":{"b":[{}]}}"#, 4, "{\n    \"a\": {\n        \"b\": [\n            {}\n        ]\n    }\n}"),
            (#"{"a":1}"#, 1, "{\n \"a\": 1\n}"), (#"{"a":[1]}"#, 0, #"{"a":[1]}"#), ("[1]", 16, "[\n                1\n]"),
        ] as [(String, Int, String)])
    func indent(text: String, spaces: Int, indented: String) {
        #expect(runLua("return json.encode(json.decode((...)), {indent = \(spaces)})", text) == .value(indented))
    }

    /// Items that come out of order take another way, which must break lines too.
    @Test func indentOfArraysOutOfOrder() {
        #expect(runLua("return json.encode({[3] = 3, [2] = 2, [1] = 1}, {indent = 1})") == .value("[\n 1,\n 2,\n 3\n]"))
    }

    @Test(
        arguments: [
            ("{indnt = 2}", "test:1: json.encode: unknown option indnt; there is indent"),
            ("{2}", "test:1: json.encode: unknown option 1; there is indent"),
            ("{indent = -1}", "test:1: json.encode: indent is a number of spaces from 0 to 16"),
            ("{indent = 17}", "test:1: json.encode: indent is a number of spaces from 0 to 16"),
            ("{indent = '  '}", "test:1: json.encode: indent is a number of spaces from 0 to 16"),
            ("{indent = 1.5}", "test:1: json.encode: indent is a number of spaces from 0 to 16"),
            ("2", "test:1: bad argument #2 to 'encode' (table expected, got number)"),
        ] as [(String, String)])
    func refusesOptions(options: String, message: String) {
        #expect(runLua("return json.encode({}, \(options))") == .error(message))
    }

    @Test func optionsMayBeLeftOut() {
        #expect(runLua("return json.encode({1}, nil)") == .value("[1]"))
        #expect(runLua("return json.encode({1}, {})") == .value("[1]"))
    }

    @Test(
        arguments: [
            ("json.encode(json.array())", "[]"), ("json.encode(json.array({}))", "[]"), ("json.encode(json.array(json.array()))", "[]"),
            ("(function() local t = {1} return t == json.array(t) and 'same' end)()", "same"),
            ("getmetatable(json.array())", "json.array"), ("getmetatable(json.decode('[]'))", "json.array"),
            ("tostring(getmetatable(json.decode('{}')))", "nil"),
            ("tostring(json.array()):match('^json.array: ')", "json.array: "),
        ] as [(String, String)])
    func array(expression: String, value: String) {
        #expect(runLua("return \(expression)") == .value(value))
    }

    @Test(
        arguments: [
            ("setmetatable(json.array(), {})", "test:1: cannot change a protected metatable"),
            ("json.array(setmetatable({}, {}))", "test:1: json.array: the table has another metatable"),
            ("json.array('x')", "test:1: bad argument #1 to 'array' (table expected, got string)"),
            ("json.array(nil)", "test:1: bad argument #1 to 'array' (table expected, got nil)"),
            ("json.is_array()", "test:1: bad argument #1 to 'is_array' (value expected)"),
        ] as [(String, String)])
    func refuses(expression: String, message: String) {
        #expect(runLua("return \(expression)") == .error(message))
    }

    /// It tells what encode does.
    @Test(
        arguments: [
            ("json.array()", true), ("json.decode('[]')", true), ("json.decode('{}')", false), ("{}", false), ("{1, 2}", true),
            ("{[2] = 2, [1] = 1}", true),
            ("{1, x = 1}", false), ("{x = 1}", false), ("{[2] = 1}", false), ("{[0] = 1}", false), ("{1, [1.5] = 1}", false),
            ("{1, [3] = 1}", false),
            ("'x'", false), ("nil", false), ("setmetatable({1}, {__len = error})", true), ("setmetatable({}, {})", false),
        ] as [(String, Bool)])
    func isArray(expression: String, answer: Bool) {
        #expect(runLua("return tostring(json.is_array(\(expression)))") == .value(String(answer)))
        let encoded = "(pcall(json.encode, \(expression)) and json.encode(\(expression)):sub(1, 1) == '[')"
        #expect(runLua("return tostring(\(encoded))") == .value(String(answer)))
    }

    /// The metatable is one a VM; two VMs don't share it.
    @Test func openedTwiceItIsTheSameArray() {
        #expect(
            runLua("local a, b = json.array(), json.decode('[]') return tostring(rawequal(debug.getmetatable(a), debug.getmetatable(b)))")
                == .value("true"))
    }
}
