"""The front of three objectives in three dimensions, to be turned around."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from tunesmith.analysis.figures import Pareto
from tunesmith.plots.front import group_rows, hover_text, near_of, pareto_finding
from tunesmith.plots.grids import reached
from tunesmith.plots.texts import plot_text
from tunesmith.plots.theme import GREY, GRID, layout

_SYMBOLS: Final = {"triangle-down": "square"}
"""Plotly has fewer marks in three dimensions."""
_WAYS: Final = {"minimize": "smaller", "maximize": "larger"}
_CORNER: Final = 1.4
"""How far away the eye is, in widths of the box."""


def solid_figure(data: Pareto) -> go.Figure:
    """All trials over three objectives. The eye is where the best values are, so that the front lies before the others."""
    names = ("x", "y", "z")
    scene: dict[str, Any] = {f"{name}axis": _axis(data, place) for place, name in enumerate(names)}
    eye = {name: -_CORNER if way == "minimize" else _CORNER for name, way in zip("xy", data.directions, strict=False)}
    # From above, as people look at things; and not exactly from the corner, where ends of axes hide one another.
    camera = {"eye": {"x": 1.2 * eye["x"], "y": eye["y"], "z": 0.8}, "center": {"x": 0, "y": 0, "z": -0.2}}
    scene |= {"camera": camera, "aspectmode": "cube"}
    shared = layout(plot_text(pareto_finding(data), 120), height=520, scene=scene)
    shared["margin"] = {"l": 0, "r": 0, "t": 80, "b": 0}
    return go.Figure(data=_traces(data), layout=shared)


def _axis(data: Pareto, objective: int) -> dict[str, Any]:
    name, way = data.metrics[objective], _WAYS[data.directions[objective]]
    near = near_of(data, objective)
    return {
        "title": {"text": f"{plot_text(name, 24)}<br>({way} is better)", "font": {"size": 12}},
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        "showbackground": False,
        "showline": True,
        "linecolor": GREY,
        "showspikes": False,
        "nticks": 6,
        "tickfont": {"size": 11},
        **({} if near is None else {"range": reached(*near)}),
    }


def _traces(data: Pareto) -> list[go.Scatter3d]:
    return [
        go.Scatter3d(
            x=data.values[rows, 0],
            y=data.values[rows, 1],
            z=data.values[rows, 2],
            mode="markers",
            name=name,
            marker={**marker, "symbol": _SYMBOLS.get(symbol, symbol), "size": 6 if name == "on the front" else 4},
            hoverinfo="text",
            hovertext=[hover_text(data, int(place)) for place in np.flatnonzero(rows)],
        )
        for name, rows, marker in group_rows(data)
        for symbol in [marker.get("symbol", "circle")]
    ]
