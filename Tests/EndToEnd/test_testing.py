"""`dogger test`: each flag, each form of report, and what tests can do to a handler."""

import os
import re
import signal
import subprocess
import threading
import time
import xml.etree.ElementTree as xml

import pytest
from harness import BINARY, PATIENCE, ROOT, SLOWNESS, finish

TWO = """
describe("numbers", function()
  it("add up", function() assert.equal(2, 1 + 1) end)
  it("differ", function()
    assert.equal(3, 1 + 1)
  end)
  pending("divide")
end)
"""


@pytest.fixture
def run(write, directory):
    """run(text, *options) makes x_test.lua of the text, and runs it."""

    def start(text, *options, **popen):
        write(text, "x_test.lua")
        return finish("test", *options, cwd=directory, **popen)

    return start


@pytest.fixture
def passes(run):
    """The body of one test, which has to pass."""

    def check(body, *options):
        result = run(f'local t = require "dogger.test"\nlocal dogger = require "dogger"\nlocal json = require "dogger.json"\n'
                     f'local docker = require "dogger.docker"\nit("works", function()\n{body}\nend)', *options)
        assert result.returncode == 0 and "1 passed" in result.stdout, result.stdout + result.stderr

    return check


@pytest.fixture
def fails(run):
    """The body of one test, which has to fail; gives what is told."""

    def check(body, *options):
        result = run(f'local t = require "dogger.test"\nit("fails", function()\n{body}\nend)', *options)
        assert result.returncode == 1 and "1 failed" in result.stdout, result.stdout + result.stderr
        return result.stdout

    return check


def public(text):
    return re.sub(r"\d+\.\d{3} s", "... s", text)


# The report for people

def test_each_test_is_told_with_its_place_and_what_went_wrong(run):
    result = run(TWO)
    assert result.returncode == 1 and result.stderr == ""
    assert public(result.stdout) == """x_test.lua
  ok       numbers add up
  FAILED   numbers differ
    x_test.lua:5: expected: 3
    got:      2
  pending  numbers divide

1 passed, 1 failed, 1 pending in ... s
"""


def test_tables_are_compared_key_by_key(fails):
    told = fails("""
        local list = {}
        for i = 1, 9 do list["k" .. i] = i end
        local other = {}
        for i = 1, 9 do other["k" .. i] = i end
        list.names, other.names = { "/web", deep = { a = 1 } }, { "/wob", deep = { a = "1" } }
        list.only, other.more = true, false
        assert.same(list, other)""")
    assert public(told) == """x_test.lua
  FAILED   fails
    x_test.lua:10: the values differ at .more, .names[1], .names.deep.a and 1 more places (- expected, + got):
        {
          ... 9 that are equal
      +   more = false,
          names = {
      -     [1] = "/web",
      +     [1] = "/wob",
            deep = {
      -       a = 1,
      +       a = "1",
            },
          },
      -   only = true,
        }

0 passed, 1 failed in ... s
"""


def test_texts_of_several_lines_are_compared_line_by_line(fails):
    told = fails('assert.equal("one\\ntwo\\nthree\\nfour\\n", "one\\ntwo\\n3\\nfour\\n")')
    assert "the texts differ from line 3 on (- expected, + got):\n        one\n        two\n      - three\n      + 3\n        four\n" in told


def test_long_strings_are_shown_where_they_part(fails):
    told = fails('assert.equal(("x"):rep(500) .. "a" .. ("y"):rep(500), ("x"):rep(500) .. "b" .. ("y"):rep(500))')
    assert "(from byte 501 on)" in told and len(told) < 600
    assert '"xxxxx' in told and "xayyy" in told and "xbyyy" in told


def test_the_calls_that_led_there_and_the_handlers_log_are_told(run, write):
    write("return function(req) print('asked') error('oh no') end", "h.lua")
    result = run("""local t = require "dogger.test"
local function check(res)
  assert.equal(200, res.status)
end
it("calls", function()
  local res = t.load("h.lua"):get("/")
  check(res)
end)""")
    assert "    x_test.lua:3: expected: 200\n    got:      500\n      called from x_test.lua:7\n" in result.stdout
    assert "    The log of this test:\n      h.lua:1: asked\n      dogger: h.lua:1: oh no\n      stack traceback:\n" in result.stdout


def test_what_a_test_prints_is_shown(run):
    result = run('it("talks", function() print("one", 2) end)')
    assert "  ok       talks\n    | one\t2\n" in result.stdout


def test_colours_are_for_terminals(run):
    assert "\x1b" not in run(TWO).stdout


def test_a_slow_test_tells_its_time(run):
    result = run('it("computes", function() local n = os.clock() while os.clock() - n < 0.6 do end end)')
    assert re.search(r"ok       computes \(\d\.\d{3} s\)", result.stdout)


# The report for programs

def test_tap(run):
    result = run(TWO + 'it("has # and \\\\", function() print("a\\nb") end)', "--format", "tap")
    assert result.returncode == 1
    assert result.stdout == """TAP version 14
ok 1 - x_test.lua: numbers add up
not ok 2 - x_test.lua: numbers differ
  ---
  message: |2
    expected: 3
    got:      2
  severity: fail
  at: 'x_test.lua:5'
  ...
not ok 3 - x_test.lua: numbers divide # TODO
ok 4 - x_test.lua: has \\# and \\\\
# a
# b
1..4
"""


