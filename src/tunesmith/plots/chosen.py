"""Learning curves of one trial, or of a few side by side, each told apart by colour and line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from tunesmith.analysis.axes import is_wide
from tunesmith.analysis.curves import thinned
from tunesmith.plots.texts import better_text, plot_text
from tunesmith.plots.theme import BLUE, GREEN, ORANGE, RED, axis, count_axis, layout

_COLORS: Final = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9")
_DASHES: Final = ("solid", "dash")
_MOST_POINTS: Final = 2000


class Curve(NamedTuple):
    """One trial's metric: steps and values, both of shape (s,)."""

    number: int
    steps: NDArray[np.int64]
    values: NDArray[np.float64]


def chosen_curves_figure(curves: Sequence[Curve], metric: str, direction: str | None) -> go.Figure:
    """One line per trial; long ones are thinned, extremes kept."""
    y = axis(plot_text(better_text(metric, direction, 24)))
    everything = np.concatenate([curve.values for curve in curves]) if curves else np.empty(0)
    if is_wide(everything, -1.0 if direction == "maximize" else 1.0):
        y["type"] = "log"
    longest = max((int(curve.steps[-1]) for curve in curves if len(curve.steps)), default=0)
    lines = [_line(curve, index) for index, curve in enumerate(curves)]
    shared = layout("", xaxis=count_axis("step", longest), yaxis=y, height=340, showlegend=len(curves) > 1)
    return go.Figure(data=lines, layout=shared)


def _line(curve: Curve, index: int) -> go.Scatter:
    steps, values = thinned(curve.steps, curve.values, _MOST_POINTS)
    few = len(steps) <= 60
    return go.Scatter(
        x=steps,
        y=np.where(np.isfinite(values), values, np.nan),
        mode="lines+markers" if few else "lines",
        name=f"trial {curve.number}",
        line={
            "color": _COLORS[index % len(_COLORS)],
            "width": 2.2,
            "dash": _DASHES[index // len(_COLORS) % len(_DASHES)],
        },
        marker={"size": 5},
        hovertemplate="step %{x}: %{y:.6~g}",
    )
