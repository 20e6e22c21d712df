"""dogger between a client and an upstream that is no engine: who half-closes, who leaves, and what the other side sees of it."""

import concurrent.futures
import json
import os
import pathlib
import re
import socket
import threading

import pytest
from harness import PATIENCE, finish
from harness.processes import until

UPSTREAM = """
local dogger = require "dogger"

local function telling(text) return setmetatable({}, { __close = function() print(text) end }) end

return {
  ["* /slow"] = function() dogger.sleep(0.2) return "slow" end,
  ["GET /pausing"] = function()
    return { body = function(out) out:write("one") dogger.sleep(0.3) out:write("two") end }
  end,
  ["GET /quiet"] = function()
    return { body = function(out)
      local left <close> = telling("the client of /quiet left")
      out:write("begun")
      dogger.sleep(3600)
    end }
  end,
  ["GET /waiting"] = function()
    local left <close> = telling("the client of /waiting left")
    print("in /waiting")
    dogger.sleep(3600)
  end,
  ["POST /raw"] = function()
    return { upgrade = function(stream)
      local left <close> = telling("the client of /raw left")
      stream:write("begun")
      while stream:read() do end
      print("the end of /raw")
      dogger.sleep(0.2)
      stream:write("after the end")
    end }
  end,
}
"""
RAW = [("Connection", "Upgrade"), ("Upgrade", "tcp")]


@pytest.fixture(params=["unix", "tcp"])
def proxy(request, serve, write):
    """The upstream, and dogger in front of it: over Unix sockets, and over TCP on both sides."""
    tcp = request.param == "tcp"
    upstream = serve([write(UPSTREAM, "upstream.lua")], "--grace", "50ms", tcp=tcp)
    return upstream, serve(None, "--upstream", upstream.addresses[0], "--grace", "50ms", tcp=tcp)


# A client such as `printf ... | nc -N` half-closes after its request.


@pytest.mark.parametrize("method,length", [("GET", None), ("POST", 200_000)])
def test_a_half_close_after_a_request_is_no_abort(proxy, method, length):
    _, dogger = proxy
    with dogger.connect() as connection:
        connection.begin(method, "/slow", body=length and b"x" * length).half_close()
        assert connection.read_response().text == "slow"
        assert connection.is_at_end()


def test_a_half_closed_client_gets_all_of_a_stream(proxy):
    _, dogger = proxy
    with dogger.connect() as connection:
        connection.begin("GET", "/pausing").half_close()
        assert connection.read_response().chunks == [b"one", b"two"]
        assert connection.is_at_end()


def test_requests_before_a_half_close_are_all_answered(proxy):
    _, dogger = proxy
    with dogger.connect() as connection:
        for _ in range(3):
            connection.begin("GET", "/slow")
        connection.half_close()
        assert [connection.read_response().text for _ in range(3)] == ["slow"] * 3
        assert connection.is_at_end()


def test_a_half_close_of_a_raw_stream_goes_up(proxy):
    upstream, dogger = proxy
    with dogger.connect() as connection:
        connection.begin("POST", "/raw", RAW).read_head()
        assert connection.read(5) == b"begun"
        connection.half_close()
        upstream.wait("the end of /raw$")
        assert connection.read_rest() == b"after the end"


# Who leaves is told to the other side, however quiet the stream is.


def test_the_client_of_a_quiet_stream_leaves(proxy):
    upstream, dogger = proxy
    with dogger.connect() as connection:
        assert connection.begin("GET", "/quiet").read_head().status == 200
        assert connection.read_chunk() == b"begun"
    upstream.wait("the client of /quiet left$")


def test_a_client_leaves_before_the_answer(proxy):
    upstream, dogger = proxy
    with dogger.connect() as connection:
        connection.begin("GET", "/waiting")
        upstream.wait("in /waiting$")
    upstream.wait("the client of /waiting left$")


def test_the_client_of_a_raw_stream_leaves(proxy):
    upstream, dogger = proxy
    with dogger.connect() as connection:
        connection.begin("POST", "/raw", RAW).read_head()
        assert connection.read(5) == b"begun"
    upstream.wait("the (client|end) of /raw")


