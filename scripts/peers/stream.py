"""One large body through a proxy, each way: speed, CPU time, and how much the proxy's memory grows meanwhile."""

import http.client
import time

from .measure import MIB, SETTLE_SECONDS
from .process import Failed
from .workloads import UnixConnection

CHUNK = bytes(MIB)
MEMORY_SAMPLES = 16


class Stream:
    """Streams `mebibytes` of zeros from (`download`) or to (`upload`) the backend behind a contender."""

    def __init__(self, mebibytes):
        self.mebibytes = mebibytes
        self.size = mebibytes * MIB

    def download(self, contender):
        self.sample(contender, "download", self.receive)

    def upload(self, contender):
        self.sample(contender, "upload", self.send)

    def sample(self, contender, way, transfer):
        keys = [f"{quantity} {way}" for quantity in ("speed", "cpu", "growth")]
        if not all(contender.is_timed(key) for key in keys):
            return
        process = contender.process
        connection = UnixConnection(contender.socket, timeout=30)
        try:
            process.require_running()
            memory = process.memory()
            cpu = process.cpu_seconds()
            watch = MemoryWatch(process, self.size // MEMORY_SAMPLES)
            began = time.perf_counter()
            transfer(connection, watch)
            seconds = time.perf_counter() - began - watch.seconds
        except (Failed, OSError, http.client.HTTPException) as error:
            contender.fail(f"{way}: {error!r}", *keys)
            return
        finally:
            connection.close()
        time.sleep(SETTLE_SECONDS)
        contender.add(keys[0], self.size / seconds / 1e6)
        contender.add(keys[1], (process.cpu_seconds() - cpu) * 1000 / (self.mebibytes / 1024))
        contender.add(keys[2], (watch.peak - memory) / MIB)
        contender.forget_log()

    def receive(self, connection, watch):
        connection.request("GET", f"/bytes/{self.size}")
        response = connection.getresponse()
        buffer = bytearray(MIB)
        received = 0
        while got := response.readinto(buffer):
            received += got
            watch.passed(received)
        if response.status != 200 or received != self.size:
            raise Failed(f"status {response.status}, {received} of {self.size} bytes came")

    def send(self, connection, watch):
        connection.putrequest("POST", "/sink")
        connection.putheader("Content-Length", str(self.size))
        connection.endheaders()
        for sent in range(MIB, self.size + 1, MIB):
            connection.send(CHUNK)
            watch.passed(sent)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200 or body != b"%d\n" % self.size:
            raise Failed(f"status {response.status}, {body[:80]!r} in place of {self.size}")


class MemoryWatch:
    """Looks at a process's memory at every `step` bytes, and keeps the time that looking took out of the measured time."""

    def __init__(self, process, step):
        self.process = process
        self.step = step
        self.next = step
        self.peak = 0
        self.seconds = 0.0

    def passed(self, size):
        if size >= self.next:
            began = time.perf_counter()
            self.peak = max(self.peak, self.process.memory())
            self.next += self.step
            self.seconds += time.perf_counter() - began
