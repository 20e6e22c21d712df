"""Every example in README.md and docs does what it says.

An example is made of fenced blocks, from its first `lua` block up to the next example's, or to the next section; docs/tutorial.md
is one example as a whole, since a reader goes through it from an empty directory to its end:

- `lua`: a file. A comment on its first line that is only a path (`-- lib/names.lua`) names it; without one it is handler.lua.
- `console`: commands behind `$ `, as one types them, and under each exactly what it prints; `...` there stands for anything on
  its line. dogger serves handler.lua meanwhile, at /tmp/dogger.sock as far as the text goes, at a private path in truth. Where a
  command is `dogger run ...` without a command of its own behind `--`, that is how it serves from there on. /var/run/docker.sock
  is the engine that the reader has, and here one that is made for the tests.
- `log`: all that dogger has written to its terminal so far.

After a command that changes a Lua file the next one waits until dogger has told that it noticed.
"""

import contextlib
import itertools
import os
import pathlib
import re
import shlex
import subprocess
import urllib.parse
from dataclasses import dataclass, field

import pytest
from harness import BINARY, PATIENCE, ROOT

PAGES = ["README.md", "docs/handler-api.md", "docs/cookbook.md", "docs/tutorial.md"]
WALKS = ["docs/tutorial.md"]
"""What is read, and run, from its beginning to its end."""
SOCKET = "/tmp/dogger.sock"
ENGINE = "/var/run/docker.sock"


@dataclass
class Example:
    page: str
    line: int
    steps: list = field(default_factory=list)
    """("console" or "log", text) or ("file", (name, text)), in their order."""

    def __str__(self):
        return f"{self.page}:{self.line}"


def blocks(page):
    """(language, text, number of its first line) of each fenced block, and ("section", its name, number of its line)."""
    language, lines = None, []
    for number, line in enumerate((ROOT / page).read_text().splitlines(), 1):
        if language is None and line.startswith("## "):
            yield "section", line[3:], number
        elif not line.startswith("```"):
            lines.append(line)
        elif language is None:
            language, lines, start = line[3:].strip(), [], number + 1
            assert language, f"{page}:{number}: a block without a language"
        else:
            yield language, "\n".join(lines), start
            language = None


def examples(page):
    found = []
    last = None
    for language, text, line in blocks(page):
        begins = page not in WALKS and (language == "lua" and last != "lua" or language == "console" and last == "section")
        if begins or language in ("lua", "console") and not found:
            found.append(Example(page, line))
        if language == "lua":
            name = re.match(r"-- ([\w./-]+\.lua)\n", text)
            found[-1].steps.append(("file", (name.group(1) if name else "handler.lua", text + "\n")))
        elif language in ("console", "log"):
            found[-1].steps.append((language, text))
        elif language != "section":
            raise AssertionError(f"{page}:{line}: what is a block of {language}? See test_docs.py")
        last = language
    return found


def commands(text):
    """(command, what it prints) of each in a console block."""
    found = []
    for line in text.split("\n"):
        if line.startswith("$ "):
            found.append([line[2:], ""])
        elif found and found[-1][0].endswith("\\"):
            found[-1][0] += "\n" + line
        else:
            found[-1][1] += line + "\n"
    return found


def as_pattern(text):
    return re.compile(".*".join(re.escape(part) for part in text.split("...")))


def assert_same(actual, expected, what):
    if not as_pattern(expected).fullmatch(actual):
        assert actual == expected, what