@pytest.mark.parametrize("target,headers", [("/quiet", []), ("/waiting", []), ("/raw", RAW)])
def test_the_upstream_leaves(proxy, target, headers):
    upstream, dogger = proxy
    with dogger.connect() as connection:
        connection.begin("POST" if headers else "GET", target, headers)
        if target == "/waiting":
            upstream.wait("in /waiting$")
            upstream.stop()
            assert connection.read_response().status == 502
        else:
            connection.read_head()
            upstream.stop()
            connection.read_rest()


BEGUN = {
    "waiting": b"",
    "quiet": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n",
    "raw": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nbegun",
}


@pytest.mark.parametrize("who", ["the client", "the upstream"])
@pytest.mark.parametrize("what", BEGUN)
def test_it_is_told_within_a_second(serve, directory, who, what):
    """Three tries, as one may fall into a moment in which the machine is away; what is looked for only now and then misses them all."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "upstream"))
        listener.listen()
        dogger = serve(None, "--upstream", directory / "upstream", "--grace", "50ms")

        def is_told():
            with dogger.connect() as connection:
                connection.begin("POST" if what == "raw" else "GET", "/", RAW if what == "raw" else [])
                upstream, _ = listener.accept()
                with upstream:
                    while not upstream.recv(65536).endswith(b"\r\n\r\n"):
                        pass
                    upstream.sendall(BEGUN[what])
                    while BEGUN[what] and not connection.read(1).endswith(b"b"):
                        pass
                    leaver, other = (connection.socket, upstream) if who == "the client" else (upstream, connection.socket)
                    other.settimeout(1)
                    leaver.close()
                    try:
                        while other.recv(65536) and what != "waiting":
                            pass
                    except ConnectionError:
                        pass
                    except TimeoutError:
                        return False
                    return True

        assert any(is_told() for _ in range(3))

# What the client of a raw stream sent before it left goes up, to an upstream that is slow to take it.


class Sink:
    """An upstream that switches to a raw stream, takes nothing of it until it is told to, and counts what it takes."""

    def __init__(self, path, ends=False):
        """With `ends` it half-closes at once."""
        self.ends = ends
        self.server = socket.create_server(str(path), family=socket.AF_UNIX)
        self.server.settimeout(PATIENCE)
        self.may_take = threading.Event()
        self.connection = concurrent.futures.Future()
        self.taken = 0
        self.is_whole = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        connection, _ = self.server.accept()
        connection.settimeout(PATIENCE)
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        connection.sendall(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        if self.ends:
            connection.shutdown(socket.SHUT_WR)
        self.connection.set_result(connection)
        assert self.may_take.wait(PATIENCE)
        while data := connection.recv(1 << 16):
            self.taken += len(data)
        self.is_whole = True
        connection.close()

    def take(self):
        """Takes all, up to the end."""
        self.may_take.set()
        self.thread.join(PATIENCE)
        self.server.close()
        assert self.is_whole
        return self.taken


@pytest.mark.parametrize("handler", [
    None, "return function(req) return req:forward():tap(function(way, bytes) return bytes end) end",
], ids=["no handler", "tap"])
def test_what_a_client_sent_before_it_left_goes_up(serve, directory, handler):
    sink = Sink(directory / "sink")
    dogger = serve(handler, "--upstream", directory / "sink", "--grace", "50ms")
    with dogger.connect() as connection:
        connection.begin("POST", "/attach", RAW).read_head()
        count = fill(connection.socket)
    assert sink.take() == count


@pytest.mark.parametrize("handler", [
    None, "return function(req) return req:forward():tap(function(way, bytes) return bytes end) end",
], ids=["no handler", "tap"])
def test_an_upstream_that_has_ended_and_takes_nothing_is_let_go(serve, directory, handler):
    sink = Sink(directory / "sink", ends=True)
    dogger = serve(handler, "--upstream", directory / "sink", "--log-format", "json", "--grace", "50ms")
    with dogger.connect() as connection:
        connection.begin("POST", "/attach", RAW).read_head()
        assert connection.is_at_end()
        fill(connection.socket)
    # While it still takes nothing.
    dogger.wait('"target":"/attach"')
    sink.take()


@pytest.mark.parametrize("handler", [
    None, "return function(req) return req:forward():tap(function(way, bytes) return bytes end) end",
], ids=["no handler", "tap"])
def test_an_upstream_that_takes_nothing_may_go_on_sending(serve, directory, handler):
    sink = Sink(directory / "sink")
    dogger = serve(handler, "--upstream", directory / "sink", "--grace", "50ms")
    with dogger.connect() as connection:
        connection.begin("POST", "/attach", RAW).read_head()
        fill(connection.socket)
        upstream = sink.connection.result(PATIENCE)
        upstream.sendall(b"bye")
        upstream.shutdown(socket.SHUT_WR)
        connection.socket.settimeout(PATIENCE)
        assert connection.read_rest() == b"bye"
    sink.take()


def test_what_a_script_holds_when_the_client_leaves_goes_up(serve, directory):
    sink = Sink(directory / "sink")
    dogger = serve("""
    local dogger = require "dogger"
    return function(req)
      return req:forward():tap(function(way, bytes) print("has " .. bytes) dogger.sleep(0.1) return bytes .. "!" end)
    end
    """, "--upstream", directory / "sink", "--grace", "50ms")
    with dogger.connect() as connection:
        connection.begin("POST", "/attach", RAW).read_head()
        connection.send(b"one")
        dogger.wait("has one$")
        connection.send(b"two")
    dogger.wait("has two$")
    assert sink.take() == len("one!two!")


def fill(socket):
    """Sends until nobody takes any more, and returns how many bytes that were."""
    socket.settimeout(0.3)
    count = 0
    while True:
        try:
            count += socket.send(b"x" * 10_000)
        except TimeoutError:
            return count


# More than the upstream's socket holds.
LONG = 400_000

LEAVE = f"""
import os, socket
s = socket.socket(socket.AF_UNIX)
s.connect(os.environ["DOGGER_SOCKET"])
s.sendall(b"POST /attach HTTP/1.1\\r\\nHost: d\\r\\nConnection: Upgrade\\r\\nUpgrade: tcp\\r\\n\\r\\n")
while b"\\r\\n\\r\\n" not in s.recv(1000, socket.MSG_PEEK): pass
s.sendall(b"x" * {LONG})
"""


@pytest.mark.parametrize("command", [
    ["run", "--grace", "20s"], ["run", "--grace", "20s", "tap.lua"], ["record", "--grace", "20s", "-o", "tape.lua"],
], ids=["run", "tap", "record"])
def test_the_end_waits_for_what_the_command_sent_last(directory, write, command):
    write("return function(req) return req:forward():tap(function(way, bytes) return bytes end) end", "tap.lua")
    write(LEAVE, "leave.py")
    sink = Sink(directory / "sink")
    # A slow upstream: it takes the rest when the command has ended.
    threading.Timer(1, sink.may_take.set).start()
    result = finish(*command, "--upstream", directory / "sink", "--", "python3", "leave.py", cwd=directory)
    assert result.returncode == 0, result.stderr
    assert sink.take() == LONG


def test_the_end_does_not_wait_for_longer_than_the_grace(directory, write):
    write(LEAVE, "leave.py")
    sink = Sink(directory / "sink")
    result = finish("run", "--grace", "100ms", "--upstream", directory / "sink", "--", "python3", "leave.py", cwd=directory)
    assert result.returncode == 0, result.stderr
    assert sink.take() < LONG


# An upstream that answers oddly. What can be read in one way only is passed on; all else is 502, or breaks off.

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CUT = "cut"
"""The answer has begun, and its end is missing."""
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ODD = {
    "chunk extensions and trailers": (CHUNKED + b"2;a=b\r\nok\r\n0\r\nX-T: 1\r\n\r\n", 200, b"ok"),
    "no framing": (b"HTTP/1.1 200 OK\r\n\r\nok", 200, b"ok"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nok", 200, b"ok"),
    "HTTP/1.0 with a length": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    "HTTP/1.0 with chunks": (CHUNKED.replace(b"1.1", b"1.0") + b"2\r\nok\r\n0\r\n\r\n", 502, None),
    "a length and chunks": (CHUNKED[:-2] + b"Content-Length: 5\r\n\r\n2\r\nok\r\n0\r\n\r\n", 502, None),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", 502, None),
    "a length with a sign": (b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", 502, None),
    "another coding": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 502, None),
    "less than its length": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", 200, CUT),
    "more than its length": (OK + b"more", 200, b"ok"),
    "half a chunk": (CHUNKED + b"5\r\nok", 200, CUT),
    "no last chunk": (CHUNKED + b"2\r\nok\r\n", 200, CUT),
    "no chunk": (CHUNKED + b"zz\r\nok\r\n0\r\n\r\n", 200, CUT),
    "a framing field in a trailer": (CHUNKED + b"2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n", 200, CUT),
    "bare line feeds": (OK.replace(b"\r", b""), 502, None),
    "no reason": (OK.replace(b" OK", b""), 200, b"ok"),
    "status 600": (OK.replace(b"200", b"600"), 502, None),
    "204 with a body": (OK.replace(b"200", b"204"), 502, None),
    "304 with a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", 304, b""),
    "100 and 103 first": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK, 200, b"ok"),
    "1xx without an end": (b"HTTP/1.1 102 Processing\r\n\r\n" * 500, 502, None),
    "1xx and nothing else": (b"HTTP/1.1 102 Processing\r\n\r\n", 502, None),
    "101 that nobody asked for": (b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nraw", 502, None),
    "a folded field": (OK.replace(b"OK\r\n", b"OK\r\nX-A: 1\r\n 2\r\n"), 502, None),
    "a blank before a colon": (OK.replace(b"OK\r\n", b"OK\r\nX-A : 1\r\n"), 502, None),
    "a control byte": (OK.replace(b"OK\r\n", b"OK\r\nX-A: \0\r\n"), 502, None),
    "a head of megabytes": (OK.replace(b"OK\r\n", b"OK\r\nX-A: " + b"a" * 2_000_000 + b"\r\n"), 502, None),
    "thousands of fields": (OK.replace(b"OK\r\n", b"OK\r\n" + b"X-A: 1\r\n" * 5000), 502, None),
    "half a head": (OK[:30], 502, None),
    "nothing": (b"", 502, None),
    "another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n", 502, None),
}


def answer_each(directory, pieces):
    """An upstream that gives each connection's first request the same pieces of bytes, and closes."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(directory / "odd"))
    listener.listen()

    def answer(connection):
        with connection:
            while not connection.recv(65536).endswith(b"\r\n\r\n"):
                pass
            try:
                for piece in pieces:
                    connection.sendall(piece)
            except ConnectionError:     # the answer was refused before its end
                pass

    def accept():
        while True:
            try:
                answer(listener.accept()[0])
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    return listener


