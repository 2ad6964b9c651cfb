"""What a running study shows: a live view in a terminal, few plain lines elsewhere, nothing if asked."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Final, Literal, TextIO, final

from tunesmith.errors import InvalidStudy
from tunesmith.run.watcher import Silent, Watcher
from tunesmith.run.words import config_text, duration, metrics_text, number, plural
from tunesmith.trials.changes import Changes
from tunesmith.trials.order import feasible, losses_of
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

Progress = Literal["auto", "live", "lines", "quiet"]
_PAUSE: Final = 1.0


def watcher_for(progress: Progress | Watcher) -> Watcher:
    """The watcher that a user means: "auto" is "live" in a terminal or a notebook and "lines" elsewhere."""
    if not isinstance(progress, str):
        return progress
    if progress == "auto":
        progress = "live" if sys.stderr.isatty() or in_notebook() else "lines"
    if progress == "live" and in_notebook():
        from tunesmith.run.notebook import Notebook  # noqa: PLC0415  loads IPython

        return Notebook()
    if progress == "live":
        from tunesmith.run.live import Live  # noqa: PLC0415  loads rich, which other faces do without

        return Live()
    if progress == "lines":
        return Lines()
    if progress == "quiet":
        return Silent()
    raise InvalidStudy(f"progress={progress!r}: say 'auto', 'live', 'lines' or 'quiet'.")


def in_notebook() -> bool:
    """Whether this program is a notebook's kernel, where HTML is shown. Loads nothing."""
    if "IPython" not in sys.modules:
        return False
    shell = getattr(sys.modules["IPython"], "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


@final
class Tally:
    """Counts and the best trial, kept up to date change by change."""

    def __init__(self) -> None:
        self.best: Trial | None = None
        self.states: Counter[State] = Counter()
        self.failures: Counter[str] = Counter()
        self._known: dict[int, State] = {}

    def take(self, view: View, trial: Trial) -> bool:
        """Count a changed trial; True if it has just ended."""
        before = self._known.get(trial.number)
        if before is trial.state:
            return False
        if before is not None:
            self.states[before] -= 1
        self.states[trial.state] += 1
        self._known[trial.number] = trial.state
        if trial.failure is not None:
            self.failures[trial.failure.kind] += 1
        if trial.state.ended and self._is_better(view, trial):
            self.best = trial
        return trial.state.ended

    def _is_better(self, view: View, trial: Trial) -> bool:
        losses = losses_of(view.spec, trial)
        if trial.twin is not None or losses is None or not feasible(view.spec, trial):
            return False
        best = losses_of(view.spec, self.best) if self.best is not None else None
        return best is None or losses[0] < best[0]

    @property
    def ended(self) -> int:
        return sum(count for state, count in self.states.items() if state.ended)


@final
class Lines:
    """Plain lines: every new best, every new kind of failure, and otherwise at most one line a second."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._tally = Tally()
        self._said = 0.0
        self._quiet = 0
        self._traces: set[str] = set()
        self._started = False

    def changed(self, view: View, changes: Changes) -> None:
        if not self._started:
            # What happened in earlier runs is counted, not told again.
            self._started = True
            for trial in changes.trials:
                self._tally.take(view, trial)
            return
        for trial in changes.trials:
            best = self._tally.best
            if self._tally.take(view, trial):
                self._tell(view, trial, is_best=self._tally.best is not best)

    def _tell(self, view: View, trial: Trial, *, is_best: bool) -> None:
        new_failure = trial.failure is not None and trial.failure.message not in self._traces
        if not is_best and not new_failure and time.monotonic() - self._said < _PAUSE:
            self._quiet += 1
            return
        more = f" (and {plural(self._quiet, 'more trial')} before)" if self._quiet else ""
        self._quiet, self._said = 0, time.monotonic()
        self.said(trial_line(view, trial, self._tally, is_best=is_best) + more)
        if trial.failure is not None and new_failure:
            self._traces.add(trial.failure.message)
            if trial.failure.trace.strip():
                self.said(_indented(trial.failure.trace))

    def said(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def tick(self, view: View) -> None:
        pass

    def close(self) -> None:
        pass


def trial_line(view: View, trial: Trial, tally: Tally, *, is_best: bool) -> str:
    """One trial's end in one line."""
    total = view.spec.budget.trials
    count = f"{tally.ended}/{total}" if total is not None else str(tally.ended)
    metrics = [objective.metric for objective in view.spec.objectives]
    if trial.failure is not None:
        happened = f"failed ({trial.failure.kind}): {trial.failure.message}"
    elif trial.state is State.STOPPED:
        step = f" at step {trial.last.step}" if trial.last else ""
        happened = f"stopped{step}: {trial.reason}"
    else:
        happened = metrics_text({name: trial.values[name] for name in metrics if name in trial.values})
    best = tally.best
    beside = ", the best so far" if is_best else ""
    if trial.twin is not None:
        beside = f", trial {trial.twin} again on another seed"
    elif not is_best and best is not None:
        beside = f", best {number(best.values[metrics[0]])} (trial {best.number})"
    return f"[{count}] trial {trial.number}: {happened}{beside}, {duration(trial.spent)}  {config_text(trial.config)}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines())
