"""What a model expects over the two most important parameters, and beside it how unsure it is."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from tunesmith.analysis.figures import Contour
from tunesmith.plots.grids import grid, place_axis
from tunesmith.plots.texts import better_text, clip, number_text, plot_text, value_text
from tunesmith.plots.theme import layout

_NAME: Final = 40


def contour_finding(data: Contour) -> str:
    """The title of the contours."""
    where = f"{clip(data.x.name, _NAME)} and {clip(data.y.name, _NAME)}"
    mean = np.where(data.allowed, data.mean, np.nan)
    best = float(np.nanmin(mean) if data.direction == "minimize" else np.nanmax(mean))
    row, column = np.argwhere(mean == best)[0]
    unsure = float(data.deviation[row, column])
    return f"Over {where} the best expected {clip(data.metric, _NAME)} is {number_text(best)} ± {number_text(unsure)}"


def contour_remarks(data: Contour) -> list[str]:
    """How the contours are meant."""
    others = ", ".join(f"{clip(name, 30)} = {value_text(value, 30)}" for name, value in list(data.others.items())[:6])
    more = f" and {len(data.others) - 6} more" if len(data.others) > 6 else ""
    at = f" ({others}{more})" if others else ""
    remarks = [f"As a model of all trials expects it where everything else is as in trial {data.best}{at}."]
    if len(data.numbers) < data.total:
        shown = f"{len(data.numbers):,} of {data.total:,} trials"
        remarks.append(f"{shown} are drawn as points: the best ones and an even spread of the others.")
    if not data.allowed.all():
        remarks.append("Empty: not allowed by the limits of the space.")
    return remarks


def contour_figure(data: Contour) -> go.Figure:
    """Left the expected value, right its standard deviation, with the trials as points on both."""
    cells, height = grid(2, 2, gap=0.25, row=330)
    figure = go.Figure(layout=layout(plot_text(contour_finding(data), 140), height=height + 120, showlegend=False))
    surfaces = [
        (data.mean, plot_text(better_text(data.metric, data.direction, 20)), data.direction == "maximize", "Viridis"),
        (data.deviation, "standard deviation", True, "Cividis"),
    ]
    for (values, name, turned, colors), cell in zip(surfaces, cells, strict=True):
        figure.update_layout(cell.axes(place_axis(data.x, room=5), place_axis(data.y)))
        figure.add_trace(_surface(data, values, name, colors, turned=turned, x=cell.x, y=cell.y, right=cell.across[1]))
        figure.add_trace(_points(data, cell.x, cell.y))
    heads = zip(("expected", "how unsure: one standard deviation"), cells, strict=True)
    figure.layout.annotations = [
        {
            "text": text,
            "x": cell.across[0],
            "y": 1.02,
            "xref": "paper",
            "yref": "paper",
            "xanchor": "left",
            "yanchor": "bottom",
            "showarrow": False,
        }
        for text, cell in heads
    ]
    return figure


def _surface(
    data: Contour, values: NDArray[np.float64], name: str, colors: str, *, turned: bool, x: str, y: str, right: float
) -> go.Contour | go.Heatmap:
    shared: dict[str, Any] = {
        "x": data.columns,
        "y": data.rows,
        "z": np.where(data.allowed, values, np.nan),
        "colorscale": colors,
        "reversescale": turned,
        "xaxis": x,
        "yaxis": y,
        "colorbar": {"x": right + 0.01, "thickness": 12, "outlinewidth": 0, "len": 1.0},
        "hovertemplate": f"{name}: %{{z:.4~g}}<extra></extra>",
    }
    # Between options there is nothing that a contour could run through.
    if "category" in (data.x.kind, data.y.kind):
        return go.Heatmap(**shared)
    return go.Contour(**shared, line={"width": 0.5, "color": "rgba(255, 255, 255, 0.5)"}, ncontours=16)


def _points(data: Contour, x: str, y: str) -> go.Scatter:
    best = data.numbers == data.best
    return go.Scatter(
        x=data.x.values,
        y=data.y.values,
        mode="markers",
        xaxis=x,
        yaxis=y,
        marker={
            "size": np.where(best, 14, 5),
            "symbol": np.where(best, "star", "circle"),
            "color": "rgba(255, 255, 255, 0.85)",
            "line": {"width": 1, "color": "#1f2328"},
        },
        hoverinfo="text",
        hovertext=[
            f"<b>Trial {number}</b><br>{plot_text(data.metric, 30)} = {number_text(float(value))}"
            for number, value in zip(data.numbers, data.values, strict=True)
        ],
    )
