"""dogger between a client and an upstream that is no engine: who half-closes, who leaves, and what the other side sees of it."""

import concurrent.futures
import socket
import threading

import pytest
from harness import PATIENCE, finish

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
