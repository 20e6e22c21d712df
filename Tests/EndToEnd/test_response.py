"""What a handler can return, each kind; and what a client gets when it returns something else."""

import email.utils
import re
import time

import pytest


def test_nil_is_not_mine(serve):
    answer = serve("return function(req) return nil end").get()
    assert (answer.status, answer.json, answer["Content-Type"]) == (404, {"message": "page not found"}, "application/json")


def test_no_return_is_nil(serve):
    assert serve("return function(req) end").get().status == 404


def test_a_string(serve):
    answer = serve("return function(req) return 'hello\\n' end").get()
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"hello\n")
    assert (answer["Content-Type"], answer["Content-Length"]) == ("text/plain; charset=utf-8", "6")


def test_a_string_may_hold_any_bytes(serve):
    answer = serve("return function(req) return (('\\0\\xff\\r\\n'):rep(1000)) end").get()
    assert answer.body == b"\0\xff\r\n" * 1000


def test_every_answer_has_a_date(serve):
    date = email.utils.parsedate_to_datetime(serve("return function(req) return '' end").get()["Date"])
    assert abs(date.timestamp() - time.time()) < 60


def test_status_headers_and_body(serve):
    answer = serve("""return function(req) return {
        status = 418, body = "short and stout",
        headers = { ["X-Number"] = 42, ["X-List"] = { "a", "b", 3 }, ["Content-Type"] = "text/tea" },
    } end""").get()
    assert (answer.status, answer.body) == (418, b"short and stout")
    assert answer["X-Number"] == "42" and answer["Content-Type"] == "text/tea"
    assert [value for name, value in answer.headers if name == "X-List"] == ["a", "b", "3"]


def test_a_table_with_a_status_alone(serve):
    answer = serve("return function(req) return { status = 202 } end").get()
    assert (answer.status, answer.reason, answer.body, answer["Content-Length"]) == (202, "Accepted", b"", "0")


def test_an_empty_table_is_an_empty_200(serve):
    answer = serve("return function(req) return {} end").get()
    assert (answer.status, answer.body) == (200, b"")


def test_json(serve):
    answer = serve("""local json = require "dogger.json"
        return function(req) return { status = 201, json = { Id = "x", Warnings = json.array(), n = json.null, list = { 1, 2.5 } } } end""").get()
    assert (answer.status, answer["Content-Type"]) == (201, "application/json")
    assert answer.json == {"Id": "x", "Warnings": [], "n": None, "list": [1, 2.5]}


@pytest.mark.parametrize("value,text", [
    ("{}", "{}"), ("false", "false"), ("'text'", '"text"'), ("1 << 62", "4611686018427387904"), ("0.1", "0.1"),
    ("require('dogger.json').null", "null"),
])
def test_json_of_any_value(serve, value, text):
    assert serve(f"return function(req) return {{ json = {value} }} end").get().text == text


def test_json_headers(serve):
    answer = serve('return function(req) return { json = {1}, headers = { ["Content-Type"] = "application/x-mine", A = "b" } } end').get()
    assert (answer["Content-Type"], answer["A"], answer.json) == ("application/x-mine", "b", [1])


@pytest.mark.parametrize("status", [204, 304])
def test_204_and_304_have_no_body(serve, status):
    dogger = serve(f"return function(req) if req.path == '/x' then return 'next' end return {{ status = {status} }} end")
    with dogger.connect() as connection:
        answer = connection.ask("GET", "/")
        assert (answer.status, answer.body, answer["Transfer-Encoding"]) == (status, b"", None)
        assert status == 304 or answer["Content-Length"] is None
        assert connection.ask("GET", "/x").body == b"next"


def test_the_body_of_a_204_is_not_sent(serve):
    dogger = serve("return function(req) return { status = 204, body = 'lost' } end")
    with dogger.connect() as connection:
        for _ in range(2):
            assert connection.ask("GET", "/").status == 204


def test_head_has_the_head_of_get(serve):
    dogger = serve("return function(req) return { json = { 1, 2, 3 } } end")
    with dogger.connect() as connection:
        head = connection.ask("HEAD", "/")
        get = connection.ask("GET", "/")
    assert (head["Content-Length"], head["Content-Type"]) == (get["Content-Length"], get["Content-Type"]) == ("7", "application/json")


def test_head_of_a_stream(serve):
    dogger = serve("return function(req) return { body = function(out) out:write('never sent') end } end")
    with dogger.connect() as connection:
        assert connection.ask("HEAD", "/").status == 200
        assert connection.ask("GET", "/").body == b"never sent"


# Streams

