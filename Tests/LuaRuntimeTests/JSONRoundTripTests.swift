import Testing

/// Decode, then encode, gives an equal document.
@Suite struct JSONRoundTripTests {
    @Test(arguments: documents)
    func equalDocument(text: String) throws {
        let outcome = runLua("return json.encode(json.decode((...)))", text)
        let expected = try #require(JSONTestValue.parse(text), "the test's own parser refuses it")
        #expect(outcome.map(JSONTestValue.parse) == expected)
        // And the same again from what was written, once with line breaks.
        let indented = runLua("return json.encode(json.decode(json.encode(json.decode((...)))), {indent = 2})", text)
        #expect(indented.map(JSONTestValue.parse) == expected)
    }

    /// Where no order is to be kept, not only the value but each byte is as it was.
    @Test(
        arguments: [
            "null", "true", "false", "0", "-1", "[]", "{}", "[[],{}]", #"{"a":[]}"#, #"[{"a":{"b":[{}]}}]"#, "[null]", "[1,2,3]",
            "[1.0,1e300,-0.0,0.1]",
            "18446744073709551615", "[-9223372036854775808,9223372036854775807,9223372036854775808]", #""""#, #""a\"\\\b\f\n\r\t""#,
            #""\u0000\u001f""#, #""\ud800""#, #""\udfff x""#, "\"\u{7F}é漢😀\u{10FFFF}\"", #"{"\ud800":1}"#, #"{"":[""]}"#,
            #"{"a b":{"\n":null}}"#,
        ])
    func sameBytes(text: String) {
        #expect(runLua("return json.encode(json.decode((...)))", text) == .value(text))
    }

    /// A script may change what it got, and arrays stay arrays.
    @Test(
        arguments: [
            ("[1,2]", "v[3] = 3", "[1,2,3]"), ("[1]", "v[1] = nil", "[]"), ("[1,2]", "table.remove(v, 1)", "[2]"),
            ("[]", "table.insert(v, {})", "[{}]"),
            ("[3,1,2]", "table.sort(v)", "[1,2,3]"), (#"{"a":1}"#, "v.a = nil", "{}"), (#"{"a":[]}"#, "v.a = v.a", #"{"a":[]}"#),
            (#"{"a":[1]}"#, "v.a[1] = json.null", #"{"a":[null]}"#),
        ] as [(String, String, String)])
    func changedByAScript(text: String, change: String, result: String) {
        #expect(runLua("local v = json.decode((...)) \(change) return json.encode(v)", text) == .value(result))
    }
}

private let documents: [String] = [
    "null", "true", "false", " null ", "\t\n\r[\t\n\r]\t\n\r", "[ ]", "{ }", "{\n}", "[[[[[[]]]]]]", "[{}]", "[{},[],null]",
    "0", "-0", "1", "-1", "10", "123456789", "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993",
    "2147483647", "-2147483648", "4294967296", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "-18446744073709551615", "100000000000000000000",
    "340282366920938463463374607431768211456",
    "0.0", "-0.0", "0.5", "-0.5", "1.0", "1.5", "3.14159", "0.1", "0.2", "0.3", "0.30000000000000004", "1e0", "1E0", "1e+0", "1e-0", "1e5",
    "1E5", "1e+5",
    "1e-5", "1.5e10", "1.5E-10", "0e0", "0e10", "-0e10", "0.0e-10", "123e45", "123.456e-7", "1e22", "1e23", "1e300", "1e308",
    "1.7976931348623157e308",
    "5e-324", "2.2250738585072014e-308", "2.225073858507201e-308", "1e-400", "-1e-400", "123456789.123456789", "0.000001", "0.0000001",
    "1000000000000000.5", "4503599627370496.5", "9999999999999999.0", "72057594037927936.0", "1e15", "1e16", "1e17", "1e18", "1e19",
    "0.1000000000000000055511151231257827", "2.00000000000000000000000000000000000000001", "100000000000000000000.0",
    #""""#, #"" ""#, #""a""#, #""abcdefg""#, #""abcdefgh""#, #""abcdefghi""#, #""\"""#, #""\\""#, #""\/""#, #""/""#, #""\b\f\n\r\t""#,
    #""\u0041""#,
    #""\u0000""#, #""a\u0000b""#, #""\u001F""#, #""\u007f""#, "\"\u{7F}\"", #""\u00e9""#, #""é""#, #""\u6f22字""#, #""\u2028\u2029""#,
    "\"\u{2028}\u{2029}\"",
    #""\uFFFE\uFFFF""#, #""\ud83d\ude00""#, #""😀""#, #""\uD834\uDD1E""#, #""\ud800""#, #""\udbff""#, #""\udc00""#, #""\uDFFF""#,
    #""\ud800\ud800""#,
    #""\ud800\ud83d\ude00""#, #""\ude00\ud83d""#, #""\ud83dx\ude00""#, #""\ud83d\\ude00""#, #""\u0022\u005c\u002f""#, #""\\u0041""#,
    #""\\\\""#, #""\\\"\\""#,
    #""new\nline and a longer tail of text""#, "\"\u{FEFF}bom\"", "\"e\u{301}\"", "\"\u{E000}\u{F8FF}\u{10FFFF}\"",
    "[1]", "[1,2]", "[ 1 , 2 ]", "[1,[2,[3,[4]]]]", "[null,null]", "[true,false,null]", #"["a","b"]"#, "[1,1.0,1e0]", "[[],[],[]]",
    "[{},{},{}]",
    #"[1,"a",null,true,{},[],1.5,{"a":[]}]"#, #"{"a":1}"#, #"{ "a" : 1 }"#, #"{"a":null}"#, #"{"a":{}}"#, #"{"a":[]}"#, #"{"":""}"#,
    #"{"a":1,"b":2,"c":3}"#, #"{"a":1,"a":2}"#, #"{"a":{"x":1},"a":[]}"#, #"{"1":1,"2":2}"#, #"{"1":"one","01":"other"}"#,
    #"{"\u0061":1,"a":2}"#,
    #"{"a\u0000b":1,"a":2}"#, #"{"é":1,"漢字":[],"😀":{}}"#, #"{"a.b":1,"a b":2,"\n":3,"\"":4}"#, #"{"\ud800":1,"\ud801":2}"#,
    #"{"a":{"b":{"c":{"d":{"e":[]}}}}}"#,
    #"{"__index":1,"__metatable":2,"__gc":3,"n":4,"length":5}"#, #"{"nil":null,"true":false,"and":1}"#,
    #"{"a":[{"b":[{"c":[{}]}]}],"d":[[],[[]],[[[]]]]}"#,
    #"{"Id":"8dfafdbc3a40","Names":["/web"],"Labels":{},"Ports":[],"Mounts":null,"Created":1367854155,"SizeRw":0,"HostConfig":{"NetworkMode":"default"}}"#,
    #"{"read":"2015-01-08T22:57:31.547920715Z","memory_stats":{"limit":18446744073709551615,"usage":6537216,"stats":{"hierarchical_memory_limit":9223372036854771712}},"cpu_stats":{"online_cpus":4,"throttling_data":{"periods":0}}}"#,
    #"{"Config":{"Env":["PATH=/usr/bin","A="],"Cmd":["sh","-c","echo \"hi\" && exit 0"],"Entrypoint":null,"ExposedPorts":{"80/tcp":{}},"Volumes":{}}}"#,
]
