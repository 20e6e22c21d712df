"""The tools of the end-to-end tests: the built binary, an HTTP client that shows every byte, the docker client."""

from . import attacks
from .docker import Docker
from .dogger import BINARY, ROOT, Dogger, finish
from .engine import Engine, EngineError
from .http import Connection, Response
from .patience import PATIENCE, SANITIZER, SLOWNESS
from .users import acting_as, open_to_all

__all__ = [
    "BINARY", "PATIENCE", "ROOT", "SANITIZER", "SLOWNESS", "Connection", "Docker", "Dogger", "Engine", "EngineError", "Response", "acting_as",
    "attacks", "finish", "open_to_all"]
