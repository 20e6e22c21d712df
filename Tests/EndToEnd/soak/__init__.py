"""Mixed load while the handler is saved ten times a second. scripts/soak runs it."""

import pathlib
import random
import re
import statistics
import tempfile
import threading
import time

from harness import Docker, Dogger
from harness import docker as docker_client
from harness.processes import descriptors, held_memory, until, worker

from .clients import Client
from .saves import Saves
from .upstream import Upstream

WINDOWS = 10
"""The load pauses so many times, to look at what is left of it."""
WARM_UP = 3
MOST_GROWTH = 0.05
LEAST_MEMORY_TEST = 120
"""Seconds: what a shorter run says of memory is how caches fill."""

EXPECTED = re.compile("|".join([
    r"^dogger: serving ", r"^dogger: reloaded handler\.lua \(handler\.lua changed\)$", r"^dogger: (.*; )?the last good version (of handler\.lua )?goes on serving$",
    r"^dogger: handler\.lua(:\d+)?: ", r"^stack traceback:$", r"^  \t(handler\.lua|\[C\]|\[dogger\.docker\]|\.\.\.|\(\.\.\.)",
    r"^dogger: .* body ended before its length: the client closed its side\.$", r"^dogger: .*refused with 400: ",
    r"^dogger: (stopping|finishing)",
]))


def growth(memory):
    """By which part it grew, from the first windows after the warm-up to the last ones."""
    steady = memory[WARM_UP:]
    half = len(steady) // 2
    return statistics.median(steady[-half:]) / statistics.median(steady[:half]) - 1


class Soak:
    def __init__(self, directory, seconds, clients, seed):
        self.seconds = seconds
        self._random = random.Random(seed)
        self.saves = Saves(directory, random.Random(seed))
        self.upstream = Upstream(directory / "upstream.sock")
        self.dogger = Dogger(
            ["run", "handler.lua", "--socket", directory / "soak.sock", "--upstream", directory / "upstream.sock", "--quiet", "--script-timeout", "100ms"],
            directory, directory / "soak.sock").ready()
        self.docker = Docker(directory, self.dogger.socket) if docker_client.COMMAND else None
        self.clients = [Client(self.dogger, self.saves, random.Random(seed + i), self.docker) for i in range(clients)]
        self.worker = worker(self.dogger)
        self.memory, self.descriptors, self.problems = [], [], []

    def run(self, say):
        for number in range(WINDOWS):
            self._load(self.seconds / WINDOWS)
            self._look()
            say(f"{number + 1} of {WINDOWS}: {self.requests} requests, {sum(self.saves.count.values())} saves, {len(self.wrong)} wrong answers, "
                f"{self.memory[-1] / 1024:.1f} MiB, {self.descriptors[-1]} descriptors")
        if worker(self.dogger) != self.worker:
            self.problems.append("the worker ended, and another took over")
        try:
            self.dogger.stop()
        except AssertionError as error:
            self.problems.append(str(error)[:2000])
        self._judge()

    def _load(self, seconds):
        stop = threading.Event()
        threads = [threading.Thread(target=one.run, args=(stop,)) for one in [self.saves, *self.clients]]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        stop.set()
        for thread in threads:
            thread.join()

    def _look(self):
        """What the worker holds while nobody asks. During the warm-up it gets what it keeps for later, such as pipes."""
        if len(self.descriptors) >= WARM_UP:
            try:
                until(self._is_back, "the descriptors are back")
            except AssertionError:
                pass            # told below
        else:
            self.upstream.hang_up()
            time.sleep(1)
        self.descriptors.append(len(descriptors(self.worker)))
        self.memory.append(self._rest())

    def _is_back(self):
        self.upstream.hang_up()         # each time: what a client left behind may end, and its connection be kept, only now
        return len(descriptors(self.worker)) <= self.kept

    def _rest(self):
        """KiB of memory, once the worker has put away what the last saves and requests left: the least in two seconds."""
        least = float("inf")
        for _ in range(20):
            least = min(least, held_memory(self.worker) >> 10)
            time.sleep(0.1)
        return least

    @property
    def kept(self):
        return max(self.descriptors[:WARM_UP])

    @property
    def requests(self):
        return sum(sum(client.count.values()) for client in self.clients)

    @property
    def wrong(self):
        return [wrong for client in self.clients for wrong in client.wrong]

    @property
    def growth(self):
        return growth(self.memory)

    def _judge(self):
        self.problems += [f"a wrong answer: {wrong}" for wrong in self.wrong[:10]]
        if self.seconds >= LEAST_MEMORY_TEST and self.growth > MOST_GROWTH:
            self.problems.append(f"memory grew by {self.growth:.1%}: {self.memory} KiB")
        if max(self.descriptors) > self.kept:
            self.problems.append(f"descriptors are not flat: {self.descriptors}")
        strange = [line for line in self.dogger.lines if not EXPECTED.search(line)]
        if strange:
            self.problems.append(f"{len(strange)} lines of the log that nobody expects, such as: " + "\n".join(strange[:5]))

    def counts(self):
        counts = {}
        for client in self.clients:
            for name, count in client.count.items():
                counts[name] = counts.get(name, 0) + count
        return counts


def soak(seconds, clients, seed, say):
    """Runs it, and returns a Soak that is over."""
    with tempfile.TemporaryDirectory(prefix="dogger-soak-") as directory:
        run = Soak(pathlib.Path(directory), seconds, clients, seed)
        try:
            run.run(say)
        finally:
            if run.dogger.is_running:
                run.dogger.process.kill()
                run.dogger.process.wait()
            run.upstream.shutdown()
            run.upstream.server_close()
        return run
