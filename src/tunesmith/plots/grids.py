"""Several small plots in one figure: where each of them stands, and axes on which places carry labels."""

from __future__ import annotations

from typing import Any, NamedTuple

from tunesmith.analysis.axes import Axis
from tunesmith.plots.texts import plot_text
from tunesmith.plots.theme import axis


class Cell(NamedTuple):
    """One small plot: the names of its axes for traces and for the layout, and the part of the figure it has."""

    x: str
    y: str
    xaxis: str
    yaxis: str
    across: tuple[float, float]
    up: tuple[float, float]

    def axes(self, x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
        """The axes of the cell, for the layout."""
        return {
            self.xaxis: {**x, "domain": list(self.across), "anchor": self.y},
            self.yaxis: {**y, "domain": list(self.up), "anchor": self.x},
        }


def grid(count: int, columns: int, *, gap: float = 0.09, row: float = 250) -> tuple[list[Cell], float]:
    """`count` cells, row by row from the top, and the height in pixels of all; `gap` is the share of the width between two."""
    columns = min(columns, max(1, count))
    rows = -(-count // columns)
    between = 62 / (row * rows)
    width, height = (1 - gap * (columns - 1)) / columns, (1 - between * (rows - 1)) / rows
    cells = []
    for place in range(count):
        across, down = place % columns, place // columns
        left, top = across * (width + gap), 1 - down * (height + between)
        number = str(place + 1) if place else ""
        cells.append(
            Cell(
                f"x{number}",
                f"y{number}",
                f"xaxis{number}",
                f"yaxis{number}",
                (left, min(1.0, left + width)),
                (max(0.0, top - height), top),
            )
        )
    return cells, row * rows


def place_axis(data: Axis, *, title: bool = True, room: int = 7) -> dict[str, Any]:
    """The axis of a parameter for traces over its places; at most `room` labels."""
    every = -(-len(data.ticks) // room)
    kept = (
        range(len(data.ticks))
        if data.kind == "category" and len(data.ticks) <= 2 * room
        else range(0, len(data.ticks), every)
    )
    pad = 0.5 if data.kind == "category" else 0.03 * (data.high - data.low)
    return axis(
        plot_text(data.name, 30) if title else "",
        tickvals=[data.ticks[place] for place in kept],
        ticktext=[plot_text(data.labels[place], 14) for place in kept],
        range=[data.low - pad, data.high + pad],
        zeroline=False,
    )


def reached(low: float, high: float) -> list[float]:
    """A range with some room at both ends."""
    return [low - 0.05 * (high - low), high + 0.05 * (high - low)]
