"""Progress in a notebook: one display below the cell that is brought up to date while trials run."""

from __future__ import annotations

import html
import importlib
import sys
import time
from typing import Any, Final, final

from tunesmith.run.pace import Pace
from tunesmith.run.progress import Tally, trial_line
from tunesmith.run.words import config_text, duration, metrics_text, number, plural, sparkline, without_numbers
from tunesmith.trials.changes import Changes
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_EVERY: Final = 0.25
_RUNNING: Final = 8
_LATEST: Final = 4
_LONGEST: Final = 400
_CELL: Final = "padding: 1px 12px 1px 0; text-align: left"


@final
class Notebook:
    """Shows the state of a run at most four times a second; all that comes from a study is escaped."""

    def __init__(self) -> None:
        self._display: Any = importlib.import_module("IPython.display")
        self._handle: Any = None
        self._view: View | None = None
        self._tally = Tally()
        self._pace: Pace | None = None
        self._latest: list[str] = []
        self._traces: set[str] = set()
        self._drawn = 0.0

    def changed(self, view: View, changes: Changes) -> None:
        self._view = view
        ended = self._tally.take(view, changes)
        for trial, is_best in ended if self._pace is not None else ():
            self._note(view, trial, is_best=is_best)
        if self._pace is None:
            self._pace = Pace(view, self._tally)
        self._draw()

    def _note(self, view: View, trial: Trial, *, is_best: bool) -> None:
        failure = trial.failure
        if is_best or failure is not None or trial.state is State.STOPPED:
            self._latest = [*self._latest, trial_line(view, trial, self._tally, is_best=is_best)][-_LATEST:]
        kind = without_numbers(failure.message) if failure is not None else ""
        if failure is not None and failure.trace.strip() and kind not in self._traces:
            self._traces.add(kind)
            print(failure.trace.rstrip(), file=sys.stderr)

    def said(self, text: str) -> None:
        print(text)

    def tick(self, view: View) -> None:
        self._view = view
        self._draw()

    def close(self) -> None:
        self._draw(last=True)

    def _draw(self, *, last: bool = False) -> None:
        if self._view is None or self._pace is None or (not last and time.monotonic() - self._drawn < _EVERY):
            return
        self._drawn = time.monotonic()
        shown = self._display.HTML(self._page(self._view, self._pace, last=last))
        if self._handle is None:
            self._handle = self._display.display(shown, display_id=True)
        else:
            self._handle.update(shown)

    # -- what is shown -----------------------------------------------------------------------------------------------

    def _page(self, view: View, pace: Pace, *, last: bool) -> str:
        left = None if last else pace.seconds_left(view)
        heading = f"<b>{_safe(view.spec.name)}</b>" + (f" · about {duration(left)} left" if left else "")
        running = [] if last else self._tally.running(view)
        parts = [heading, _budgets(view, pace), self._best(view), self._counts(), _running(view, running)]
        parts.append("<br>".join(_safe(line) for line in self._latest))
        return f"<div style='font-variant-numeric: tabular-nums'>{''.join(f'<div>{part}</div>' for part in parts if part)}</div>"

    def _best(self, view: View) -> str:
        best = self._tally.best
        if best is None:
            return "no result yet"
        names = [objective.metric for objective in view.spec.objectives]
        values = _safe(metrics_text(best.values, names))
        return f"best: trial {best.number}, <b>{values}</b><br><code>{_safe(config_text(best.config))}</code>"

    def _counts(self) -> str:
        stopped = self._tally.states[State.STOPPED]
        counts = [f"{plural(stopped, 'trial')} stopped early"] if stopped else []
        return ", ".join([*counts, *(f"{count} failed ({kind})" for kind, count in self._tally.failures.items())])


def _budgets(view: View, pace: Pace) -> str:
    rows = [
        f"<tr><td style='{_CELL}'>{each.name}</td><td style='{_CELL}'>"
        + (f"<progress max='{each.total:g}' value='{min(each.amount, each.total):g}'></progress>" if each.total else "")
        + f"</td><td style='{_CELL}'>{each.text}</td></tr>"
        for each in pace.budgets(view)
    ]
    return f"<table>{''.join(rows)}</table>"


def _running(view: View, trials: list[Trial]) -> str:
    metric = view.spec.objectives[0].metric
    rows = []
    for trial in trials[:_RUNNING]:
        _, values = view.curve(trial.number, metric)
        step = str(trial.last.step) if trial.last and trial.reports else ""
        last = number(float(values[-1])) if len(values) else ""
        cells = [f"trial {trial.number}", step, last, sparkline(values.tolist()), config_text(trial.config)]
        rows.append("<tr>" + "".join(f"<td style='{_CELL}'>{_safe(cell)}</td>" for cell in cells) + "</tr>")
    more = f"<div>and {len(trials) - _RUNNING} more</div>" if len(trials) > _RUNNING else ""
    return f"<table>{''.join(rows)}</table>{more}" if rows else ""


def _safe(text: str) -> str:
    return html.escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
