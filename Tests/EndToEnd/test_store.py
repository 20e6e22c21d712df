"""dogger.store: what outlives what, with workers and doggers that are killed at any moment."""

import fcntl
import os
import random
import sqlite3
import stat
import subprocess
import threading
import time

import pytest
from harness import PATIENCE, Dogger, finish
from harness.processes import kill, until, worker

STORE = """
local store = require "dogger.store"
return {
  ["POST /incr/{key}"] = function(req) return store.incr(req.params.key) .. "" end,
  ["POST /update/{key}"] = function(req)
    return store.update(req.params.key, function(list) list = list or {} list[#list + 1] = #list + 1 return list end)[1] .. ""
  end,
  ["PUT /{key}"] = function(req) store.set(req.params.key, req.body) return "set" end,
  ["GET /{key}"] = function(req) local value = store.get(req.params.key) return value and tostring(value) end,
  ["GET /"] = function(req) return { json = store.keys() } end,
}
"""

LOOP = """
local store, dogger = require "dogger.store", require "dogger"
return function(req)
  if req.path == "/loop" then print("in the loop") dogger.sleep(0.05)
    while true do pcall(store.set, "k", 1) end
  end
  return store.get("k") and "set" or "hello"
end
"""


def test_it_outlives_reloads_and_workers_but_not_dogger(serve, directory):
    dogger = serve(STORE)
    assert dogger.request("PUT", "/a", body=b"one\xff\0").text == "set"
    mark = dogger.mark
    with open(directory / "handler.lua", "a") as file:
        file.write("-- saved\n")
    dogger.wait("^dogger: reloaded", mark)
    assert dogger.get("/a").body == b"one\xff\0"
    for number in range(1, 4):
        mark = dogger.mark
        kill(dogger)
        dogger.wait("^dogger: serving again$", mark)
        assert dogger.get("/a").body == b"one\xff\0"
        assert dogger.post("/incr/n", b"").text == str(number)
    assert sorted(os.listdir(directory)) == ["0.sock", "handler.lua"], "it is in memory"
    dogger.stop()
    assert serve(STORE).get("/a").status == 404


def test_with_a_file_it_outlives_dogger(serve, directory):
    old = os.umask(0)
    try:
        dogger = serve(STORE, "--store", "s.db")
    finally:
        os.umask(old)
    assert dogger.request("PUT", "/a", body=b"one").text == "set"
    for name in ("s.db", "s.db-wal", "s.db-shm"):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600, name
    kill(dogger)
    assert dogger.get("/a").text == "one"
    dogger.stop()
    assert not (directory / "s.db-wal").exists()
    assert serve(STORE, "--store", "s.db").get("/a").text == "one"
    with sqlite3.connect(directory / "s.db") as database:
        assert database.execute("SELECT CAST(key AS TEXT), CAST(value AS TEXT) FROM store").fetchall() == [("a", "one")]
    database.close()


class Writer(threading.Thread):
    """Changes values as fast as it can, until it is told to end, and knows what it was told to be stored."""

    def __init__(self, dogger, name):
        super().__init__()
        self.dogger, self.key = dogger, name
        self.acknowledged, self.sent = 0, 0
        self.is_over = threading.Event()
        self.start()

    def run(self):
        while not self.is_over.is_set():
            try:
                with self.dogger.connect() as connection:
                    while not self.is_over.is_set():
                        self.sent += 1
                        answer = connection.ask("PUT", f"/{self.key}", body=b"%d " % self.sent * (self.sent % 7 * 300 + 1))
                        assert answer.text == "set", answer.text
                        self.acknowledged = self.sent
            except OSError:
                continue
            except AssertionError as error:
                # The answer broke off; what was sent may be stored, or not.
                if "set" in str(error):
                    raise

    def end(self):
        self.is_over.set()
        self.join(PATIENCE)


def check(writer, text):
    """The value is whole, and no older than the last that was acknowledged. `sent` may have gone in too, or an earlier one whose
    answer was lost."""
    number = int(text.split()[0])
    assert writer.acknowledged <= number <= writer.sent
    assert text == f"{number} " * (number % 7 * 300 + 1)


