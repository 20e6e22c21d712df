"""Every example of README.md and docs/handler-api.md does what it says.

An example is made of fenced blocks, from its first `lua` block up to the next example's:

- `lua`: a file. A comment on its first line that is only a path (`-- lib/names.lua`) names it; without one it is handler.lua.
- `console`: commands behind `$ `, as one types them, and under each exactly what it prints; `...` there stands for anything on
  its line. dogger serves handler.lua meanwhile, at /tmp/dogger.sock as far as the text goes, at a private path in truth. Where a
  command is `dogger run ...` without a command of its own behind `--`, that is how it serves from there on.
- `log`: all that dogger has written to its terminal so far.

After a command that changes a Lua file the next one waits until dogger has told that it noticed. `sh` blocks are not run.
"""

import os
import pathlib
import re
import shlex
import subprocess
from dataclasses import dataclass, field

import pytest
from harness import BINARY, PATIENCE, ROOT

PAGES = ["README.md", "docs/handler-api.md"]
SOCKET = "/tmp/dogger.sock"


@dataclass
class Example:
    page: str
    line: int
    files: dict = field(default_factory=dict)
    steps: list = field(default_factory=list)
    """("console" or "log", text), in their order."""

    def __str__(self):
        return f"{self.page}:{self.line}"


def blocks(page):
    """(language, text, number of its first line) of each fenced block."""
    language, lines = None, []
    for number, line in enumerate((ROOT / page).read_text().splitlines(), 1):
        if not line.startswith("```"):
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
        if language == "lua" and last != "lua" or language == "console" and not found:
            found.append(Example(page, line))
        if language == "lua":
            name = re.match(r"-- ([\w./-]+\.lua)\n", text)
            found[-1].files[name.group(1) if name else "handler.lua"] = text + "\n"
        elif language in ("console", "log"):
            found[-1].steps.append((language, text))
        else:
            assert language == "sh", f"{page}:{line}: what is a block of {language}? See test_docs.py"
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
        self.example, self.directory, self.serve, self.request = example, directory, serve, request
        self.dogger = None
        (directory / "examples").symlink_to(ROOT / "examples")
        (directory / "bin").mkdir()
        (directory / "bin/dogger").symlink_to(BINARY)
        home = directory / "home"
        home.mkdir()
        (home / ".curlrc").write_text("silent\n")     # as at a terminal
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "DOGGER_"))}
        self.environment = keep | {
            "PATH": f"{directory}/bin:{os.environ['PATH']}", "HOME": str(home), "DOCKER_CONFIG": str(home), "LC_ALL": "C.UTF-8"}
        for name, text in example.files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self):
        for kind, text in self.example.steps:
            if kind == "log":
                self.check_log(text.split("\n"))
                continue
            for command, printed in commands(text):
                self.step(command.replace("scripts/dogger", "dogger"), printed)

    def step(self, command, printed):
        if re.match(r"dogger run ", command) and " -- " not in command:
            self.start(*shlex.split(command)[2:])
            assert printed == "", f"{self.example}: what dogger run prints stands in a log block"
            return
        if re.search(r"(^|-- |\| )docker ", command):
            self.request.getfixturevalue("docker")
        if SOCKET in command and self.dogger is None:
            self.start("handler.lua")
        before, mark = self.lua_files(), self.dogger.mark if self.dogger else 0
        if self.dogger:
            command = command.replace(SOCKET, str(self.dogger.socket))
        result = subprocess.run(
            ["bash", "-c", command], cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
        output = self.public(result.stdout)
        if output and not output.endswith("\n"):
            output += "\n"
        assert_same(output, printed, f"{self.example}: {command}")
        if self.dogger and self.lua_files() != before:
            self.dogger.wait(r"^dogger: (reloaded|.* goes on serving$)", after=mark)

    def start(self, handler, *options):
        if self.dogger is not None:
            self.dogger.stop()
        self.dogger = self.serve(pathlib.PurePath(handler), *options)

    def lua_files(self):
        """The time and the size of each."""
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in self.directory.rglob("*.lua")}

    def public(self, text):
        return text.replace(str(self.dogger.socket), SOCKET) if self.dogger else text

    def check_log(self, expected):
        self.dogger.wait(as_pattern(expected[-1].replace(SOCKET, str(self.dogger.socket))).pattern + "$", after=len(expected) - 1)
        assert_same(self.public("\n".join(self.dogger.lines)), "\n".join(expected), f"{self.example}: the log")


@pytest.mark.parametrize("example", [example for page in PAGES for example in examples(page)], ids=str)
def test_an_example(example, directory, serve, request):
    assert example.steps, f"{example}: nothing shows what this handler does: put a console block under it"
    Walk(example, directory, serve, request).run()


def test_there_are_examples():
    for page in PAGES:
        assert len(examples(page)) >= 1, page
