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


class Process:
    """A command and all of its descendants."""

    def __init__(self, command, core, output):
        """Starts `command` on the given core; what it prints is appended to the file `output`."""
        with open(output, "ab") as log, pinned(core):
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.output = output

    def tree(self):
        """The pids of the command and its descendants."""
        children = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat") as file:
                        parent = int(file.read().rpartition(")")[2].split()[1])
                except (FileNotFoundError, ProcessLookupError):
                    continue
                children.setdefault(parent, []).append(int(name))
        found = [self.child.pid]
        for pid in found:
            found.extend(children.get(pid, ()))
        return found

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
        handles = []
        for pid in self.tree():
            try:
                handles.append(os.pidfd_open(pid))  # a pid could be another process's by then
            except ProcessLookupError:
                continue
        try:
            if self.child.poll() is None:
                self.child.terminate()
                try:
                    self.child.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    self.child.kill()
                    self.child.wait()
            for handle in handles:
                ended, _, _ = select.select([handle], [], [], 1)
                if not ended:
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            for handle in handles:
                os.close(handle)