def test_junit(run, directory):
    result = run(TWO + 'it("shows <&> \\"quotes\\"", function() assert.equal("<\\1&\\">", "") end)', "--format", "junit", "--output", "report.xml")
    assert result.returncode == 1 and "1 passed, 2 failed, 1 pending" in result.stdout
    suites = xml.parse(directory / "report.xml").getroot()
    assert suites.tag == "testsuites" and suites.attrib["tests"] == "4" and suites.attrib["failures"] == "2" and suites.attrib["skipped"] == "1"
    suite, = suites
    cases = list(suite)
    assert [case.attrib["name"] for case in cases] == ["numbers add up", "numbers differ", "numbers divide", 'shows <&> "quotes"']
    assert [[child.tag for child in case] for case in cases] == [[], ["failure"], ["skipped"], ["failure"]]
    assert cases[1].attrib["file"] == "x_test.lua" and cases[1].attrib["line"] == "5" and cases[1].attrib["classname"] == "x_test"
    assert cases[1][0].text == "x_test.lua:5: expected: 3\ngot:      2"


def test_a_report_on_standard_output_stands_alone(run):
    result = run('it("a", function() end)', "--format", "junit", "--coverage")
    xml.fromstring(result.stdout.encode())
    assert "no handler was loaded" in result.stderr


def test_a_report_that_can_not_be_written(run):
    result = run('it("a", function() end)', "--output", "no/such/dir")
    assert result.returncode == 1 and "dogger: no/such/dir can't be written: No such file or directory" in result.stderr


# Which tests are run

def test_directories_are_searched(write, directory):
    for name in "a_test.lua", "deep/er/b_test.lua", ".git/c_test.lua", "deep/d.lua", "deep/test.lua":
        write(f'it("{name}", function() end)', name)
    (directory / "link").symlink_to(directory / "deep")
    result = finish("test", cwd=directory)
    assert result.returncode == 0
    assert [line for line in result.stdout.splitlines() if line.endswith(".lua") and not line.startswith(" ")] == ["a_test.lua", "deep/er/b_test.lua"]
    assert "1 passed" in finish("test", "deep/", cwd=directory).stdout
    assert "2 passed" in finish("test", "deep", "deep/d.lua", "deep/er/b_test.lua", cwd=directory).stdout


def test_filter(run):
    result = run(TWO, "--filter", "add u?p$")
    assert result.returncode == 0 and "1 passed, 0 failed in" in result.stdout


@pytest.mark.parametrize("arguments,words", [
    ([], "there are no tests in .: no file whose name ends in _test.lua"),
    (["nothing"], "nothing: there is no such file or directory"),
    (["h.lua"], "there are no tests in h.lua: it(name, function) makes one"),
    (["x.lua", "--filter", "nope"], "no test has a name in which 'nope' is found"),
    (["x.lua", "--filter", "["], "--filter: malformed pattern"),
    (["x.lua", "--format", "csv"], "csv"),
    (["x.lua", "--timeout", "soon"], "soon"),
    (["x.lua", "--watch", "--output", "f"], "--watch is for people"),
])
def test_wrong_use(write, directory, arguments, words):
    write("local x = 1", "h.lua")
    write('it("a", function() end)', "x.lua")
    result = finish("test", *arguments, cwd=directory)
    assert result.returncode == 2 and words in result.stderr, result


def test_help():
    result = finish("test", "--help")
    assert result.returncode == 0
    for word in "--filter", "--watch", "--format", "--output", "--coverage", "--lcov", "--timeout", "--script-timeout", "ps_test.lua", "Exit status:":
        assert word in result.stdout, word
    assert [line for line in result.stdout.splitlines() if len(line) > 80 and not line.startswith("USAGE:")] == []


def test_a_file_that_does_not_load_is_a_failure_and_the_others_run(write, directory):
    write("it('a', function() en)", "a_test.lua")
    write("describe('b', function() error('no') end)", "b_test.lua")
    write("it('c', function() end)", "c_test.lua")
    result = finish("test", cwd=directory)
    assert result.returncode == 1 and "1 passed, 2 failed" in result.stdout
    assert "a_test.lua:1:" in result.stdout and "b_test.lua:1: no" in result.stdout


# The order of things, as in busted

def test_what_stands_around_tests_runs_in_order(run):
    result = run("""
        local log = {}
        local function note(text) return function() log[#log + 1] = text end end
        setup(note "S") teardown(note "T") before_each(note "b") after_each(note "a")
        it("one", note "1")
        describe("inner", function()
          lazy_setup(note "(s") strict_teardown(note "t)") before_each(note "ib") after_each(note "ia")
          it("two", function() note "2" () finally(note "f") end)
          it("three", note "3")
        end)
        context("empty", function() setup(note "never") end)
        test("last", function() assert.equal("Sb1a (s bib2fiaa bib3iaa t) b", table.concat(log):gsub("%(s", " (s "):gsub("t%)b", " t) b"):gsub("iaab", "iaa b")) end)
        """)
    assert result.returncode == 0, result.stdout


def test_after_each_runs_after_failures_too(run):
    result = run("""
        local after = 0
        after_each(function() after = after + 1 end)
        it("fails", function() assert.is_true(false) end)
        it("loops", function() while true do end end)
        it("hangs", function() coroutine.wrap(function() require("dogger.test").load("h.lua"):get("/") end)() end)
        it("saw them", function() assert.equal(3, after) end)
        """, "--script-timeout", "50ms")
    assert "1 passed, 3 failed" in result.stdout, result.stdout


def test_a_setup_that_fails_fails_its_tests(run):
    result = run("""
        describe("block", function()
          setup(function() error("no database") end)
          it("one", function() end)
        end)
        it("two", function() end)""")
    assert result.returncode == 1 and "1 passed, 2 failed" in result.stdout
    assert "FAILED   setup of block\n    x_test.lua:3: no database" in result.stdout
    assert "not run: the setup of 'block' failed" in result.stdout


def test_pending_tests_do_not_fail_a_run(run):
    result = run("pending('later', function() error('x') end) it('stops', function() pending('next week') error('x') end)")
    assert result.returncode == 0
    assert "pending  later\n" in result.stdout and "pending  stops: next week\n" in result.stdout


