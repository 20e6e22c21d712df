"""The real docker client, with a home of its own."""

import os
import re
import shutil
import subprocess

from .dogger import PATIENCE

COMMAND = shutil.which("docker")


class Docker:
    """Runs docker commands. Output is bytes: what the client prints is compared byte by byte."""

    def __init__(self, home, socket=None):
        keep = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
        # Docker looks for plugins in its configuration's folder; a private one has none.
        self.environment = keep | {"HOME": str(home), "DOCKER_CONFIG": str(home / ".docker"), "TZ": "UTC"}
        self.socket = socket
        self.user = None
        """The uid that commands run with, if not our own."""
        if socket is not None:
            self.environment["DOCKER_HOST"] = f"unix://{socket}"

    def __call__(self, *arguments, input=b"", env=None):
        """Runs a command to its end."""
        return subprocess.run(
            [COMMAND, *arguments], env=self.environment | (env or {}), input=input, capture_output=True, timeout=PATIENCE, user=self.user)

    def shell(self, line, directory, env=None):
        """Runs a line of shell in which docker is used, to its end."""
        return subprocess.run(
            ["bash", "-ec", line], env=self.environment | (env or {}), cwd=directory, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=3 * PATIENCE, user=self.user)

    def start(self, *arguments, **options):
        """Starts a command, with pipes for all that it reads and writes."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "user": self.user} | options
        return subprocess.Popen([COMMAND, *arguments], env=self.environment, **pipes)

    @property
    def version(self):
        """The client's own version, as numbers: (28, 2, 2)."""
        text = subprocess.run([COMMAND, "--version"], env=self.environment, capture_output=True, text=True, timeout=PATIENCE)
        return tuple(map(int, re.search(r"version (\d+)\.(\d+)\.(\d+)", text.stdout).groups()))
