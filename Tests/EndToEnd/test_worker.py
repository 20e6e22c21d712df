"""The parent keeps the sockets and a worker serves them: whatever ends the worker costs only the requests in it."""

import json
import os
import re
import signal
import subprocess
import sys
import threading

import pytest
from harness import BINARY, PATIENCE, SLOWNESS, Connection, finish
from harness.processes import broken_off, children, children_cpu_seconds, cpu_seconds, descriptors, kill, until, worker

SLOW = """
local dogger = require "dogger"
return function(req)
  if req.path == "/slow" then print("in it") dogger.sleep(60) end
  return "hello"
end
"""

HANG = """
local dogger = require "dogger"
return function(req)
  if req.path == "/wait" then print("in it") dogger.sleep(60) end
  if req.path == "/hang" then
    return tostring(%s)
  end
  return "hello"
end
"""

# No hook reaches it: one call into C, which reads four megabytes of digits 20 000 times. That takes a quick machine between two and three
# seconds; and it takes the script but a few milliseconds to get there.
ARGUMENTS = "(function() local t, s = {}, ('1'):rep(1 << 10):rep(4 << 10) for i = 1, 20000 do t[i] = s end return table.unpack(t) end)()"
ENDLESS = f"math.max({ARGUMENTS})"

# Past its limit, a script gets this much more CPU until its worker is ended; clocks count in steps of 10 ms.
LIMIT_AND_PATIENCE = 0.2 + 0.5


def save(directory, text):
    """Saves the handler so that nobody sees half of it."""
    (directory / "new").write_text(text)
    os.replace(directory / "new", directory / "handler.lua")


# A crash


def test_a_worker_that_is_killed_has_a_successor(serve):
    dogger = serve(SLOW)
    with dogger.connect() as waiting:
        waiting.begin("GET", "/slow")
        dogger.wait("in it")
        first = kill(dogger)
        assert broken_off(waiting)
    assert dogger.get().text == "hello"
    assert worker(dogger) != first
    dogger.wait(r"^dogger: the worker was ended by signal 9 \(Killed\); the requests in it broke off, and the next worker takes over$")
    dogger.wait("^dogger: serving again$")


def test_a_crash_inside_a_script_names_its_line(serve):
    dogger = serve(HANG % ENDLESS, "--script-timeout", "60s")
    with dogger.connect() as connection:
        connection.begin("GET", "/hang")
        pid = worker(dogger)
        until(lambda: cpu_seconds(pid) > 0.2, "the script runs")
        kill(dogger, signal.SIGSEGV)
        assert broken_off(connection)
    dogger.wait(r"^dogger: handler\.lua:6: the worker crashed here with signal 11 \(Segmentation fault\); the requests in it broke off")
    assert dogger.get().text == "hello"


def test_a_worker_takes_no_signals_but_its_parent_s(serve):
    dogger = serve(SLOW)
    pid = worker(dogger)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2):
        os.kill(pid, number)
        assert dogger.get().text == "hello"
    assert worker(dogger) == pid


def test_clients_who_come_between_two_workers_wait(serve):
    dogger = serve(SLOW)
    os.kill(worker(dogger), signal.SIGSTOP)
    with dogger.connect() as early, dogger.connect() as late:
        early.begin("GET", "/")
        late.begin("GET", "/")
        kill(dogger)
        assert early.read_response().text == "hello"
        assert late.read_response().text == "hello"


def test_nobody_is_refused_while_workers_are_killed(serve):
    dogger = serve(SLOW)
    over = threading.Event()
    answers, broken, problems = [], [], []

    def client():
        while not over.is_set():
            try:
                # What is not caught here is a connection that was refused.
                with dogger.connect() as connection:
                    try:
                        answers.append(connection.ask("GET", "/").text)
                    except (AssertionError, ConnectionError) as end:
                        broken.append(end)
            except OSError as error:
                problems.append(error)
                return

    clients = [threading.Thread(target=client) for _ in range(4)]
    for thread in clients:
        thread.start()
    for _ in range(8):
        mark, count = dogger.mark, len(answers)
        kill(dogger)
        dogger.wait("^dogger: serving again$", mark)
        until(lambda: len(answers) > count + 20, "clients are served again")
    over.set()
    for thread in clients:
        thread.join(PATIENCE)
    assert not problems
    assert set(answers) == {"hello"}
    assert len(broken) <= 8 * len(clients), "more broke off than can have been in the workers"


