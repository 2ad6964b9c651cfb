"""Ctrl-C."""

import os
import queue
import signal

from tunesmith.run.interrupt import Interrupt


def test_the_first_signal_is_answered_at_once_by_whoever_shows_the_study():
    """not on standard error, where a live view would wipe it away; and not when the training reports next, which may take long"""
    said = queue.SimpleQueue()
    with Interrupt(said.put) as interrupt:
        os.kill(os.getpid(), signal.SIGINT)
        assert "Once more to leave at once" in said.get(timeout=60)
        assert (interrupt.count, interrupt.name) == (1, "Ctrl-C")
    assert said.empty()
