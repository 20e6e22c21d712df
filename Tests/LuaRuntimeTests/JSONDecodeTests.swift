import CDogger
import Testing

/// Decodes in a state of its own and shows the value as a Lua literal: arrays as [..], floats with a '.', json.number as n(..).
private func decode(_ text: [UInt8]) -> JSONTestState.Outcome {
    let state = JSONTestState()
    defer { _ = state.close() }
    return state.run(
        """
        local function show(v)
          if v == json.null then return "null" end
          if type(v) == "userdata" then return "n(" .. tostring(v) .. ")" end
          if type(v) == "string" then return string.format("%q", v) end
          if type(v) ~= "table" then return tostring(v) end
          local out = {}
          if getmetatable(v) == "json.array" then
            for i = 1, #v do out[i] = show(v[i]) end
            return "[" .. table.concat(out, ", ") .. "]"
          end
          for k, item in pairs(v) do out[#out + 1] = k .. " = " .. show(item) end
          table.sort(out)
          return "{" .. table.concat(out, ", ") .. "}"
        end
        return show(json.decode((...)))
        """, text)
}

private func decode(_ text: String) -> JSONTestState.Outcome { decode(Array(text.utf8)) }

@Suite struct JSONDecodeTests {
    @Test(
        arguments: [
            ("null", "null"), ("true", "true"), ("false", "false"), (" \t\r\n1\n", "1"), ("[]", "[]"), ("{}", "{}"),
            ("[[],{},[[]]]", "[[], {}, [[]]]"), ("[1, [2.5, null], false]", "[1, [2.5, null], false]"),
            (#"{"b":{"c":[true]},"a":1}"#, "{a = 1, b = {c = [true]}}"), (#"{"":0}"#, "{ = 0}"),
            (#"{"a":1,"a":2,"b":3,"a":4}"#, "{a = 4, b = 3}"),
            (#""""#, #""""#), (#""a""#, #""a""#), (#""é漢😀""#, #""é漢😀""#),
            (#""\"\\\/\b\f\r\t""#, #""\"\\/\8\12\13\9""#), (#""\u0041\u00e9\u6F22\ud83d\uDE00""#, #""Aé漢😀""#),
            (#""\u0000""#, #""\0""#), ("\"\u{7F}\"", #""\127""#), (#""\\u0041""#, #""\\u0041""#),
        ] as [(String, String)])
    func values(text: String, value: String) {
        #expect(decode(text) == .value(value))
    }

    @Test(
        arguments: [
            (#""\ud800""#, "\"\\237\\160\\128\""), (#""\uDFFF""#, "\"\\237\\191\\191\""),
            (#""\ud800\ud800\udc00""#, "\"\\237\\160\\128\\240\\144\\128\\128\""),
            (#""\udc00\ud800""#, "\"\\237\\176\\128\\237\\160\\128\""), (#""\ud800\u0041""#, "\"\\237\\160\\128A\""),
            (#""\ud800\n""#, "\"\\237\\160\\128\\n\""),
        ] as [(String, String)])
    func loneSurrogatesAreKept(text: String, value: String) {
        let show =
            #"return (string.format("%q", json.decode((...))):gsub("[\x80-\xff]", function(c) return "\\" .. c:byte() end):gsub("\\\n", "\\n"))"#
        #expect(runLua(show, text) == .value(value))
    }

    /// Tables are made at their size up to 32 items, and grow from there on.
    @Test(arguments: [1, 2, 31, 32, 33, 34, 63, 64, 65, 100, 1000, 5000])
    func tablesOfAllSizes(count: Int) {
        let items = (1...count).map(String.init)
        let members = items.map { "\"k\($0)\":\($0)" }
        let text = "[[\(items.joined(separator: ","))],{\(members.joined(separator: ","))}]"
        let chunk = """
            local v, n = json.decode((...)), 0
            assert(#v[1] == \(count))
            for i = 1, \(count) do assert(v[1][i] == i and v[2]["k" .. i] == i) end
            for _ in pairs(v[2]) do n = n + 1 end
            for _ in pairs(v[1]) do n = n + 1 end
            return tostring(n)
            """
        #expect(runLua(chunk, text) == .value(String(2 * count)))
    }

    @Test(arguments: [2, 31, 32, 33, 40, 100])
    func ofEqualNamesTheLastWins(count: Int) {
        let members = (1...count).map { "\"same\":\($0),\"k\($0)\":0" }
        let text = "{\(members.joined(separator: ","))}"
        #expect(runLua("return tostring(json.decode((...)).same)", text) == .value(String(count)))
    }

    @Test func longStrings() {
        for count in [39, 40, 41, 511, 512, 513, 100_000] {
            let plain = String(repeating: "x", count: count)
            #expect(decode("\"\(plain)\"") == .value("\"\(plain)\""))
            #expect(decode("\"\(plain)\\u0041\"") == .value("\"\(plain)A\""))
        }
    }

    /// Each length and offset takes another way through the eight bytes at a time.
    @Test func whatIsSpecialIsFoundAtEachPlace() {
        let state = JSONTestState()
        for length in 0...20 {
            for place in 0...length {
                let before = String(repeating: "a", count: place)
                let after = String(repeating: "b", count: length - place)
                #expect(state.run("return json.decode((...))", "\"\(before)\\t\(after)\"") == .value("\(before)\t\(after)"))
                #expect(state.run("return json.decode((...))", "\"\(before)é\(after)\"") == .value("\(before)é\(after)"))
                let refused = "not JSON at byte \(place + 1) (counted from 0; line 1, column \(place + 2)): "
                #expect(
                    state.run("return json.decode((...))", "\"\(before)\u{1}\(after)\"")
                        == .error("\(self.place)\(refused)the control byte 0x01 in a string; write it as \\u0001"))
            }
        }
        #expect(state.close() == 0)
    }

    @Test func thousandLevelsAndNoMore() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inner = open == "[" ? "" : "1"
            func nested(_ depth: Int) -> String {
                String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
            }
            #expect(runLua("return type(json.decode((...)))", nested(1000)) == .value("table"))
            let at = 1000 * open.utf8.count
            #expect(
                runLua("return json.decode((...))", nested(1001))
                    == .error(place + "not JSON at byte \(at) (counted from 0; line 1, column \(at + 1)): nested deeper than 1000 levels"))
            #expect(runLua("return json.decode((...))", String(repeating: open, count: 100_000)) != .value(""))
        }
        // Depth is what is open at once, not what was.
        let wide = "[" + Array(repeating: "[[]]", count: 2000).joined(separator: ",") + "]"
        #expect(runLua("return tostring(#json.decode((...)))", wide) == .value("2000"))
    }

    /// Items that wait on the Lua stack at each of the levels.
    @Test func deepAndWideFitsTheLuaStack() {
        let items = String(repeating: "1,", count: 31)
        let text = String(repeating: "[" + items, count: 999) + "[]" + String(repeating: "]", count: 999)
        #expect(runLua("return json.encode(json.decode((...)))", text) == .value(text))
    }

    @Test func takesOnlyAString() {
        for argument in ["", "nil", "12", "{}"] {
            guard case .error(let message) = runLua("return json.decode(\(argument))") else {
                Issue.record("decode(\(argument)) was accepted")
                continue
            }
            #expect(message.contains("string expected"))
        }
    }

    private let place = "test:1: "

    @Test(arguments: badTexts)
    func refuses(bad: BadText) {
        let expected = "not JSON at byte \(bad.byte) (counted from 0; line \(bad.line), column \(bad.column)): \(bad.message)"
        #expect(runLua("return json.decode((...))", bad.text) == .error(place + expected))
        #expect(JSONTestValue.parse(bad.text) == nil)
    }

    @Test(arguments: brokenStrings)
    func refusesWhatIsNotUTF8(broken: BrokenString) {
        let bytes = Array(broken.before.utf8) + broken.bytes + Array(broken.after.utf8)
        let state = JSONTestState()
        let expected = "not JSON at byte \(broken.byte) (counted from 0; line 1, column \(broken.byte + 1)): a string that isn't UTF-8"
        #expect(state.run("return json.decode((...))", bytes) == .error(place + expected))
        #expect(state.close() == 0)
        #expect(JSONTestValue.parse(bytes) == nil)
    }

    @Test func refusesOtherEncodings() {
        let state = JSONTestState()
        let utf16: [UInt8] = [0xFE, 0xFF, 0, 0x31]
        let expected = "not JSON at byte 0 (counted from 0; line 1, column 1): expected a value, found the byte 0xFE"
        #expect(state.run("return json.decode((...))", utf16) == .error(place + expected))
        #expect(state.close() == 0)
    }
}

typealias BadText = (text: String, byte: Int, line: Int, column: Int, message: String)

private let unknownEscape = #"an unknown escape; JSON has \" \\ \/ \b \f \n \r \t and \uXXXX"#

private let badTexts: [BadText] = [
    ("", 0, 1, 1, "expected a value, found the end of the text"),
    (" \n\t ", 4, 2, 3, "expected a value, found the end of the text"),
    ("[", 1, 1, 2, "expected a value, found the end of the text"),
    ("[1", 2, 1, 3, "expected ',' or ']', found the end of the text"),
    ("[1,", 3, 1, 4, "expected a value, found the end of the text"),
    ("[1,]", 2, 1, 3, "a comma with no value after it"),
    ("[,1]", 1, 1, 2, "expected a value, found ','"),
    ("[,]", 1, 1, 2, "expected a value, found ','"),
    ("[1,,2]", 3, 1, 4, "expected a value, found ','"),
    ("[1 2]", 3, 1, 4, "expected ',' or ']', found '2'"),
    ("[1}", 2, 1, 3, "expected ',' or ']', found '}'"),
    ("]", 0, 1, 1, "expected a value, found ']'"),
    ("[1]]", 3, 1, 4, "expected the end of the text, found ']'"),
    (#"["a" "b"]"#, 5, 1, 6, #"expected ',' or ']', found '"'"#),
    ("[1;2]", 2, 1, 3, "expected ',' or ']', found ';'"),
    ("{", 1, 1, 2, "expected a name in double quotes, found the end of the text"),
    (#"{"a""#, 4, 1, 5, "expected ':', found the end of the text"),
    (#"{"a":"#, 5, 1, 6, "expected a value, found the end of the text"),
    (#"{"a":1"#, 6, 1, 7, "expected ',' or '}', found the end of the text"),
    (#"{"a":1,"#, 7, 1, 8, "expected a name in double quotes, found the end of the text"),
    (#"{"a":1,}"#, 6, 1, 7, "a comma with no name after it"),
    (#"{"a" 1}"#, 5, 1, 6, "expected ':', found '1'"),
    (#"{"a"}"#, 4, 1, 5, "expected ':', found '}'"),
    ("{a:1}", 1, 1, 2, "expected a name in double quotes, found 'a'"),
    ("{'a':1}", 1, 1, 2, "expected a name in double quotes, found '''"),
    ("{1:2}", 1, 1, 2, "expected a name in double quotes, found '1'"),
    ("{null:1}", 1, 1, 2, "expected a name in double quotes, found 'n'"),
    (#"{"a":1 "b":2}"#, 7, 1, 8, #"expected ',' or '}', found '"'"#),
    (#"{"a":1]"#, 6, 1, 7, "expected ',' or '}', found ']'"),
    ("{,}", 1, 1, 2, "expected a name in double quotes, found ','"),
    (#"{"a":,}"#, 5, 1, 6, "expected a value, found ','"),
    (#"{"a"::1}"#, 5, 1, 6, "expected a value, found ':'"),
    (#"{"a":1}}"#, 7, 1, 8, "expected the end of the text, found '}'"),
    (#"{"a":1,,"b":2}"#, 7, 1, 8, "expected a name in double quotes, found ','"),
    ("}", 0, 1, 1, "expected a value, found '}'"),
    ("tru", 0, 1, 1, "expected a value; does this mean true?"),
    ("truE", 0, 1, 1, "expected a value; does this mean true?"),
    ("True", 0, 1, 1, "expected a value, found 'T'"),
    ("fals", 0, 1, 1, "expected a value; does this mean false?"),
    ("nul", 0, 1, 1, "expected a value; does this mean null?"),
    ("nil", 0, 1, 1, "expected a value; does this mean null?"),
    ("truefalse", 4, 1, 5, "expected the end of the text, found 'f'"),
    ("true1", 4, 1, 5, "expected the end of the text, found '1'"),
    ("NaN", 0, 1, 1, "JSON has no NaN and no Infinity"),
    ("Infinity", 0, 1, 1, "JSON has no NaN and no Infinity"),
    ("-Infinity", 1, 1, 2, "expected a digit after '-', found 'I'"),
    ("-NaN", 1, 1, 2, "expected a digit after '-', found 'N'"),
    ("undefined", 0, 1, 1, "expected a value, found 'u'"),
    ("01", 0, 1, 1, "a number with a leading zero"),
    ("-01", 1, 1, 2, "a number with a leading zero"),
    ("00", 0, 1, 1, "a number with a leading zero"),
    ("-", 1, 1, 2, "expected a digit after '-', found the end of the text"),
    ("--1", 1, 1, 2, "expected a digit after '-', found '-'"),
    ("+1", 0, 1, 1, "a number can't start with '+'"),
    (".5", 0, 1, 1, "a number can't start with '.'"),
    ("-.5", 1, 1, 2, "expected a digit after '-', found '.'"),
    ("1.", 2, 1, 3, "expected a digit after '.', found the end of the text"),
    ("1.e1", 2, 1, 3, "expected a digit after '.', found 'e'"),
    ("[1.]", 3, 1, 4, "expected a digit after '.', found ']'"),
    ("1e", 2, 1, 3, "expected a digit in the exponent, found the end of the text"),
    ("1e+", 3, 1, 4, "expected a digit in the exponent, found the end of the text"),
    ("1E-", 3, 1, 4, "expected a digit in the exponent, found the end of the text"),
    ("1ex", 2, 1, 3, "expected a digit in the exponent, found 'x'"),
    ("0x10", 1, 1, 2, "expected the end of the text, found 'x'"),
    ("1_000", 1, 1, 2, "expected the end of the text, found '_'"),
    ("1.2.3", 3, 1, 4, "expected the end of the text, found '.'"),
    ("1e5.0", 3, 1, 4, "expected the end of the text, found '.'"),
    ("1e999", 0, 1, 1, "a number too large for a 64-bit float"),
    ("-1e999", 0, 1, 1, "a number too large for a 64-bit float"),
    ("[1, 2e400]", 4, 1, 5, "a number too large for a 64-bit float"),
    ("12a", 2, 1, 3, "expected the end of the text, found 'a'"),
    ("1 1", 2, 1, 3, "expected the end of the text, found '1'"),
    ("0,5", 1, 1, 2, "expected the end of the text, found ','"),
    ("\"", 0, 1, 1, "a string that is never closed"),
    (#""abc"#, 0, 1, 1, "a string that is never closed"),
    (#""abc\"#, 0, 1, 1, "a string that is never closed"),
    (#""abc\""#, 0, 1, 1, "a string that is never closed"),
    (#""\x41""#, 1, 1, 2, unknownEscape),
    (#""\a""#, 1, 1, 2, unknownEscape),
    (#""\'""#, 1, 1, 2, unknownEscape),
    (#""\u""#, 1, 1, 2, #"\u takes four hexadecimal digits"#),
    (#""\u12""#, 1, 1, 2, #"\u takes four hexadecimal digits"#),
    (#""\u12G4""#, 1, 1, 2, #"\u takes four hexadecimal digits"#),
    (#""\U0041""#, 1, 1, 2, unknownEscape),
    (#""\ud800\u12""#, 7, 1, 8, #"\u takes four hexadecimal digits"#),
    ("\"a\u{0}b\"", 2, 1, 3, #"the control byte 0x00 in a string; write it as \u0000"#),
    ("\"a\nb\"", 2, 1, 3, #"the control byte 0x0A in a string; write it as \u000A"#),
    ("\"a\tb\"", 2, 1, 3, #"the control byte 0x09 in a string; write it as \u0009"#),
    ("\"\u{1F}\"", 1, 1, 2, #"the control byte 0x1F in a string; write it as \u001F"#),
    ("'a'", 0, 1, 1, "a string stands in double quotes"),
    ("abc", 0, 1, 1, "expected a value, found 'a'"),
    (#""a"b"#, 3, 1, 4, "expected the end of the text, found 'b'"),
    (#""\é""#, 1, 1, 2, unknownEscape),
    ("\u{FEFF}{}", 0, 1, 1, "a byte order mark; JSON has none, take it away"),
    ("\u{FEFF}", 0, 1, 1, "a byte order mark; JSON has none, take it away"),
    ("// x\n1", 0, 1, 1, "JSON has no comments"),
    ("/* x */ 1", 0, 1, 1, "JSON has no comments"),
    ("[1] // x", 4, 1, 5, "expected the end of the text, found '/'"),
    ("# x", 0, 1, 1, "expected a value, found '#'"),
    ("\u{0}", 0, 1, 1, "expected a value, found the byte 0x00"),
    ("1\u{0}", 1, 1, 2, "expected the end of the text, found the byte 0x00"),
    ("\u{C}1", 0, 1, 1, "expected a value, found the byte 0x0C"),
    ("\u{A0}1", 0, 1, 1, "expected a value, found ' '"),
    ("{\n  \"a\": 1,\n  \"b\": }", 19, 3, 8, "expected a value, found '}'"),
    ("[\n \"日本語\", x]", 16, 2, 9, "expected a value, found 'x'"),
    (#"["é" é]"#, 6, 1, 6, "expected ',' or ']', found 'é'"),
    ("[\r\n1\r\n2]", 6, 3, 1, "expected ',' or ']', found '2'"),
    ("\u{7F}", 0, 1, 1, "expected a value, found the byte 0x7F"),
    ("<html>", 0, 1, 1, "expected a value, found '<'"),
]

typealias BrokenString = (before: String, bytes: [UInt8], after: String, byte: Int)

private let brokenStrings: [BrokenString] = [
    ("\"", [0x80], "\"", 1),
    ("\"", [0xFF], "\"", 1),
    ("\"", [0xC3], "\"", 1),
    ("\"", [0xC3], "(\"", 1),
    ("\"", [0xC0, 0xAF], "\"", 1),
    ("\"", [0xC1, 0xBF], "\"", 1),
    ("\"", [0xE0, 0x80, 0xAF], "\"", 1),
    ("\"", [0xED, 0xA0, 0x80], "\"", 1),
    ("\"", [0xF0, 0x80, 0x80, 0x80], "\"", 1),
    ("\"", [0xF4, 0x90, 0x80, 0x80], "\"", 1),
    ("\"", [0xF5, 0x80, 0x80, 0x80], "\"", 1),
    ("\"", [0xE2, 0x82], "\"", 1),
    ("\"ok ", [0xF0, 0x9F, 0x98], "", 4),
    ("{\"", [0xFF], "\":1}", 2),
    ("\"plain plain plain", [0xE9], " plain\"", 18),
]