@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer(serve, directory, name):
    data, status, body = ODD[name]
    # Whole, and byte by byte.
    for pieces in [data], [data[i:i + 1] for i in range(min(len(data), 4000))] + [data[4000:]]:
        with answer_each(directory, pieces):
            dogger = serve(None, "--upstream", directory / "odd")
            with dogger.connect() as connection:
                connection.begin("GET", "/x", [("Connection", "close")])
                head = connection.read_head()
                while head.status < 200:
                    head = connection.read_head()
                rest = connection.read_rest()
            assert head.status == status, head
            if status == 502:
                assert f"The upstream unix://{directory}/odd" in json.loads(rest)["message"]
            elif head["Transfer-Encoding"] == "chunked":
                last, text = rest.endswith(b"0\r\n\r\n"), re.sub(rb"[0-9a-f]+\r\n(.*?)\r\n", rb"\1", rest)
                assert (text == body) if body != CUT else not last
            else:
                assert (rest == body) if body != CUT else len(rest) < int(head["Content-Length"])
        (directory / "odd").unlink()
        assert dogger.is_running


@pytest.mark.parametrize("line", [b"200 OK", b"200 Fine by me", b"200 ", b"404 Nicht da", b"299 S\xfc\xdf", b"422 Unprocessable Entity"])
def test_the_words_after_a_status_pass(serve, directory, line):
    with answer_each(directory, [b"HTTP/1.1 " + line + b"\r\nContent-Length: 0\r\n\r\n"]):
        dogger = serve(None, "--upstream", directory / "odd")
        with dogger.connect() as connection:
            connection.begin("GET", "/x")
            assert connection.read_until(b"\r\n") == b"HTTP/1.1 " + line + b"\r\n"


