"""What the dashboard of the tests is called, what opens it, and how long to wait for it."""

import time

TOKEN = "a-token-for-tests"
PORT = 8321


def soon(look, *, seconds=60.0):
    """Wait until `look()` is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found
