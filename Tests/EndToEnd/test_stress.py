"""Many clients, slow clients, and the end of the server while they are there."""

import os
import resource
import signal
import socket
import subprocess
import threading

import pytest
from harness import BINARY, Connection
from harness.processes import held_memory, worker

HELLO = "return function(req) return 'hello' end"


def test_2500_idle_connections(serve):
    needed = 2500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < needed + 100:
        pytest.skip(f"this process may have {hard} descriptors only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed + 100), hard))
    dogger = serve(HELLO)
    connections = []
    try:
        for _ in range(needed):
            connections.append(dogger.connect())
        for connection in connections:
            connection.begin("GET", "/")
        for connection in connections:
            assert connection.read_response().text == "hello"
        # They idle now. One more is served at once, and each of them again.
        assert dogger.get().text == "hello"
        held = held_memory(worker(dogger))
        assert held < 64 << 20, f"{held >> 10} KiB for {needed} idle connections"
        for connection in connections[::50]:
            assert connection.ask("GET", "/").text == "hello"
    finally:
        for connection in connections:
            connection.socket.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_hundred_clients_at_once(serve):
    dogger = serve("""local dogger = require "dogger"
        return function(req) dogger.sleep(0.001 * (req.id % 7)) return req.query.n .. req.body end""")
    problems = []

    def client(number):
        try:
            with dogger.connect() as connection:
                for i in range(20):
                    name = f"{number}.{i}"
                    if connection.ask("POST", f"/?n={name}", body="x" * i).text != name + "x" * i:
                        problems.append(name)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_client_that_never_reads_stops_nobody(serve):
    dogger = serve("return function(req) if req.path == '/big' then return ('x'):rep(32 << 20) end return 'hello' end")
    with dogger.connect() as stalled:
        stalled.begin("GET", "/big")
        for _ in range(20):
            assert dogger.get().text == "hello"
        assert len(stalled.read_response().body) == 32 << 20


def test_a_slow_reader_gets_every_byte(serve):
    """Partial writes: the answer leaves in as many pieces as the client takes."""
    dogger = serve("""return function(req)
        local t = {} for i = 1, 200000 do t[i] = ("%08d"):format(i) end
        return table.concat(t)
      end""")
    expected = "".join(f"{i:08d}" for i in range(1, 200001)).encode()
    with dogger.connect() as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.begin("GET", "/")
        head = connection.read_head()
        body = b"".join(connection.read(n) for n in [1, 2, 3, 1000] + [7919] * ((len(expected) - 1006) // 7919))
        body += connection.read(int(head["Content-Length"]) - len(body))
    assert body == expected


# The end

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_drain_lets_requests_under_way_finish(serve, number):
    dogger = serve("""return function(req) return { body = function(out) out:write("begun") out:write(req.body) end } end""")
    with dogger.connect() as connection, dogger.connect() as idle:
        connection.begin("POST", "/", [("Content-Length", "5")])
        connection.read_head()
        assert connection.read_chunk() == b"begun"
        dogger.send(number)
        dogger.wait("finishing the requests under way")
        assert idle.is_at_end(), "idle connections are closed at once"
        with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
            dogger.connect()
        assert dogger.is_running
        connection.send("ended")
        assert connection.read_chunk() == b"ended"
        assert connection.read_chunk() == b""
        assert connection.is_at_end()
    assert dogger.join() == 0


def test_an_answer_that_is_being_taken_is_finished(serve):
    dogger = serve("return function(req) return ('x'):rep(16 << 20) end")
    with dogger.connect() as connection:
        connection.begin("GET", "/")
        connection.read_head()
        dogger.send(signal.SIGTERM)
        dogger.wait("finishing")
        assert len(connection.read(16 << 20)) == 16 << 20
    assert dogger.join() == 0


def test_a_second_signal_cuts_them_off(serve):
    dogger = serve("return function(req) require('dogger').sleep(1000) end")
    with dogger.connect() as connection:
        connection.begin("GET", "/")
        dogger.wait("> GET /")
        dogger.send(signal.SIGTERM)
        dogger.wait("a second signal cuts them off")
        dogger.send(signal.SIGTERM)
        connection.read_rest()
    assert dogger.join() == 0


def test_grace(serve):
    dogger = serve("return function(req) require('dogger').sleep(1000) end", "--grace", "100ms")
    with dogger.connect() as connection:
        connection.begin("GET", "/")
        dogger.wait("> GET /")
        dogger.send(signal.SIGTERM)
        connection.read_rest()
    assert dogger.join() == 0


def test_a_pipelined_request_after_the_signal_is_not_half_done(serve):
    """What was begun is answered, and the connection says that it was the last."""
    dogger = serve("return function(req) return { body = function(out) out:write(req.path) out:write(req.body) end } end")
    with dogger.connect() as connection:
        connection.begin("POST", "/one", [("Content-Length", "1")])
        connection.read_head()
        connection.read_chunk()
        dogger.send(signal.SIGTERM)
        dogger.wait("finishing")
        connection.send("x").begin("GET", "/two")
        assert connection.read_chunk() == b"x" and connection.read_chunk() == b""
        assert connection.is_at_end()
    assert dogger.join() == 0
    assert "> GET /two" not in dogger.lines


def test_sigterm_without_connections_ends_at_once(serve):
    dogger = serve(HELLO)
    dogger.send(signal.SIGTERM)
    assert dogger.join() == 0


def test_a_log_that_nobody_reads_any_more_is_no_end(serve, directory, write):
    """As in `dogger run ... 2>&1 | head`."""
    write("return function(req) print('told to nobody') return 'hello' end")
    path = directory / "s"
    reader, writer = os.pipe()
    process = subprocess.Popen([BINARY, "run", "handler.lua", "--socket", path], cwd=directory, stderr=writer, stdin=subprocess.DEVNULL)
    os.close(writer)
    try:
        assert b"serving" in os.read(reader, 4096)
        os.close(reader)
        for _ in range(3):
            with Connection(str(path)) as connection:
                assert connection.ask("GET", "/").text == "hello"
    finally:
        process.terminate()
    assert process.wait(20) == 0


def test_a_log_that_is_not_read_stops_nobody(directory, write):
    """A full pipe: lines are dropped, and that is told to who reads later."""
    write("return function(req) print(('x'):rep(10000)) return 'hello' end")
    path = directory / "s"
    process = subprocess.Popen(
        [BINARY, "run", "handler.lua", "--socket", path], cwd=directory, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert b"serving" in process.stderr.readline()
        with Connection(str(path)) as connection:
            for _ in range(500):
                assert connection.ask("GET", "/").text == "hello"
            lost = next(line for line in process.stderr if b"lines of the log were lost" in line)
            assert int(lost.split()[1]) > 100
            assert connection.ask("GET", "/").text == "hello"
    finally:
        process.terminate()
        process.stderr.read()
    assert process.wait(20) == 0
    process.stderr.close()
