"""The load: each client does one thing after the other, and says what is wrong with an answer."""

import json
import socket
import struct

from harness import Connection


class Wrong(Exception):
    """An answer that no good version could have given."""


def check(condition, what):
    if not condition:
        raise Wrong(what)


class Client:
    def __init__(self, dogger, saves, random, docker=None):
        self._dogger, self._saves, self._random, self._docker = dogger, saves, random, docker
        self.count = {}
        self.wrong = []

    def run(self, stop):
        kinds = [self.text, self.large, self.echo, self.sum, self.json, self.pattern, self.stream, self.upgrade, self.forward, self.forward_stream,
                 self.forward_upgrade, self.error, self.missing, self.malformed, self.keep_alive] * 4 + [self.drop, self.drop_answer] * 8 + [self.loop]
        while not stop.is_set():
            self.do(self.docker if self._docker and self._random.random() < 0.002 else self._random.choice(kinds))

    def do(self, kind):
        name = kind.__name__
        self.count[name] = self.count.get(name, 0) + 1
        try:
            kind()
        except (Wrong, AssertionError, OSError, ValueError) as error:
            self.wrong.append(f"{name}: {type(error).__name__}: {str(error)[:300]}")

    def _ask(self, method, target, body=None, headers=()):
        """The answer, and the versions that it may be of."""
        begun = self._saves.begin()
        with self._dogger.connect() as connection:
            answer = connection.ask(method, target, headers, body)
        return answer, self._saves.versions(begun)

    def _is_of(self, version, versions):
        check(version in versions, f"version {version}, not one of {sorted(map(int, versions))}")
        self._saves.saw(version)

    def _bytes(self, most):
        return self._random.randbytes(self._random.choice([0, 1, 100, 5000, most]))

    def text(self):
        answer, versions = self._ask("GET", "/text")
        check(answer.status == 200, answer)
        self._is_of(answer.text, versions)

    def large(self):
        answer, versions = self._ask("GET", "/large")
        version, _, rest = answer.text.partition(":")
        self._is_of(version, versions)
        check(rest == "x" * 300000, f"{len(rest)} bytes")

    def echo(self):
        body = self._bytes(200_000)
        answer, versions = self._ask("POST", "/echo", body)
        self._is_of(answer["X-Version"], versions)
        check(answer.body == body, f"{len(answer.body)} bytes of {len(body)}")

    def sum(self):
        begun = self._saves.begin()
        parts = [self._bytes(50_000) for _ in range(4)]
        with self._dogger.connect() as connection:
            connection.begin("POST", "/sum", [("Transfer-Encoding", "chunked")])
            for part in filter(None, parts):
                connection.chunk(part)
            connection.chunk("")
            answer = connection.read_response()
        version, _, size = answer.text.partition(":")
        check(size == str(sum(map(len, parts))), f"{answer.text} and not {sum(map(len, parts))} bytes")
        self._is_of(version, self._saves.versions(begun))

    def json(self):
        value = {"a": [1, 2.5, None, "x" * self._random.randrange(2000)], "b": {}, "c": []}
        answer, versions = self._ask("POST", "/json", json.dumps(value))
        check(answer.json["got"] == value, answer)
        self._is_of(answer.json["version"], versions)

    def pattern(self):
        answer, versions = self._ask("GET", "/pattern")
        version, _, rest = answer.text.partition(":")
        check(rest == "nil", answer)
        self._is_of(version, versions)

    def stream(self):
        answer, versions = self._ask("GET", "/stream")
        self._is_of(answer["X-Version"], versions)
        check(answer.text == "".join(f"{answer['X-Version']} {i}\n" for i in range(1, 11)), answer)

    def _upgrade(self, target, change, end):
        begun = self._saves.begin()
        with self._dogger.connect() as connection:
            connection.begin("POST", target, [("Connection", "Upgrade"), ("Upgrade", "tcp")])
            head = connection.read_head()
            check(head.status == 101, head)
            self._is_of(head["X-Version"], self._saves.versions(begun))
            for _ in range(3):
                text = b"hello %d" % self._random.randrange(1000)
                connection.send(text)
                check(connection.read(len(text)) == change(text), "another echo")
            connection.half_close()
            rest = connection.read_rest()
            check(rest == end(head), f"{rest[:100]} at its end")

    def upgrade(self):
        self._upgrade("/upgrade", bytes.upper, lambda head: head["X-Version"].encode())

    def forward_upgrade(self):
        self._upgrade("/up/grade", bytes, lambda head: b"")

    def forward(self, target="/up/load"):
        body = self._bytes(200_000)
        answer, versions = self._ask("POST", target, body)
        check(answer.status == 200, answer)
        self._is_of(answer["X-Version"], versions)
        check(answer.body == f"POST {target} ".encode() + body, f"{len(answer.body)} bytes of {len(body)}")

    def forward_stream(self):
        self.forward("/up/stream")

    def error(self):
        answer, versions = self._ask("GET", "/error")
        check(answer.status == 500 and ": planned " in answer.message, answer)
        self._is_of(answer.message.split("planned ")[1], versions)

    def loop(self):
        answer, _ = self._ask("GET", "/loop")
        check(answer.status == 503 and "stopped after" in answer.message, answer)

    def missing(self):
        answer, _ = self._ask("GET", "/nothing")
        check((answer.status, answer.message) == (404, "page not found"), answer)

    def malformed(self):
        with self._dogger.connect() as connection:
            answer = connection.send("GET  / HTTP/1.1\r\nHost: d\r\n\r\n").read_response()
            check(answer.status == 400 and connection.is_at_end(), answer)

    def keep_alive(self):
        with self._dogger.connect() as connection:
            for _ in range(10):
                begun = self._saves.begin()
                answer = connection.ask("GET", "/text")
                self._is_of(answer.text, self._saves.versions(begun))

    def docker(self):
        begun = self._saves.begin()
        names = self._docker("ps", "--format", "{{.Names}}").stdout.decode().split()
        versions = self._saves.versions(begun)
        check(len(names) == 1 and names[0][1:] in versions, f"docker ps says {names}, not one of {sorted(versions)}")

    # Those who go

    def _go(self, connection):
        if self._random.random() < 0.5:     # with a reset
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _request(self):
        method, target = self._random.choice([("GET", "/text"), ("GET", "/large"), ("POST", "/echo"), ("POST", "/sum"), ("GET", "/stream"), ("POST", "/upgrade"),
                                              ("POST", "/up/load"), ("POST", "/up/stream"), ("POST", "/up/grade"), ("POST", "/json")])
        body = b'["' + b"x" * self._random.choice([0, 1000, 100_000]) + b'"]' if method == "POST" and not target.endswith("grade") else b""
        upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n" if target.endswith("grade") else f"Content-Length: {len(body)}\r\n"
        return f"{method} {target} HTTP/1.1\r\nHost: d\r\n{upgrade}\r\n".encode() + body

    def drop(self):
        """Goes in the midst of its request."""
        request = self._request()
        with self._dogger.connect() as connection:
            connection.send(request[:self._random.randrange(len(request))])
            self._go(connection)

    def drop_answer(self):
        """Goes in the midst of its answer."""
        with self._dogger.connect() as connection:
            connection.send(self._request())
            connection.socket.recv(self._random.randrange(1, 2000))
            self._go(connection)
