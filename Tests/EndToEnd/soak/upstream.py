"""A server for the proxied part of the load: it echoes."""

import socket
import socketserver
import threading


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while self._answer():
                pass
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _answer(self):
        self.server.waiting.add(self.connection)
        line = self.rfile.readline()
        self.server.waiting.discard(self.connection)
        if not line:
            return False
        method, target, _ = line.decode().split(" ")
        headers = {}
        while (field := self.rfile.readline().decode().strip()):
            name, _, value = field.partition(":")
            headers[name.lower()] = value.strip()
        if "upgrade" in headers:
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
            while (data := self.connection.recv(65536)):
                self.wfile.write(data)
            return False
        body = self.rfile.read(int(headers.get("content-length", 0)))
        if "chunked" in headers.get("transfer-encoding", ""):
            parts = []
            while (size := int(self.rfile.readline(), 16)):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            body = b"".join(parts)
        answer = f"{method} {target} ".encode() + body
        if "stream" in target:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for i in range(0, len(answer), 1000):
                part = answer[i:i + 1000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
        return True


class Upstream(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, path):
        super().__init__(str(path), Handler)
        self.path = path
        self.waiting = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def hang_up(self):
        """Ends the connections that are kept for a next request, so that how many there are does not depend on the last ones."""
        for connection in list(self.waiting):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:             # the other side was quicker
                pass
