"""The worker gives up what scripts don't need, and the kernel holds it to that. What each means denies is tried in ConfinementTests;
here is what a user sees of it."""

import os
import pathlib
import re
import signal
import subprocess

import pytest
from conftest import absent
from harness import PATIENCE, ROOT, finish
from harness.processes import children, until, worker

HOLDS = dict(re.findall(r"^  (\S+) +(yes.*|no.*)$", finish("--version", "--verbose").stdout, re.MULTILINE))
ARM64 = pathlib.Path("/usr/aarch64-linux-gnu/include")
needs_landlock = pytest.mark.skipif(not HOLDS["Landlock"].startswith("yes"), reason="the kernel has no Landlock here")


def status(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


def version(number):
    return f"return function(req) return 'version {number}' end"


def exchange(directory):
    """Puts the folder `next` in the place of `current`, as a deployment does."""
    os.rename(directory / "current", directory / "old")
    os.rename(directory / "next", directory / "current")


def test_the_version_tells_what_holds():
    result = finish("--version", "--verbose")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] + "\n" == finish("--version").stdout
    assert re.fullmatch(r"Lua 5\.4\.\d+", lines[1]) and lines[2] == "A worker here is kept in by"
    assert list(HOLDS) == ["no_new_privs", "Landlock", "seccomp"] and len(lines) == 6
    assert finish("--verbose", "--version").stdout == result.stdout


def test_the_worker_is_kept_in_and_its_parent_is_not(serve):
    dogger = serve("return function(req) return 'hello' end")
    inside, outside = status(worker(dogger)), status(dogger.process.pid)
    assert (inside["NoNewPrivs"] == "1") == (HOLDS["no_new_privs"] == "yes")
    assert (inside["Seccomp"] == "2") == (HOLDS["seccomp"] == "yes")
    assert outside["NoNewPrivs"] == "0" or status("self")["NoNewPrivs"] == "1"
    assert outside["Seccomp"] == status("self")["Seccomp"]
    assert dogger.get().text == "hello"


def test_what_is_missing_is_told(serve):
    dogger = serve("return function(req) return 'hello' end")
    missing = [name for name in ("Landlock", "seccomp") if not HOLDS[name].startswith("yes")]
    told = [line for line in dogger.lines if "kernel" in line]
    assert len(told) == (1 if missing else 0) and all(name in told[0] for name in missing)


def test_a_command_may_do_anything(directory, write):
    """It is the parent's child, not the worker's."""
    write("return function(req) return 'hello' end")
    result = finish("run", "handler.lua", "--", "sh", "-c", "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status; ls / > written", cwd=directory)
    own = status("self")
    assert result.stdout == f"NoNewPrivs:\t{own['NoNewPrivs']}\nSeccomp:\t{own['Seccomp']}\n"
    assert "etc" in (directory / "written").read_text()


def test_the_local_time_is_known(serve):
    """Its files are out of reach when a script asks for it."""
    dogger = serve("return function(req) return os.date('%H:%M', 0) end", env=os.environ | {"TZ": "Asia/Kathmandu"})
    expected = "05:30" if pathlib.Path("/usr/share/zoneinfo/Asia/Kathmandu").exists() else "00:00"
    assert dogger.get().text == expected


def test_names_are_looked_up(serve, directory):
    """An upstream's, with the machine's own files and modules."""
    upstream = serve("return function(req) return 'from upstream' end", tcp=True)
    port = upstream.addresses[0].rpartition(":")[2]
    dogger = serve(None, "--upstream", f"tcp://localhost:{port}")
    assert dogger.get(headers=[("Host", "localhost")]).text == "from upstream"


# Files that are where the worker has given up the right to read


@needs_landlock
def test_an_exchanged_folder_takes_a_new_worker(serve, directory, write):
    write(version(1), "current/handler.lua")
    write(version(2), "next/handler.lua")
    dogger = serve(["current/handler.lua"])
    first = worker(dogger)
    exchange(directory)
    assert dogger.get().text == "version 2"
    dogger.wait(r"^dogger: reloaded current/handler\.lua in a new worker, for the old one had no right to read where the files are now$")
    until(lambda: first not in children(dogger.process.pid), "the old worker has ended")
    # The new one is a worker like any other.
    write(version(3), "current/handler.lua")
    assert dogger.get().text == "version 3"


@needs_landlock
def test_the_old_worker_finishes_its_requests(serve, directory, write):
    write("return function(req) print('in it') return { body = function(out) out:write(req.body) end } end", "current/handler.lua")
    write(version(2), "next/handler.lua")
    dogger = serve(["current/handler.lua"])
    with dogger.connect() as slow:
        slow.begin("POST", "/slow", [("Transfer-Encoding", "chunked")])
        slow.chunk("version 1")
        dogger.wait("in it")
        exchange(directory)
        assert dogger.get().text == "version 2"
        assert len(children(dogger.process.pid)) == 2
        slow.chunk("")
        assert slow.read_response().text == "version 1"
    until(lambda: len(children(dogger.process.pid)) == 1, "the old worker has ended")


