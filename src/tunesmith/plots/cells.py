"""The table of all trials as cells of an HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from tunesmith.analysis.axes import shown
from tunesmith.analysis.best import Best
from tunesmith.analysis.figures import Table
from tunesmith.analysis.ranking import ranking
from tunesmith.plots.texts import clip, cut, duration_text, number_text
from tunesmith.space.params import Fixed
from tunesmith.trials.view import View

_MOST: Final = 2000
_MOST_CELLS: Final = 100_000
"""A wide table gets fewer rows: a browser should scroll it without pain."""
_LEAST: Final = 100
_TEXT: Final = 160
_HEADS: Final = {"number": "trial", "seconds": "time"}


class Cell(NamedTuple):
    """One field: its text, and the number that it is sorted by, as JavaScript writes it (None: sorted as text)."""

    text: str
    key: str | None = None


class Head(NamedTuple):
    """The head of a column, and whether numbers stand below it."""

    text: str
    number: bool


class Cells(NamedTuple):
    """The trials of a page, best first."""

    heads: list[Head]
    rows: list[list[Cell]]
    total: int
    """How many trials the study has; more than there are rows if the table is cut."""


class Shown(NamedTuple):
    """A column that is worth showing."""

    name: str
    """In the table of data."""
    text: str
    place: int


def shown_columns(view: View, data: Table) -> list[Shown]:
    """The columns of the table, without parameters that never vary; beside them `row_of` has one for how a trial ended."""
    varying = [data.params[name] for name, param in view.space.params.items() if not isinstance(param, Fixed)]
    kept = ["number", "state", *data.metrics.values(), *varying, "step", "seconds", "attempt", "by", "why"]
    return [Shown(name, _HEADS.get(name, clip(name, 40)), data.columns.index(name)) for name in kept]


def cells(view: View, data: Table, best: Best | None = None) -> Cells:
    """The best trials of a study, without the parameters that never vary."""
    columns = shown_columns(view, data)
    most = max(_LEAST, min(_MOST, _MOST_CELLS // len(columns)))
    rows = [row_of(data, trial.number, columns) for trial in ranking(view, best)[:most]]
    names = [*(column.text for column in columns), "reason or failure"]
    heads = [Head(name, any(row[place].key is not None for row in rows)) for place, name in enumerate(names)]
    return Cells(heads, rows, len(view.trials))


def row_of(data: Table, number: int, columns: Sequence[Shown]) -> list[Cell]:
    """A trial's cells, and one that says why it was stopped or how it failed."""
    row = data.rows[number]
    found = [_time(row[column.place]) if column.name == "seconds" else _cell(row[column.place]) for column in columns]
    reason, failure, message = row[-3:]
    ended = f"{failure}: {message}" if failure and message else failure or reason or ""
    return [*found, Cell(cut(str(ended), _TEXT))]


def _time(seconds: object) -> Cell:
    return Cell(duration_text(seconds), repr(seconds)) if isinstance(seconds, float) and seconds else Cell("")


def _cell(value: object) -> Cell:
    if value is None:
        return Cell("")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Cell(cut(shown(value), _TEXT))
    if isinstance(value, int):
        return Cell(str(value), str(value))
    return Cell(number_text(value), repr(value).replace("inf", "Infinity"))