def test_a_stream_is_chunked(serve):
    answer = serve("""return function(req) return { status = 201, headers = { A = "b" }, body = function(out)
        for i = 1, 3 do out:write("line ", i, "\\n") end
    end } end""").get()
    assert (answer.status, answer["A"], answer["Transfer-Encoding"]) == (201, "b", "chunked")
    assert answer.body == b"line 1\nline 2\nline 3\n"


def test_a_stream_with_a_length(serve):
    dogger = serve("""return function(req) return { headers = { ["Content-Length"] = 6 }, body = function(out)
        out:write("abc"):write("def")
    end } end""")
    with dogger.connect() as connection:
        for _ in range(2):
            answer = connection.ask("GET", "/")
            assert (answer["Content-Length"], answer["Transfer-Encoding"], answer.body) == ("6", None, b"abcdef")


def test_a_stream_goes_out_as_it_is_written(serve):
    dogger = serve("""return function(req) return { body = function(out)
        out:write("first")
        req.body = req.body -- waits for the client
        out:write("second")
    end } end""")
    with dogger.connect() as connection:
        connection.begin("POST", "/", [("Content-Length", "1")])
        assert connection.read_head().status == 200
        assert connection.read_chunk() == b"first"
        connection.send("x")
        assert connection.read_chunk() == b"second"
        assert connection.read_chunk() == b""


def test_a_large_stream_waits_for_a_slow_reader(serve):
    dogger = serve("""
        local written = 0
        return {
          ["GET /written"] = function(req) return tostring(written) end,
          ["GET /stream"] = function(req) return { body = function(out)
            for i = 1, 64 do out:write(("x"):rep(1 << 20)); written = written + 1 end
          end } end }""")
    with dogger.connect() as connection:
        connection.begin("GET", "/stream")
        connection.read_head()
        connection.read(1000)
        assert int(dogger.get("/written").body) < 8, "what nobody reads must not be written"
        connection.read(60 << 20)
        assert connection.read_until(b"\r\n0\r\n\r\n")
    assert dogger.get("/written").body == b"64"


def test_a_stream_whose_reader_goes_away_is_closed(serve):
    dogger = serve("""
        return function(req) return { body = function(out)
          local _ <close> = setmetatable({}, { __close = function() print("closed") end })
          while true do out:write(("x"):rep(1 << 20)) end
        end } end""")
    with dogger.connect() as connection:
        connection.begin("GET", "/")
        connection.read_head()
        connection.read(1000)
    dogger.wait("closed")


def test_an_error_in_the_middle_of_a_stream_breaks_the_connection_off(serve):
    dogger = serve("""return function(req) return { body = function(out)
        out:write("part")
        error("half way")
    end } end""")
    with dogger.connect() as connection:
        connection.begin("GET", "/")
        connection.read_head()
        rest = connection.read_rest()
    assert b"part" in rest and not rest.endswith(b"0\r\n\r\n"), "the client must see that the answer is not complete"
    dogger.wait(r"handler\.lua:3: half way")


def test_out_is_over_with_its_response(serve):
    dogger = serve("""
        local kept
        return {
          ["GET /keep"] = function(req) return { body = function(out) kept = out; out:write("x") end } end,
          ["GET /use"] = function(req) kept:write("y") return "" end }""")
    assert dogger.get("/keep").body == b"x"
    answer = dogger.get("/use")
    assert answer.status == 500 and "over" in answer.message


# What is none of these

WRONG = {
    "42": r"handler\.lua:1: the handler returned number; a handler returns nil, a string, or a table",
    "true": r"the handler returned boolean",
    "print": r"the handler returned function",
    "{ 1, 2 }": r"a list\? \{ json = list \} sends it",
    "{ bdy = 'x' }": r"unknown field 'bdy'",
    "{ body = 1 }": r"body is number, not a string or a function",
    "{ body = 'x', json = 1 }": r"both (body and json|json and body)",
    "{ status = 42 }": r"status is 42, not a number from 200 to 599",
    "{ status = 'ok' }": r"status is 'ok', not a number",
    "{ status = 200.5 }": r"status is 200\.5",
    "{ status = 100 }": r"status is 100",
    "{ headers = 'x' }": r"headers is string, not a table",
    "{ headers = { a = true } }": r"header a is boolean",
    "{ headers = { 'x' } }": r"key that is number, not a name",
    "{ headers = { ['a b'] = 'x' } }": r"holds a space",
    "{ headers = { a = 'x\\r\\nb: y' } }": r"\ba\b",
    "{ headers = { ['Content-Length'] = 5 }, body = 'x' }": r"Content-Length",
    "{ headers = { ['Transfer-Encoding'] = 'chunked' }, body = 'x' }": r"Transfer-Encoding",
    "{ json = print }": r"function",
    "{ json = { a = 1, 2 } }": r"",
    "{ upgrade = 'tcp' }": r"upgrade is string, not a function",
}


