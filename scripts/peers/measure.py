"""Rounds of measurements, interleaved server by server."""

import os
import time

from .process import Failed, Process
from .workloads import WORKLOADS, UnixConnection

MIB = 1024 * 1024
SETTLE_SECONDS = 0.02
"""After a load, until its connections are closed and the server sleeps: what that costs belongs to the load."""


class Contender:
    """A server in this run: its directory and socket, its processes while it runs, its samples and its failures."""

    def __init__(self, server, directory):
        self.server = server
        self.directory = directory
        self.row = server.title
        self.process = None
        self.samples = {}
        self.failures = {}
        self.broken = None
        self.body_lengths = {}
        self.rates = {}

    @property
    def socket(self):
        return self.directory / "server.sock"

    def prepare(self, upstream=None):
        self.directory.mkdir()
        try:
            self.server.prepare(self.directory, upstream)
            self.row = self.server.row()
        except (Failed, OSError) as error:
            self.broken = str(error)

    def start(self, core, timeout=10):
        """Starts the server; returns the seconds until its first 200. Raises Failed when that takes over `timeout` seconds."""
        self.socket.unlink(missing_ok=True)
        command = self.server.command(self.directory, self.socket)
        began = time.perf_counter()
        self.process = Process(command, core, self.directory / "output")
        while not self.answers():
            self.process.require_running()
            if time.perf_counter() - began > timeout:
                raise Failed(f"no 200 within {timeout} s of its start: {self.process.last_words()}")
            time.sleep(0.0002)
        return time.perf_counter() - began

    def answers(self):
        connection = UnixConnection(self.socket, timeout=1)
        try:
            connection.request("GET", WORKLOADS["hello"].target)
            response = connection.getresponse()
            response.read()
            return response.status == 200
        except Exception:  # whatever a server that is only starting may do
            return False
        finally:
            connection.close()

    def stop(self):
        if self.process:
            process, self.process = self.process, None
            process.end()

    def forget_log(self):
        """Empties the log, which at full load would grow to gigabytes. It is open for appending, so it goes on at the start."""
        os.truncate(self.directory / "output", 0)

    def add(self, key, value):
        self.samples.setdefault(key, []).append(value)

    def fail(self, reason, *keys):
        """Records that the columns `keys` can't be measured, and drops what was measured of them."""
        for key in keys:
            self.failures[key] = reason
            self.samples.pop(key, None)

    def is_timed(self, key):
        return not self.broken and key not in self.failures


class Cell:
    """One workload at one number of connections: a column of the tables."""

    def __init__(self, workload, connections):
        self.workload = workload
        self.connections = connections
        self.heading = f"{workload.name}, {connections} conn"
        self.cpu = f"cpu {self.heading}"
        self.rate = f"rate {self.heading}"


class Bench:
    """The settings of a run, and what a round consists of.

    `seconds` is how long a sample shall take; with `requests`, a sample is that many requests instead.
    """

    def __init__(self, contenders, cells, load, server_core, seconds, requests, progress):
        self.contenders = contenders
        self.cells = cells
        self.load = load
        self.server_core = server_core
        self.seconds = seconds
        self.requests = requests
        self.progress = progress

    def working(self, number):
        """The contenders that can still be measured; each round begins with another one."""
        working = [contender for contender in self.contenders if not contender.broken]
        turn = number % len(working) if working else 0
        return working[turn:] + working[:turn]

    def round(self, number, extra=()):
        """One round: each server alone for start and memory; then all of them up and idle but the one that is measured.

        `extra` are further measurements of a running contender: functions of it that add samples.
        """
        for contender in self.working(number):
            self.progress(f"round {number + 1}, {contender.server.name}, start")
            self.guarded(contender, lambda: self.sample_alone(contender))
            contender.stop()
        try:
            for contender in self.working(number):
                self.guarded(contender, lambda: self.start_and_check(contender))
            for cell in self.cells:
                for contender in self.working(number):
                    if cell.workload.name in contender.server.workloads and contender.is_timed(cell.cpu):
                        self.progress(f"round {number + 1}, {contender.server.name}, {cell.heading}")
                        self.sample_cell(contender, cell)
            for measurement in extra:
                for contender in self.working(number):
                    self.progress(f"round {number + 1}, {contender.server.name}, {measurement.__name__}")
                    measurement(contender)
        finally:
            for contender in self.contenders:
                contender.stop()

    def guarded(self, contender, action):
        try:
            action()
        except (Failed, OSError) as error:
            contender.broken = str(error)
            contender.samples.clear()
            contender.stop()

    def sample_alone(self, contender):
        """Time to the first answer, and memory a second later: alone, for PSS shares a library's pages out to its users."""
        seconds = contender.start(self.server_core)
        contender.add("start", seconds * 1000)
        for name in contender.server.workloads:
            try:
                WORKLOADS[name].check(contender.socket)
            except Failed:
                continue  # told when it would be timed
        time.sleep(1)
        contender.add("idle", contender.process.memory() / MIB)

    def start_and_check(self, contender):
        contender.start(self.server_core)
        for workload in {cell.workload.name: cell.workload for cell in self.cells}.values():
            if workload.name not in contender.server.workloads:
                continue
            try:
                contender.body_lengths[workload.name] = workload.check(contender.socket)
            except Failed as failure:
                for cell in self.cells:
                    if cell.workload is workload:
                        contender.fail(str(failure), cell.cpu, cell.rate)

    def sample_cell(self, contender, cell):
        """Warms up, then takes CPU time a request and requests a second."""
        try:
            if self.requests:
                goal = self.requests
            else:
                if cell not in contender.rates:
                    contender.rates[cell] = self.run(contender, cell, 20 * cell.connections + 200)
                goal = contender.rates[cell] * self.seconds
            contender.rates[cell] = self.run(contender, cell, goal / 5)
            count = self.whole(goal, cell)
            before = contender.process.cpu_seconds()
            rate = self.run(contender, cell, count)
            contender.add(cell.cpu, (contender.process.cpu_seconds() - before) / count * 1e6)
            contender.add(cell.rate, rate)
            contender.forget_log()
        except Failed as failure:
            contender.fail(str(failure), cell.cpu, cell.rate)

    def whole(self, count, cell):
        """The next multiple of the connections, so that each does the same."""
        return max(10, -(-int(count) // cell.connections)) * cell.connections

    def run(self, contender, cell, count):
        contender.process.require_running()
        length = contender.body_lengths[cell.workload.name]
        count = self.whole(count, cell)
        timeout = 20 + 10 * self.seconds
        rate = self.load.run(contender.socket, cell.workload, cell.connections, count, length, timeout)
        time.sleep(SETTLE_SECONDS)
        return rate
