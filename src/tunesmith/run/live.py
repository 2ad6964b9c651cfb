"""The live view: progress against each budget, the best so far, running trials with their curves, failures by kind."""

from __future__ import annotations

import time
from collections import deque
from typing import Final, final

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tunesmith.run.pace import Pace
from tunesmith.run.progress import Tally
from tunesmith.run.words import config_text, duration, metrics_text, number, plural, sparkline, without_numbers
from tunesmith.trials.changes import Changes
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_RUNNING: Final = 8
_LATEST: Final = 3


@final
class Live:
    """Redraws four times a second in a terminal; leaves standing how far the study came, and whoever runs it says the rest."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._view: View | None = None
        self._tally = Tally()
        self._latest: deque[Text] = deque(maxlen=_LATEST)
        self._traces: set[str] = set()
        self._pace: Pace | None = None
        self._over = False
        self._live = RichLive(console=self._console, get_renderable=self._render, refresh_per_second=4, transient=False)

    def changed(self, view: View, changes: Changes) -> None:
        self._view = view
        ended = self._tally.take(view, changes)
        for trial, is_best in ended if self._pace is not None else ():
            self._note(trial, is_best=is_best)
        if self._pace is None:
            self._pace = Pace(view, self._tally)
            self._live.start()

    def _note(self, trial: Trial, *, is_best: bool) -> None:
        if trial.failure is not None:
            self._latest.append(
                Text(f"✗ trial {trial.number} failed ({trial.failure.kind}): {trial.failure.message}", "red")
            )
            kind = without_numbers(trial.failure.message)
            if trial.failure.trace.strip() and kind not in self._traces:
                self._traces.add(kind)
                self._console.print(Text(trial.failure.trace.rstrip(), "dim"))
        elif is_best:
            self._latest.append(Text(f"★ trial {trial.number} is the best so far", "green"))
        elif trial.state is State.STOPPED:
            self._latest.append(Text(f"■ trial {trial.number} stopped: {trial.reason}", "yellow"))

    def said(self, text: str) -> None:
        self._console.print(Text(text))

    def tick(self, view: View) -> None:
        self._view = view

    def close(self) -> None:
        self._over = True
        self._live.stop()

    # -- drawing -----------------------------------------------------------------------------------------------------

    def _render(self) -> RenderableType:
        view, pace = self._view, self._pace
        if view is None or pace is None:
            return Text("")
        parts: list[RenderableType] = [self._budgets(view, pace)]
        if not self._over:
            parts.append(self._best(view))
        running = self._tally.running(view)
        if running:
            parts.append(_running_table(view, running))
        if not self._over:
            parts += self._latest
        return Group(*parts)

    def _budgets(self, view: View, pace: Pace) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        for each in pace.budgets(view):
            bar: RenderableType = Text("")
            if each.total:
                bar = ProgressBar(total=each.total, completed=min(each.amount, each.total), width=30)
            table.add_row(Text(each.name), bar, Text(each.text))
        left = pace.seconds_left(view)
        heading = Text.assemble((view.spec.name, "bold"), f"  about {duration(left)} left" if left else "")
        counts = (
            [plural(self._tally.states[State.STOPPED], "trial") + " stopped early"]
            if self._tally.states[State.STOPPED]
            else []
        )
        counts += [f"{count} failed ({kind})" for kind, count in self._tally.failures.items()]
        return Group(heading, table, *([Text("  ".join(counts), "yellow")] if counts else []))

    def _best(self, view: View) -> RenderableType:
        best = self._tally.best
        if best is None:
            return Text("no result yet", "dim")
        names = [objective.metric for objective in view.spec.objectives]
        return Text.assemble(
            ("best ", "bold"),
            f"trial {best.number}  ",
            (metrics_text(best.values, names), "green"),
            f"\n     {config_text(best.config)}",
        )


def _running_table(view: View, running: list[Trial]) -> RenderableType:
    metric = view.spec.objectives[0].metric
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    for heading in ("trial", "step", metric, "curve", "for"):
        table.add_column(heading, no_wrap=True)
    table.add_column("config", no_wrap=True, overflow="ellipsis", ratio=1)  # it alone gives way where the line is full
    for trial in running[:_RUNNING]:
        _, values = view.curve(trial.number, metric)
        last = number(float(values[-1])) if len(values) else ""
        step = str(trial.last.step) if trial.last and trial.reports else ""
        age = duration(max(0.0, time.time() - (trial.started or time.time())))
        table.add_row(str(trial.number), step, last, sparkline(values.tolist()), age, Text(config_text(trial.config)))
    if len(running) > _RUNNING:
        table.add_row(f"and {len(running) - _RUNNING} more")
    return table
