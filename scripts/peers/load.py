"""h2load as the load generator."""

import re
import subprocess

from .process import Failed, pinned


class Load:
    """Runs h2load on one core, over keep-alive HTTP/1.1 connections to a Unix socket."""

    def __init__(self, directory, core):
        self.directory = directory
        self.core = core

    def run(self, path, workload, connections, requests, body_length, timeout):
        """Sends `requests` requests; returns them a second.

        Raises Failed unless each was answered with a 2xx status and `body_length` bytes of body within `timeout` seconds.
        """
        command = ["h2load", "--h1", "--threads=1", f"--clients={connections}", f"--requests={requests}"]
        if workload.body is not None:
            body = self.directory / f"{workload.name}.body"
            if not body.exists():
                body.write_bytes(workload.body)
            command.append(f"--data={body}")
        command += [f"--base-uri=unix:{path}", f"http://localhost{workload.target}"]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with pinned(self.core):
            try:
                report = subprocess.run(command, **streams, text=True, timeout=timeout).stdout
            except subprocess.TimeoutExpired:
                raise Failed(f"{workload.name}: {requests} requests took longer than {timeout:.0f} s") from None
        rate = re.search(r"finished in .*?, ([\d.]+) req/s", report)
        counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", report)
        statuses = re.search(r"status codes: (\d+) 2xx", report)
        data = re.search(r"\((\d+)\) data", report)
        if not (rate and counts and statuses and data):
            raise Failed(f"{workload.name}: h2load said: {report.strip()[-300:]}")
        if int(counts[1]) != requests or int(statuses[1]) != requests:
            raise Failed(
                f"{workload.name} at {connections} connections: of {requests} requests "
                f"{counts[1]} succeeded, {counts[2]} failed, {counts[3]} errored, {counts[4]} timed out"
            )
        if int(data[1]) != requests * body_length:
            raise Failed(f"{workload.name}: {data[1]} bytes of body for {requests} answers of {body_length}")
        return float(rate[1])
