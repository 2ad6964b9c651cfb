"""Failures by kind, over the parameter that tells most about where they happen."""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go

from tunesmith.analysis.axes import IDLE as DASH
from tunesmith.analysis.figures import Failures
from tunesmith.analysis.panels.failures import Bin
from tunesmith.plots.texts import clip, count_text, cut, join_text, plot_text
from tunesmith.plots.theme import GREY, ORANGE, RED, axis, layout

_COLORS: Final = {"oom": RED, "nan": ORANGE, "error": "#CC79A7", "timeout": "#56B4E9", "killed": GREY}
_NAME: Final = 40
_MESSAGE: Final = 160


def failures_finding(data: Failures) -> str:
    """The title of the failures."""
    if not data.failed:
        return "No trial failed"
    kinds = join_text([f"{count:,} {kind}" for kind, count in data.kinds.items()])
    return f"{data.failed:,} of {count_text(data.ended, 'trial')} that ended failed: {kinds}"


def failures_remarks(data: Failures) -> list[str]:
    """Where they lie, and the latest of each kind in its own words."""
    remarks = []
    if data.param is not None:
        worst = max(data.bins, key=_surely_failing)
        failed = f"{sum(worst.kinds.values()):,} of {worst.ended:,} failed at {clip(worst.label, _NAME)}"
        remarks.append(f"{clip(data.param, _NAME)} tells most about where: {failed}.")
    elif data.failed:
        remarks.append("No parameter tells where trials fail better than chance would.")
    remarks += [
        f"The latest {kind}: {cut(data.messages[kind], _MESSAGE).rstrip('.')}."
        for kind in data.kinds
        if data.messages.get(kind)
    ]
    return remarks


def _surely_failing(part: Bin) -> float:
    """The share that fails there at least: one trial that failed is no certainty (the lower end of Wilson's 95 % interval)."""
    failed, n, z2 = sum(part.kinds.values()), max(1, part.ended), 1.96**2
    share = failed / n
    lower: float = (share + z2 / (2 * n) - (z2 * (share * (1 - share) / n + z2 / (4 * n * n))) ** 0.5) / (1 + z2 / n)
    return lower


def failures_figure(data: Failures) -> go.Figure:
    """The share of trials that failed in each bin, by kind."""
    # Ranges stand on two lines, so that many of them fit beside one another.
    labels = [f"{plot_text(each.label, 24).replace(DASH, f'{DASH}<br>')}<br>({each.ended:,})" for each in data.bins]
    bars = [
        go.Bar(
            x=list(range(len(data.bins))),
            y=[each.kinds.get(kind, 0) / max(1, each.ended) for each in data.bins],
            name=kind,
            marker={"color": _COLORS.get(kind, GREY)},
            hoverinfo="text",
            hovertext=[
                f"{each.kinds.get(kind, 0):,} of {each.ended:,} trials: {kind}<br>{plot_text(each.label, 40)}"
                for each in data.bins
            ],
        )
        for kind in data.kinds
    ]
    shared = layout(
        plot_text(failures_finding(data), 120),
        barmode="stack",
        bargap=0.25,
        height=360,
        xaxis=axis(
            plot_text(data.param or "", 40),
            tickvals=list(range(len(labels))),
            ticktext=labels,
            tickangle=0,
            range=[-0.7, max(0.7, len(labels) - 0.3)],
        ),
        yaxis=axis("share of the trials that failed", tickformat=".0%", rangemode="tozero"),
    )
    return go.Figure(data=bars, layout=shared)
