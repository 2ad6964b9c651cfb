"""The timeline: bars for trials, on the places where they were trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go

from tunesmith.analysis.figures import Bar, Timeline
from tunesmith.plots.texts import count_text, duration_text, percent_text, plot_text
from tunesmith.plots.theme import BLUE, GREEN, GREY, ORANGE, RED, axis, layout

_HOW: Final = {
    "done": ("finished", BLUE),
    "stopped": ("stopped early", ORANGE),
    "failed": ("failed", RED),
    "paused": ("paused", "#CC79A7"),
    "lost": ("worker lost", GREY),
    "running": ("running", "#56B4E9"),
}
_UNITS: Final = ((2 * 86400.0, 86400.0, "days"), (2 * 3600.0, 3600.0, "hours"), (180.0, 60.0, "minutes"))
_ROW: Final = 24


def timeline_finding(data: Timeline) -> str:
    """The title of the timeline."""
    if not data.total:
        return "No trial has been started yet"
    places = len(data.lanes) + data.hidden
    where = "one place" if places == 1 else f"{places:,} places"
    use = f", busy {percent_text(data.use)} of the time" if np.isfinite(data.use) else ""
    return f"{duration_text(data.seconds)} on {where}{use}"


def timeline_remarks(data: Timeline) -> list[str]:
    """What the timeline leaves out."""
    remarks = []
    if len(data.bars) < data.total and not data.hidden:
        remarks.append(
            f"{len(data.bars):,} of {data.total:,} bars are drawn: the best trials and an even spread of the others; "
            "the line below counts all."
        )
    if data.hidden:
        remarks.append(
            f"{len(data.bars):,} of {data.total:,} bars are drawn; {count_text(data.hidden, 'more place')} did not fit."
        )
    lost = sum(bar.span.how == "lost" for bar in data.bars)
    if lost:
        remarks.append(f"{count_text(lost, 'worker')} vanished; the trials were started again.")
    return remarks


def timeline_figure(data: Timeline) -> go.Figure:
    """One bar per span of training; below, how many places were busy."""
    size, unit = next(((s, name) for least, s, name in _UNITS if data.seconds > least), (1.0, "seconds"))
    groups: dict[str, list[Bar]] = {how: [bar for bar in data.bars if bar.span.how == how] for how in _HOW}
    traces = [_bars(bars, how, size) for how, bars in groups.items() if bars]
    best = [bar for bar in data.bars if bar.span.trial == data.best]
    if best:
        traces.append(_best(best, size))
    traces.append(
        go.Scatter(
            x=data.at / size,
            y=data.busy,
            mode="lines",
            line={"color": GREEN, "width": 1.2, "shape": "hv"},
            fill="tozeroy",
            fillcolor="rgba(0, 158, 115, 0.15)",
            yaxis="y2",
            showlegend=False,
            hovertemplate="%{y} busy<extra></extra>",
        )
    )
    lanes = max(1, len(data.lanes))
    height = 170 + _ROW * max(4, lanes) + 80
    share = 70 / (height - 130)
    every = -(-lanes // 24)
    shared = layout(
        plot_text(timeline_finding(data), 120),
        height=height,
        barmode="overlay",
        bargap=0.15,
        xaxis=axis(f"{unit} since the first trial began", zeroline=False, anchor="y2"),
        yaxis=axis(
            "",
            tickvals=list(range(0, lanes, every)),
            ticktext=[plot_text(name, 24) for name in data.lanes[::every]],
            range=[lanes - 0.5, -0.5],
            domain=[share + 0.04, 1],
            zeroline=False,
        ),
        yaxis2=axis("busy", domain=[0, share], rangemode="tozero", nticks=3),
    )
    return go.Figure(data=traces, layout=shared)


def _bars(bars: Sequence[Bar], how: str, size: float) -> go.Bar:
    name, color = _HOW[how]
    return go.Bar(
        base=[bar.began / size for bar in bars],
        x=[max(bar.ended - bar.began, 0.0) / size for bar in bars],
        y=[bar.lane for bar in bars],
        orientation="h",
        name=name,
        marker={"color": color, "line": {"width": 0.5, "color": "rgba(255, 255, 255, 0.6)"}},
        hoverinfo="text",
        hovertext=[
            f"<b>Trial {bar.span.trial}</b> {name}"
            + (f", attempt {bar.span.attempt}" if bar.span.attempt > 1 else "")
            + f"<br>{duration_text(max(0.0, bar.ended - bar.began))}<br>{plot_text(bar.span.worker, 40)}"
            for bar in bars
        ],
    )


def _best(bars: Sequence[Bar], size: float) -> go.Scatter:
    return go.Scatter(
        x=[(bar.began + bar.ended) / 2 / size for bar in bars],
        y=[bar.lane for bar in bars],
        mode="markers",
        name="best",
        marker={"symbol": "star", "size": 13, "color": GREEN, "line": {"width": 1, "color": "#ffffff"}},
        hoverinfo="skip",
    )