@pytest.mark.parametrize("text,words", [
    ("it('a', function() it('b', function() end) end)", "it stands beside tests, not in one"),
    ("it('a')", "it takes a name and a function"),
    ("describe(function() end)", "describe takes a name and a function"),
    ("require('dogger.test').load('h.lua'):get('/')", "while the file is loaded nothing can wait for an answer"),
    ("x = 1", "'x' is a global variable"),
    ("setup('x')", "setup takes a function"),
])
def test_tests_that_are_written_wrongly_are_told_so(run, write, text, words):
    write("return function() return 'x' end", "h.lua")
    result = run(text)
    assert result.returncode == 1 and "x_test.lua:1: " in result.stdout and words in result.stdout, result.stdout


# Assertions

@pytest.mark.parametrize("holds", [
    "equal(1, 1.0)", "equals('a', 'a')", "are.equal(1, 1)", "is_equal(1, 1)", "are_equal(1, 1)", "same({ 1, { a = 2 } }, { 1, { a = 2 } })",
    "are.same({}, json.array())", "same(json.array(), json.array())", "is_not.same(json.array(), {})", "not_same({ 1 }, { 1, 2 })",
    "is_true(true)", "is.True(true)", "is_false(false)", "is_nil(nil)", "is_not_nil(1)", "not_nil(1)", "truthy(1)", "is_truthy('')",
    "falsy(nil)", "is_falsy(false)", "is_string('')", "is_number(1)", "is_table({})", "is_boolean(false)", "is_function(print)",
    "is_not_string(1)", "near(1, 1.05, 0.1)", "is_not.near(1, 2, 0.1)", "matches('^a.c$', 'abc')", "does_match('b', 'abc')",
    "is_not.matches('x', 'abc')", "matches('a.c', 'xa.cx', 1, true)", "has_error(function() error('x') end)",
    "has_error(function() error('x') end, 'x')", "has.error(function() error('x', 0) end, 'x')", "has_error(function() error({ status = 400, message = 'm' }) end, 'm')",
    "has_error(function() error({ status = 400, message = 'm' }) end, { status = 400 })", "has_no.errors(function() end)", "has_no_error(function() end)",
    "error_matches(function() error('abc') end, 'b')", "is_not_equal({}, {})", "same(json.null, json.decode('null'))",
])
def test_an_assertion_that_holds(passes, holds):
    passes(f"assert.{holds}")


@pytest.mark.parametrize("broken,words", [
    ("equal({}, {})", "assert.same compares what is in them"),
    ("equal('1', 1)", 'expected: "1"\n    got:      1'),
    ("same({ 1 }, 1)", "expected: { 1 }\n    got:      1"),
    ("is_true(1)", "expected: true\n    got:      1"),
    ("is_nil(false)", "expected: nil\n    got:      false"),
    ("is_not_nil(nil)", "expected: not nil"),
    ("is_string(1)", "expected: a string\n    got:      1"),
    ("near(1, 2, 0.1)", "expected: 1, give or take 0.1\n    got:      2"),
    ("matches('x', 'abc')", 'expected a match of: "x"\n    got:                 "abc"'),
    ("has_error(function() end)", "expected an error\n    got none"),
    ("has_error(function() error('y') end, 'x')", 'expected the error: "x"\n    got:                "y"'),
    ("has_no.error(function() error('y') end)", 'expected no error\n    got: "x_test.lua:3: y"'),
    ("is_not.equal(1, 1)", "expected something else than 1"),
    ("equal(1, 2, 'the answer')", "x_test.lua:3: the answer\n    expected: 1"),
    ("frobnicate(1)", "assert.frobnicate is no assertion"),
    ("equal('a\\t\\1', 'b')", r'"a\t\001"'),
])
def test_an_assertion_that_does_not_hold(fails, broken, words):
    told = fails(f"assert.{broken}")
    assert "x_test.lua:3: " in told and words in told, told


def test_assert_itself_is_lua_s(passes, fails):
    passes("local a, b = assert(1, 2) assert.equal(3, a + b)")
    assert "x_test.lua:3: no luck" in fails("assert(nil, 'no luck')")
    assert "assertion failed: false" in fails("assert(false)")


# Spies and stubs