def test_what_was_set_is_there_after_each_kill_of_dogger(serve, directory):
    """With a file. The parent is killed, and takes its worker along."""
    chance = random.Random(7)
    (directory / "handler.lua").write_text(STORE)
    for number in range(12):
        socket = directory / f"killed{number}.sock"
        dogger = Dogger(["run", "handler.lua", "--socket", socket, "--store", "s.db", "--quiet"], directory, socket).ready()
        writers = [Writer(dogger, name) for name in ("a", "b", "c")]
        enough = chance.randrange(3, 120)
        until(lambda: sum(writer.acknowledged for writer in writers) > enough, "values are set")
        for writer in writers:
            writer.is_over.set()
        dogger.process.kill()
        dogger.join()
        for writer in writers:
            writer.end()
        after = serve(STORE, "--store", "s.db", "--quiet")
        for writer in writers:
            if writer.acknowledged:
                check(writer, after.get(f"/{writer.key}").text)
        after.stop()
    with sqlite3.connect(directory / "s.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


@pytest.mark.parametrize("options", [(), ("--store", "s.db")], ids=["in memory", "in a file"])
def test_what_was_set_is_there_after_each_kill_of_a_worker(serve, options):
    dogger = serve(STORE, "--quiet", *options)
    writers = [Writer(dogger, name) for name in ("a", "b", "c")]
    chance = random.Random(11)
    for _ in range(12):
        before, mark = [writer.sent for writer in writers], dogger.mark
        enough = chance.randrange(1, 60)
        until(lambda: all(writer.sent > old + enough for writer, old in zip(writers, before)), "values are set")
        acknowledged = [writer.acknowledged for writer in writers]
        kill(dogger)
        dogger.wait("^dogger: serving again$", mark)
        for writer, old in zip(writers, acknowledged):
            if old:
                assert int(dogger.get(f"/{writer.key}").text.split()[0]) >= old
    for writer in writers:
        writer.end()
        check(writer, dogger.get(f"/{writer.key}").text)


def test_several_doggers_on_one_file(directory):
    """All begin at once, on a file that none of them has made yet, and all count."""
    (directory / "handler.lua").write_text(STORE)
    sockets = [directory / f"several{number}.sock" for number in range(3)]
    doggers = [Dogger(["run", "handler.lua", "--socket", path, "--store", "s.db", "--quiet"], directory, path) for path in sockets]
    try:
        for dogger in doggers:
            dogger.ready()
        faults = []

        def count(dogger):
            with dogger.connect() as connection:
                for _ in range(60):
                    for target in ("/incr/n", "/update/list"):
                        answer = connection.ask("POST", target, body=b"")
                        if answer.status != 200:
                            faults.append(answer.text)

        threads = [threading.Thread(target=count, args=[dogger]) for dogger in doggers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(3 * PATIENCE)
        assert faults == []
        assert doggers[0].get("/n").text == "180"
        kill(doggers[1])
        assert doggers[1].post("/incr/n", b"").text == "181"
    finally:
        for dogger in doggers:
            dogger.stop()
    with sqlite3.connect(directory / "s.db") as database:
        (value,), = database.execute("SELECT value FROM store WHERE key = CAST('list' AS BLOB)")
    database.close()
    assert value == "[" + ",".join(map(str, range(1, 181))) + "]"


# What can't be used


def refused(directory, *options):
    (directory / "handler.lua").write_text(STORE)
    result = finish("run", "handler.lua", "--socket", "s", *options, cwd=directory)
    assert result.returncode == 1 and result.stdout == ""
    assert not (directory / "s").exists()
    return result.stderr


def test_a_file_that_is_no_database(directory):
    (directory / "notes.txt").write_text("milk, eggs\n" * 100)
    assert refused(directory, "--store", "notes.txt") == (
        "dogger: the store notes.txt is not an SQLite database, and was left as it is: name another file with --store\n")
    assert (directory / "notes.txt").read_text() == "milk, eggs\n" * 100


def test_the_database_of_another_program(directory):
    with sqlite3.connect(directory / "cookies.db") as database:
        database.execute("CREATE TABLE cookies (name)")
    database.close()
    before = (directory / "cookies.db").read_bytes()
    assert "is an SQLite database of another program" in refused(directory, "--store", "cookies.db")
    assert (directory / "cookies.db").read_bytes() == before


def test_a_directory_that_is_not_there(directory):
    message = refused(directory, "--store", "no/s.db")
    assert "the store no/s.db can't be opened: No such file or directory" in message


def test_wrong_limits(directory):
    assert finish("run", "handler.lua", "--store-limit", "none", cwd=directory).returncode == 2


def test_the_limit(serve):
    dogger = serve(STORE, "--store-limit", "1MiB")
    assert dogger.request("PUT", "/a", body=b"x" * 500_000).text == "set"
    answer = dogger.request("PUT", "/b", body=b"x" * 700_000)
    assert answer.status == 500
    assert answer.json["message"] == "handler.lua:8: the store is full: what it holds may take 1 MiB, and --store-limit raises that"
    assert dogger.get("/").json == ["a"]


def test_a_full_disk(serve, directory):
    """A small disk, in memory."""
    (directory / "disk").mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory / "disk"]).returncode != 0:
        pytest.skip("that needs a right to mount")
    try:
        dogger = serve(STORE, "--store", "disk/s.db")
        assert dogger.request("PUT", "/a", body=b"x").text == "set"
        answer = dogger.request("PUT", "/b", body=b"x" * (2 << 20))
        assert answer.status == 500
        assert answer.json["message"] == "handler.lua:8: there is no space left on the disk of the store disk/s.db"
        assert dogger.get("/a").text == "x"
        assert dogger.request("PUT", "/a", body=b"y").text == "set"
        dogger.stop()
    finally:
        subprocess.run(["umount", directory / "disk"], check=True)


def test_a_file_that_is_taken_away(serve, directory):
    dogger = serve(STORE, "--store", "s.db")
    assert dogger.request("PUT", "/a", body=b"x").text == "set"
    (directory / "s.db").rename(directory / "t.db")
    answer = dogger.request("PUT", "/a", body=b"y")
    assert answer.status == 500 and "the store s.db was moved or removed while dogger had it open" in answer.json["message"]
    (directory / "t.db").rename(directory / "s.db")
    assert dogger.request("PUT", "/a", body=b"z").text == "set"


