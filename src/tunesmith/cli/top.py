"""`top`: all studies of a store, live in the terminal."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from typing import Final, NamedTuple, final

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tunesmith.analysis.best import Best, observed_best
from tunesmith.analysis.figures import history
from tunesmith.cli.options import store_option
from tunesmith.run.words import config_text, duration, number, plural, sparkline
from tunesmith.run.worker_id import is_dead
from tunesmith.stores.base import Store, StudyInfo
from tunesmith.stores.url import open_store
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_STUDIES: Final = 12
_RUNNING: Final = 8
_SPARK: Final = 24


@click.command("top")
@store_option
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=1.0, show_default=True, help="Seconds between two looks."
)
@click.option("--once", is_flag=True, help="Print the present state and end.")
def top_command(store: str, every: float, once: bool) -> None:
    """All studies of a store, live in the terminal, until Ctrl-C."""
    opened = open_store(store, create=False)
    screen = Screen(opened, store)
    console = Console()
    try:
        if once or not console.is_terminal:
            console.print(screen.look())
            return
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while True:
                live.update(screen.look(), refresh=True)
                time.sleep(every)
    except KeyboardInterrupt:
        pass
    finally:
        opened.close()


class _Seen(NamedTuple):
    """A study as of the last look."""

    view: View
    best: Best | None
    """By its value: to weigh it takes longer than there is until the next look."""
    so_far: list[float]
    """The best value up to each trial that has ended."""


@final
class Screen:
    """What is shown; studies are read once, and then only what has changed in them."""

    def __init__(self, store: Store, title: str) -> None:
        self._store = store
        self._title = title
        self._known: dict[tuple[str, float], _Seen] = {}

    def look(self) -> RenderableType:
        """The present state."""
        infos = sorted(self._store.studies(), key=lambda info: -info.created)
        shown = [self._seen(info) for info in infos[:_STUDIES]]
        running = [(seen.view, trial) for seen in shown for trial in seen.view.of(State.RUNNING)]
        parts: list[RenderableType] = [
            Text.assemble(
                (f"{plural(len(infos), 'study', 'studies')} in {self._title}", "bold"),
                (f"   {time.strftime('%H:%M:%S')}   Ctrl-C ends", "dim"),
            ),
            Text(""),
            _studies_table(shown) if shown else Text("No study yet; begin one with: tunesmith run", "dim"),
        ]
        if len(infos) > _STUDIES:
            parts.append(Text(f"and {len(infos) - _STUDIES} older ones: tunesmith ls", "dim"))
        if running:
            parts += [Text(""), self._running_table(running)]
        return Group(*parts)

    def _seen(self, info: StudyInfo) -> _Seen:
        key = (info.name, info.created)
        seen = self._known.get(key)
        if seen is None or seen.view.seq != info.seq:
            before = seen.view if seen else View(self._store.spec(info.name))
            changes = self._store.changes(info.name, before.seq, reports=False)
            view = before.advance(changes)
            best = observed_best(view)
            seen = self._known[key] = _Seen(view, best, history(view, best=best).so_far.tolist())
        return seen

    def _running_table(self, running: list[tuple[View, Trial]]) -> RenderableType:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for heading in ("study", "trial", "step", "last", "for", "configuration"):
            table.add_column(heading, no_wrap=True, overflow="ellipsis")
        for view, trial in running[:_RUNNING]:
            metric = view.spec.objectives[0].metric
            last = trial.last if trial.reports else None
            value = number(last.metrics[metric]) if last and metric in last.metrics else ""
            gone = is_dead(trial.worker)
            age = (
                Text("process gone", "yellow") if gone else Text(duration(max(0.0, time.time() - (trial.started or 0))))
            )
            table.add_row(
                Text(view.spec.name),
                str(trial.number),
                str(last.step) if last else "",
                value,
                age,
                Text(config_text(trial.config)),
            )
        if len(running) > _RUNNING:
            table.add_row(f"and {len(running) - _RUNNING} more")
        return table


def _studies_table(shown: list[_Seen]) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("study", "trials", "", "running", "failed", "best", "best so far"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    wide = shutil.get_terminal_size().columns >= 100
    for view, best, so_far in shown:
        states = Counter(trial.state for trial in view.trials)
        total, count = view.spec.budget.trials, len(view.trials)
        metric = view.spec.objectives[0].metric
        table.add_row(
            Text(view.spec.name, "bold"),
            f"{count} of {total}" if total else str(count),
            ProgressBar(total=total, completed=min(count, total), width=12) if total else "",
            Text(str(states[State.RUNNING] or ""), "green"),
            Text(str(states[State.FAILED] or ""), "yellow"),
            Text(f"{metric} {number(best.trial.values[metric])}" if best else "", "green"),
            sparkline(so_far, _SPARK if wide else 10),
        )
    return table
