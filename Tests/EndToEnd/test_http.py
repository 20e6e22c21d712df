"""HTTP/1.1 as clients speak it, well and badly, byte by byte over raw sockets."""

import json
import re
import subprocess
import time

import pytest
from harness.processes import descriptors, until, worker
from malformed import CHUNKED, MALFORMED

HELLO = "return function(req) print('called') return req.method .. ' ' .. req.path .. ' ' .. #req.body end"


def test_keep_alive(serve):
    dogger = serve(HELLO)
    with dogger.connect() as connection:
        for number in range(100):
            assert connection.ask("GET", f"/{number}").body == b"GET /%d 0" % number


def test_connection_close(serve):
    dogger = serve(HELLO)
    with dogger.connect() as connection:
        answer = connection.ask("GET", "/", [("Connection", "close")])
        assert (answer.body, answer["Connection"]) == (b"GET / 0", "close")
        assert connection.is_at_end()


def test_pipelined_requests_are_answered_in_their_order(serve):
    dogger = serve("""local dogger = require "dogger"
        return function(req)
          if req.path == "/slow" then dogger.sleep(0.05) end
          return req.path .. " " .. req.body
        end""")
    with dogger.connect() as connection:
        connection.begin("GET", "/slow").begin("POST", "/body", body="abc").begin("GET", "/fast")
        connection.begin("POST", "/chunks", [("Transfer-Encoding", "chunked")]).chunk("de").chunk("f").chunk("")
        connection.begin("HEAD", "/head").begin("GET", "/last")
        assert connection.read_response().body == b"/slow "
        assert connection.read_response().body == b"/body abc"
        assert connection.read_response().body == b"/fast "
        assert connection.read_response().body == b"/chunks def"
        assert connection.read_response("HEAD").status == 200
        assert connection.read_response().body == b"/last "


def test_a_thousand_pipelined_requests(serve):
    dogger = serve("return function(req) return req.path end")
    with dogger.connect() as connection:
        connection.send("".join(f"GET /{i} HTTP/1.1\r\nHost: d\r\n\r\n" for i in range(1000)))
        for i in range(1000):
            assert connection.read_response().body == b"/%d" % i


def test_a_body_that_the_script_does_not_read_is_skipped(serve):
    dogger = serve("return function(req) return 'fine' end")
    with dogger.connect() as connection:
        for _ in range(3):
            assert connection.ask("POST", "/", body=b"x" * 100_000).body == b"fine"
        connection.begin("POST", "/", [("Transfer-Encoding", "chunked")]).chunk("GET /evil HTTP/1.1\r\n\r\n").chunk("")
        assert connection.read_response().body == b"fine"
    assert "> GET /evil" not in dogger.lines


def test_expect_100_continue_is_met_when_the_body_is_wanted(serve):
    dogger = serve(HELLO)
    with dogger.connect() as connection:
        connection.begin("POST", "/", [("Expect", "100-continue"), ("Content-Length", "3")])
        proceed = connection.read_head()
        assert (proceed.status, proceed.reason) == (100, "Continue")
        connection.send("abc")
        assert connection.read_response().body == b"POST / 3"


def test_expect_100_continue_is_not_met_when_the_answer_is_no(serve):
    dogger = serve("return function(req) return { status = 403, body = 'no' } end")
    with dogger.connect() as connection:
        connection.begin("POST", "/", [("Expect", "100-continue"), ("Content-Length", "3")])
        answer = connection.read_response()
        assert (answer.status, answer.body) == (403, b"no")


def test_curl_sends_large_bodies_with_expect(serve, directory):
    (directory / "large").write_bytes(b"x" * (2 << 20))
    dogger = serve(HELLO)
    result = subprocess.run(
        ["curl", "-sS", "--unix-socket", dogger.socket, "-H", "Expect: 100-continue", "--data-binary", f"@{directory}/large", "http://d/up"],
        capture_output=True, timeout=20)
    assert (result.returncode, result.stdout) == (0, b"POST /up 2097152")


def test_http_1_0(serve):
    dogger = serve("""return { ["GET /"] = function(req) return "old" end,
        ["GET /stream"] = function(req) return { body = function(out) out:write("a") out:write("b") end } end }""")
    with dogger.connect() as connection:
        answer = connection.ask("GET", "/", version="1.0")
        assert answer.body == b"old" and answer["Transfer-Encoding"] is None
        assert connection.is_at_end()
    with dogger.connect() as connection:
        answer = connection.ask("GET", "/stream", version="1.0")
        assert (answer.body, answer["Transfer-Encoding"], answer["Content-Length"]) == (b"ab", None, None)


