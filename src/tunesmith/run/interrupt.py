"""Ctrl-C and SIGTERM: once asks a run to leave fairly, twice leaves now."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_FIRST: Final = "Leaving: no new trials; running ones end at their next report. Once more to leave at once."


@final
class Interrupt:
    """Counts signals while it is entered, and tells of the first one.

    In other threads than the main one Python delivers none, so nothing is changed.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.count = 0
        self.name = ""
        """What the last signal was: "Ctrl-C", or its name."""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._received) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def hurry(self) -> None:
        """A `KeyboardInterrupt` got through."""
        self.count = max(self.count, 2)
        self.name = self.name or "Ctrl-C"

    def exception(self) -> BaseException | None:
        """Ctrl-C once ends the search only; twice, or SIGTERM, is meant for the whole program."""
        if self.name == "SIGTERM":
            return SystemExit(128 + signal.SIGTERM)
        return KeyboardInterrupt() if self.count > 1 else None

    def _received(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.count += 1
        self.name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        if self.count > 1:
            raise KeyboardInterrupt
        # Not from here: the signal may have come in the middle of a print. Not from the loop: a training may keep it waiting.
        threading.Thread(target=self._tell, args=(_FIRST,), daemon=True).start()
