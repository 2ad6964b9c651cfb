"""The history of very many trials: points over a density."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from tunesmith.analysis.thinned import Density, Thinned
from tunesmith.plots.figures import history_figure

_SHADES: Final = [[0.0, "rgba(0, 114, 178, 0.08)"], [1.0, "rgba(0, 114, 178, 0.55)"]]


def thinned_history_figure(data: Thinned) -> go.Figure:
    """The history, with a shading behind its points that counts all trials where not all are drawn."""
    figure = history_figure(data.points)
    if data.density is not None:
        for trace in figure.data:
            if trace.mode == "markers":
                trace.marker.size = [size * 0.6 for size in trace.marker.size]
        figure.add_trace(_shading(data.density))
        figure.data = (figure.data[-1], *figure.data[:-1])
    return figure


def thinned_remarks(data: Thinned) -> list[str]:
    """How many trials are drawn, and which."""
    drawn = len(data.points.numbers)
    if drawn == data.total:
        return []
    shading = "; the shading counts all that have a value" if data.density else ""
    kept = "the best, the improvements and an even spread of the others"
    return [f"{drawn:,} of {data.total:,} trials are drawn one by one: {kept}{shading}."]


def _shading(density: Density) -> go.Heatmap:
    counts: Any = np.where(density.counts > 0, density.counts, np.nan)
    return go.Heatmap(
        x=density.numbers,
        y=density.values,
        z=np.sqrt(counts),  # so that a few trials beside very many can be seen
        text=np.where(density.counts > 0, density.counts, 0),
        colorscale=_SHADES,
        showscale=False,
        hovertemplate="%{text} trials around %{x:.0f}, %{y:.4~g}<extra></extra>",
    )