def test_workers_that_keep_on_crashing_are_spaced_out(serve):
    dogger = serve(SLOW)
    # A worker that lived as long as the pause would be has a successor at once; on a slow machine some do, but the pause doubles.
    for number in range(1, 13):
        mark = dogger.mark
        kill(dogger)
        line = dogger.wait("^dogger: the worker was ended by signal 9 .*$", mark).group()
        if not line.endswith("the next worker takes over"):
            break
    assert number > 4
    pause = rf"; {number} in a row ended soon after their start, so the next one starts in [\d.]+ m?s, and connections wait$"
    assert re.search(pause, line), line
    # This connection is made while no worker is there.
    assert dogger.get().text == "hello"
    dogger.wait("^dogger: serving again$", mark)


def test_nothing_is_left_of_workers_that_crashed(serve):
    dogger = serve(SLOW)
    parent = dogger.process.pid
    before = descriptors(parent)
    for _ in range(5):
        mark = dogger.mark
        kill(dogger)
        dogger.wait("^dogger: serving again$", mark)
        assert dogger.get().text == "hello"
    assert descriptors(parent) == before
    assert children(parent) == [worker(dogger)]


def test_a_worker_holds_nothing_of_its_parent_s_but_the_socket_and_the_store(serve):
    dogger = serve(SLOW)
    memory = ["/memfd:dogger-journal (deleted)", "/memfd:dogger-store (deleted)"]
    own = [*memory, "anon_inode:[eventpoll]", "anon_inode:inotify", "pipe", "socket", "socket"]     # the pipe's end is a ReadMarker
    assert descriptors(worker(dogger)) == own
    kill(dogger)
    assert dogger.get().text == "hello"
    # The connection's end comes to the worker after the client's.
    until(lambda: descriptors(worker(dogger)) == own, "the successor has as much")


# A hang


@pytest.mark.parametrize("script", [
    ENDLESS,
    f"pcall(math.max, {ARGUMENTS})",
    "coroutine.wrap(function() return " + ENDLESS + " end)()",
])
def test_a_script_that_hangs_in_c_ends_with_its_worker(serve, script):
    dogger = serve(HANG % script, "--script-timeout", "200ms")
    with dogger.connect() as waiting, dogger.connect() as hanging:
        waiting.begin("GET", "/wait")
        dogger.wait("in it")
        used = cpu_seconds(worker(dogger))
        hanging.begin("GET", "/hang")
        assert broken_off(hanging)
        assert broken_off(waiting)
    assert dogger.get().text == "hello"
    dogger.wait(
        r"^dogger: handler\.lua:6: the script hung where it can't be stopped, within a single step of Lua; "
        r"its worker was ended with all requests in it, and the next one takes over$")
    assert children_cpu_seconds(dogger.process.pid) - used <= LIMIT_AND_PATIENCE


def test_hangs_are_no_crash_loop(serve):
    dogger = serve(HANG % ENDLESS, "--script-timeout", f"{10 * SLOWNESS}ms")
    for _ in range(6):
        mark = dogger.mark
        with dogger.connect() as hanging:
            hanging.begin("GET", "/hang")
            assert broken_off(hanging)
        assert dogger.wait("^dogger: .*hung", mark).string.endswith("and the next one takes over")
        dogger.wait("^dogger: serving again$", mark)
    assert dogger.get().text == "hello"


def test_a_handler_that_hangs_while_it_loads_is_not_served(directory, write):
    write(f"local n = 1\nlocal x = {ENDLESS}\nreturn function() end")
    message = "dogger: handler.lua:2: the script hung where it can't be stopped, within a single step of Lua\n"
    result = finish("run", "handler.lua", "--script-timeout", "100ms", "--socket", "s", cwd=directory)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", message)
    assert not os.path.lexists(directory / "s")
    result = finish("check", "handler.lua", "--script-timeout", "100ms", cwd=directory)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", message)


