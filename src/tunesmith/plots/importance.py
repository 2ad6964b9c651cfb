"""Figures of what the outcome depends on: shares of parameters, and what each change on the way to the winner brought."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go

from tunesmith.analysis.ablation import Step
from tunesmith.analysis.axes import IDLE
from tunesmith.analysis.figures import Ablation, Importance
from tunesmith.plots.findings import ablation_finding, importance_finding
from tunesmith.plots.texts import number_text, percent_text, plot_text, value_text
from tunesmith.plots.theme import BLUE, GREY, ORANGE, axis, layout
from tunesmith.space.params import Json

_TITLE: Final = 120
MOST: Final = 20
_ROW: Final = 30


def importance_figure(data: Importance) -> go.Figure:
    """One bar per parameter with its interval, the most important on top; grey where chance would give as much."""
    shares = data.params[:MOST][::-1]
    bars = go.Bar(
        x=[share.share for share in shares],
        y=[plot_text(share.name, 30) for share in shares],
        orientation="h",
        marker=_marks([BLUE if share.real else GREY for share in shares]),
        error_x=_whiskers([(share.low, share.share, share.high) for share in shares]),
        hoverinfo="text",
        hovertext=[
            f"<b>{plot_text(share.name)}</b><br>{percent_text(share.share)}, "
            f"from {percent_text(share.low)} to {percent_text(share.high)}"
            + ("" if share.alone is None else f"<br>alone {percent_text(share.alone)}")
            + ("" if share.active == 1 else f"<br>takes part in {percent_text(share.active)} of the trials")
            for share in shares
        ],
    )
    title = "share of the variance" if data.method == "fanova" else "share"
    shared = _bars(importance_finding(data), axis(f"{title}, with 95 % interval", tickformat=".0%", rangemode="tozero"))
    return go.Figure(data=[bars], layout={**shared, "height": _height(len(shares))})


def ablation_figure(data: Ablation) -> go.Figure:
    """One bar per change, from the default on top to the winner, with the interval of its gain."""
    steps = data.steps[:MOST][::-1]
    bars = go.Bar(
        x=[step.gain for step in steps],
        y=[_change(step.name, step.before, step.after) for step in steps],
        orientation="h",
        marker=_marks([GREY if not step.real else BLUE if step.gain > 0 else ORANGE for step in steps]),
        error_x=_whiskers([(step.low, step.gain, step.high) for step in steps]),
        hoverinfo="text",
        hovertext=[
            f"<b>{_change(step.name, step.before, step.after)}</b><br>{_gained(step)}<br>"
            f"{plot_text(data.metric, 30)} then {'expected' if data.repeats is None else 'measured'}: {number_text(step.expected)}"
            + (f"<br>with {plot_text(', '.join(step.brings))}" if step.brings else "")
            for step in steps
        ],
    )
    shared = _bars(ablation_finding(data), axis(plot_text(f"gain in {data.metric}", 40) + ", with 95 % interval"))
    return go.Figure(data=[bars], layout={**shared, "height": _height(len(steps))})


def _gained(step: Step) -> str:
    if math.isnan(step.gain):
        return "gain not known, as trainings on one side of it have failed"
    interval = f", from {number_text(step.low)} to {number_text(step.high)}" if math.isfinite(step.low) else ""
    return f"gain {number_text(step.gain)}{interval}"


def _bars(title: str, numbers: dict[str, Any]) -> dict[str, Any]:
    return layout(plot_text(title, _TITLE), xaxis=numbers, yaxis=axis("", type="category"), showlegend=False)


def _height(rows: int) -> int:
    return 150 + _ROW * max(3, rows)


def _marks(colors: list[str]) -> dict[str, Any]:
    """Faint where grey, so that the whiskers can be seen on it."""
    return {"color": colors, "opacity": [0.4 if color == GREY else 1.0 for color in colors]}


def _whiskers(intervals: Sequence[tuple[float, float, float]]) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - middle for _, middle, high in intervals],
        "arrayminus": [middle - low for low, middle, _ in intervals],
        "color": GREY,
        "thickness": 1.5,
    }


def _change(name: str, before: Json, after: Json) -> str:
    first, last = (IDLE if value is None else value_text(value, 16) for value in (before, after))
    return plot_text(f"{name}: {first} → {last}", 60)