@pytest.mark.parametrize("holds", [
    "local s = spy.new(function(a, b) return a + b, 'x' end) assert.same({ 3, 'x' }, { s(1, 2) }) assert.spy(s).was.called()"
    " assert.spy(s).was_called(1) assert.spy(s).was.called_with(1, 2) assert.spy(s).was_not.called_with(1) assert.spy(s).was.returned_with(3, 'x')",
    "local s = spy.new() assert.spy(s).was_not.called() assert.spy(s).was_not_called() assert.spy(s).called(0)",
    "local s = spy.new() s() s() assert.spy(s).called_at_least(2) assert.spy(s).was.called_at_most(2) assert.spy(s).was.called_more_than(1)"
    " assert.spy(s).was.called_less_than(3) s:clear() assert.spy(s).was_not.called()",
    "local s = spy.new() s(nil, 1, nil) assert.spy(s).was.called_with(nil, 1, nil) assert.spy(s).was_not.called_with(nil, 1)",
    "local s, list = spy.new(), { 1, { 2 } } list.self = list s(list) list[2][1] = 3 local was = { 1, { 2 } } was.self = was"
    " assert.spy(s).was.called_with(was) assert.equal(list, s.calls[1].refs[1])",
    "local s = spy.new(function() error('no') end) assert.has_error(s.target, 'no') assert.is_false((pcall(s))) assert.spy(s).was.called(1)",
    "local o = { f = function(self, n) return n + 1 end } local f = o.f local s = spy.on(o, 'f') assert.equal(3, o:f(2))"
    " assert.spy(o.f).was.called_with(o, 2) s:revert() assert.equal(f, o.f)",
    "local o = { f = function() return 1 end } stub(o, 'f', 7, 8) assert.same({ 7, 8 }, { o.f('x') }) assert.stub(o.f).was.called_with('x')"
    " o.f:returns(9) assert.equal(9, o.f()) o.f:invokes(function(n) return n * 2 end) assert.equal(4, o.f(2))",
    "local o = {} stub(o, 'made') assert.is_nil(o.made()) o.made:revert() assert.is_nil(rawget(o, 'made'))",
    "local o = setmetatable({}, { __index = { f = print } }) local s = spy.on(o, 'f') s:revert() assert.is_nil(rawget(o, 'f')) assert.equal(print, o.f)",
    "local s = spy.new(function() dogger.sleep(3600) return dogger.now() end) local before = dogger.now() assert.equal(before + 3600, s())",
    "local engine = spy.new(function(req) return req.method end) t.load('pass.lua', { upstream = engine }):get('/')"
    " assert.spy(engine).was.called(1)",
    "local o = { f = function() return 'f' end, inner = { g = function() return 'g' end, n = 1 } } o.self = o local f = o.f"
    " assert.equal(o, mock(o)) assert.same({ 'f', 'g', 1 }, { o.f(), o.inner.g(5), o.inner.n }) assert.spy(o.inner.g).was.called_with(5)"
    " mock.clear(o) assert.spy(o.f).was_not.called() mock.revert(o) assert.equal(f, o.f)",
    "local o = { f = error } mock(o, true, 1, 2) assert.same({ 1, 2 }, { o.f() }) assert.stub(o.f).was.called(1)",
])
def test_spies_and_stubs(passes, write, holds):
    write("return function(req) return req:forward() end", "pass.lua")
    passes(holds)


@pytest.mark.parametrize("broken,words", [
    ("local s = spy.new() assert.spy(s).was.called()", "expected a call\n    got 0 calls\n"),
    ("local s = spy.new() s() assert.spy(s).was.called(2)", "expected 2 calls\n    got 1 call:\n      ()\n"),
    ("local s = spy.new() s(1, 'a') s({ x = 1 }) assert.spy(s).was.called_with(1, 'b')",
     'expected a call with (1, "b")\n    got 2 calls:\n      (1, "a")\n      ({ x = 1 })\n'),
    ("local s = spy.new() s(1) assert.spy(s).was_not.called_with(1)", "expected no call with (1)\n    got 1 call:\n      (1)\n"),
    ("local s = spy.new(function() error('no') end) pcall(s) assert.spy(s).was.returned_with(1)",
     "expected a call that returned (1)\n    got 1 call:\n      an error\n"),
    ("local s = spy.new() assert.spy(s).called_at_least(2)", "expected at least 2 calls\n"),
    ("local s = spy.new() assert.spy(s).was.frobbed()", "assert.spy(...).was.frobbed is no assertion; of spies there are called"),
    ("local s = spy.new() assert.spy(s).was.called('x')", "the number of calls is an integer"),
    ("assert.spy(print).was.called()", "assert.spy takes what spy.new, spy.on, stub or mock gave"),
    ("spy.on({}, 'f')", "spy.on: there is no 'f' to look at; stub makes one"),
    ("stub({ f = 1 }, 'f')", "stub: 'f' is a number and no function"),
    ("stub('f')", "stub takes a table, and the name of a function in it"),
    ("stub(string, 'rep')", "stub: "),
    ("spy.new(1)", "spy.new takes a function"),
    ("mock(1)", "mock takes a table with functions in it"),
    ("mock(string)", "mock: "),
    ("local s = spy.new() s(1) assert.spy(s).was.called_with(match.is_string())", "expected a call with (match.is_string())\n    got 1 call:\n      (1)\n"),
    ("assert.same({ a = match.is_number(), b = 1, c = match._ }, { a = 'x', b = 1, c = 7 })",
     "the values differ at .a (- expected, + got):\n        {\n      -   a = match.is_number(),\n      +   a = \"x\",\n          b = 1,\n          c = 7,\n"),
    ("assert.same(match.is_table(), 1)", "expected: match.is_table()\n    got:      1\n"),
    ("match.is_purple()", "match.is_purple is no matcher; there are equal, same, ref"),
    ("match.error_matches('x')", "match.error_matches is no matcher"),
    ("match.is_any_of(1)", "match.is_any_of takes matchers, and argument 1 is 1"),
    ("match.is_near(1)", "match.near takes what is expected"),
])
def test_a_spy_that_saw_something_else(fails, broken, words):
    told = fails(broken)
    assert "    x_test.lua:3: " in told and words in told and "[dogger" not in told, told


@pytest.mark.parametrize("matcher,holding,others", [
    ("match._", "1 'x' false nil", ""),
    ("match.is_string()", "'x' ''", "1 nil"),
    ("match.is_not_string()", "1 nil", "'x'"),
    ("match.is_not.string()", "1 nil", "'x'"),
    ("match.is_nil()", "nil", "false"),
    ("match.is_true()", "true", "1"),
    ("match.is_truthy()", "1", "false nil"),
    ("match.is_falsy()", "false nil", "1"),
    ("match.is_equal(1)", "1 1.0", "2 '1'"),
    ("match.equals(o)", "o", "{1}"),
    ("match.is_same({1})", "o {1}", "{2} 1"),
    ("match.is_ref(o)", "o", "{1}"),
    ("match.is_not_ref(o)", "{1}", "o"),
    ("match.is_near(1, 0.5)", "1.5 0.5", "2 'x' nil"),
    ("match.has_match('^a+$')", "'aaa'", "'b' nil {}"),
    ("match.matches('.', 1, true)", "'a.b'", "'ab'"),
    ("match.is_any_of(match.is_nil(), match.is_string())", "nil 'x'", "1"),
    ("match.is_all_of(match.is_string(), match.has_match('x'))", "'x'", "'y' 1"),
    ("match.is_none_of(match.is_nil(), match.is_string())", "1", "nil 'x'"),
])
def test_matchers(passes, matcher, holding, others):
    lines = [f"local o = {{1}} assert.is_true(match.is_matcher({matcher}))"]
    for value in holding.split():
        lines.append(f"do local s = spy.new() s({value}) assert.spy(s).was.called_with({matcher}) assert.same({matcher}, {value}) end")
        lines.append(f"assert.same({{ 1, {{ {matcher} }}, 3 }}, {{ 1, {{ {value} }}, 3 }})" if value != "nil" else "")
    for value in others.split():
        lines.append(f"do local s = spy.new() s({value}) assert.spy(s).was_not.called_with({matcher}) assert.not_same({matcher}, {value}) end")
    passes("\n".join(lines))


