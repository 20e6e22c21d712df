"""The man pages say what the command line says of itself: scripts/man makes them of it."""

import json
import re
import shutil
import subprocess

import pytest
from conftest import absent
from harness import ROOT, finish

PAGES = ROOT / "docs/man"


def commands(command, path=()):
    """(page's name, command) of each, from the parser's own description."""
    path = (*path, command["commandName"])
    yield ".".join(path), command
    for inner in command.get("subcommands", []):
        if inner["commandName"] != "help" and inner.get("shouldDisplay", True):
            yield from commands(inner, path)


COMMANDS = dict(commands(json.loads(finish("--experimental-dump-help").stdout)["command"]))


def words(page):
    """A page as one line of words, without the marks of mdoc(7)."""
    text = re.sub(r"^\.(\\\"|Dd|Dt|Os|Sh|It|Fl|Ar|Nm|Pp|Bl|El|Nd|Xr|An|Op)\b", "", page, flags=re.MULTILINE)
    return re.sub(r"\s+", " ", text.replace("\\&", "").replace("\\-", "-").replace("\\\\", "\\"))


def test_each_command_has_a_page_and_no_other_has_one():
    assert {path.stem for path in PAGES.glob("*.1")} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_has_what_the_command_says(name):
    page = (PAGES / f"{name}.1").read_text()
    text = words(page)
    for argument in COMMANDS[name].get("arguments", []):
        if not argument.get("shouldDisplay", True):
            continue
        assert words(argument.get("abstract", "")).strip() in text, f"{name}: {argument}: run scripts/man"
        for option in argument.get("names", []):
            assert option["name"] in text, f"{name}: --{option['name']} is not on its page: run scripts/man"
    options = {option["name"] for argument in COMMANDS[name].get("arguments", []) for option in argument.get("names", [])}
    assert set(re.findall(r"^\.It Fl -([\w-]+)", page, re.MULTILINE)) <= options, f"{name}: run scripts/man"
    for paragraph in COMMANDS[name].get("discussion", "").split("\n"):
        assert words(paragraph).strip() in text, f"{name}: run scripts/man"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_can_be_shown(name):
    if shutil.which("man") is None:
        absent("man")
    shown = subprocess.run(["man", "--warnings", "-l", PAGES / f"{name}.1"], capture_output=True, text=True, check=True)
    assert shown.stderr == "" and "dogger" in shown.stdout
