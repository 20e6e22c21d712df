"""A save is live for the next request, a broken one is told and changes nothing, and nobody who is being served notices."""

import os
import signal
import threading

import pytest
from harness import SANITIZER
from harness.processes import cpu_seconds, held_memory, until, worker


def version(number):
    return f"return function(req) return 'version {number}' end\n"


def in_place(path, text):
    path.write_text(text)


def by_renaming(path, text):
    """As most editors save: a new file takes the old one's name."""
    new = path.with_name(path.name + ".new~")
    new.write_text(text)
    os.replace(new, path)


def by_deleting(path, text):
    path.unlink()
    path.write_text(text)


def by_backup(path, text):
    """As vim saves with a backup: the old file moves away, and the name is free for a moment."""
    os.rename(path, path.with_name(path.name + "~"))
    path.write_text(text)


SAVES = [in_place, by_renaming, by_deleting, by_backup]


@pytest.mark.parametrize("save", SAVES)
def test_the_very_next_request_sees_a_save(serve, directory, save):
    dogger = serve(version(0))
    with dogger.connect() as connection:
        for number in range(1, 201):
            save(directory / "handler.lua", version(number))
            assert connection.ask("GET", "/").text == f"version {number}"


def test_a_new_connection_sees_a_save_too(serve, directory):
    dogger = serve(version(0))
    for number in range(1, 51):
        by_renaming(directory / "handler.lua", version(number))
        assert dogger.get().text == f"version {number}"


def test_a_save_while_a_script_runs_is_seen_by_who_comes_after_it(serve, directory):
    """Whoever connects while another client's script burns its time gets the version that was there when they came."""
    dogger = serve("return function(req) if req.path == '/burn' then local t = os.clock() while os.clock() - t < 0.3 do end end return 'version 0' end")
    pid = worker(dogger)
    for number in range(1, 4):
        used = cpu_seconds(pid)
        with dogger.connect() as burning, dogger.connect() as connected:
            connected.ask("GET", "/")
            burning.begin("GET", "/burn")
            until(lambda: cpu_seconds(pid) > used + 0.04, "the script runs")
            text = f"return function(req) if req.path == '/burn' then local t = os.clock() while os.clock() - t < 0.3 do end end return 'version {number}' end"
            by_renaming(directory / "handler.lua", text)
            with dogger.connect() as other:
                connected.begin("GET", "/")
                assert other.ask("GET", "/").text == f"version {number}"
                assert connected.read_response().text == f"version {number}"
            assert burning.read_response().text == f"version {number - 1}"


def test_the_terminal_tells_what_was_reloaded(serve, directory):
    dogger = serve(version(1))
    in_place(directory / "handler.lua", version(2))
    assert dogger.get().text == "version 2"
    dogger.wait(r"^dogger: reloaded handler\.lua \(handler\.lua changed\)$")


def test_a_required_module(serve, write):
    write("return { word = 'old' }", "lib/words.lua")
    write("return require('lib.words').word .. ' through'", "lib/through.lua")
    dogger = serve("local text = require 'lib.through' return function(req) return text end")
    assert dogger.get().text == "old through"
    for number in range(20):
        by_renaming(write("", "lib/other.txt").with_name("words.lua"), f"return {{ word = '{number}' }}")
        assert dogger.get().text == f"{number} through"
    dogger.wait(r"reloaded handler\.lua \(lib/words\.lua changed\)")


def test_a_file_that_was_read(serve, write):
    path = write("one", "data.txt")
    dogger = serve("local text = require('dogger').read_file('data.txt') return function(req) return text end")
    assert dogger.get().text == "one"
    for number in range(20):
        in_place(path, f"data {number}")
        assert dogger.get().text == f"data {number}"


def test_a_file_read_by_a_request(serve, write):
    path = write("one", "data.txt")
    dogger = serve("return function(req) return require('dogger').read_file('data.txt') end")
    assert dogger.get().text == "one"
    in_place(path, "two")
    assert dogger.get().text == "two"


def test_a_broken_save_keeps_the_last_good_version(serve, directory):
    dogger = serve(version(1))
    mark = dogger.mark
    in_place(directory / "handler.lua", "return function(req)\n  return 'version 2\nend\n")
    dogger.wait(r"handler\.lua:2: ", after=mark)
    dogger.wait(r"last good version of handler\.lua goes on serving", after=mark)
    assert dogger.get().text == "version 1"
    in_place(directory / "handler.lua", version(3))
    assert dogger.get().text == "version 3"


@pytest.mark.parametrize("text,message", [
    ("error('at the top')", r"handler\.lua:1: at the top"),
    ("return 42", r"handler\.lua.*(number|function)"),
    ("", r"handler\.lua.*"),
    ("return { ['GET x'] = print }", r"route \"GET x\""),
    ("return function(req) return x end local y = 1", r"handler\.lua:1: "),
    ("require 'missing'", r"no module 'missing'"),
    ("x = 1 return function() end", r"'x' is a global variable"),
    ("while true do end", r"handler\.lua:1: stopped after \d s"),
])
def test_every_broken_version_is_told(serve, directory, text, message):
    dogger = serve(version(1))
    mark = dogger.mark
    by_renaming(directory / "handler.lua", text)
    dogger.wait(message, after=mark)
    dogger.wait("last good version", after=mark)
    assert dogger.get().text == "version 1"


def test_a_module_that_was_missing_makes_the_next_version(serve, directory, write):
    dogger = serve(version(1))
    in_place(directory / "handler.lua", "local word = require 'later' return function(req) return word end")
    dogger.wait(r"no module 'later'")
    assert dogger.get().text == "version 1"
    write("return 'now'", "later.lua")
    assert dogger.get().text == "now"