def test_an_insulated_block_has_its_own_modules(run, write):
    write("return { n = 0 }", "m.lua")
    write("return { n = 0 }", "late.lua")
    result = run("""
local m = require "m"
m.n = 1
insulate("one", function()
  local own = require "m"
  local late = require "late"
  it("shares what was there before", function() assert.equal(m, own) end)
  it("keeps what the block required", function()
    late.n = 5
    assert.equal(late, require "late")
  end)
end)
insulate(function()
  it("has another", function() assert.equal(0, require "late".n) require "late".n = 6 end)
  it("to its end", function() assert.equal(6, require "late".n) end)
end)
expose("and all else", function()
  it("is as without them", function() assert.equal(0, require "late".n) end)
end)
""")
    assert "5 passed, 0 failed" in result.stdout and "insulated has another" in result.stdout, result.stdout


def test_what_a_test_replaced_is_put_back_at_its_end(run):
    result = run("""
local o = { f = function() return "own" end, g = function() return "g" end, h = function() return "h" end }
setup(function() stub(o, "h", "of the file") end)
describe("a block", function()
  before_each(function() stub(o, "g", "of the block") end)
  it("replaces", function()
    stub(o, "f", "first") stub(o, "f", "second")
    assert.same({ "second", "of the block", "of the file" }, { o.f(), o.g(), o.h() })
    error("and fails")
  end)
  it("loops", function() stub(o, "f", "first") while true do end end)
end)
it("finds all as it was", function() assert.same({ "own", "g", "of the file" }, { o.f(), o.g(), o.h() }) end)
""", "--script-timeout", "50ms")
    assert "and fails" in result.stdout and "ok       finds all as it was" in result.stdout and "1 passed, 2 failed" in result.stdout, result.stdout


# Handlers under test

def test_a_request_as_it_arrives(passes, write):
    write("""return function(req)
      local names = {}
      for name, value in pairs(req.headers) do names[#names + 1] = name .. "=" .. value end
      return { status = 201, headers = { ["X-A"] = "b" }, json = { req.method, req.target, req.body, table.concat(names, ";"), req.query.q or "" } }
    end""", "h.lua")
    passes("""
      local app = t.load("h.lua")
      local res = app:post("/a%2Fb?x=1", { json = { 1 }, headers = { ["X-One"] = 1 } })
      assert.equal(201, res.status)
      assert.equal("b", res.headers["x-a"])
      assert.same({ "POST", "/a%2Fb?x=1", "[1]" }, { table.unpack(res:json(), 1, 3) })
      assert.matches("Content%-Type=application/json", res:json()[4])
      assert.matches("Host=localhost", res:json()[4])
      assert.matches("X%-One=1", res:json()[4])
      assert.equal("a b&c", app:get("/", { query = { q = "a b&c" } }):json()[5])
      assert.equal("PUT", app:request { method = "PUT", path = "/", body = "raw" }:json()[1])
      assert.equal("raw", app:patch("/", { body = "raw" }):json()[3])
      assert.equal("", app:head("/").body)
      for _, method in ipairs { "put", "delete", "options" } do assert.equal(method:upper(), app[method](app, "/"):json()[1]) end
      """)


@pytest.mark.parametrize("body,words", [
    ("t.load('nope.lua')", "nope.lua: there is no such file"),
    ("t.load('broken.lua')", "broken.lua:1:"),
    ("t.load()", "t.load takes the paths of handler files"),
    ("t.load('h.lua', { upstrm = 1 })", "t.load has no option 'upstrm'"),
    ("t.load('h.lua'):get('/', { boddy = 1 })", "a request has no option 'boddy'"),
    ("t.load('h.lua'):get('/', { body = '', json = 1 })", "a body or json, not both"),
    ("t.load('h.lua'):get('/ x')", "its method or its target holds a byte that is not allowed there"),
    ("t.load('h.lua'):get('/'):json()", "the body of the 200 to GET / is not JSON"),
    ("t.load('h.lua'):get('/'):upgrade()", "a plain 200, no upgrade"),
    ("t.upstream(1)", "t.upstream takes a function of the request"),
])
def test_what_a_test_does_wrong_is_told_at_its_line(fails, write, body, words):
    write("return function(req) return 'x' end", "h.lua")
    write("return functoin", "broken.lua")
    told = fails(body)
    assert "x_test.lua:3: " in told and words in told, told


def test_a_test_can_not_pass_where_the_server_would_fail(passes, write):
    write("""return {
      ["GET /length"] = function() return { headers = { ["Content-Length"] = "3" }, body = "four" } end,
      ["GET /cut"] = function() return { body = function(out) out:write("a") error("x") end } end,
      ["GET /loop"] = function() while true do end end,
    }""", "h.lua")
    passes("""
      local app = t.load("h.lua")
      assert.equal(500, app:get("/length").status)
      assert.error_matches(function() return app:get("/cut").body end, "broke off in the middle")
      assert.equal(503, app:get("/loop").status)
      assert.equal(404, app:get("/nothing").status)
      """, "--script-timeout", "50ms")


