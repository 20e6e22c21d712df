"""A real Docker engine, started for the tests by scripts/engine."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from .dogger import PATIENCE, ROOT
from .http import Connection


class EngineError(Exception):
    """There can be no engine here. Its text says why."""


class Engine:
    """An engine of its own for whoever starts it, with the image busybox."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="dogger-test-"))
        self.socket = self.directory / "engine.sock"
        self._errors = open(self.directory / "engine.log", "w+")
        # When the tests end without a word, the engine is told to end too.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", ROOT / "scripts/engine", self.socket], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self._errors, text=True, env=os.environ | {"ENGINE_IMAGES": "busybox:latest"})
        ready = self.process.stdout.readline()
        if not ready.startswith("ready pid="):
            self.process.wait(PATIENCE)
            self._errors.seek(0)
            message = self._errors.read().strip()
            self.stop()
            raise EngineError(message or "scripts/engine ended without a word")
        self.pid = int(ready.removeprefix("ready pid="))
        """The process of dockerd."""

    def stop(self):
        """Ends it, with all that it made."""
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        self._errors.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def ask(self, method, target, body=None):
        """One request; a body that is not bytes is sent as JSON."""
        headers = [("Content-Type", "application/json")] if body is not None else []
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body)
        with Connection(str(self.socket)) as connection:
            return connection.ask(method, target, headers, body)

    def clear(self):
        """Removes all but the image busybox."""
        for container in self.ask("GET", "/containers/json?all=1").json:
            self.ask("DELETE", f"/containers/{container['Id']}?force=1&v=1")
        for network in self.ask("GET", '/networks?filters={"type":["custom"]}').json:
            self.ask("DELETE", f"/networks/{network['Id']}")
        for volume in self.ask("GET", "/volumes").json["Volumes"] or []:
            self.ask("DELETE", f"/volumes/{volume['Name']}?force=1")
        for image in self.ask("GET", "/images/json").json:
            tags = [tag for tag in image["RepoTags"] or [] if tag != "<none>:<none>"]       # so an older engine calls what has none
            for tag in tags or [image["Id"]]:
                if tag != "busybox:latest":
                    self.ask("DELETE", f"/images/{tag}?force=1")
