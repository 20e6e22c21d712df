"""Being somebody else for a moment, as only root can."""

import contextlib
import os


@contextlib.contextmanager
def acting_as(uid):
    """A connection that is made within has this uid, to the kernel and so to the server."""
    before = os.geteuid()
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(before)


def open_to_all(dogger):
    """Lets every user connect."""
    os.chmod(os.path.dirname(dogger.socket), 0o711)
    os.chmod(dogger.socket, 0o666)
