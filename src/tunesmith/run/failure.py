"""What kind of failure an exception or an exit code is."""

from __future__ import annotations

import re
import signal
import traceback
from typing import Final

from tunesmith.errors import InvalidConfig, InvalidObjective, InvalidSpace
from tunesmith.trials.facts import Failed
from tunesmith.trials.trial import FailureKind

UNTRACED: Final = " "
"""The trace of a training's own failure that left none. With an empty one, the message is Tunesmith's: see `EarlyFailures`."""
_LONGEST_TRACE: Final = 20_000
_OUT_OF_MEMORY: Final = re.compile(
    r"out of memory|cannot allocate memory|unable to allocate|CUDNN_STATUS_ALLOC_FAILED", re.IGNORECASE
)


def failure_from(error: BaseException, attempt: int) -> Failed:
    """The failure that an exception in the training code means, with the user's part of the traceback."""
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, InvalidObjective | InvalidSpace | InvalidConfig):
        # The message says it all, and the traceback would only show Tunesmith's own code.
        return Failed("error", str(error), attempt)
    return Failed(kind_of(error), message[:1000], attempt, tail(_trace(error)))


def _trace(error: BaseException) -> str:
    """The traceback without the frames of Tunesmith that called the training function."""
    frames = error.__traceback__
    while (
        frames is not None
        and frames.tb_next is not None
        and frames.tb_frame.f_globals.get("__name__", "").startswith(__package__)
    ):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames))


def kind_of(error: BaseException) -> FailureKind:
    """The kind of failure that an exception in the training code means."""
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__ or _OUT_OF_MEMORY.search(str(error)):
        return "oom"
    if isinstance(error, FloatingPointError):
        return "nan"
    if isinstance(error, TimeoutError):
        return "timeout"
    return "error"


def failure_from_exit(code: int, output: str, attempt: int) -> Failed:
    """The failure that a program's exit code means; `output` is the tail of what it wrote."""
    if _OUT_OF_MEMORY.search(output) or "MemoryError" in output:
        kind: FailureKind = "oom"
    else:
        kind = "killed" if code < 0 else "error"
    return Failed(kind, f"{exit_in_words(code)}{_last_line(output)}", attempt, tail(output))


def exit_in_words(code: int) -> str:
    """An exit code as a person would say it; negative codes are signals."""
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name if -code in {s.value for s in signal.Signals} else f"signal {-code}"
    hint = " (the system may have run out of memory)" if name == "SIGKILL" else ""
    return f"killed by {name}{hint}"


def tail(text: str) -> str:
    """The end of a long text, where the cause stands."""
    return text if len(text) <= _LONGEST_TRACE else "[...]\n" + text[-_LONGEST_TRACE:]


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return f": {lines[-1][:300]}" if lines else ""