def test_another_status_has_its_usual_words(serve, directory):
    with answer_each(directory, [b"HTTP/1.1 200 Fine by me\r\nContent-Length: 0\r\n\r\n"]):
        dogger = serve("return function(req) local res = req:forward() res.status = 404 return res end", "--upstream", directory / "odd")
        assert dogger.get("/x").reason == "Not Found"


@pytest.mark.parametrize("named,line", [(b"Upgrade: h2c\r\n", b"101 Switching Protocols"), (b"", b"101 UPGRADED")])
def test_a_switch_of_protocols_passes(serve, directory, named, line):
    """Also one that does not say to which: that is the one that the client asked for."""
    with answer_each(directory, [b"HTTP/1.1 " + line + b"\r\nConnection: Upgrade\r\n" + named + b"\r\n", b"raw"]):
        dogger = serve(None, "--upstream", directory / "odd")
        with dogger.connect() as connection:
            connection.begin("POST", "/session", [("Connection", "Upgrade"), ("Upgrade", "h2c")])
            assert connection.read_until(b"\r\n") == b"HTTP/1.1 " + line + b"\r\n"
            assert b"upgrade: h2c\r\n" in connection.read_until(b"\r\n\r\n").lower()
            assert connection.read(3) == b"raw"


# Over TCP a client that leaves a quiet raw stream looks like one that half-closes. The kernel asks it after a minute of silence.


