"""How dogger ends: nobody who is being served is lost, and nothing is left behind."""

import os
import signal

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
  local t = {}
  setmetatable(t, { __call = t })   -- one step of Lua, with the square of a million moves in it
  return t()
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


def test_the_grace_cuts_off(serve):
    dogger = serve(SLOW, "--grace", "50ms")
    with dogger.connect() as connection:
        connection.begin("GET", "/slow")
        dogger.wait("in it")
        dogger.send(signal.SIGTERM)
        assert broken_off(connection)
    assert dogger.join() == 0


def test_a_worker_that_does_not_end_is_ended(serve):
    dogger = serve(SLOW, "--grace", "50ms")
    os.kill(worker(dogger), signal.SIGSTOP)
    dogger.send(signal.SIGTERM)
    dogger.wait("^dogger: the worker did not answer for 1.1 s, and was ended, and requests that were to finish broke off$")
    assert dogger.join() == 1
    assert not dogger.socket.exists()


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
