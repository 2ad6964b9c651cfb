"""What a running study shows: a live view in a terminal, few plain lines elsewhere, nothing if asked."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Final, Literal, NamedTuple, TextIO, final

from tunesmith.errors import InvalidStudy
from tunesmith.run.watcher import Silent, Watcher
from tunesmith.run.words import broken_text, config_text, duration, metrics_text, number, plural, without_numbers
from tunesmith.trials.changes import Changes
from tunesmith.trials.order import broken_limits, feasible, losses_of
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


class End(NamedTuple):
    """A trial that has just ended, and whether it was the best so far."""

    trial: Trial
    is_best: bool


@final
class Tally:
    """Counts, the best trial and those that run, kept up to date change by change."""

    def __init__(self) -> None:
        self.best: Trial | None = None
        self.states: Counter[State] = Counter()
        self.failures: Counter[str] = Counter()
        self._known: dict[int, State] = {}
        self._running: set[int] = set()

    def take(self, view: View, changes: Changes) -> list[End]:
        """Count changed trials; returns those that have just ended."""
        return [end for trial in changes.trials if (end := self._take(view, trial)) is not None]

    def _take(self, view: View, trial: Trial) -> End | None:
        before = self._known.get(trial.number)
        if before is trial.state:
            return None
        if before is not None:
            self.states[before] -= 1
        self.states[trial.state] += 1
        self._known[trial.number] = trial.state
        (self._running.add if trial.state is State.RUNNING else self._running.discard)(trial.number)
        if trial.failure is not None:
            self.failures[trial.failure.kind] += 1
        if not trial.state.ended:
            return None
        is_best = self._is_better(view, trial)
        self.best = trial if is_best else self.best
        return End(trial, is_best)

    def _is_better(self, view: View, trial: Trial) -> bool:
        losses = losses_of(view.spec, trial)
        if trial.twin is not None or losses is None or not feasible(view.spec, trial):
            return False
        best = losses_of(view.spec, self.best) if self.best is not None else None
        return best is None or losses[0] < best[0]

    @property
    def ended(self) -> int:
        return sum(count for state, count in self.states.items() if state.ended)

    def running(self, view: View) -> list[Trial]:
        """The trials that train now, by number."""
        return [view.trials[number] for number in sorted(self._running)]


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
        ended = self._tally.take(view, changes)
        if not self._started:
            self._started = True  # what happened in earlier runs is counted, not told again
            return
        for trial, is_best in ended:
            self._tell(view, trial, is_best=is_best)

    def _tell(self, view: View, trial: Trial, *, is_best: bool) -> None:
        new_failure = trial.failure is not None and without_numbers(trial.failure.message) not in self._traces
        if not is_best and not new_failure and time.monotonic() - self._said < _PAUSE:
            self._quiet += 1
            return
        more = f" (and {plural(self._quiet, 'more trial')} before)" if self._quiet else ""
        self._quiet, self._said = 0, time.monotonic()
        self.said(trial_line(view, trial, self._tally, is_best=is_best) + more)
        if trial.failure is not None and new_failure:
            self._traces.add(without_numbers(trial.failure.message))
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
        happened += broken_text(broken_limits(view.spec, trial))
    best = tally.best
    beside = ", the best so far" if is_best else ""
    if trial.twin is not None:
        beside = f", trial {trial.twin} again on another seed"
    elif not is_best and best is not None:
        beside = f", best {number(best.values[metrics[0]])} (trial {best.number})"
    return f"[{count}] trial {trial.number}: {happened}{beside}, {duration(trial.spent)}  {config_text(trial.config)}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines())
