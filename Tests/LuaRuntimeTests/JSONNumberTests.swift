import Testing

@Suite struct JSONNumberTests {
    @Test(
        arguments: [
            ("0", "integer 0"), ("-1", "integer -1"), ("9223372036854775807", "integer 9223372036854775807"),
            ("-9223372036854775808", "integer -9223372036854775808"), ("999999999999999999", "integer 999999999999999999"),
            ("1000000000000000000", "integer 1000000000000000000"), ("9007199254740993", "integer 9007199254740993"),
            ("9223372036854775808", "json.number 9223372036854775808"), ("-9223372036854775809", "json.number -9223372036854775809"),
            ("18446744073709551615", "json.number 18446744073709551615"), ("18446744073709551616", "json.number 18446744073709551616"),
            ("9999999999999999999", "json.number 9999999999999999999"), ("10000000000000000000", "json.number 10000000000000000000"),
            (
                "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "json.number 123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
            ),
            ("-0", "float -0.0"), ("0.0", "float 0.0"), ("-0.0", "float -0.0"), ("1.0", "float 1.0"), ("1e2", "float 100.0"),
            ("1E+2", "float 100.0"),
            ("100e-2", "float 1.0"), ("0e999", "float 0.0"), ("-0e-999", "float -0.0"), ("1e-400", "float 0.0"), ("-1e-400", "float -0.0"),
            ("0.1", "float 0.1"), ("123.5", "float 123.5"), ("1e22", "float 1e+22"), ("1e23", "float 1e+23"),
        ] as [(String, String)])
    func kinds(literal: String, kind: String) {
        let show = """
            local v = json.decode((...))
            return (type(v) == "number" and math.type(v) or "json.number") .. " " .. tostring(v)
            """
        #expect(runLua(show, literal) == .value(kind))
        #expect(runLua("return json.encode(json.decode((...)))", literal).map(JSONTestValue.parse) == JSONTestValue.parse(literal))
    }

    /// The nearest float, also where the digits are too many for the fast way, or half-way between two floats.
    @Test(
        arguments: [
            "9007199254740993.0", "9007199254740992.99999999999999999", "9007199254740993.00000000000000000001",
            "0.1000000000000000055511151231257827",
            "5e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "2.2250738585072011e-308", "2.2250738585072014e-308",
            "1.7976931348623157e308", "1.7976931348623158e308", "179769313486231570793e288", "4.35e0", "123456789012345678e-5",
            "1234567890123456789012e-10",
            "0.000000000000000000000000000000000000000000000000000000000000000000000000000000012345678901234567", "1e-22", "1e-23",
            "9007199254740992e22",
            "9007199254740993e22", "8.5e22", "0.00000000000000000000001", "7.2057594037927933e16", "1.00000000000000011102230246251565404",
            "18446744073709551616.000", "18446744073709551616e0", "36893488147419103232.5", "0.18446744073709551616",
        ])
    func nearestFloat(literal: String) throws {
        let nearest = try #require(Double(literal))
        #expect(runLua("return string.format('%a', json.decode((...)))", literal) == runLua("return string.format('%a', \(nearest))"))
        #expect(
            runLua("return string.format('%a', json.decode((...)))", "-" + literal) == runLua("return string.format('%a', \(-nearest))"))
    }

    @Test func longLiterals() {
        let zeros = String(repeating: "0", count: 5000)
        #expect(runLua("return tostring(json.decode((...)))", "0." + zeros + "1e5001") == .value("1.0"))
        #expect(runLua("return tostring(json.decode((...)))", "1" + zeros + ".0e-5000") == .value("1.0"))
        #expect(runLua("return tostring(json.decode((...)))", "1" + zeros) == .value("1" + zeros))
        #expect(runLua("return tostring(json.decode((...)))", "1e-" + zeros + "1") == .value("0.1"))
        #expect(runLua("return json.decode((...))", "1e1" + zeros).isError)
    }

    /// What a script can do with a json.number.
    @Test(
        arguments: [
            ("n == json.decode('18446744073709551615')", "true"), ("n == json.decode('18446744073709551616')", "false"), ("n ~= 1", "true"),
            ("n < json.decode('18446744073709551616')", "true"), ("n < json.decode('9999999999999999999')", "false"),
            ("n <= json.decode('18446744073709551615')", "true"), ("n > json.decode('-18446744073709551615')", "true"),
            ("m < json.decode('-9999999999999999999')", "true"), ("m > json.decode('-99999999999999999999')", "true"), ("m < n", "true"),
            ("json.decode('9223372036854775808') > math.maxinteger", "true"),
            ("json.decode('9223372036854775808') <= math.maxinteger", "false"),
            ("math.maxinteger < json.decode('9223372036854775808')", "true"),
            ("json.decode('-9223372036854775809') < math.mininteger", "true"),
            ("math.mininteger <= json.decode('-9223372036854775809')", "false"),
            ("n > 1.5", "true"), ("n < 1e300", "true"), ("1e300 < n", "false"), ("2^64 <= n", "true"), ("n < 0/0", "false"),
            ("n >= 0/0", "false"),
            ("tostring(n)", "18446744073709551615"), ("'x' .. n", "x18446744073709551615"), ("n .. 1", "184467440737095516151"),
            ("n .. m", "18446744073709551615-18446744073709551615"),
            ("n + 0.0 == 2^64", "true"), ("n + 1 == 2^64", "true"), ("1 + n == 2^64", "true"), ("n - n", "0.0"), ("n * 2 == 2^65", "true"),
            ("n / 2 == 2^63", "true"), ("n // 2 == 2^63", "true"), ("n % 10", "6.0"), ("n ^ 2 == 2^128", "true"), ("-n == -2^64", "true"),
            ("2 ^ (n - n)", "1.0"),
            ("'1' + n == 2^64", "true"), ("n + m", "0.0"), ("math.type(n)", "nil"), ("type(n)", "userdata"),
            ("getmetatable(n)", "json.number"),
        ] as [(String, String)])
    func behaviour(expression: String, value: String) {
        let chunk = "local n, m = json.decode('18446744073709551615'), json.decode('-18446744073709551615') return tostring(\(expression))"
        #expect(runLua(chunk) == .value(value))
    }

    @Test(
        arguments: [
            ("n + {}", "test:1: attempt to do arithmetic on a json.number with a table value"),
            ("n + 'x'", "test:1: attempt to do arithmetic on a json.number with a string value"),
            ("n < 'x'", "test:1: attempt to compare a json.number with a string value"),
            ("'1' < n", "test:1: attempt to compare a json.number with a string value"),
            ("n < {}", "test:1: attempt to compare a json.number with a table value"),
            ("{} <= n", "test:1: attempt to compare a json.number with a table value"),
            ("n < io.stdout", "test:1: attempt to compare a json.number with a userdata value"),
            ("n .. {}", "test:1: attempt to concatenate a json.number with a table value"),
            ("print .. n", "test:1: attempt to concatenate a json.number with a function value"),
            ("n.x", "test:1: attempt to index a json.number value (local 'n')"),
            ("n | 1", "test:1: attempt to perform bitwise operation on a json.number value (local 'n')"),
            ("setmetatable(n, {})", "test:1: bad argument #1 to 'setmetatable' (table expected, got json.number)"),
        ] as [(String, String)])
    func refuses(expression: String, message: String) {
        #expect(runLua("local n = json.decode('18446744073709551615') return \(expression)") == .error(message))
    }
}