def test_callers_can_be_anybody(passes, write, examples):
    write((examples / "who.lua").read_text(), "who.lua")
    passes(f"""
      local app = t.load("who.lua")
      assert.equal("process 7 of user 1000, group 100\\n", app:get("/", {{ peer = {{ pid = 7, uid = 1000, gid = 100 }} }}).body)
      assert.equal("somebody at 127.0.0.1:7\\n", app:get("/", {{ peer = {{ address = "127.0.0.1:7" }} }}).body)
      assert.matches("of user {os.getuid()}, group {os.getgid()}", app:get("/").body)
      """)


def test_a_chain_shares_a_vm_and_each_load_has_its_own(passes, write):
    write("local n = 0 return function(req) n = n + 1 req.n = n return nil end", "a.lua")
    write("return function(req) return tostring(req.n) end", "b.lua")
    passes("""
      local app = t.load("a.lua", "b.lua")
      assert.equal("1", app:get("/").body)
      assert.equal("2", app:get("/").body)
      assert.equal("1", t.load("a.lua", "b.lua"):get("/").body)
      """)


def test_paths_start_at_the_test_s_own_directory(write, directory):
    write("local words = require 'lib.words' return function(req) return words .. req.path end", "handlers/h.lua")
    write("return 'hello '", "handlers/lib/words.lua")
    write("local t = require 'dogger.test' it('a', function() assert.equal('hello /', t.load('../handlers/h.lua'):get('/').body) assert.equal(1, require('help')) end)", "tests/h_test.lua")
    write("return 1", "tests/help.lua")
    for cwd, path in (directory, "tests"), (directory / "tests", "."), ("/", directory):
        result = finish("test", path, cwd=cwd)
        assert result.returncode == 0, result.stdout


def test_time_passes_only_when_everything_waits(passes, write):
    write("""local dogger = require "dogger"
    return function(req)
      return { body = function(out)
        for n = 1, 3 do
          out:write(n)
          dogger.sleep(3600)
        end
      end }
    end""", "h.lua")
    start = time.monotonic()
    passes("""
      local start = t.clock:now()
      assert.equal("2026-01-01T00:00:00", os.date("!%FT%T"))
      local res = t.load("h.lua"):get("/")
      assert.equal("1", res:read())
      t.clock:advance(3599)
      assert.equal("", res:arrived())
      t.clock:advance(1)
      assert.equal("2", res:arrived())
      assert.equal("123", res.body)
      assert.equal(3 * 3600, t.clock:now() - start)
      t.clock:set(0)
      assert.equal(0, os.time())
      assert.equal("1970", os.date("!%Y"))
      dogger.sleep(1.5)
      assert.equal(1.5, dogger.now())
      """)
    assert time.monotonic() - start < 5


def test_streams_are_read_as_they_come(passes, write, examples):
    write((examples / "logs.lua").read_text(), "logs.lua")
    passes("""
      local res = t.load("logs.lua"):get("/containers/web/logs", { query = { follow = "1" } })
      local frames = t.frames(res:read() .. res:read())
      assert.equal("listening on port 80\\n", frames.stdout)
      assert.equal("warning: this container does not exist\\n", frames.stderr)
      assert.equal("GET /page/1 200\\n", t.frames(res:read()).stdout)
      for chunk in res:chunks() do
        assert.equal("GET /page/2 200\\n", t.frames(chunk)[1].text)
        break
      end
      res:close()
      """)


def test_a_client_that_goes_is_noticed(passes, write):
    write("""local dogger = require "dogger"
    local watching = 0
    return { ["GET /events"] = function(req)
        return { body = function(out)
          local done <close> = setmetatable({}, { __close = function() watching = watching - 1 end })
          watching = watching + 1
          while true do out:write("tick") dogger.sleep(1) end
        end }
      end,
      ["GET /watching"] = function() return tostring(watching) end }""", "h.lua")
    passes("""
      local app = t.load("h.lua")
      local res = app:get("/events")
      assert.equal("tick", res:read())
      assert.equal("1", app:get("/watching").body)
      res:close()
      assert.equal("0", app:get("/watching").body)
      """)


def test_upgrades_and_half_close(passes, write, examples):
    for name in "exec", "shell":
        write((examples / f"{name}.lua").read_text(), f"{name}.lua")
    passes("""
      local exec = t.load("exec.lua")
      local id = exec:post("/containers/box/exec", { json = { Cmd = { "rev" } } }):json().Id
      local res = exec:post("/exec/" .. id .. "/start", { upgrade = "tcp", json = { Detach = false } })
      assert.equal(101, res.status)
      local s = res:upgrade()
      s:write("hello\\n", "world\\n")
      assert.equal("", s:arrived())
      s:close()
      assert.equal("olleh\\ndlrow\\n", t.frames(s:read_all()).stdout)
      assert.is_nil(s:read())

      local old = exec:post("/exec/" .. id .. "/start")        -- as clients did before Upgrade
      assert.equal(200, old.status)
      old:upgrade():close()

      local s = t.load("shell.lua"):get("/", { upgrade = true }):upgrade()
      assert.equal("say help or quit\\n", s:read())
      s:write("help\\n")
      assert.equal("time, help, quit\\n", s:read())
      s:abort()
      assert.has_error(function() s:write("x") end)
      """)


def test_requests_can_be_under_way_together(passes, write, examples):
    write((examples / "run.lua").read_text(), "run.lua")
    passes("""
      local app = t.load("run.lua")
      local id = app:post("/containers/create", { json = { Cmd = { "echo", "hi" } } }):json().Id
      local out = app:post("/containers/" .. id .. "/attach", { upgrade = true }):upgrade()
      local wait = app:start { method = "POST", path = "/containers/" .. id .. "/wait" }
      assert.equal(204, app:post("/containers/" .. id .. "/start").status)
      assert.equal("echo hi\\n", t.frames(out:read_all()).stdout)
      assert.same({ StatusCode = 0 }, wait:response():json())
      """)