def test_files_beside_it_that_are_taken_away(serve, directory):
    """What is in the log, and was acknowledged, would be lost with the worker: so no more is taken in, and the end saves it."""
    dogger = serve(STORE, "--store", "s.db")
    assert dogger.request("PUT", "/a", body=b"x").text == "set"
    (directory / "s.db-wal").unlink()
    answer = dogger.request("PUT", "/a", body=b"y")
    assert answer.status == 500 and "s.db-wal or s.db-shm, which belong to the store s.db, were moved or removed" in answer.json["message"]
    assert dogger.get("/a").text == "x"
    dogger.stop()
    assert serve(STORE, "--store", "s.db").get("/a").text == "x"


def test_a_script_that_waits_for_the_store_again_and_again(serve, directory):
    """It uses no CPU, but nobody else is served meanwhile: so that is its own time, too."""
    dogger = serve(LOOP, "--store", "s.db", "--script-timeout", "200ms")
    assert dogger.get("/").text == "hello"
    database = sqlite3.connect(directory / "s.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    with dogger.connect() as looping, dogger.connect() as other:
        start = time.monotonic()
        looping.begin("GET", "/loop")
        dogger.wait("in the loop")
        other.begin("GET", "/")
        answer = looping.read_response()
        assert (answer.status, answer.message) == (503, "handler.lua:5: stopped after 0.2 s of CPU and of waiting for the store")
        assert other.read_response().text == "hello"
    # One wait for the other process is a second, and the next is not begun.
    assert time.monotonic() - start < 10
    database.execute("ROLLBACK")
    database.close()
    assert dogger.get("/").text == "hello"


def test_who_writes_without_a_pause_lets_others_in(serve, directory):
    """Another dogger that waits for the file holds its turn, which is a lock on the log; it passes it on when it has the file."""
    dogger = serve(STORE, "--store", "s.db")
    assert dogger.request("PUT", "/a", body=b"x").text == "set"
    database = sqlite3.connect(directory / "s.db", isolation_level=None)
    with open(directory / "s.db-wal") as log, dogger.connect() as waiting:

        def is_taken():
            try:
                fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            fcntl.flock(log, fcntl.LOCK_UN)
            return False

        database.execute("BEGIN IMMEDIATE")
        waiting.begin("PUT", "/a", body=b"y")
        until(is_taken, "dogger waits for its turn")
        database.execute("ROLLBACK")
        assert waiting.read_response().text == "set"
        until(lambda: not is_taken(), "the turn is passed on")
        fcntl.flock(log, fcntl.LOCK_EX)
        answer = dogger.request("PUT", "/a", body=b"z")
        assert answer.status == 500 and "is busy: another process has held it for a second" in answer.json["message"]
        assert dogger.get("/a").text == "y"
        fcntl.flock(log, fcntl.LOCK_UN)
        assert dogger.request("PUT", "/a", body=b"z").text == "set"
    database.close()


def test_a_writer_that_holds_the_file(serve, directory):
    dogger = serve(STORE, "--store", "s.db")
    assert dogger.request("PUT", "/a", body=b"x").text == "set"
    database = sqlite3.connect(directory / "s.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    answer = dogger.request("PUT", "/a", body=b"y")
    assert answer.status == 500 and "the store s.db is busy: another process has held it for a second" in answer.json["message"]
    assert dogger.get("/a").text == "x"
    database.execute("ROLLBACK")
    database.close()
    assert dogger.request("PUT", "/a", body=b"y").text == "set"


def test_nothing_is_opened_before_it_is_used(serve):
    """SQLite comes with the first call: a handler that stores nothing has no descriptor and no memory for it."""
    dogger = serve("return function(req) return req.path == '/use' and require('dogger.store').incr('n') .. '' or 'hello' end")
    pid = worker(dogger)

    def private():
        lines = open(f"/proc/{pid}/smaps_rollup").read().split("\n")
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))

    assert dogger.get("/").text == "hello"
    before = private()
    assert dogger.get("/use").text == "1"
    assert private() > before + 64, "so this would be seen"


def test_a_command_has_a_store_too(directory, write):
    write(STORE)
    result = finish(
        "run", "handler.lua", "--store", "s.db", "--", "sh", "-c",
        "curl -s --unix-socket $DOGGER_SOCKET -X POST http://d/incr/n", cwd=directory)
    assert (result.returncode, result.stdout) == (0, "1")
    assert sorted(os.listdir(directory)) == ["handler.lua", "s.db"]


def test_a_handler_that_needs_a_file(directory, write):
    write("-- Counts.\n-- @needs store\n" + STORE)
    refused = finish("run", "handler.lua", "--", "true", cwd=directory)
    assert (refused.returncode, refused.stderr) == (1, "dogger: handler.lua needs what it was not given: add --store FILE\n")
    assert finish("run", "handler.lua", "--store", "s.db", "--", "true", cwd=directory).returncode == 0
