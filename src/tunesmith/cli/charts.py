"""Charts in characters: a cloud of points with the best so far, for any terminal. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.history import History
from tunesmith.run.words import number

_POINT: Final = "·"
_MANY: Final = "•"
_LINE: Final = "─"
_STEP: Final = "│"
_FAILED: Final = "x"
_BEST: Final = "★"


class Canvas(NamedTuple):
    """Characters by row, the topmost first."""

    cells: list[list[str]]

    def put(self, row: int, column: int, sign: str) -> None:
        """Write a character; rows count from the bottom."""
        self.cells[len(self.cells) - 1 - row][column] = sign


def history_chart(data: History, width: int = 72, height: int = 14) -> list[str]:
    """The history as lines of text: all trials as points, the best so far as a line, failures below."""
    fits = np.isfinite(data.values) & (data.values > 0 if data.log else True)
    if not fits.any():
        return []
    places = np.log10(data.values[fits]) if data.log else data.values[fits]
    low, high = _range(data, places)
    span = (high - low) or 1.0
    columns = _scaled(data.numbers.astype(float), width)
    rows = np.clip(np.round((places - low) / span * (height - 1)), 0, height - 1).astype(int)
    canvas = Canvas([[" "] * width for _ in range(height)])
    _line(canvas, data, columns, low, span, height)
    counts: dict[tuple[int, int], int] = {}
    for cell in zip(rows.tolist(), columns[fits].tolist(), strict=True):
        counts[cell] = counts.get(cell, 0) + 1
    for (row, column), count in counts.items():
        canvas.put(row, column, _POINT if count < 5 else _MANY)
    if data.best is not None:
        place = int(np.flatnonzero(data.numbers == data.best)[0])
        if fits[place]:
            canvas.put(int(rows[np.flatnonzero(np.flatnonzero(fits) == place)[0]]), int(columns[place]), _BEST)
    return _framed(canvas, data, columns, (low, high), width)


def _range(data: History, places: NDArray[np.float64]) -> tuple[float, float]:
    if not data.log and data.near is not None:
        return data.near
    return float(places.min()), float(places.max())


def _scaled(numbers: NDArray[np.float64], width: int) -> NDArray[np.int64]:
    first, last = numbers.min(), numbers.max()
    columns: NDArray[np.int64] = np.round((numbers - first) / ((last - first) or 1.0) * (width - 1)).astype(np.int64)
    return columns


def _line(canvas: Canvas, data: History, columns: NDArray[np.int64], low: float, span: float, height: int) -> None:
    """The best so far, as steps."""
    values = np.log10(np.where(data.so_far > 0, data.so_far, np.nan)) if data.log else data.so_far
    before: int | None = None
    for column in range(len(canvas.cells[0])):
        reached = np.flatnonzero((columns <= column) & np.isfinite(values))
        if not len(reached):
            continue
        row = int(np.clip(round((values[reached[-1]] - low) / span * (height - 1)), 0, height - 1))
        if before is not None and row != before:
            for between in range(min(row, before), max(row, before)):
                canvas.put(between, column, _STEP)
        canvas.put(row, column, _LINE)
        before = row


def _framed(
    canvas: Canvas, data: History, columns: NDArray[np.int64], ends: tuple[float, float], width: int
) -> list[str]:
    low, high = (10**end for end in ends) if data.log else ends
    labels = {0: number(float(high)), len(canvas.cells) - 1: number(float(low))}
    margin = max(len(label) for label in labels.values())
    lines = [f"{labels.get(index, ''):>{margin}} ┤{''.join(row).rstrip()}" for index, row in enumerate(canvas.cells)]
    failed = {int(column) for column, state in zip(columns, data.states, strict=True) if state == "failed"}
    if failed:
        marks = "".join(_FAILED if column in failed else " " for column in range(width)).rstrip()
        lines.append(f"{'':>{margin}} ┤{marks}")
    first, last = str(int(data.numbers.min())), str(int(data.numbers.max()))
    lines.append(f"{'':>{margin}} └{'─' * width}")
    lines.append(f"{'':>{margin}}  {first}{last:>{max(1, width - len(first))}}")
    return [*lines, f"{'':>{margin}}  {_legend(data, failures=bool(failed))}"]


def _legend(data: History, *, failures: bool) -> str:
    scale = ", logarithmic" if data.log else ""
    outside = 0
    if not data.log and data.near is not None:
        finite = data.values[np.isfinite(data.values)]
        outside = int(((finite < data.near[0]) | (finite > data.near[1])).sum())
    more = f"  {outside:,} beyond the frame" if outside else ""
    marks = f"{_POINT} trial  {_MANY} five or more  {_LINE} best so far  {_BEST} best"
    return f"{data.metric}{scale} by trial  {marks}{f'  {_FAILED} failed' if failures else ''}{more}"


def columns_for(terminal: int) -> int:
    """The width of a chart in a terminal of so many columns."""
    return min(100, max(20, terminal - 16))
