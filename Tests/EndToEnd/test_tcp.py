"""Who may ask over TCP, which has no file with a mode."""

import subprocess

import pytest
from harness import BINARY

HELLO = "return function(req) return 'hello' end"


def ask(dogger, *headers):
    with dogger.connect() as connection:
        return connection.ask("GET", "/", list(headers))


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1", "127.8.9.10:99", "[::1]:9000", "LOCALHOST", "app.localhost"])
def test_names_of_this_machine_are_answered(serve, host):
    assert ask(serve(HELLO, tcp=True), ("Host", host)).body == b"hello"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9000", "127.0.0.1.evil.example", "127.0.0", "10.0.0.1", "localhost.evil.example"])
def test_other_names_are_not(serve, host):
    answer = ask(serve(HELLO, tcp=True), ("Host", host))
    assert answer.status == 421
    assert answer.json == {"message": f"This server answers to localhost and loopback addresses only, not to the host {host}."}


def test_a_page_of_another_origin_is_refused_unless_it_is_allowed(serve):
    origin = ("Origin", "http://page.example")
    answer = ask(serve(HELLO, tcp=True), ("Host", "localhost"), origin)
    assert answer.status == 403
    assert "--allow-origin http://page.example" in answer.json["message"]
    allowing = serve(HELLO, "--allow-origin", "http://page.example", tcp=True)
    assert ask(allowing, ("Host", "localhost"), origin).body == b"hello"
    assert ask(allowing, ("Host", "localhost"), ("Origin", "http://page.example.evil")).status == 403


def test_a_unix_socket_asks_for_neither(serve):
    dogger = serve(HELLO)
    with dogger.connect() as connection:
        assert connection.ask("GET", "/", [("Host", "any.example"), ("Origin", "http://page.example")]).body == b"hello"


def test_an_address_that_others_reach_has_to_be_meant(directory, write):
    write(HELLO)
    done = subprocess.run([BINARY, "run", "handler.lua", "--listen", "0.0.0.0:0"], cwd=directory, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "add --public if that is meant" in done.stderr