def test_http_1_0_keep_alive(serve):
    dogger = serve(HELLO)
    with dogger.connect() as connection:
        for _ in range(2):
            answer = connection.ask("GET", "/", [("Connection", "keep-alive")], version="1.0")
            assert answer["Connection"].lower() == "keep-alive"


def test_the_whole_address_as_target(serve):
    dogger = serve("return function(req) return req.path .. ' ' .. req.target end")
    assert dogger.get("http://d/x?y=1").body == b"/x /x?y=1" or dogger.get("http://d/x?y=1").body == b"/x http://d/x?y=1"


def test_a_body_a_byte_at_a_time(serve):
    dogger = serve("return function(req) return req.body end")
    request = b"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 5\r\n\r\nhello"
    chunked = b"POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX-T: u\r\n\r\n"
    for data in (request, chunked):
        with dogger.connect() as connection:
            for byte in data:
                connection.send(bytes([byte]))
                time.sleep(0)       # lets the server read it by itself, as often as not
            assert connection.read_response().body == b"hello"


def test_a_client_that_half_closes_after_its_request_gets_its_answer(serve):
    dogger = serve("""return function(req) require("dogger").sleep(0.02) return "answer" end""")
    with dogger.connect() as connection:
        connection.begin("GET", "/")
        connection.half_close()
        assert connection.read_response().body == b"answer"
        assert connection.is_at_end()


@pytest.mark.parametrize("kind", [kind for rows in MALFORMED.values() for kind in rows])
def test_malformed_http_is_refused_and_no_script_is_called(serve, kind):
    (status, message), request = next((answer, rows[kind]) for answer, rows in MALFORMED.items() if kind in rows)
    dogger = serve(HELLO)
    before = descriptors(worker(dogger))
    with dogger.connect() as connection:
        connection.send(request.encode("latin-1"))
        answer = connection.read_response()
        assert (answer.status, answer["Connection"], answer["Content-Type"]) == (status, "close", "application/json")
        assert answer.body == json.dumps({"message": message}, separators=(",", ":")).encode() + b"\n"
        assert connection.is_at_end()
    dogger.wait(re.escape(message))
    until(lambda: descriptors(worker(dogger)) == before, "no descriptor is lost")
    assert dogger.get("/fine").body == b"GET /fine 0"
    # A body is read by the script, which is called before what is wrong with it has come.
    until(lambda: sum(line.endswith("called") for line in dogger.lines) == 1 + (CHUNKED in request), "the script is called for good heads only")


def test_the_table_of_malformed_requests_is_long():
    assert sum(map(len, MALFORMED.values())) >= 80


@pytest.mark.parametrize("rest", [b"zz\r\n", b"-1\r\n", b"3\r\nabcX\r\n", b"1\nx\r\n"])
def test_malformed_chunks_are_refused(serve, rest):
    dogger = serve("return function(req) local n = 0 for chunk in req:chunks() do n = n + #chunk end return tostring(n) end")
    with dogger.connect() as connection:
        connection.begin("POST", "/", [("Transfer-Encoding", "chunked")])
        connection.chunk("ok")
        connection.send(rest)
        answer = connection.read_response()
        assert (answer.status, answer["Connection"]) == (400, "close")
        assert connection.is_at_end()


def test_a_good_request_before_a_bad_one_is_answered(serve):
    dogger = serve("return function(req) return req.path end")
    with dogger.connect() as connection:
        connection.send("GET /good HTTP/1.1\r\nHost: d\r\n\r\nGET bad HTTP/1.1\r\nHost: d\r\n\r\n")
        assert connection.read_response().body == b"/good"
        assert connection.read_response().status == 400
        assert connection.is_at_end()


def test_options_asterisk(serve):
    dogger = serve("return function(req) return req.method .. ' ' .. req.path end")
    assert dogger.request("OPTIONS", "*").body == b"OPTIONS *"


@pytest.mark.parametrize("cut", range(0, 70, 7))
def test_a_client_that_vanishes_at_any_byte(serve, cut):
    dogger = serve("return function(req) return { body = function(out) out:write(req.body) end } end")
    request = b"POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    for length in range(cut, min(cut + 7, len(request))):
        with dogger.connect() as connection:
            connection.send(request[:length])
    assert dogger.post("/", b"x").body == b"x"
