"""A dogger process under test."""

import os
import pathlib
import re
import signal
import subprocess
import threading
import time

from .http import Connection
from .patience import PATIENCE

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("DOGGER_BINARY", ROOT / ".build/release/dogger"))
"""The release build, or another one: of a sanitizer, say."""


def finish(*arguments, **options):
    """Runs dogger to its end, with text or, given `text=False`, bytes for its output."""
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": PATIENCE} | options
    done = subprocess.run([BINARY, *arguments], **options)
    errors = done.stderr or ""
    assert not findings((errors if isinstance(errors, str) else errors.decode(errors="replace")).splitlines()), errors
    return done


def findings(lines):
    """The lines in which a sanitizer tells what it has found."""
    return [line for line in lines if re.search(r"(ERROR|WARNING): \w+Sanitizer|runtime error: ", line)]


class Dogger:
    """`dogger run`, from its start to its end. Its log, standard error, is kept line by line."""

    def __init__(self, arguments, directory, socket=None, prefix=(), **options):
        """Starts `dogger` with `arguments` in `directory`; `socket` is the path that it was told to serve at, if any. With a
        `prefix`, that command is started with the binary and the arguments at its end."""
        self.socket = socket
        self.addresses = []
        self._lines = []
        self._change = threading.Condition()
        self._is_over = False
        self.process = subprocess.Popen(
            [*prefix, BINARY, *map(str, arguments)], cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, **options)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self._change:
                self._lines.append(line.decode(errors="replace").rstrip("\n"))
                self._change.notify_all()
        with self._change:
            self._is_over = True
            self._change.notify_all()

    # The log

    @property
    def lines(self):
        """The log as far as it has come."""
        with self._change:
            return list(self._lines)

    @property
    def mark(self):
        """Where the log ends now, for `wait(..., after=mark)`."""
        with self._change:
            return len(self._lines)

    @property
    def requests(self):
        """The requests in the log, as `METHOD target`."""
        return [line[2:] for line in self.lines if line.startswith("> ")]

    def all_requests(self):
        """As `requests`, up to now: the log is written when dogger is idle, so one more request is made and waited for."""
        mark, sign = self.mark, f"/sign-{time.monotonic_ns()}"
        self.get(sign)
        self.wait(f"^> GET {sign}$", after=mark)
        return [request for request in self.requests if not request.startswith("GET /sign-")]

    def wait(self, pattern, after=0):
        """Waits for a line of the log that the pattern is found in, and returns the match."""
        deadline = time.monotonic() + PATIENCE
        with self._change:
            position = after
            while True:
                for line in self._lines[position:]:
                    if match := re.search(pattern, line):
                        return match
                position = max(after, len(self._lines))
                left = deadline - time.monotonic()
                if self._is_over or left <= 0:
                    log = "\n".join(self._lines[after:])
                    raise AssertionError(f"no line of the log matches {pattern!r}:\n{log}")
                self._change.wait(left)

    def ready(self, listeners=1):
        """Waits until it serves at that many addresses."""
        position = 0
        for _ in range(listeners):
            self.addresses.append(self.wait(r'^(?:dogger: |.*"message":")serving .* on ([^\s"]+)(?:"}|$)', position).group(1))
            position = 1 + next(i for i, line in enumerate(self.lines) if line.removesuffix('"}').endswith(" on " + self.addresses[-1]))
        return self

    # Requests

    def connect(self):
        """A new connection: to the socket, or to the TCP address where there is no socket."""
        if self.socket is not None:
            return Connection(str(self.socket))
        host, port = re.fullmatch(r"tcp://\[?(.*?)\]?:(\d+)", self.addresses[0]).groups()
        return Connection((host, int(port)))

    def request(self, method, target, headers=(), body=None):
        """One request on a connection of its own."""
        with self.connect() as connection:
            return connection.ask(method, target, headers, body)

    def get(self, target="/", headers=()):
        return self.request("GET", target, headers)

    def post(self, target, body, headers=()):
        return self.request("POST", target, headers, body)

    # The end

    @property
    def is_running(self):
        return self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def join(self):
        """Waits for its end, and returns the exit status."""
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.output = self.process.stdout.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return status

    def stop(self):
        """Ends it as a user does, and checks that it leaves nothing behind."""
        if self.process.stdout.closed:
            return
        try:
            if self.is_running:
                self.send(signal.SIGTERM)
            status = self.join()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("dogger did not end at SIGTERM:\n" + "\n".join(self.lines)) from None
        assert not findings(self.lines), "\n".join(self.lines)
        assert status == 0, f"dogger ended with {status}:\n" + "\n".join(self.lines)
        assert self.socket is None or not os.path.lexists(self.socket), "the socket's file was left behind"
