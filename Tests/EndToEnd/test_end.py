"""How dogger ends: nobody who is being served is lost, and nothing is left behind."""

import os
import signal
import time

import pytest
from harness import Connection, Dogger
from harness.processes import Watch, broken_off, cpu_seconds, kill, until, worker

SLOW = """
local dogger = require "dogger"
return function(req)
  if req.path == "/slow" then print("in it") dogger.sleep(60) end
  return "hello"
end
"""

HANG = """
return function()
  local t, digits = {}, ("1"):rep(20 << 20)
  for i = 1, 1000 do t[i] = digits end
  return math.max(table.unpack(t))   -- one call into C, of a minute or two
end
"""


def test_a_request_under_way_finishes(serve):
    dogger = serve("local dogger = require 'dogger'\nreturn function() print('in it') dogger.sleep(0.2) return 'done' end")
    with dogger.connect() as connection:
        connection.begin("GET", "/")
        dogger.wait("in it")
        dogger.send(signal.SIGTERM)
        dogger.wait("^dogger: finishing the requests under way; a second signal cuts them off$")
        # Nobody new can come any more.
        assert not dogger.socket.exists()
        answer = connection.read_response()
        assert (answer.text, answer["Connection"]) == ("done", "close")
    assert dogger.join() == 0
    assert not any("cut off a" in line for line in dogger.lines)


def test_clients_in_the_queue_are_served_before_the_end(serve):
    dogger = serve(SLOW)
    os.kill(worker(dogger), signal.SIGSTOP)
    queue = [dogger.connect() for _ in range(20)]
    for connection in queue:
        connection.begin("GET", "/")
    dogger.send(signal.SIGTERM)
    until(lambda: not dogger.socket.exists(), "the parent has the signal")
    os.kill(worker(dogger), signal.SIGCONT)
    for connection in queue:
        assert connection.read_response().text == "hello"
        connection.socket.close()
    assert dogger.join() == 0


def test_ctrl_c_reaches_both_processes_and_counts_once(serve):
    dogger = serve(
        "local dogger = require 'dogger'\nreturn function() print('in it') dogger.sleep(0.2) return 'done' end", start_new_session=True)
    with dogger.connect() as connection:
        connection.begin("GET", "/")
        dogger.wait("in it")
        os.killpg(dogger.process.pid, signal.SIGINT)
        assert connection.read_response().text == "done"
    assert dogger.join() == 0


def test_a_second_signal_cuts_off(serve):
    dogger = serve(SLOW)
    with dogger.connect() as connection:
        connection.begin("GET", "/slow")
        dogger.wait("in it")
        dogger.send(signal.SIGTERM)
        dogger.wait("^dogger: finishing the requests under way")
        dogger.send(signal.SIGINT)
        assert broken_off(connection)
    assert dogger.join() == 0
    assert dogger.lines[-1] == "dogger: cut off a request that was still under way"


def test_the_grace_cuts_off(serve):
    """That is told, and no failure: it is what --grace asks for."""
    dogger = serve(SLOW, "--grace", "50ms")
    with dogger.connect() as connection, dogger.connect() as other, dogger.connect() as idle, dogger.connect() as half:
        idle.ask("GET", "/")
        half.send("GET / HTTP/1.1\r\nHo")
        for one in connection, other:
            mark = dogger.mark
            one.begin("GET", "/slow")
            dogger.wait("in it", mark)
        dogger.send(signal.SIGTERM)
        assert broken_off(connection) and broken_off(other)
    assert dogger.join() == 0
    assert dogger.lines[-1] == "dogger: cut off 2 requests that were still under way"


def test_a_worker_that_does_not_end_is_ended(serve):
    dogger = serve(SLOW, "--grace", "50ms")
    os.kill(worker(dogger), signal.SIGSTOP)
    dogger.send(signal.SIGTERM)
    dogger.wait("^dogger: the worker did not answer for 2.1 s, and was ended, and requests that were to finish broke off$")
    assert dogger.join() == 1
    assert not dogger.socket.exists()