class Walk:
    """One example, step by step."""

    def __init__(self, example, directory, serve, request):
        self.example, self.serve, self.request = example, serve, request
        self.directory = directory / "here"
        self.directory.mkdir()
        directory.chmod(0o711)      # for examples with other users
        self.dogger = self.engine = None
        self.served = []
        if example.page not in WALKS:
            (self.directory / "examples").symlink_to(ROOT / "examples")
        (directory / "bin").mkdir()
        (directory / "bin/dogger").symlink_to(BINARY)
        home = directory / "home"
        home.mkdir()
        (home / ".curlrc").write_text("silent\n")     # as at a terminal
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "DOGGER_", "XDG_"))}
        self.environment = keep | {
            "PATH": f"{directory}/bin:{os.environ['PATH']}", "HOME": str(home), "DOCKER_CONFIG": str(home), "LC_ALL": "C.UTF-8"}

    def run(self):
        for kind, text in self.example.steps:
            if kind == "file":
                self.save(*text)
                continue
            if kind == "log":
                self.check_log(text.split("\n"))
                continue
            for command, printed in commands(text):
                self.step(command.replace("scripts/dogger", "dogger"), printed)

    def save(self, name, text):
        path = self.directory / name
        in_url = urllib.parse.quote(ENGINE, safe="")
        if in_url in text:
            self.engine = self.request.getfixturevalue("engine")
            text = text.replace(in_url, urllib.parse.quote(str(self.engine.socket), safe=""))
        with self.noticed():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def step(self, command, printed):
        if ENGINE in command:
            self.engine = self.request.getfixturevalue("engine")
            command = command.replace(ENGINE, str(self.engine.socket))
        if re.match(r"dogger run ", command) and " -- " not in command:
            self.start(*shlex.split(command)[2:])
            assert printed == "", f"{self.example}: what dogger run prints stands in a log block"
            return
        if re.search(r"(^|-- |\| )docker ", command):
            self.request.getfixturevalue("docker")
        if SOCKET in command and self.dogger is None:
            self.start("handler.lua")
        if self.dogger:
            command = command.replace(SOCKET, str(self.dogger.socket))
        with self.noticed():
            result = subprocess.run(
                ["bash", "-c", command], cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
        output = self.public(result.stdout)
        if output and not output.endswith("\n"):
            output += "\n"
        assert_same(output, printed, f"{self.example}: {command}")

    @contextlib.contextmanager
    def noticed(self):
        """Waits, where what is done inside changes a handler that is being served, until dogger has told that it noticed."""
        before, mark = self.versions(), self.dogger.mark if self.dogger else 0
        yield
        if self.versions() != before:
            self.dogger.wait(r"^dogger: (reloaded|.* goes on serving$)", after=mark)

    def versions(self):
        return [((file := self.directory / name).stat().st_mtime_ns, file.stat().st_size) for name in self.served]

    def start(self, *arguments):
        if self.dogger is not None:
            self.dogger.stop()
        self.served = [argument for argument in arguments if (self.directory / argument).is_file()]
        handlers = list(itertools.takewhile(lambda argument: not argument.startswith("-"), arguments))
        self.dogger = self.serve([pathlib.PurePath(handler) for handler in handlers], *arguments[len(handlers):],
                                 cwd=self.directory, env=self.environment)

    def public(self, text):
        """As it would be with the sockets that the reader has."""
        if self.engine:
            text = text.replace(str(self.engine.socket), ENGINE)
        return text.replace(str(self.dogger.socket), SOCKET) if self.dogger else text

    def check_log(self, expected):
        last = expected[-1].replace(SOCKET, str(self.dogger.socket))
        if self.engine:
            last = last.replace(ENGINE, str(self.engine.socket))
        self.dogger.wait(as_pattern(last).pattern + "$", after=len(expected) - 1)
        assert_same(self.public("\n".join(self.dogger.lines)), "\n".join(expected), f"{self.example}: the log")


@pytest.mark.parametrize("example", [example for page in PAGES for example in examples(page)], ids=str)
def test_an_example(example, directory, serve, request):
    assert example.steps, f"{example}: nothing shows what this handler does: put a console block under it"
    Walk(example, directory, serve, request).run()


def test_there_are_examples():
    for page in PAGES:
        assert len(examples(page)) >= 1, page


def test_the_picture_of_the_first_minute_shows_what_readme_says(directory):
    assert subprocess.run([ROOT / "scripts/tour", directory / "tour.svg"]).returncode == 0
    assert (directory / "tour.svg").read_text() == (ROOT / "docs/tour.svg").read_text(), "README has changed: scripts/tour draws it again"