def asks_after(port):
    """After how many seconds of silence the kernel asks the peer of a connection whether it is there; the peer is told by its port.
    None: it does not, or not yet. See proc_net_tcp in the kernel's documentation: the timer 02."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        timer, _, ticks = fields[5].partition(":")
        if timer == "02" and int(fields[2].rpartition(":")[2], 16) == port:
            return int(ticks, 16) / os.sysconf("SC_CLK_TCK")
    return None


def test_a_quiet_peer_is_asked_whether_it_is_there(serve, write):
    upstream = serve([write(UPSTREAM, "upstream.lua")], "--grace", "50ms", tcp=True)
    dogger = serve(None, "--upstream", upstream.addresses[0], "--grace", "50ms", tcp=True)
    with dogger.connect() as connection:
        connection.begin("POST", "/raw", RAW).read_head()
        assert connection.read(5) == b"begun"
        for port in connection.socket.getsockname()[1], int(upstream.addresses[0].rpartition(":")[2]):
            # While an acknowledgement is waited for, another timer runs.
            assert 0 < until(lambda port=port: asks_after(port), "the peer is asked") <= 60


# An upstream that is dogger itself.


def test_its_own_socket_is_no_upstream(directory):
    result = finish("run", "--socket", directory / "s", "--upstream", directory / "s")
    assert result.returncode == 1
    assert f"--upstream unix://{directory}/s is the socket that dogger itself would serve on" in result.stderr


@pytest.mark.parametrize("listen,upstream", [("127.0.0.1", "localhost"), ("0.0.0.0", "127.0.0.2")])
def test_its_own_port_is_no_upstream(listen, upstream):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    result = finish("run", "--public", "--listen", f"{listen}:{port}", "--upstream", f"tcp://{upstream}:{port}")
    assert result.returncode == 1
    assert f"--upstream tcp://{upstream}:{port} is the socket that dogger itself would serve on" in result.stderr


# What a script sets, and what ends early


def test_a_client_can_t_keep_back_what_a_script_sets(serve, write):
    """A proxy drops what Connection names; but that is for the client's own fields."""
    upstream = serve([write("return function(req) return tostring(req.headers['X-User']) .. ' ' .. tostring(req.headers['X-Own']) end", "upstream.lua")])
    dogger = serve("return function(req) req.headers['X-User'] = 'ann' end", "--upstream", upstream.addresses[0])
    fields = [("Connection", "close, x-user, X-Own"), ("X-User", "root"), ("X-Own", "1")]
    assert dogger.get("/", fields).text == "ann nil"


@pytest.mark.parametrize("handler", [None, "return function(req) local res = req:forward() res.body = res.body return res end"], ids=["by itself", "read by a script"])
def test_an_answer_may_end_at_any_byte(serve, directory, handler):
    """Nobody waits for the rest, and nobody takes it for whole."""
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "upstream"))
        listener.listen(8)
        listener.settimeout(PATIENCE)
        dogger = serve(handler, "--upstream", directory / "upstream", "--quiet")
        for count in range(len(answer) + 1):
            # A pause before the last bytes: they come together with the end.
            for pause in {0, min(count, 1)}:
                with dogger.connect() as connection:
                    connection.begin("GET", "/")
                    upstream, _ = listener.accept()
                    with upstream:
                        upstream.recv(65536)
                        upstream.sendall(answer[:count - pause])
                        upstream.sendall(answer[count - pause:count])
                    try:
                        whole = connection.read_response()
                        assert (whole.status, whole.text) == (200, "hello") if count == len(answer) else whole.status >= 500, count
                    except AssertionError as end:
                        assert count < len(answer) and str(end).startswith("the end, after"), (count, end)
