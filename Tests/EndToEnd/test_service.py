"""dogger under a service manager: the sockets that it gets, and what it tells of itself."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest
from harness import BINARY, PATIENCE, ROOT, Connection, Dogger, finish
from harness.processes import Watch, worker

HELLO = "return function() return 'hello' end"

ACTIVATE = """
import os, sys
count, pid, descriptors = sys.argv[1:4]
for number, descriptor in enumerate(map(int, filter(None, descriptors.split(",")))):
    os.dup2(descriptor, 3 + number)
os.environ |= {"LISTEN_FDS": count, "LISTEN_PID": pid or str(os.getpid()), "LISTEN_FDNAMES": "dogger"}
os.execv(sys.argv[4], sys.argv[4:])
"""


def activation(files, pid="", count=None):
    """What to put before a command so that it starts as systemd starts it, with these sockets from 3 on; and the option that
    has them reach it."""
    # High numbers, so that none is overwritten before it has its place.
    high = [os.dup2(file.fileno(), 200 + index) for index, file in enumerate(files)]
    prefix = [sys.executable, "-c", ACTIVATE, str(len(high) if count is None else count), pid, ",".join(map(str, high))]
    return {"prefix": prefix, "pass_fds": high}


@pytest.fixture
def listen(directory):
    """listen(name) is a socket that listens in the private directory."""
    sockets = []

    def make(name):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(directory / name))
        listener.listen(8)
        sockets.append(listener)
        return listener

    yield make
    for listener in sockets:
        listener.close()


@pytest.fixture
def start(directory, write):
    """start(*options, ...) starts dogger with a handler, without an address; the end of the test ends it."""
    running = []

    def make(*options, **popen):
        write(HELLO)
        running.append(Dogger(["run", "handler.lua", *options], directory, **popen))
        return running[-1]

    yield make
    for dogger in running:
        dogger.stop()


# Socket activation


def test_it_serves_sockets_that_it_is_given(directory, listen, start):
    listeners = [listen("a"), listen("b")]
    # As systemd does it: the client that makes it start is there first.
    with Connection(str(directory / "a")) as first:
        first.begin("GET", "/")
        dogger = start(**activation(listeners)).ready(listeners=2)
        assert first.read_response().text == "hello"
    assert dogger.addresses == [f"unix://{directory}/a", f"unix://{directory}/b"]
    with Connection(str(directory / "b")) as second:
        assert second.ask("GET", "/").text == "hello"
    dogger.stop()

    # The sockets are not dogger's: they stay, and who comes now waits for the next one.
    with Connection(str(directory / "a")) as later:
        later.begin("GET", "/")
        start(**activation(listeners)).ready(listeners=2)
        assert later.read_response().text == "hello"


def test_given_sockets_outlive_a_worker(directory, listen, start):
    dogger = start(**activation([listen("a")])).ready()
    watch = Watch(worker(dogger))
    os.kill(watch.pid, signal.SIGKILL)
    watch.wait()
    with Connection(str(directory / "a")) as connection:
        assert connection.ask("GET", "/").text == "hello"


def test_given_sockets_and_its_own(directory, listen, start):
    start("--socket", "own", **activation([listen("a")])).ready(listeners=2)
    for name in ("a", "own"):
        with Connection(str(directory / name)) as connection:
            assert connection.ask("GET", "/").text == "hello"


def test_a_socket_for_another_process_is_not_taken(directory, listen, start):
    dogger = start("--socket", "own", **activation([listen("a")], pid="1")).ready()
    assert dogger.addresses == ["unix://own"]


def test_a_command_learns_nothing_of_the_sockets(directory, listen, write):
    write(HELLO)
    given = activation([listen("a")])
    dogger = Dogger(["run", "handler.lua", "--", "sh", "-c", "env | grep -c ^LISTEN_"], directory, **given)
    assert dogger.join() == 1
    assert dogger.output == b"0\n"


@pytest.mark.parametrize("count, message", [
    ("1", r"file descriptor 3 was handed over as a listening socket, but is none: check what started this process"),
    ("many", r"LISTEN_FDS is 'many' and not a number of sockets: check what started this process"),
])
def test_what_is_no_socket_is_told(directory, write, count, message):
    write(HELLO)
    with open("/dev/null") as file:
        dogger = Dogger(["run", "handler.lua"], directory, **activation([file], count=count))
        assert dogger.join() == 1
    assert dogger.lines == [f"dogger: {message}"]


# The units in examples/systemd


def test_the_units_are_without_fault(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    text = (ROOT / "examples/systemd/dogger.service").read_text()
    (tmp_path / "dogger.service").write_text(text.replace("/usr/local/bin/dogger", str(BINARY)))
    shutil.copy(ROOT / "examples/systemd/dogger.socket", tmp_path)
    units = [tmp_path / "dogger.service", tmp_path / "dogger.socket"]
    result = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=PATIENCE)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_service_s_command_serves_the_socket_that_it_is_given(directory, listen, start):
    text = (ROOT / "examples/systemd/dogger.service").read_text()
    command = re.search(r"^ExecStart=/usr/local/bin/dogger run /etc/dogger/handler.lua(.*)$", text, re.MULTILINE)
    dogger = start(*command.group(1).split(), **activation([listen("a")])).ready()
    assert dogger.addresses == [f"unix://{directory}/a"]


# Notification


@pytest.fixture(params=["path", "abstract"])
def manager(request, directory):
    """A service manager's socket."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.settimeout(20)
    if request.param == "path":
        name = str(directory / "notify")
        listener.bind(name)
    else:
        name = f"@{directory.name}"
        listener.bind("\0" + directory.name)
    yield lambda: listener.recv(4096).decode(), name
    listener.close()


def test_a_service_s_life_is_told(start, manager):
    receive, name = manager
    dogger = start("--socket", "s", env=os.environ | {"NOTIFY_SOCKET": name})
    assert receive() == "READY=1"
    # It is told when it is true.
    dogger.ready()
    dogger.send(signal.SIGHUP)
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*", receive())
    assert receive() == "READY=1"
    dogger.send(signal.SIGTERM)
    assert receive() == "STOPPING=1"
    assert dogger.join() == 0


def test_a_broken_handler_is_never_ready(directory, write, manager):
    write("return function(")
    receive, name = manager
    assert finish("run", "handler.lua", "--socket", "s", cwd=directory, env=os.environ | {"NOTIFY_SOCKET": name}).returncode == 1
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"nothing before", "\0" + name[1:] if name[0] == "@" else name)
    assert receive() == "nothing before"


def test_the_watchdog_is_fed_while_the_worker_is_well(start, manager):
    receive, name = manager
    dogger = start("--socket", "s", env=os.environ | {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1000000"})
    assert [receive() for _ in range(4)] == ["READY=1"] + ["WATCHDOG=1"] * 3

    mark = dogger.mark
    os.kill(worker(dogger), signal.SIGSTOP)
    dogger.wait(r"^dogger: the worker did not answer for 500 ms, and was ended; the requests in it broke off", mark)
    # What it told before the worker was stopped, and then the successor.
    while (message := receive()) != "READY=1":
        assert message == "WATCHDOG=1"
    assert receive() == "WATCHDOG=1"


def test_a_watchdog_for_another_process_is_not_fed(start, manager):
    receive, name = manager
    variables = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}
    dogger = start("--socket", "s", env=os.environ | variables).ready()
    dogger.send(signal.SIGTERM)
    assert dogger.join() == 0
    assert [receive(), receive()] == ["READY=1", "STOPPING=1"]
