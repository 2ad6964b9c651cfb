"""Figures of several objectives: the front, and the hypervolume that trials have won."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from tunesmith.analysis.axes import near_range
from tunesmith.analysis.figures import Pareto, Volume
from tunesmith.plots.grids import grid, reached
from tunesmith.plots.texts import (
    better_text,
    clip,
    config_lines,
    count_text,
    join_text,
    number_text,
    percent_text,
    plot_text,
)
from tunesmith.plots.theme import BLUE, GREEN, GREY, ORANGE, axis, count_axis, layout

_SHOWN: Final = 4
"""Objectives of which each pair is shown."""
_NAME: Final = 40


def pareto_finding(data: Pareto) -> str:
    """The title of the front."""
    if not len(data.numbers):
        return "No trial has a value of every objective"
    front = int(data.front.sum())
    if not front:
        return f"None of {count_text(data.total, 'trial')} keeps the limits"
    beats = "no other one beats" if front > 1 else "beats all others"
    return (
        f"{count_text(front, 'trial')} of {data.total:,} that {beats} in all objectives"
        if front > 1
        else (f"Trial {data.numbers[data.front][0]} {beats} in all objectives")
    )


def pareto_remarks(data: Pareto) -> list[str]:
    """What must be known to read the front."""
    remarks = []
    if len(data.numbers) < data.total:
        remarks.append(
            f"{len(data.numbers):,} of {data.total:,} trials are shown: the whole front and an even spread of the others."
        )
    if len(data.metrics) > 2:
        remarks.append(
            "Each pair of objectives has a plot; what is on the front for all of them need not be so in each plot."
        )
    if len(data.metrics) > _SHOWN:
        left = join_text([clip(name, _NAME) for name in data.metrics[_SHOWN:]])
        remarks.append(f"Without {left}, which the parallel coordinates show.")
    if data.limits:
        beyond = int((~data.feasible).sum())
        limits = join_text([clip(limit, _NAME) for limit in data.limits])
        remarks.append(f"Hollow: beyond the limits ({limits}), {count_text(beyond, 'trial')}.")
    if any(near_of(data, objective) for objective in range(len(data.metrics))):
        remarks.append("Some values lie far off the others: double-click the figure to see all.")
    if data.without:
        remarks.append(f"Left out: {count_text(data.without, 'trial')} without a value of each objective.")
    return remarks


def pareto_figure(data: Pareto) -> go.Figure:
    """All trials with the front among them, one plot for each pair of the first four objectives."""
    pairs = list(combinations(range(min(len(data.metrics), _SHOWN)), 2))
    cells, height = grid(len(pairs), 1 if len(pairs) == 1 else 2 if len(pairs) == 4 else 3, row=320)
    figure = go.Figure(layout=layout(plot_text(pareto_finding(data), 120), height=height + 110))
    named: set[str] = set()
    for (first, second), cell in zip(pairs, cells, strict=True):
        axes = [_axis(data, objective) for objective in (first, second)]
        figure.update_layout(cell.axes(*axes))
        if len(pairs) == 1:
            figure.add_trace(_stairs(data, cell.x, cell.y))
        for trace in _points(data, first, second):
            trace.update(xaxis=cell.x, yaxis=cell.y, showlegend=trace.name not in named)
            named.add(trace.name)
            figure.add_trace(trace)
    return figure


def _axis(data: Pareto, objective: int) -> dict[str, Any]:
    name = plot_text(better_text(data.metrics[objective], data.directions[objective], 24))
    near = near_of(data, objective)
    return axis(name) if near is None else axis(name, range=reached(*near))


def near_of(data: Pareto, objective: int) -> tuple[float, float] | None:
    """The range of an objective that is worth showing first, where outliers would crush the rest."""
    return near_range(data.values[:, objective], 1.0 if data.directions[objective] == "minimize" else -1.0)


def group_rows(data: Pareto) -> list[tuple[str, NDArray[np.bool_], dict[str, Any]]]:
    """Kinds of trials, those of the front last: what each is called, its rows (n,), and its marker."""
    stopped = np.array([state == "stopped" for state in data.states], bool)
    inside = data.feasible & ~data.front
    groups: list[tuple[str, NDArray[np.bool_], dict[str, Any]]] = [
        ("finished", inside & ~stopped, {"color": BLUE, "opacity": 0.55}),
        ("stopped early", inside & stopped, {"color": ORANGE, "symbol": "triangle-down", "opacity": 0.7}),
        ("beyond the limits", ~data.feasible, {"color": GREY, "symbol": "circle-open", "line": {"width": 1.5}}),
        ("on the front", data.front, {"color": GREEN, "symbol": "diamond", "size": 11}),
    ]
    return [group for group in groups if group[1].any()]


def _points(data: Pareto, first: int, second: int) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=data.values[rows, first],
            y=data.values[rows, second],
            mode="markers",
            name=name,
            legendgroup=name,
            marker={"size": 8, **marker},
            hoverinfo="text",
            hovertext=[hover_text(data, int(place)) for place in np.flatnonzero(rows)],
        )
        for name, rows, marker in group_rows(data)
    ]


def hover_text(data: Pareto, place: int) -> str:
    """A trial's objectives and configuration, as markup of Plotly."""
    values = [
        f"{plot_text(name, 30)} = {number_text(float(value))}"
        for name, value in zip(data.metrics, data.values[place], strict=True)
    ]
    return "<br>".join([f"<b>Trial {data.numbers[place]}</b>", *values, *config_lines(data.configs[place], 8)])


