"""An HTTP client that hides nothing: what is sent is what the test wrote, and of an answer every byte can be looked at."""

import json
import socket

from .patience import PATIENCE


class Response:
    def __init__(self, status, reason, version, headers):
        self.status = status
        self.reason = reason
        self.version = version
        self.headers = headers
        self.body = b""
        self.chunks = None
        """The chunks of a chunked body, one by one."""

    def __getitem__(self, name):
        """The value of a field, or None; fields of one name are joined."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        """The message of an error in Docker's shape."""
        return self.json["message"]

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.headers} {self.body[:400]!r}>"


class Connection:
    """One connection, to a path or a (host, port)."""

    def __init__(self, address, timeout=PATIENCE):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self._bytes = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    # Out

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)
        return self

    def begin(self, method, target, headers=(), body=None, version="1.1"):
        """Sends a request, and reads nothing."""
        data = body.encode() if isinstance(body, str) else body
        lines = [f"{method} {target} HTTP/{version}"]
        names = {name.lower() for name, _ in headers}
        if "host" not in names and version == "1.1":
            lines.append("Host: d" if self.socket.family == socket.AF_UNIX else "Host: localhost")
        lines += [f"{name}: {value}" for name, value in headers]
        if data is not None and not names & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {len(data)}")
        return self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (data or b""))

    def chunk(self, data):
        """Sends one chunk of a chunked body; an empty one ends it."""
        data = data.encode() if isinstance(data, str) else data
        return self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    # In

    def _more(self):
        data = self.socket.recv(1 << 20)
        self._bytes += data
        return data != b""

    def _take(self, count):
        data = bytes(self._bytes[:count])
        del self._bytes[:count]
        return data

    def read(self, count):
        """Exactly `count` bytes."""
        while len(self._bytes) < count:
            assert self._more(), f"the end, after {self._bytes[-400:]!r}, in place of {count} bytes"
        return self._take(count)

    def read_some(self):
        """What is here, or else what comes next; empty at the end."""
        if not self._bytes:
            self._more()
        return self._take(len(self._bytes))

    def read_until(self, mark):
        """All up to and with `mark`."""
        start = 0
        while (found := self._bytes.find(mark, start)) < 0:
            start = max(0, len(self._bytes) - len(mark))
            assert self._more(), f"the end, after {self._bytes[-400:]!r}, in place of {mark!r}"
        return self._take(found + len(mark))

    def read_rest(self):
        """All up to the end of the connection."""
        while self._more():
            pass
        return self._take(len(self._bytes))

    def is_at_end(self):
        """Whether the server has closed, with nothing more to read. Waits for either."""
        return not self._bytes and not self._more()

    def read_head(self):
        lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")[:-2]
        version, status, reason = lines[0].split(" ", 2)
        return Response(int(status), reason, version, [tuple(line.split(": ", 1)) for line in lines[1:]])

    def read_chunk(self):
        """The next chunk of a chunked body; empty for the last one."""
        size = int(self.read_until(b"\r\n"), 16)
        data = self.read(size)
        assert self.read(2) == b"\r\n"
        return data

    def read_response(self, method="GET"):
        """The whole of the next answer."""
        response = self.read_head()
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        if response["Transfer-Encoding"] == "chunked":
            response.chunks = list(iter(self.read_chunk, b""))
            response.body = b"".join(response.chunks)
        elif response["Content-Length"] is not None:
            response.body = self.read(int(response["Content-Length"]))
        else:
            response.body = self.read_rest()
        return response

    def ask(self, method, target, headers=(), body=None, version="1.1"):
        self.begin(method, target, headers, body, version)
        return self.read_response(method)