def test_bodies_in_pieces_and_large_ones(passes, write, examples):
    write((examples / "echo.lua").read_text(), "echo.lua")
    write("return function(req) return req.headers['Transfer-Encoding'] .. req.body end", "chunked.lua")
    passes("""
      assert.equal("onetwo", t.load("echo.lua"):post("/", { body = { "one", "two" } }).body)
      assert.equal("chunkedab", t.load("chunked.lua"):post("/", { body = { "a", "b" } }).body)
      local large = ("x"):rep(3 << 20)
      assert.is_true(t.load("echo.lua"):post("/", { body = large }).body == large)
      assert.is_true(t.load("echo.lua"):post("/", { body = { large, large } }).body == large .. large)
      """)


def test_an_upstream_of_the_test_s_own(passes, write, examples):
    for name in ("readonly.lua", "lib/gate.lua"):
        write((examples / name).read_text(), name)
    write("return function(req) return req:forward():tap(function(way, bytes) return way == 'up' and bytes:upper() or bytes end) end", "tap.lua")
    passes("""
      local up = t.upstream(docker.engine {
        ["GET /containers/json"] = function(req) return { json = { docker.container { name = "web" } } } end,
      })
      local app = t.load("readonly.lua", { upstream = up })
      assert.same({ "/web" }, app:get("/v1.50/containers/json"):json()[1].Names)
      assert.equal(403, app:post("/v1.50/containers/create", { json = {} }).status)
      assert.equal(1, #up.requests)
      assert.equal("/v1.50/containers/json", up.requests[1].target)
      assert.equal("GET", up.requests[1].method)

      local echo = t.load("tap.lua", { upstream = function(req)
        return { upgrade = function(stream) for bytes in function() return stream:read() end do stream:write("<" .. bytes .. ">") end end }
      end })
      local s = echo:post("/", { upgrade = true }):upgrade()
      s:write("hello")
      assert.equal("<HELLO>", s:read())
      s:close()
      assert.equal("", s:read_all())

      local routes = t.load("tap.lua", { upstream = { ["GET /a"] = function() return "A" end } })
      assert.equal("A", routes:get("/a").body)
      assert.equal(404, routes:get("/b").status)
      assert.equal(1, #routes.upstream.requests - 1)
      """)


def test_a_fault_in_an_upstream_s_function_fails_the_test(fails, passes, write):
    write("return function(req) local ok, res = pcall(req.forward, req) return 'never mind' end", "h.lua")
    told = fails("t.load('h.lua', { upstream = function(req) assert.equal('POST', req.method) end }):get('/')")
    assert "x_test.lua:3: in the function of a fake upstream: expected: \"POST\"" in told
    passes("t.load('h.lua', { upstream = function(req) error { status = 500, message = 'meant' } end }):get('/')")


def test_the_log_is_captured(passes, write):
    write("return function(req) print('for ' .. req.path) if req.path == '/x' then error('no') end return 'x' end", "h.lua")
    passes("""
      local app = t.load("h.lua")
      app:get("/a")
      assert.same({ "h.lua:1: for /a" }, t.logs())
      app:get("/x")
      assert.matches("dogger: h.lua:1: no", table.concat(t.logs(), "\\n"), 1, true)
      """)


def test_grants_are_for_handlers_under_test_too(run, write, directory):
    write("return function(req) return require('dogger').env('DOGGER_TEST_WORD') end", "h.lua")
    text = "local t = require 'dogger.test' it('reads', function() assert.equal('yes', t.load('h.lua'):get('/').body) end)"
    environment = os.environ | {"DOGGER_TEST_WORD": "yes"}
    assert run(text, env=environment).returncode == 1
    assert run(text, "--allow-env", "DOGGER_TEST_WORD", env=environment).returncode == 0


def test_what_belongs_to_a_test_ends_with_it(run, write):
    write("return function() return 'x' end", "h.lua")
    result = run("""
        local t = require "dogger.test"
        local common = t.load("h.lua")
        local kept
        it("one", function() kept = t.load("h.lua") assert.equal("x", kept:get("/").body) end)
        it("two", function() assert.equal("x", common:get("/").body) assert.error_matches(function() kept:get("/") end, "a test that is over") end)""")
    assert result.returncode == 0, result.stdout


def test_thousands_of_handlers(passes, write):
    """Descriptors and memory are given back from test to test."""
    write("return function() return 'x' end", "h.lua")
    write("local t = require 'dogger.test' for i = 1, 3000 do it('n' .. i, function() assert.equal('x', t.load('h.lua'):get('/').body) end) end", "many_test.lua")
    result = finish("test", "many_test.lua", cwd=write("", "unused").parent)
    assert "3000 passed" in result.stdout


# Tests that do not end

def test_a_test_that_loops_is_stopped_and_the_others_run(run):
    result = run("it('loops', function() while true do end end) it('runs', function() end)", "--script-timeout", "50ms")
    assert result.returncode == 1 and "1 passed, 1 failed" in result.stdout
    assert "x_test.lua:1: stopped after 0.05 s of CPU" in result.stdout


def test_a_test_in_which_nothing_happens_any_more_is_stopped(run, write):
    write("return function(req) return { upgrade = function(stream) stream:read() end } end", "h.lua")
    result = run("""local t = require "dogger.test"
it("waits", function()
  local s = t.load("h.lua"):get("/", { upgrade = true }):upgrade()
  s:read()
end)
it("runs", function() end)""", "--script-timeout", "50ms")
    assert "1 passed, 1 failed" in result.stdout
    assert "stopped: nothing happens any more: x_test.lua:4 waits for more of the answer to GET /" in result.stdout


