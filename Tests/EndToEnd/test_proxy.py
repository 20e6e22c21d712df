"""dogger between a client and an upstream that is no engine: who half-closes, who leaves, and what the other side sees of it."""

import socket

import pytest
from harness import finish

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
