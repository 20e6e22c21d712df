import LuaRuntime
import Testing

/// string.find, match, gmatch and gsub are dogger's own; what they do is Lua's manual (6.4 and 6.4.1).
@Suite struct PatternTests {
    @Test(arguments: [
        // Where, and how much.
        ("('hello'):find('l')", "3 3"), ("('hello'):find('l+')", "3 4"), ("('hello'):find('x')", "nil"), ("('hello'):find('')", "1 0"),
        ("('hello'):find('', 6)", "6 5"), ("('hello'):find('', 7)", "nil"), ("('hello'):find('l', 4)", "4 4"), ("('hello'):find('l', -2)", "4 4"),
        ("('hello'):find('h', -100)", "1 1"), ("('a.b'):find('.', 1, true)", "2 2"), ("('a.b'):find('%.')", "2 2"), ("('a.b'):find('.')", "1 1"),
        ("('a-b'):find('-', 1, true)", "2 2"), ("('x\\0y'):find('\\0')", "2 2"), ("('x\\0y'):find('%z')", "2 2"), ("('abc'):find('(b)(c)')", "2 3 b c"),
        ("('a+b'):find('+', 2, true)", "2 2"), ("('aab'):find('ab')", "2 3"), (#"('{"a":1}'):find('"a"')"#, "2 4"),
        // Classes and sets.
        ("('ab12'):match('%a+')", "ab"), ("('ab12'):match('%d+')", "12"), ("('ab 12'):match('%s')", " "), ("('ab_1!'):match('[%w_]+')", "ab_1"),
        ("('aBc'):match('%u')", "B"), ("('aBc'):match('%l+')", "a"), ("('aB1'):match('%A')", "1"), ("('0xfF'):match('0x(%x+)')", "fF"),
        ("('a,b'):match('%p')", ","), ("('a\\nb'):match('%c') == '\\n'", "true"), ("('[x]'):match('[]x[]+')", "[x]"), ("('a-z'):match('[a%-z]+')", "a-z"),
        ("('a-z'):match('[a-]+')", "a-"), ("('x]y'):match('[^]]+')", "x"), ("('caf\\xc3'):match('[\\x80-\\xff]') == '\\xc3'", "true"), ("('a^b'):match('[%^]')", "^"),
        ("('a^b'):match('[b^]+')", "^b"), ("('%'):match('%%')", "%"),
        // How often.
        ("('aaa'):match('a-')", ""), ("('aaab'):match('a-b')", "aaab"), ("('aaa'):match('a*')", "aaa"), ("('b'):match('a*')", ""), ("('ab'):match('xa?b') or 'no'", "no"),
        ("('ab'):match('a?b')", "ab"), ("('b'):match('a?b')", "b"), ("('<a><b>'):match('<.->')", "<a>"), ("('<a><b>'):match('<.*>')", "<a><b>"), ("('aab'):match('a*ab')", "aab"),
        // Anchors, frontiers, balance, references.
        ("('ab'):match('^b') or 'no'", "no"), ("('ab'):match('b$')", "b"), ("('a$b'):match('a$b')", "a$b"), ("('a^b'):match('a^b')", "a^b"),
        ("('THE (quick) fox'):find('%((%a+)%)')", "5 11 quick"), ("('THE END'):gsub('%f[%a]%a+', '<%0>')", "<THE> <END> 2"), ("('f(a(b)c)d'):match('%b()')", "(a(b)c)"),
        ("('(('):match('%b()') or 'no'", "no"), ("('x=\"it\\'s\"'):match('([\"\\'])(.-)%1')", "\" it's"), ("('abcabc'):match('(abc)%1')", "abc"),
        // Captures.
        ("('key = value'):match('(%w+)%s*=%s*(%w+)')", "key value"), ("('hello'):match('()ll()')", "3 5"), ("('abc'):match('((a)(b))')", "ab a b"),
        ("('  trim  '):match('^%s*(.-)%s*$')", "trim"), ("('2024-01-02'):match('(%d+)-(%d+)-(%d+)')", "2024 01 02"), ("('abc'):match('b', -1) or 'no'", "no"),
        // Replacing.
        ("('hello world'):gsub('o', '0')", "hell0 w0rld 2"), ("('hello'):gsub('', '-')", "-h-e-l-l-o- 6"), ("('hello'):gsub('l', 'L', 1)", "heLlo 1"),
        ("('abc'):gsub('%w', '%0%0')", "aabbcc 3"), ("('abc'):gsub('(a)(b)', '%2%1')", "bac 1"), ("('abc'):gsub('b', '%%')", "a%c 1"), ("('abc'):gsub('b', '%1')", "abc 1"),
        ("('$name is $age'):gsub('%$(%w+)', { name = 'Ann', age = 5 })", "Ann is 5 2"), ("('abc'):gsub('%w', { b = false })", "abc 3"), ("('abc'):gsub('x', 'y')", "abc 0"),
        ("('abc'):gsub('%w', function(c) if c == 'b' then return 'B' end end)", "aBc 3"), ("('abc'):gsub('()', function(i) return i end)", "1a2b3c4 4"),
        ("('abc'):gsub('^a', 'x')", "xbc 1"), ("('aaa'):gsub('^a', 'x')", "xaa 1"), ("('abc'):gsub('b*', 'x')", "xaxcx 3"), ("('abc'):gsub('b', '', 0)", "abc 0"), ("string.gsub(5, 5, 6)", "6 1"),
        // One after the other.
        ("all(('one two'):gmatch('%a+'))", "one;two"), ("all(('k=v, x=y'):gmatch('(%w+)=(%w+)'))", "k,v;x,y"), ("all(('abc'):gmatch(''))", ";;;"), ("all(('abc'):gmatch('b*'))", ";b;"),
        ("all(('a1b2'):gmatch('%d', 3))", "2"), ("all(('abc'):gmatch('x'))", ""), ("all(('^a'):gmatch('^a'))", "^a"), ("all(('abcd'):gmatch('()%a%a'))", "1;3"), ("all(('ab'):gmatch('.', -1))", "b"),
        // What is malformed shows only to a match that comes by it.
        ("('x'):find('y[')", "nil"), ("('x'):match('y)') or 'no'", "no"), ("('x'):gsub('(x', 'y')", "y 1"), ("('x'):match('()%1') or 'no'", "no"), ("('x'):gmatch('(') ~= nil", "true"),
        ("('x'):rep(300):find(('x?'):rep(199))", "1 199"), ("#('y'):match(('x*'):rep(300))", "0"), ("('b]'):match('[a-%]]')", "]"),
        // Larger than what lies on C's stack.
        ("('x'):rep(100):match(('x'):rep(60) .. '(.*)')", String(repeating: "x", count: 40)), ("('abcdefg'):match('[a][b][c][d][e][f](.)')", "g"),
        ("#all(('ab'):rep(50):gmatch('[a][b][a][b][a][b][a][b][a][b]'))", "109"), ("select('#', ('a'):rep(40):match(('(a)'):rep(32)))", "32"),
    ])
    func gives(_ expression: String, _ expected: String) throws {
        #expect(try run(expression) == expected)
    }

    @Test(arguments: [
        ("('x'):find('%')", "malformed pattern (ends with '%')"), ("('x'):find('[a')", "malformed pattern (missing ']')"), ("('x'):find('[')", "malformed pattern (missing ']')"),
        ("('x'):find('[^')", "malformed pattern (missing ']')"), ("('x'):find('[%')", "malformed pattern (missing ']')"), ("('x'):find('[]')", "malformed pattern (missing ']')"),
        ("('x'):find('%b')", "malformed pattern (missing arguments to '%b')"), ("('x'):find('%bx')", "malformed pattern (missing arguments to '%b')"),
        ("('x'):find('%f')", "missing '[' after '%f' in pattern"), ("('x'):find('%fa')", "missing '[' after '%f' in pattern"), ("('x'):find('%f[')", "malformed pattern (missing ']')"),
        ("('x'):match('x-)')", "invalid pattern capture"), ("('x'):find('(x')", "unfinished capture"), ("('x'):gsub('(x', '%1')", "unfinished capture"),
        ("('x'):find('%1')", "invalid capture index %1"), ("('x'):find('(x%1)')", "invalid capture index %1"), ("('x'):find('(x)%2')", "invalid capture index %2"),
        ("('x'):find('%0')", "invalid capture index %0"), ("('x'):find(('()'):rep(33))", "too many captures"), ("('x'):rep(300):find(('x?'):rep(200))", "pattern too complex"),
        ("('x'):rep(300):find('(((' .. ('x?'):rep(194) .. ')))')", "pattern too complex"), ("('x'):gsub('x', '%')", "invalid use of '%' in replacement string"),
        ("('x'):gsub('x', '%a')", "invalid use of '%' in replacement string"), ("('x'):gsub('x', '%2')", "invalid capture index %2"),
        ("('x'):gsub('x', function() return {} end)", "invalid replacement value (a table)"), ("('x'):gsub('x', true)", "bad argument #2 to 'gsub' (string/function/table expected, got boolean)"),
        ("('x'):gsub('x')", "bad argument #2 to 'gsub' (string/function/table expected, got no value)"), ("string.find({}, 'x')", "bad argument #1 to 'find' (string expected, got table)"),
        ("('x'):gmatch('(x')()", "unfinished capture"), ("('x'):match('x', {})", "bad argument #2 to 'match' (number expected, got table)"),
    ])
    func refuses(_ expression: String, _ expected: String) throws {
        #expect(try run(expression) == "500: test.lua:1: " + expected)
    }

    private func run(_ expression: String) throws -> String {
        let fixture = try ScriptFixture(
            "local function all(...) local t = {} for a, b in ... do t[#t + 1] = a .. (b and ',' .. b or '') end return table.concat(t, ';') end "
                + "local function show(...) local t = {} for i = 1, select('#', ...) do t[i] = tostring((select(i, ...))) end return table.concat(t, ' ') end "
                + "return function() return show(\(expression)) end")
        return fixture.run()
    }

    /// Text that a client may send, and that keeps a matcher which goes back busy for hours.
    @Test(arguments: [
        "('a'):rep(3000):find('.-.-.-b')", "('a'):rep(3000):match('.*.*.*b')", "('a'):rep(100000):gsub('a-b', '')", "('('):rep(200000):match('%b()')", "('a'):rep(1000000):find('a-b')",
        "(' '):rep(1000000):match('^(.-)%s*x$')", "(' '):rep(1000000):gsub('%s+x', '')", "('a'):rep(1000000):gsub('.', string.upper):rep(100):gsub('.', string.len)",
        "('x'):rep(1000000):gsub('x', pcall)", "('ab'):rep(500000):find('(a.-)%1c')", "('a'):rep(500000):gmatch('a-b')()", "('x'):rep(300000):gsub('%f[%w]%w+%f[^%w]y', '')",
    ])
    func theDeadlineEndsEach(_ expression: String) throws {
        try HostileScript("while true do local _ = \(expression) end", HostileScript.outOfTime).check(memory: 64 << 20)
    }

    /// A match keeps a subject and a pattern that the script has let go.
    @Test func gmatchKeepsItsStrings() throws {
        let fixture = try ScriptFixture("""
            return function()
              local next = (('ab'):rep(1000) .. 'c'):gmatch(('[a]'):rep(6, 'b') .. '()')
              for i = 1, 2000 do local _ = ('x'):rep(1000) .. i end
              local n = 0
              for at in next do n = n + at end
              return n .. ''
            end
            """)
        #expect(fixture.run() == "166332")
    }

    /// Patterns, replacements and texts of the letters that mean something, at random, give and raise what Lua's own do.
    @Test func agreesWithLua() throws {
        let script = """
            local seed = 20260101
            local function random(n) seed = (seed * 1103515245 + 12345) % 2147483648 return seed // 65536 % n + 1 end
            local pieces = { 'a', 'b', '.', '%a', '%d', '%S', '[ab]', '[^a]', '[a-', ']', '%', '(', ')', '()', '(.-)', '%1', '%b()', '%f[%w]', '^', '$', '*', '+', '-', '?', '\\0', '[%', '1' }
            local function text(n) local t = {} for i = 1, random(n) do t[i] = pieces[random(#pieces)] end return table.concat(t) end
            local letters = { 'a', 'b', '(', ')', ' ', '1', '\\0', ']' }
            local function subject() local t = {} for i = 1, random(12) - 1 do t[i] = letters[random(#letters)] end return table.concat(t) end
            local function show(...) local t = {} for i = 1, select('#', ...) do t[i] = ('%q'):format((select(i, ...))) end return table.concat(t, ' ') end
            local function all(...) local t = {} for a, b in ... do t[#t + 1] = show(a, b) end return table.concat(t, ';') end
            local lines = {}
            for i = 1, 8000 do
              local s, p, r, at = subject(), text(6), text(3), random(9) - 4
              local line = { show(s, p, r, at), show(pcall(string.find, s, p, at)), show(pcall(string.match, s, p, at)), show(pcall(string.gsub, s, p, r)),
                show(pcall(string.gsub, s, p, { a = 'A', ['('] = 1, [1] = false }, at)), show(pcall(function() return all(string.gmatch(s, p, at)) end)) }
              lines[i] = table.concat(line, ' | ')
            end
            return table.concat(lines, '\\n')
            """
        var limits = Limits()
        limits.scriptTimeout = 60_000_000_000
        let ours = try ScriptFixture("return function() \(script) end", limits: limits, name: "test").run().split(separator: "\n")
        let lua = try #require(runLua(script).map { $0.split(separator: "\n") })
        #expect(ours.count == 8000 && lua.count == 8000)
        let different = zip(ours, lua).filter { $0 != $1 }
        #expect(different.isEmpty, "\(different.count) of them, such as \(String(describing: different.first))")
    }
}