def test_deleting_and_making_again(serve, directory):
    dogger = serve(version(1))
    (directory / "handler.lua").unlink()
    assert dogger.get().text == "version 1"
    dogger.wait(r"handler\.lua: there is no such file.*goes on serving")
    (directory / "handler.lua").write_text(version(2))
    assert dogger.get().text == "version 2"


def test_a_save_that_changes_nothing_but_the_time_is_harmless(serve, directory):
    dogger = serve("local count = 0 return function(req) count = count + 1 return tostring(count) end")
    assert [dogger.get().text for _ in range(3)] == ["1", "2", "3"]


def test_state_lives_until_the_next_reload(serve, directory):
    text = "local count = 0 return function(req) count = count + 1 return tostring(count) end"
    dogger = serve(text)
    assert [dogger.get().text for _ in range(3)] == ["1", "2", "3"]
    by_renaming(directory / "handler.lua", text)
    assert [dogger.get().text for _ in range(2)] == ["1", "2"]


def test_a_request_in_flight_ends_on_the_version_that_it_began_with(serve, directory):
    def slow(number):
        return f"""local dogger = require "dogger"
            return function(req)
              if req.path == "/now" then return "version {number}" end
              return {{ body = function(out)
                out:write("begun on {number} ")
                out:write(req.body, " ended on {number}")
              end }}
            end"""

    dogger = serve(slow(1))
    with dogger.connect() as connection:
        connection.begin("POST", "/slow", [("Content-Length", "4")])
        connection.read_head()
        assert connection.read_chunk() == b"begun on 1 "
        for number in (2, 3):
            in_place(directory / "handler.lua", slow(number))
            assert dogger.get("/now").text == f"version {number}"
        connection.send("body")
        assert connection.read_chunk() == b"body ended on 1"
        assert connection.read_chunk() == b""
        assert connection.ask("GET", "/now").text == "version 3"


def test_an_upgrade_in_flight_survives(serve, directory):
    dogger = serve("return function(req) return { upgrade = function(s) while true do s:write(s:read() or s:close()) end end } end")
    with dogger.connect() as connection:
        connection.begin("POST", "/", [("Connection", "Upgrade"), ("Upgrade", "tcp")])
        connection.read_head()
        in_place(directory / "handler.lua", version(2))
        assert dogger.get().text == "version 2"
        connection.send("still there")
        assert connection.read(11) == b"still there"


def test_no_request_is_lost_while_saving_under_load(serve, directory):
    dogger = serve(version(0))
    saved = 0
    problems = []
    is_over = threading.Event()

    def load():
        try:
            with dogger.connect() as connection:
                while not is_over.is_set():
                    least = saved       # saved before the request was sent, so it must be seen
                    answer = connection.ask("GET", "/")
                    if answer.status != 200 or int(answer.text.removeprefix("version ")) < least:
                        problems.append((least, answer))
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 201):
        SAVES[1](directory / "handler.lua", version(number))
        saved = number
    is_over.set()
    for thread in threads:
        thread.join()
    assert not problems, problems[:3]


def test_memory_does_not_grow_with_reloads(serve, directory):
    dogger = serve(version(0))
    sizes = []
    with dogger.connect() as connection:
        for number in range(1, 401):
            by_renaming(directory / "handler.lua", version(number))
            assert connection.ask("GET", "/").text == f"version {number}"
            if number in (200, 400):
                sizes.append(held_memory(worker(dogger)))
    assert sizes[1] - sizes[0] < 4 << 20, sizes


def test_a_save_that_hoards_leaves_no_memory(serve, directory):
    """It does not load, so its VM goes, and the memory with it."""

    dogger = serve(version(0), "--script-timeout", "10s")
    before, mark = held_memory(worker(dogger)), dogger.mark
    by_renaming(directory / "handler.lua", "local t = {} for i = 1, 100000 do t[i] = ('x'):rep(1000) .. i end error('enough')")
    dogger.wait("the last good version of handler.lua goes on serving", mark)
    assert dogger.get().text == "version 0"
    assert SANITIZER or held_memory(worker(dogger)) - before < 16 << 20     # with a sanitizer most of the memory is its own


def test_several_handlers_reload_together(serve, write, directory):
    first = write("return { ['GET /a'] = function() return 'a1' end }", "a.lua")
    second = write("return { ['GET /b'] = function() return 'b1' end }", "b.lua")
    dogger = serve(first, second)
    in_place(second, "return { ['GET /b'] = function() return 'b2' end }")
    assert dogger.get("/b").text == "b2"
    in_place(first, "return { ['GET /a'] = function() return 'a2' end }")
    assert (dogger.get("/a").text, dogger.get("/b").text) == ("a2", "b2")


def test_sighup_reloads(serve):
    dogger = serve("local count = 0 return function(req) count = count + 1 return tostring(count) end")
    assert [dogger.get().text for _ in range(2)] == ["1", "2"]
    dogger.send(signal.SIGHUP)
    dogger.wait(r"^dogger: reloaded handler\.lua$")
    assert dogger.get().text == "1"


def test_a_handler_behind_a_link(serve, directory, write):
    real = write(version(1), "real/handler.lua")
    link = directory / "link.lua"
    link.symlink_to(real)
    dogger = serve(link)
    in_place(real, version(2))
    assert dogger.get().text == "version 2"
    other = write(version(3), "other.lua")
    new = directory / "new"
    new.symlink_to(other)
    os.replace(new, link)
    assert dogger.get().text == "version 3"


def test_a_folder_that_is_exchanged_as_a_whole(serve, directory, write):
    write(version(1), "current/handler.lua")
    write(version(2), "next/handler.lua")
    dogger = serve(directory / "current/handler.lua")
    os.rename(directory / "current", directory / "old")
    os.rename(directory / "next", directory / "current")
    assert dogger.get().text == "version 2"
