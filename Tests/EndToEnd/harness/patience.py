"""How long to wait for what does not happen."""

import os

SANITIZER = os.environ.get("DOGGER_SANITIZER")
"""Which one the binary is built with: address or thread, or None."""
SLOWNESS = 5 if SANITIZER else 1
PATIENCE = 20 * SLOWNESS
"""Seconds after which what did not happen will not: it only bounds a failing test, no passing one waits for it."""
