"""Studies side by side: the best value so far over trials and over time."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from tunesmith.analysis.figures import Comparison
from tunesmith.plots.grids import grid, reached
from tunesmith.plots.texts import better_text, clip, join_text, number_text, plot_text
from tunesmith.plots.theme import BLUE, GREEN, ORANGE, RED, axis, layout

_COLORS: Final = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9")
_DASHES: Final = ("solid", "dash", "dot")
_UNITS: Final = ((2 * 86400.0, 86400.0, "days"), (2 * 3600.0, 3600.0, "hours"), (180.0, 60.0, "minutes"))
_NAME: Final = 40


def comparison_finding(data: Comparison) -> str:
    """The title of the comparison."""
    sign = 1.0 if data.direction == "minimize" else -1.0
    known = [course for course in data.courses if np.isfinite(course.value)]
    if not known:
        return f"No study has a value of {clip(data.metric, _NAME)} yet"
    best = min(known, key=lambda course: sign * course.value)
    if len(known) == 1:
        return f"Best {clip(data.metric, _NAME)}: {number_text(best.value)} of {clip(best.study, _NAME)}"
    others = sorted((course for course in known if course is not best), key=lambda course: sign * course.value)
    return (
        f"Best {clip(data.metric, _NAME)}: {number_text(best.value)} of {clip(best.study, _NAME)}, before "
        f"{number_text(others[0].value)} of {clip(others[0].study, _NAME)}"
    )


def comparison_remarks(data: Comparison) -> list[str]:
    """How the comparison is meant, and what it leaves out."""
    remarks = ["The best of many values is too good on average, the more so the more trials there were."]
    if data.others:
        names = join_text([clip(name, _NAME) for name in data.others[:6]])
        remarks.append(f"Left out, since they have another objective: {names}.")
    if data.log:
        remarks.append("The axis is logarithmic.")
    return remarks


def comparison_figure(data: Comparison) -> go.Figure:
    """Left over the trials that have ended, right over the time since each study's first trial began."""
    cells, height = grid(2, 2, gap=0.1, row=330)
    figure = go.Figure(layout=layout(plot_text(comparison_finding(data), 120), height=height + 130))
    longest = max((float(course.seconds[-1]) for course in data.courses if len(course.seconds)), default=0.0)
    size, unit = next(((s, name) for least, s, name in _UNITS if longest > least), (1.0, "seconds"))
    y: dict[str, Any] = {"type": "log"} if data.log else {"range": reached(*data.near)} if data.near else {}
    for place, (cell, title) in enumerate(
        zip(cells, ("trials that have ended", f"{unit} since the first trial"), strict=True)
    ):
        metric = plot_text(better_text(data.metric, data.direction, 24)) if place == 0 else ""
        figure.update_layout(cell.axes(axis(title), axis(metric, **y)))
        for index, course in enumerate(data.courses):
            at, values = (
                (course.trials, course.trial_values) if place == 0 else (course.seconds / size, course.time_values)
            )
            name = plot_text(course.study, 40)
            figure.add_trace(
                go.Scatter(
                    x=at,
                    y=values,
                    mode="lines",
                    name=name,
                    legendgroup=str(index),
                    showlegend=place == 0,
                    xaxis=cell.x,
                    yaxis=cell.y,
                    line={
                        "color": _COLORS[index % len(_COLORS)],
                        "dash": _DASHES[index // len(_COLORS) % len(_DASHES)],
                        "width": 2.4,
                        "shape": "hv",
                    },
                    meta=[name],
                    hovertemplate="%{meta[0]}: %{y:.4~g}<extra></extra>",
                )
            )
    return figure