def test_a_handler_that_is_broken_when_the_worker_goes_is_waited_for(serve, directory):
    dogger = serve(SLOW)
    save(directory, "return nonsense nonsense")
    dogger.wait("the last good version of handler.lua goes on serving")
    kill(dogger)
    dogger.wait(r"^dogger: handler\.lua:1: .*; there is no version that could serve, so connections wait for one that loads$")
    with dogger.connect() as waiting:
        waiting.begin("GET", "/")
        save(directory, SLOW)
        assert waiting.read_response().text == "hello"
    dogger.wait("^dogger: serving again$")
    assert len([line for line in dogger.lines if "there is no version" in line]) == 1


def test_a_save_that_hangs_is_waited_for_too(serve, directory):
    dogger = serve(SLOW, "--script-timeout", "50ms")
    save(directory, f"local x = {ENDLESS}\nreturn function() end")
    dogger.wait(r"^dogger: handler\.lua:1: the script hung .* its worker was ended with all requests in it, and the next one takes over$")
    # The next one hangs as well: it is not served by, and so it is a crash.
    dogger.wait(r"^dogger: handler\.lua:1: the script hung .*; the requests in it broke off, and the next worker takes over$")
    with dogger.connect() as waiting:
        waiting.begin("GET", "/")
        save(directory, SLOW)
        assert waiting.read_response().text == "hello"


# The first start


def test_a_broken_handler_is_one_sentence_and_no_socket(directory, write):
    write("return function(")
    result = finish("run", "handler.lua", "--socket", "s", cwd=directory)
    assert result.returncode == 1
    assert re.fullmatch(r"dogger: handler\.lua:1: .*\n", result.stderr)
    assert not os.path.lexists(directory / "s")


def test_a_command_is_not_started_for_a_broken_handler(directory, write):
    write("return function(")
    result = finish("run", "handler.lua", "--", "touch", "started", cwd=directory)
    assert result.returncode == 1
    assert not (directory / "started").exists()


def test_a_log_that_nobody_reads_any_more_does_no_harm(directory, write):
    write("return function() print('a line') return 'hello' end")
    path = directory / "s"
    process = subprocess.Popen([BINARY, "run", "handler.lua", "--socket", path], cwd=directory, stderr=subprocess.PIPE)
    assert b"serving" in process.stderr.readline()
    process.stderr.close()
    for _ in range(3):
        kill(process.pid)
        with Connection(str(path)) as connection:
            assert connection.ask("GET", "/").text == "hello"
    process.terminate()
    assert process.wait(PATIENCE) == 0


# With a command

COMMAND = """
import json, os, signal, socket, sys
sys.path.insert(0, sys.argv[1])
from harness import Connection
from harness.processes import Watch, worker
texts = []
for _ in range(3):
    with Connection(os.environ["DOGGER_SOCKET"]) as connection:
        texts.append(connection.ask("GET", "/").text)
    watch = Watch(worker(os.getppid()))
    os.kill(watch.pid, signal.SIGKILL)
    watch.wait()
print(json.dumps(texts))
sys.exit(7)
"""


def test_a_command_lives_on_when_its_worker_crashes(directory, write):
    write(SLOW)
    here = os.path.dirname(__file__)
    result = finish("run", "handler.lua", "--", sys.executable, "-c", COMMAND, here, cwd=directory)
    assert (result.returncode, json.loads(result.stdout)) == (7, ["hello"] * 3)


def test_a_command_gets_the_signals_of_its_dogger(directory, write):
    write(SLOW)
    process = subprocess.Popen(
        [BINARY, "run", "handler.lua", "--", "sh", "-c", "trap 'echo got it; exit 5' TERM; echo begun; while :; do sleep 0.05; done"],
        cwd=directory, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    process.terminate()
    assert process.communicate(timeout=PATIENCE)[0] == "got it\n"
    assert process.returncode == 5


def test_a_command_inherits_no_descriptor(directory, write):
    write(SLOW)
    listing = finish("run", "handler.lua", "--", sys.executable, "-c", "import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))", cwd=directory)
    # The last is that of the listing itself.
    assert listing.stdout == "[0, 1, 2, 3]\n"
