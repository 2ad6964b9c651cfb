"""A page of the table of trials: filtered, sorted, cut. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.axes import shown
from tunesmith.analysis.table import Table
from tunesmith.errors import InvalidFilter
from tunesmith.space.names import did_you_mean
from tunesmith.web.filters import Column, parse

SIZES: Final = (25, 50, 100, 200)
BEST: Final = "best"
"""The order from best to worst."""


class Wanted(NamedTuple):
    """What part of the table is asked for; `sort` is a column, or "best", after a "-" the other way round."""

    filter: str = ""
    sort: str = BEST
    page: int = 1
    size: int = SIZES[1]


class Rows(NamedTuple):
    """A page of the table."""

    numbers: list[int]
    """Trials of the page, in order."""
    matching: int
    total: int
    page: int
    pages: int


@final
class Frame:
    """The table column by column, each made when it is first asked for."""

    def __init__(self, data: Table) -> None:
        self._data = data
        self._rows: Sequence[list[object]] | None = None
        self._columns: dict[str, Column] = {}
        self.names: Sequence[str] = data.columns
        self.count = len(data.rows)

    def column(self, name: str) -> Column:
        """Numbers where all that is there is a number, else texts as the page shows them."""
        if name not in self._columns:
            if self._rows is None:
                self._rows = list(self._data.rows)
            place = self._data.columns.index(name)
            self._columns[name] = _column([row[place] for row in self._rows])
        return self._columns[name]

    def matching(self, text: str) -> NDArray[np.bool_]:
        """(n,) which trials a filter lets through."""
        wanted = parse(text)
        return np.ones(self.count, bool) if wanted is None else wanted.rows(self)


def _column(cells: Sequence[Any]) -> Column:
    kinds = {type(cell) for cell in cells} - {type(None)}
    if kinds and kinds <= {int, float}:
        return Column(np.array([np.nan if cell is None else _number(cell) for cell in cells], float))
    return Column([None if cell is None else shown(cell) for cell in cells])


def _number(cell: float) -> float:
    try:
        return float(cell)
    except OverflowError:  # a whole number beyond all floats
        return np.inf if cell > 0 else -np.inf


def page_of(frame: Frame, ranking: Sequence[int], wanted: Wanted) -> Rows:
    """The wanted page; one beyond the last is the last. Raises `InvalidFilter`."""
    fits = frame.matching(wanted.filter)
    order = _order(frame, ranking, wanted.sort)
    numbers = order[fits[order]]
    pages = max(1, -(-len(numbers) // wanted.size))
    page = min(max(1, wanted.page), pages)
    start = (page - 1) * wanted.size
    return Rows(numbers[start : start + wanted.size].tolist(), len(numbers), frame.count, page, pages)


def _order(frame: Frame, ranking: Sequence[int], sort: str) -> NDArray[np.int64]:
    """(n,) all trials in the order that is asked for; what is missing comes last in both directions."""
    down, name = sort.startswith("-"), sort.removeprefix("-")
    if name == BEST:
        best = np.array(ranking, np.int64)
        return best[::-1] if down else best
    if name not in frame.names:
        hint = did_you_mean(name, frame.names)
        raise InvalidFilter(f"The table has no column {name[:80]!r} to be sorted by{hint or '.'}")
    values = frame.column(name).values
    if isinstance(values, np.ndarray):
        keys = -values if down else values
        return np.argsort(keys, kind="stable")  # NaN comes last by itself
    known = [index for index, text in enumerate(values) if text is not None]
    known.sort(key=lambda index: values[index] or "", reverse=down)
    missing = [index for index, text in enumerate(values) if text is None]
    return np.array([*known, *missing], np.int64)
