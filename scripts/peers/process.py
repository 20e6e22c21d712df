"""A server's processes: their start on one core, the CPU time they took, their memory, and their end."""

import contextlib
import os
import select
import signal
import subprocess
import time

SCHED_CLOCK_OF_PROCESS = 2
"""The low bits of a process's CPU clock, as clock_getcpuclockid(3) makes it: nanoseconds, all threads, ended ones too."""

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A server did not do what was asked of it; the message is for the report."""


@contextlib.contextmanager
def pinned(core):
    """What is started inside runs on `core` alone, its descendants too."""
    own_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, own_cores)


def descendants(pid):
    """The pids that come from `pid`, itself first: its children and theirs, and all of its session when it leads one."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    _, parent, _, session = file.read().rpartition(")")[2].split()[:4]
            except (FileNotFoundError, ProcessLookupError):
                continue
            # By session is found what lost its parent.
            for origin in {int(parent), int(session)} - {int(name)}:
                children.setdefault(origin, []).append(int(name))
    found = [pid]
    for origin in found:
        found.extend(child for child in children.get(origin, ()) if child not in found)
    return found


def handles(pids):
    """A descriptor for each process that still runs, because a pid could be another process's by the time of a signal."""
    opened = []
    for pid in pids:
        try:
            opened.append(os.pidfd_open(pid))
        except ProcessLookupError:
            continue
    return opened


def end_all(opened, patience):
    """Sends SIGKILL to the processes that do not end by themselves within `patience` seconds each; closes the handles."""
    for handle in opened:
        try:
            ended, _, _ = select.select([handle], [], [], patience)
            if not ended:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        except ProcessLookupError:
            pass
        finally:
            os.close(handle)


class Process:
    """A command, which leads a session of its own, and all that descends from it."""

    def __init__(self, command, core, output):
        """Starts `command` on the given core; what it prints is appended to the file `output`."""
        with open(output, "ab") as log, pinned(core):
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.output = output

    def tree(self):
        """The pids of the command and its descendants."""
        return descendants(self.child.pid)

    def cpu_seconds(self):
        """User and system time of every process, with that of the children that they have waited for."""
        total = 0.0
        for pid in self.tree():
            try:
                total += time.clock_gettime((~pid << 3) | SCHED_CLOCK_OF_PROCESS)
                with open(f"/proc/{pid}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
                total += (int(fields[13]) + int(fields[14])) / TICKS_PER_SECOND  # cutime, cstime
            except (OSError, ProcessLookupError):
                continue
        return total

    def memory(self):
        """The proportional set size (PSS) of every process together, in bytes."""
        total = 0
        for pid in self.tree():
            try:
                with open(f"/proc/{pid}/smaps_rollup") as file:
                    total += sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
            except (FileNotFoundError, ProcessLookupError):
                continue
        return total

    def require_running(self):
        """Raises Failed, with the last that it printed, when the command has ended."""
        if self.child.poll() is not None:
            raise Failed(f"the server ended with status {self.child.returncode}: {self.last_words()}")

    def last_words(self):
        with open(self.output, "rb") as file:
            lines = file.read()[-2000:].decode(errors="replace").strip().splitlines()
        return " | ".join(lines[-3:]) or "it printed nothing"

    def end(self):
        """Ends the command by SIGTERM, and whatever of the tree outlives it by SIGKILL."""
        family = handles(self.tree()[1:])
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        end_all(family, patience=1)
