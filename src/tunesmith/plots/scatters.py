"""Trials over single parameters, and over the plane of batch size and learning rate."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from tunesmith.analysis.figures import Plane, Slices
from tunesmith.plots.grids import grid, place_axis, reached
from tunesmith.plots.texts import better_text, clip, count_text, number_text, plot_text
from tunesmith.plots.theme import BLUE, GREEN, RED, axis, layout

_NAME: Final = 40


def slices_finding(data: Slices) -> str:
    """The title of the slices."""
    if not len(data.numbers):
        return "No trial has a value to compare"
    if not data.axes:
        return "No parameter varies in this study"
    return f"{clip(data.metric, _NAME)} over each of {count_text(len(data.axes) + len(data.hidden), 'parameter')}"


def slices_remarks(data: Slices) -> list[str]:
    """What the slices leave out."""
    remarks = []
    if len(data.numbers) < data.total:
        remarks.append(
            f"{len(data.numbers):,} of {data.total:,} trials are shown: the best ones and an even spread of the others."
        )
    if data.hidden:
        further = count_text(len(data.hidden), "further parameter")
        remarks.append(f"{further} did not fit, from {clip(data.hidden[0], _NAME)} on.")
    if data.near is not None and not data.log:
        remarks.append("What lies far off the others is above or below; double-click to see it.")
    return remarks


def slices_figure(data: Slices) -> go.Figure:
    """One plot per parameter: the trials by its value and the objective, later ones stronger, the best marked."""
    cells, height = grid(len(data.axes), 3, gap=0.07, row=220)
    figure = go.Figure(layout=layout(plot_text(slices_finding(data), 120), height=height + 100, showlegend=False))
    hover = [
        f"<b>Trial {number}</b><br>{plot_text(data.metric, 30)} = {number_text(float(value))}"
        for number, value in zip(data.numbers, data.values, strict=True)
    ]
    y: dict[str, Any] = {"type": "log"} if data.log else {"range": reached(*data.near)} if data.near else {}
    best = data.numbers == data.best
    for place, (parameter, cell) in enumerate(zip(data.axes, cells, strict=True)):
        name = plot_text(better_text(data.metric, data.direction, 18)) if place % 3 == 0 else ""
        figure.update_layout(cell.axes(place_axis(parameter, room=5), axis(name, **y)))
        figure.add_trace(
            go.Scatter(
                x=parameter.values,
                y=data.values,
                mode="markers",
                xaxis=cell.x,
                yaxis=cell.y,
                marker={
                    "color": [GREEN if is_best else BLUE for is_best in best],
                    "symbol": ["star" if is_best else "circle" for is_best in best],
                    "size": np.where(best, 14, 6),
                    # Later trials stand out, so that it can be seen where the search went.
                    "opacity": np.where(best, 1.0, np.linspace(0.3, 0.85, len(best))),
                    "line": {"width": 0},
                },
                hoverinfo="text",
                hovertext=hover,
            )
        )
    return figure


def plane_finding(data: Plane) -> str:
    """The title of the plane of batch size and learning rate."""
    if not np.isfinite(data.values).any():
        return "No trial with both has a value"
    where = np.flatnonzero(data.numbers == data.best)
    if not len(where):
        return f"{clip(data.metric, _NAME)} over {clip(data.batch.name, _NAME)} and {clip(data.rate.name, _NAME)}"
    batch, rate = (each.real(float(each.values[where[0]])) for each in (data.batch, data.rate))
    if data.batch.kind == "category":
        batch_text = dict(zip(data.batch.ticks, data.batch.labels, strict=True)).get(batch, "")
    else:
        batch_text = number_text(round(batch, 6))
    return f"The best trial has {clip(data.batch.name, _NAME)} {batch_text} and {clip(data.rate.name, _NAME)} {number_text(rate)}"


def plane_remarks(data: Plane) -> list[str]:
    """How the plane is meant, and what it leaves out."""
    remarks = ["These two pull on one another: with a larger batch, a larger learning rate is mostly better."]
    if data.failed.any():
        remarks.append(f"Crosses: {count_text(int(data.failed.sum()), 'trial')} failed.")
    if len(data.numbers) < data.total:
        remarks.append(
            f"{len(data.numbers):,} of {data.total:,} trials are shown: the best ones and an even spread of the others."
        )
    return remarks


def plane_figure(data: Plane) -> go.Figure:
    """Trials by batch size and learning rate, coloured by the objective, failures as crosses."""
    known = np.isfinite(data.values)
    finite = data.values[known]
    low, high = data.near or ((float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0))
    best = data.numbers[known] == data.best
    scale = {"title": {"text": plot_text(data.metric, 22), "side": "right"}, "thickness": 14, "outlinewidth": 0}
    traces = [
        go.Scatter(
            x=data.batch.values[known],
            y=data.rate.values[known],
            mode="markers",
            showlegend=False,
            marker={
                "color": finite,
                "colorscale": "Viridis",
                "reversescale": data.direction == "maximize",
                "cmin": low,
                "cmax": high,
                "colorbar": scale,
                "size": np.where(best, 17, 10),
                "symbol": np.where(best, "star", "circle"),
                "line": {"width": 0.5, "color": "rgba(128, 128, 128, 0.8)"},
            },
            hoverinfo="text",
            hovertext=[
                f"<b>Trial {number}</b><br>{plot_text(data.metric, 30)} = {number_text(float(value))}"
                for number, value in zip(data.numbers[known], finite, strict=True)
            ],
        ),
        go.Scatter(
            x=data.batch.values[data.failed],
            y=data.rate.values[data.failed],
            mode="markers",
            name="failed",
            marker={"color": RED, "symbol": "x", "size": 8},
            hoverinfo="text",
            hovertext=[f"<b>Trial {number}</b> failed" for number in data.numbers[data.failed]],
        ),
    ]
    shared = layout(plot_text(plane_finding(data), 120), xaxis=place_axis(data.batch), yaxis=place_axis(data.rate))
    return go.Figure(data=[trace for trace in traces if len(trace.x)], layout=shared)
