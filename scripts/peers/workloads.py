"""What is asked of a server, and how its answer is checked before it is timed."""

import http.client
import json
import pathlib
import socket

from .process import Failed

HERE = pathlib.Path(__file__).parent


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket; `timeout` in seconds."""

    def __init__(self, path, timeout=10):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Workload:
    """A request, and the bytes of body and the media type that must come back."""

    def __init__(self, name, method, target, media_type, answer, body=None):
        self.name = name
        self.method = method
        self.target = target
        self.media_type = media_type
        self.answer = answer
        self.body = body

    def is_right(self, body):
        return body == self.answer

    def check(self, path):
        """Asks the server at the socket `path` twice over one connection, for a server that closes it can't be compared.

        Returns the length of the body; raises Failed when an answer is wrong.
        """
        connection = UnixConnection(path)
        try:
            length = self.check_answer(connection)
            if connection.sock is None:
                raise Failed(f"{self.name}: the server closes the connection after its answer")
            return max(length, self.check_answer(connection))
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"{self.name}: no answer ({error!r})") from None
        finally:
            connection.close()

    def check_answer(self, connection):
        connection.request(self.method, self.target, body=self.body)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise Failed(f"{self.name}: status {response.status}, {body[:200]!r}")
        media_type = response.headers.get_content_type()
        if media_type != self.media_type:
            raise Failed(f"{self.name}: Content-Type {media_type}, expected {self.media_type}")
        if not self.is_right(body):
            raise Failed(f"{self.name}: a wrong body of {len(body)} bytes, {body[:80]!r}")
        return len(body)


class JSONWorkload(Workload):
    """The order of an object's members and the white space are the server's affair."""

    def is_right(self, body):
        try:
            return json.loads(body) == self.answer
        except ValueError:
            return False


ECHO_BODY = bytes(range(256)) * 256

WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("hello", "GET", "/hello", "text/plain", b"hello, docker\n"),
        JSONWorkload(
            "ps", "GET", "/containers/json", "application/json", json.loads((HERE / "containers.json").read_text())
        ),
        Workload("echo", "POST", "/echo", "application/octet-stream", ECHO_BODY, ECHO_BODY),
    )
}