def test_a_test_without_an_end_is_stopped(run, write, examples):
    write((examples / "events.lua").read_text(), "events.lua")
    result = run("local t = require 'dogger.test' it('reads on', function() local _ = t.load('events.lua'):get('/events').body end)", "--timeout", "300ms")
    assert result.returncode == 1 and "stopped: the test has taken 0.3 s; --timeout sets another limit" in result.stdout


@pytest.mark.parametrize("body,line", [
    ("local at = text:find('.-.-.-b')\n  return at", 3),
    ("return text:find('.-.-.-b')", 3),
    ("while true do pcall(text.find, text, '.-.-.-b') end", 3),
    ("while true do\n    table.sort(list, function(a, b)\n      return a < b\n    end)\n  end", (4, 5)),
])
def test_a_test_that_loops_in_c_is_stopped_at_its_own_line(run, body, line):
    result = run(f"""local text, list = ("a"):rep(30000), {{}} for i = 1, 300000 do list[i] = i * 7919 % 300007 end
it("hangs", function()
  {body}
end)
it("runs", function() end)""", "--script-timeout", "50ms")
    assert "1 passed, 1 failed" in result.stdout, result.stdout
    told = re.search(r"x_test.lua:(\d+): stopped after 0.05 s of CPU", result.stdout)
    assert told and int(told.group(1)) in (line if isinstance(line, tuple) else (line,)), result.stdout


# Coverage

HANDLER = """-- counts
local dogger = require "dogger"
local function never()
  return 1
end

return {
  ["GET /"] = function(req)
    local sum = 0
    for i = 1, 3 do
      sum = sum + i
    end
    if sum > 100 then
      print("large",
        sum)
    else
      sum = -sum
    end
    return {
      json = sum,
    }
  end,
  ["GET /other"] = function(req) return "x" end,
}
"""


def test_coverage_names_the_lines_that_were_not_reached(run, write):
    write(HANDLER, "h.lua")
    write("return function() return nil end", "pass.lua")
    result = run("local t = require 'dogger.test' it('a', function() t.load('pass.lua', 'h.lua'):get('/') end)", "--coverage")
    assert result.returncode == 0
    assert result.stdout.endswith("""
 76%  h.lua     13 lines, not reached: 4, 14-15
100%  pass.lua  1 line
 78%  of all 14 lines
"""), result.stdout


def test_lcov(run, write, directory):
    write(HANDLER, "h.lua")
    result = run("local t = require 'dogger.test' it('a', function() local app = t.load('h.lua') app:get('/') app:get('/') end)", "--lcov", "out.info")
    assert result.returncode == 0 and "%" not in result.stdout
    lines = (directory / "out.info").read_text().splitlines()
    assert lines[:2] == ["TN:", f"SF:{directory}/h.lua"] and lines[-1] == "end_of_record"
    hits = dict(map(int, line[3:].split(",")) for line in lines if line.startswith("DA:"))
    assert hits[9] == 2 and hits[11] == 6 and hits[4] == 0 and hits[14] == 0 and 1 not in hits and 5 not in hits and 12 not in hits
    assert f"LF:{len(hits)}" in lines and f"LH:{sum(1 for count in hits.values() if count)}" in lines


def test_coverage_goes_on_after_a_script_was_stopped(run, write, directory):
    write("return function(req)\n  if req.path == '/loop' then while true do end end\n  return 'x'\nend", "h.lua")
    run("local t = require 'dogger.test' it('a', function() local app = t.load('h.lua') app:get('/loop') app:get('/') end)",
        "--script-timeout", "50ms", "--lcov", "out.info")
    assert "DA:3,1" in (directory / "out.info").read_text()


# Watching

def test_watch_runs_again_what_a_save_concerns(write, directory):
    write("return function() return 'one' end", "h.lua")
    write("local t = require 'dogger.test' it('is two', function() assert.equal('two', t.load('h.lua'):get('/').body) end)", "a_test.lua")
    write("it('is left alone', function() end)", "b_test.lua")
    process = subprocess.Popen([BINARY, "test", "--watch"], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    guard = threading.Timer(PATIENCE, process.kill)
    guard.start()
    try:
        def until_waiting():
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("waiting for a save"):
                    return "".join(lines)
            raise AssertionError("".join(lines))

        first = until_waiting()
        assert "FAILED   is two" in first and "ok       is left alone" in first
        write("return function() return 'two' end", "h.lua")
        second = until_waiting()
        assert "1 passed, 0 failed" in second and "left alone" not in second
        write("it('is left alone', function() assert.equal(1, 2) end)", "b_test.lua")
        third = until_waiting()
        assert "FAILED   is left alone" in third and "is two" not in third
        write("it('is left alone', function() en", "b_test.lua")
        assert "b_test.lua:1:" in until_waiting()
        assert process.poll() is None
        process.terminate()        # SIGINT is ignored where the tests run in the background
        assert process.wait(PATIENCE) == -signal.SIGTERM
    finally:
        guard.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


# In earnest

def test_handlers_that_are_served_have_no_test_module(serve):
    dogger = serve("return function() return require 'dogger.test' end")
    answer = dogger.get()
    assert answer.status == 500 and "dogger.test is there for tests only: run them with `dogger test`" in answer.text


def test_the_tests_of_the_examples():
    result = finish("test", "examples/handlers", "--coverage", "--script-timeout", f"{SLOWNESS}s", "--timeout", f"{10 * SLOWNESS}s", cwd=ROOT)
    assert result.returncode == 0, result.stdout
    assert len(re.findall(r"^examples/handlers/\w+_test.lua$", result.stdout, re.MULTILINE)) >= 8