@needs_landlock
def test_a_broken_version_there_leaves_the_last_good_one(serve, directory, write):
    write(version(1), "current/handler.lua")
    write("return function(", "next/handler.lua")
    dogger = serve(["current/handler.lua"])
    exchange(directory)
    dogger.wait(r"^dogger: current/handler\.lua:1: .*; the last good version goes on serving$")
    assert dogger.get().text == "version 1"
    mark = dogger.mark
    write(version(2), "current/handler.lua")
    dogger.wait("in a new worker", after=mark)
    assert dogger.get().text == "version 2"


@needs_landlock
def test_a_file_that_nobody_may_read_is_told_as_such(serve, directory, write):
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    write(version(1), "current/handler.lua")
    write(version(2), "next/handler.lua").chmod(0)
    dogger = serve(["current/handler.lua"])
    exchange(directory)
    dogger.wait(r"current/handler\.lua can't be read: permission denied")
    assert dogger.get().text == "version 1"


@needs_landlock
def test_the_end_waits_for_old_and_new_workers(serve, directory, write):
    slow = """local dogger = require "dogger"
        return function(req) print("in it") dogger.sleep(1) return "%s" end"""
    write(slow % "old", "current/handler.lua")
    write(slow % "new", "next/handler.lua")
    dogger = serve(["current/handler.lua"])
    with dogger.connect() as old:
        old.begin("GET", "/old")
        dogger.wait("in it")
        mark = dogger.mark
        exchange(directory)
        dogger.wait("in a new worker", after=mark)
        with dogger.connect() as new:
            new.begin("GET", "/new")
            dogger.wait("in it", after=mark)
            dogger.send(signal.SIGTERM)
            assert (old.read_response().text, new.read_response().text) == ("old", "new")
    assert dogger.join() == 0


@needs_landlock
@pytest.mark.parametrize("where", ["memory", "file"])
def test_old_and_new_workers_share_the_store(serve, directory, write, where):
    count = """local store = require "dogger.store"
        return function(req)
          print("in it")
          for chunk in req:chunks() do for i = 1, 10 do store.incr("n") end end
          return "%s " .. tostring(store.get("n"))
        end"""
    write(count % "old", "current/handler.lua")
    write(count % "new", "next/handler.lua")
    (directory / "data").mkdir()
    dogger = serve(["current/handler.lua"], *(["--store", "data/store.db"] if where == "file" else []))
    with dogger.connect() as old:
        old.begin("POST", "/", [("Transfer-Encoding", "chunked")])
        dogger.wait("in it")
        exchange(directory)
        dogger.wait("in a new worker")
        with dogger.connect() as new:
            new.begin("POST", "/", [("Transfer-Encoding", "chunked")])
            for _ in range(5):
                old.chunk("x")
                new.chunk("x")
            old.chunk("")
            assert old.read_response().text.startswith("old ")
            new.chunk("")
            assert new.read_response().text.startswith("new ")
    assert dogger.get().text == "new 100"


def test_the_other_machine_s_filter_compiles():
    """For arm64, whose system calls are others: every name that is denied, or tried in ConfinementTests, is one of that machine too."""
    if not ARM64.exists():
        absent("libc6-dev-arm64-cross")
    files = [ROOT / "Sources/CDogger" / name for name in ("seccomp.c", "landlock.c", "linux.c")] + [ROOT / "Tests/CSystemCalls/system_calls.c"]
    includes = ["-isystem", ARM64, "-I", ROOT / "Sources/CDogger/include", "-I", ROOT / "Tests/CSystemCalls/include"]
    # -nostdlibinc: none of this machine's headers.
    command = ["clang", "--target=aarch64-linux-gnu", "-nostdlibinc", *includes, "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only"]
    done = subprocess.run([*command, *files], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")


# What the page of --inspect needs


@needs_landlock
def test_the_inspector_s_worker_reads_nothing_of_other_processes(serve, directory, write):
    """A handler becomes a link to another process's name, which is Lua: the worker can't read it, and one that is started with that very
    directory among its own can."""
    write(version(1))
    dogger = serve(["handler.lua"], "--inspect")
    with subprocess.Popen(["sh", "-c", "printf 'return print' > /proc/self/comm; echo; read _"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        assert pathlib.Path(f"/proc/{other.pid}/comm").read_text() == "return print\n"
        (directory / "link").symlink_to(f"/proc/{other.pid}/comm")
        os.rename(directory / "link", directory / "handler.lua")
        dogger.wait("^dogger: reloaded handler.lua in a new worker, for the old one had no right to read where the files are now$")
        other.communicate(b"\n")
    # The directory is gone with its process.
    mark = dogger.mark
    write(version(2), "next.lua")
    os.rename(directory / "next.lua", directory / "handler.lua")
    dogger.wait("reloaded", after=mark)
    assert dogger.get().text == "version 2"