def _stairs(data: Pareto, x: str, y: str) -> go.Scatter:
    """The border of what the front dominates, for two objectives."""
    order = np.argsort(data.values[data.front, 0])
    xs, ys = data.values[data.front][order].T if data.front.any() else np.empty((2, 0))
    # Where the first objective is to be small, the next point's height is reached at its place; else at the one before.
    shape = "hv" if data.directions[0] == "minimize" else "vh"
    line = {"color": GREEN, "width": 1.5, "shape": shape, "dash": "dot"}
    return go.Scatter(x=xs, y=ys, mode="lines", line=line, hoverinfo="skip", showlegend=False, xaxis=x, yaxis=y)


def volume_finding(data: Volume) -> str:
    """The title of the hypervolume."""
    gained = data.shares[-1]
    half = data.numbers[np.flatnonzero(data.shares >= gained / 2)[0]]
    return f"The front changed last at trial {data.numbers[-1]} of {data.last + 1:,}; half of what it has won stood at trial {half}"


def volume_remarks(data: Volume) -> list[str]:
    """How the hypervolume is meant."""
    point = ", ".join(
        f"{clip(name, 30)} {number_text(float(value))}"
        for name, value in zip(data.metrics, data.reference, strict=True)
    )
    remarks = [f"100 % would be the best of every objective at once; the reference point is {point}."]
    if data.changes > len(data.numbers):
        remarks.append(f"{len(data.numbers):,} of {data.changes:,} changes of the front are drawn.")
    return remarks


def volume_figure(data: Volume) -> go.Figure:
    """The hypervolume over trials."""
    line = go.Scatter(
        x=[*data.numbers, data.last],
        y=[*data.shares, data.shares[-1]],
        mode="lines",
        line={"color": GREEN, "width": 2.5, "shape": "hv"},
        fill="tozeroy",
        fillcolor="rgba(0, 158, 115, 0.12)",
        hoverinfo="text",
        hovertext=[
            f"<b>Trial {number}</b><br>hypervolume {percent_text(float(share))}"
            for number, share in zip([*data.numbers, data.last], [*data.shares, data.shares[-1]], strict=True)
        ],
    )
    y = axis("hypervolume", tickformat=".0%", rangemode="tozero")
    shared = layout(plot_text(volume_finding(data), 140), xaxis=count_axis("trial", data.last), yaxis=y, height=340)
    return go.Figure(data=[line], layout={**shared, "showlegend": False})