@pytest.mark.parametrize("value", WRONG)
def test_anything_else_is_a_script_error(serve, value):
    dogger = serve(f"return function(req) if req.path == '/good' then return 'fine' end return {value} end")
    with dogger.connect() as connection:
        answer = connection.ask("GET", "/")
        assert (answer.status, answer["Content-Type"]) == (500, "application/json")
        assert list(answer.json) == ["message"]
        assert re.search(WRONG[value], answer.message), answer.message
        assert "handler.lua" in answer.message, answer.message
        assert connection.ask("GET", "/good").body == b"fine", "the connection goes on"
    dogger.wait(re.escape(answer.message.split("\n")[0][:60]))


# What can't split: a response that a script made, or changed, has no line that the script did not name

SPLITS = {
    "CR LF in a value": "['X-A'] = 'b\\r\\nX-Evil: 1'", "LF in a value": "['X-A'] = 'b\\nX-Evil: 1'", "CR in a value": "['X-A'] = 'b\\rX-Evil: 1'",
    "NUL in a value": "['X-A'] = 'b\\0c'", "CR LF in a name": "['X-A: b\\r\\nX-Evil'] = '1'", "LF in a name": "['X-A\\nX-Evil'] = '1'", "CR in a name": "['X-A\\rX-Evil'] = '1'",
    "NUL in a name": "['X-A\\0'] = '1'", "a colon in a name": "['X-A: b, X-Evil'] = '1'", "a blank behind a name": "['X-Evil '] = '1'", "an empty name": "[''] = '1'",
    "an empty line in a value": "['X-A'] = 'b\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\nX-Evil: 1'", "in a list": "['X-A'] = { 'b', 'c\\r\\nX-Evil: 1' }",
    "a content type": "['Content-Type'] = 'text/plain\\r\\nX-Evil: 1'", "a length of two": "['Content-Length'] = '1\\r\\nX-Evil: 1'",
}
STATUSES = ["0", "99", "100", "101", "199", "600", "1000", "-200", "1 << 40", "200.5", "0/0", "1/0", "'200 OK\\r\\nX-Evil: 1'", "true", "{}"]
UPSTREAM = "return function(req) return { headers = { ['X-Up'] = 'yes' }, body = 'up' } end"


def is_refused(dogger, target="/"):
    """One answer of 500, told with its line; and the connection goes on."""
    with dogger.connect() as connection:
        connection.begin("GET", target)
        head = connection.read_until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 500 ") and b"X-Evil" not in head and b"\0" not in head, head
        body = connection.read(int(re.search(rb"Content-Length: (\d+)", head)[1]))
        assert re.match(rb'\{"message":"handler\.lua(:\d+)?: ', body), body
        assert connection.ask("GET", "/good").text == "fine"


@pytest.mark.parametrize("kind", SPLITS)
@pytest.mark.parametrize("body", ["body = 'x'", "json = {}", "body = function(out) out:write('x') end", "upgrade = function() end"])
def test_a_header_can_t_split_a_response(serve, kind, body):
    is_refused(serve(f"return function(req) if req.path == '/good' then return 'fine' end return {{ headers = {{ {SPLITS[kind]} }}, {body} }} end"))


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_out_of_range_is_refused(serve, status):
    is_refused(serve(f"return function(req) if req.path == '/good' then return 'fine' end return {{ status = {status}, body = 'x' }} end"))


@pytest.fixture
def proxy(serve, write):
    """proxy(change) serves in front of another server, and changes its responses."""
    def start(change):
        upstream = serve(write(UPSTREAM, "upstream.lua"))
        return serve(f"return function(req) if req.path == '/good' then return 'fine' end local res = req:forward() {change} return res end",
                     "--upstream", upstream.socket)

    return start


@pytest.mark.parametrize("kind", SPLITS)
def test_a_header_set_after_a_forward_can_t_split(proxy, kind):
    name, value = SPLITS[kind].split(" = ", 1)
    dogger = proxy(f"res.headers{name} = {value}")
    if kind == "a length of two":       # the length is dogger's own there, whatever the script says
        answer = dogger.get()
        assert (answer.text, answer["X-Up"], answer["Content-Length"], answer["X-Evil"]) == ("up", "yes", "2", None)
    else:
        is_refused(dogger)


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_set_after_a_forward_is_checked(proxy, status):
    is_refused(proxy(f"res.status = {status}"))
