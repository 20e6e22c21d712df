"""The release binary is one file, and scripts/dogger is its name in a clone."""

import os
import re
import shutil
import subprocess

import pytest
from harness import BINARY, PATIENCE, ROOT, Connection
from harness.processes import until, worker


def test_it_runs_alone_from_any_directory(directory, write):
    """A copy, away from the sources, with an empty environment."""
    write("""local docker = require "dogger.docker"
        return docker.engine { ["GET /x"] = function(req) return { json = { name = docker.container { name = "web" }.Names[1] } } end }""")
    shutil.copy(BINARY, directory / "copy")
    result = subprocess.run(
        [directory / "copy", "run", directory / "handler.lua", "--", "/bin/sh", "-c", "echo $DOCKER_HOST"], cwd="/", env={},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert (result.returncode, result.stderr) == (0, "") and result.stdout.startswith("unix:///"), result


def test_it_needs_no_swift_no_lua_and_no_sqlite_of_the_machine(directory):
    needed = subprocess.run(["ldd", BINARY], capture_output=True, text=True, timeout=PATIENCE).stdout
    assert "libc.so" in needed and "swift" not in needed.lower() and "lua" not in needed and "sqlite" not in needed


def code_in_memory(pid):
    """KiB of the binary's own code that the process has mapped in."""
    total, is_code = 0, False
    for line in open(f"/proc/{pid}/smaps"):
        if re.match("[0-9a-f]+-", line):
            is_code = "r-xp" in line and line.rstrip().endswith(os.path.realpath(BINARY))
        elif is_code and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total


def test_what_only_the_start_took_is_given_back(serve):
    dogger = serve("return function(req) return 'hello' end")
    assert dogger.get("/").text == "hello"
    until(lambda: code_in_memory(dogger.process.pid) < 2048, "the parent gives back the code that only its start ran")
    assert 0 < code_in_memory(worker(dogger)) < 4096
    # It comes back where it is needed.
    for _ in range(3):
        assert dogger.get("/").text == "hello"


def test_scripts_dogger_from_another_directory(directory, write):
    write("return function(req) return 'hello' end")
    script = ROOT / "scripts/dogger"
    result = subprocess.run(
        [script, "run", "handler.lua", "--", "sh", "-c", "echo out; exit 7"], cwd=directory, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=PATIENCE)
    assert (result.returncode, result.stdout) == (7, "out\n")


def test_scripts_dogger_through_a_link_and_with_a_signal(directory, write):
    """The script becomes dogger, so a signal to it is a signal to dogger."""
    write("return function(req) return 'hello' end")
    (directory / "link").symlink_to(ROOT / "scripts/dogger")
    process = subprocess.Popen(
        [directory / "link", "run", "handler.lua", "--socket", "s"], cwd=directory, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while b"serving" not in (line := process.stderr.readline()):
        assert line, "it ended"
    with Connection(str(directory / "s")) as connection:
        assert connection.ask("GET", "/").text == "hello"
    process.terminate()
    assert process.wait(PATIENCE) == 0
    process.stderr.close()
    assert not os.path.lexists(directory / "s")


def test_a_terminal_sees_each_line_at_once(directory, write):
    write("return function(req) return 'hello' end")
    ours, theirs = os.openpty()
    process = subprocess.Popen([BINARY, "run", "handler.lua", "--socket", "s"], cwd=directory, stdin=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    seen = b""

    def see(text):
        nonlocal seen
        while text not in seen:
            seen += os.read(ours, 4096)

    try:
        see(b"serving handler.lua")
        with Connection(str(directory / "s")) as connection:
            for number in range(5):
                connection.ask("GET", f"/{number}")
                see(b"GET    /%d " % number)
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0
        os.close(ours)


