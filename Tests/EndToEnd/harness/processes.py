"""Looking at processes from outside, by /proc."""

import os
import pathlib
import re
import select
import signal
import time

from .dogger import PATIENCE


def until(condition, what):
    """Waits for a condition that nothing tells of."""
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, f"it did not come about that {what}"
        time.sleep(0.002)
    return result


def _stat(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def children(pid):
    """The pids of a process's children, ended ones that nobody waited for included."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(_stat(name)[1]) == pid:
                found.append(int(name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sorted(found)


def worker(dogger):
    """The pid of the worker, which is there or comes."""
    pid = dogger if isinstance(dogger, int) else dogger.process.pid

    def find():
        names = {child: pathlib.Path(f"/proc/{child}/comm") for child in children(pid)}
        return [child for child, name in names.items() if name.exists() and name.read_text() == "dogger-worker\n"]

    return until(find, "there is a worker")[0]


def descriptors(pid):
    """What a process has open beside standard input, output and error: a path, or the kind of what has none."""
    found = []
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            if int(link.name) > 2:
                found.append(re.sub(r":\[\d+\]$", "", os.readlink(link)))
        except FileNotFoundError:       # closed meanwhile
            continue
    return sorted(found)


def held_memory(pid):
    """Bytes that a process holds for itself, without its code, which the kernel fetches from the file and drops as it likes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^RssAnon:\s+(\d+) kB$", status, re.MULTILINE)[1]) << 10


def cpu_seconds(pid):
    """The CPU time of a process."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_cpu_seconds(pid):
    """The CPU time of the children that a process has waited for."""
    fields = _stat(pid)
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


class Watch:
    """Knows of a process's end, even of one that is nobody's child here."""

    def __init__(self, pid):
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def wait(self):
        ended, _, _ = select.select([self._handle], [], [], PATIENCE)
        os.close(self._handle)
        assert ended, f"process {self.pid} did not end"


def kill(dogger, number=signal.SIGKILL):
    """Ends the worker, and waits until it is gone."""
    pid = worker(dogger)
    watch = Watch(pid)
    os.kill(pid, number)
    watch.wait()
    return pid


def broken_off(connection):
    """Whether the connection ended without an answer."""
    try:
        return connection.is_at_end()
    except ConnectionResetError:
        return True