STREAMS = """
local function flood(out) while true do out:write(("x"):rep(65536)) end end
return {
  ["GET /quiet"] = function() return { body = function(out) out:write("begun") require("dogger").sleep(3600) end } end,
  ["GET /flood"] = function() return { body = flood } end,
  ["POST /raw"] = function() return { upgrade = function(stream) stream:write("begun") while stream:read() do end end } end,
  ["POST /raw-flood"] = function() return { upgrade = flood } end,
  ["POST /half"] = function() return { upgrade = function(stream) stream:close() require("dogger").sleep(3600) end } end,
  ["POST /never"] = function() require("dogger").sleep(3600) end,
}
"""


@pytest.mark.parametrize("handler", [None, "return function(req) return req:forward() end"])
def test_the_grace_cuts_off_what_goes_to_an_upstream(serve, write, handler):
    upstream = serve([write(STREAMS, "streams.lua")], "--grace", "50ms")
    dogger = serve(handler, "--upstream", upstream.socket, "--grace", "200ms")
    raw = [("Connection", "Upgrade"), ("Upgrade", "tcp")]
    held = []
    for method, target, headers in [
            ("GET", "/quiet", []), ("GET", "/flood", []), ("POST", "/raw", raw), ("POST", "/raw-flood", raw), ("POST", "/half", raw),
            ("POST", "/never", [("Content-Length", "10")])]:
        for half_closes in False, True:
            connection = dogger.connect().begin(method, target, headers)
            if target != "/never":
                assert connection.read_head().status in (101, 200)
            if half_closes and target != "/never":
                connection.half_close()
            held.append(connection)
    dogger.send(signal.SIGTERM)
    assert dogger.join() == 0
    for connection in held:
        connection.socket.close()


def test_a_machine_that_stood_still_does_not_cost_the_worker_its_end(serve):
    dogger = serve(SLOW, "--grace", "50ms")
    with dogger.connect() as connection:
        connection.begin("GET", "/slow")
        dogger.wait("in it")
        dogger.send(signal.SIGTERM)
        dogger.wait("^dogger: finishing the requests under way")
        # Both for longer than the parent waits past the grace; and the parent is the first to go on.
        pids = [dogger.process.pid, worker(dogger)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(1.5)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        assert dogger.join() == 0


def test_the_grace_counts_from_the_signal(serve):
    dogger = serve(SLOW, "--grace", "1.5s")
    with dogger.connect() as connection:
        connection.begin("GET", "/slow")
        dogger.wait("in it")
        pid = worker(dogger)
        os.kill(pid, signal.SIGSTOP)    # as a script does that computes
        dogger.send(signal.SIGTERM)
        until(lambda: not dogger.socket.exists(), "the parent has the signal")
        begin = time.monotonic()
        time.sleep(1.5)
        os.kill(pid, signal.SIGCONT)
        assert broken_off(connection)
        assert time.monotonic() - begin < 2.9, "the grace began when the worker went on"
    assert dogger.join() == 0


def test_a_signal_while_no_worker_is_there(serve):
    dogger = serve(SLOW)
    for _ in range(5):
        mark = dogger.mark
        kill(dogger)
        dogger.wait("^dogger: the worker was ended", mark)
    dogger.send(signal.SIGTERM)
    assert dogger.join() == 0
    assert not dogger.socket.exists()


def test_a_parent_that_is_killed_takes_its_worker_along(serve, directory, write):
    write(SLOW)
    path = directory / "dead.sock"
    dogger = Dogger(["run", "handler.lua", "--socket", path], directory, path).ready()
    watch = Watch(worker(dogger))
    dogger.process.kill()
    watch.wait()
    assert dogger.join() == -signal.SIGKILL
    assert path.is_socket()
    with pytest.raises(ConnectionRefusedError):
        Connection(str(path))

    second = Dogger(["run", "handler.lua", "--socket", path], directory, path).ready()
    assert second.get().text == "hello"
    second.stop()


def test_a_worker_that_hangs_goes_with_its_parent_too(directory, write):
    write(HANG)
    path = directory / "s"
    dogger = Dogger(["run", "handler.lua", "--socket", path, "--script-timeout", "60s"], directory, path).ready()
    with dogger.connect() as hanging:
        hanging.begin("GET", "/")
        pid = worker(dogger)
        until(lambda: cpu_seconds(pid) > 0.2, "the script hangs")
        watch = Watch(pid)
        dogger.process.kill()
        watch.wait()
    dogger.join()
