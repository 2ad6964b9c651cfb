"""Plotly figures of the data in `tunesmith.analysis.figures`, for notebooks, reports and the dashboard alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from tunesmith.analysis.figures import Axis, Curves, History, Line, Parallel
from tunesmith.plots.findings import curves_finding, history_finding, parallel_finding
from tunesmith.plots.texts import better_text, clip, config_lines, number_text, plot_text
from tunesmith.plots.theme import GREEN, GREY, STATE_COLORS, STATE_SYMBOLS, STATE_WORDS, axis, count_axis, layout

_TITLE: Final = 120
_MARK_WORDS: Final = {"stopped": "stop, with its reason", "failed": "failure"}
_DECIDED: Final = {
    "pause": ("paused", "line-ew-open", "#CC79A7"),
    "promote": ("promoted", "triangle-up", GREEN),
    "fork": ("forked", "diamond", "#56B4E9"),
}
_DETAILED: Final = 5000
"""With more points than that, hover boxes hold no configs, which would make a page of many megabytes."""


def history_figure(data: History) -> go.Figure:
    """The first objective by trial number, with the best so far as a line; failures as crosses at the bottom."""
    figure = go.Figure(layout=_history_layout(data))
    missing = ~np.isfinite(data.values)
    states = np.array(data.states, dtype=object)
    for state in ("done", "stopped"):
        here = (states == state) & ~missing
        figure.add_trace(_points(data, here & data.feasible, state, STATE_WORDS[state]))
        figure.add_trace(_points(data, here & ~data.feasible, f"{state}-open", f"{STATE_WORDS[state]}, beyond limits"))
    figure.add_trace(_points(data, (states != "failed") & missing, "none", "no finite value", at_bottom=True))
    figure.add_trace(_points(data, states == "failed", "failed", "failed", at_bottom=True))
    known = np.isfinite(data.so_far)
    figure.add_trace(
        go.Scatter(
            x=data.numbers[known],
            y=data.so_far[known],
            mode="lines",
            name="best so far",
            line={"color": GREEN, "width": 2.5, "shape": "hv"},
            hoverinfo="skip",
        )
    )
    if data.standings:
        figure.add_trace(_confirmed(data))
    figure.data = [trace for trace in figure.data if len(trace.x)]
    return figure


def _confirmed(data: History) -> go.Scatter:
    """What the best ones came to on fresh seeds, with intervals."""
    known = data.standings
    finite = [np.isfinite([one.low, one.high]).all() for one in known]
    return go.Scatter(
        x=[one.number for one in known],
        y=[one.mean for one in known],
        mode="markers",
        name="on fresh seeds",
        marker={"symbol": "diamond-open", "size": 12, "color": GREEN, "line": {"width": 2}},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [one.high - one.mean if ok else 0 for one, ok in zip(known, finite, strict=True)],
            "arrayminus": [one.mean - one.low if ok else 0 for one, ok in zip(known, finite, strict=True)],
            "color": GREEN,
            "thickness": 1.5,
        },
        hoverinfo="text",
        hovertext=[
            f"<b>Trial {one.number}</b> trained again<br>mean {number_text(one.mean)} of {one.repeats}, "
            f"95 % from {number_text(one.low)} to {number_text(one.high)}<br>the search found {number_text(one.promised)}"
            for one in known
        ],
    )


def _history_layout(data: History) -> dict[str, Any]:
    metric = axis(plot_text(better_text(data.metric, data.direction, 24)))
    if data.log:
        metric["type"] = "log"
    elif data.near is not None:
        metric["range"] = _padded(data.near)
    return layout(
        plot_text(history_finding(data), _TITLE),
        xaxis=count_axis("trial", int(data.numbers.max(initial=0))),
        yaxis=metric,
        # Failures have no value: they stand on an axis of their own, at the bottom of the figure.
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
    )


def _points(data: History, rows: NDArray[np.bool_], mark: str, name: str, *, at_bottom: bool = False) -> go.Scatter:
    state = mark.removesuffix("-open")
    places = np.flatnonzero(rows)
    return go.Scatter(
        x=data.numbers[places],
        y=np.full(len(places), 0.02) if at_bottom else data.values[places],
        yaxis="y2" if at_bottom else "y",
        mode="markers",
        name=name,
        hoverinfo="text",
        hovertext=[_hover(data, int(place)) for place in places],
        marker={
            "color": STATE_COLORS.get(state, GREY),
            "symbol": STATE_SYMBOLS.get(state, "x") + ("-open" if mark.endswith("-open") else ""),
            "size": [13 if data.numbers[place] == data.best else 9 for place in places],
            "opacity": 0.85,
            "line": {"width": 1.5 if mark.endswith("-open") else 0},
        },
    )


def _hover(data: History, place: int) -> str:
    value = data.values[place]
    lines = [f"<b>Trial {data.numbers[place]}</b>"]
    if data.states[place] != "failed":
        lines.append(f"{plot_text(data.metric, 30)} = {number_text(float(value))}")
    if len(data.numbers) <= _DETAILED:
        lines += config_lines(data.configs[place])
    if data.reasons[place]:
        lines.append(f"{STATE_WORDS[data.states[place]]}: {_wrapped(data.reasons[place])}")
    return "<br>".join(lines)


def curves_figure(data: Curves) -> go.Figure:
    """One learning curve per trial, with marks where and why trials were stopped or failed."""
    metric = axis(plot_text(better_text(data.metric, data.direction, 24)))
    if data.log:
        metric["type"] = "log"
    elif data.near is not None:
        metric["range"] = _padded(data.near)
    longest = max((line.end[0] for line in data.lines), default=0)
    shared = layout(plot_text(curves_finding(data), _TITLE), xaxis=count_axis("step", longest), yaxis=metric)
    # The best one last, so that it lies on top.
    traces, named = [], set()
    for line in sorted(data.lines, key=lambda line: line.best):
        name = "best" if line.best else STATE_WORDS.get(line.state, "not ended")
        traces.append(_curve(line, data.metric, name, legend=name not in named))
        named.add(name)
    traces += [trace for state in ("stopped", "failed") if (trace := _marks(data, state))]
    traces += [trace for kind in _DECIDED if (trace := _decisions(data, kind))]
    figure = go.Figure(data=traces, layout=shared)
    for step in data.rungs:
        figure.add_vline(x=step, line={"color": GREY, "width": 1, "dash": "dot"}, opacity=0.5, layer="below")
    return figure


def _curve(line: Line, metric: str, name: str, *, legend: bool) -> go.Scatter:
    about = "<br>".join([f"<b>Trial {line.number}</b>", *config_lines(line.config)])
    return go.Scatter(
        x=line.steps,
        y=np.where(np.isfinite(line.values), line.values, np.nan),
        mode="lines" if np.isfinite(line.values).sum() > 1 else "markers",
        name=name,
        legendgroup=name,
        showlegend=legend,
        line={
            "color": GREEN if line.best else STATE_COLORS.get(line.state, GREY),
            "width": 3.5 if line.best else 1.3,
        },
        opacity=1.0 if line.best else 0.6,
        meta=[about, plot_text(metric, 30)],
        hovertemplate="%{meta[0]}<br>step %{x}: %{meta[1]} = %{y:.4~g}<extra></extra>",
    )


def _marks(data: Curves, state: str) -> go.Scatter | None:
    ended = [(line, *line.end) for line in data.lines if line.state == state and line.reason]
    if not ended:
        return None
    return go.Scatter(
        x=[step for _, step, _ in ended],
        y=[value if np.isfinite(value) else None for _, _, value in ended],
        mode="markers",
        name=_MARK_WORDS[state],
        marker={"symbol": STATE_SYMBOLS[state], "size": 10, "color": STATE_COLORS[state]},
        hoverinfo="text",
        hovertext=[
            f"<b>Trial {line.number}</b> {STATE_WORDS[state]} at step {step}<br>{_wrapped(line.reason)}"
            for line, step, _ in ended
        ],
    )


def _decisions(data: Curves, kind: str) -> go.Scatter | None:
    decided = [each for each in data.decided if each.kind == kind]
    if not decided:
        return None
    name, symbol, color = _DECIDED[kind]
    return go.Scatter(
        x=[each.step for each in decided],
        y=[each.value if np.isfinite(each.value) else None for each in decided],
        mode="markers",
        name=name,
        marker={"symbol": symbol, "size": 8, "color": color, "opacity": 0.85},
        hoverinfo="text",
        hovertext=[
            f"<b>Trial {each.number}</b> {name} at step {each.step}<br>{_wrapped(each.reason)}" for each in decided
        ],
    )


def parallel_figure(data: Parallel) -> go.Figure:
    """One line per trial through the values of its parameters to its objectives, coloured by the first of them."""
    shared = layout(plot_text(parallel_finding(data), _TITLE), height=460)
    if not data.objectives:
        return go.Figure(layout=shared)
    first = data.objectives[0]
    low, high = data.color_range
    ticks = [(tick, label) for tick, label in zip(first.ticks, first.labels, strict=True) if low <= tick <= high]
    dimensions = [_dimension(each) for each in (*data.axes, *data.objectives)]
    longest = max((len(label) for label in dimensions[0]["ticktext"]), default=0)
    shared["margin"] = {"l": 24 + 8 * max(4, longest), "r": 30, "t": 115, "b": 30}
    return go.Figure(
        data=[
            go.Parcoords(
                dimensions=dimensions,
                labelangle=-20 if len(dimensions) > 6 else 0,
                line={
                    "color": first.values,
                    "colorscale": "Viridis",
                    # The best trials stand out on light ground: dark. A page on dark ground turns the scale around.
                    "reversescale": data.directions[0] == "maximize",
                    "cmin": low,
                    "cmax": high,
                    "showscale": True,
                    "colorbar": {
                        "title": {"text": plot_text(first.name, 22), "side": "right"},
                        "tickvals": [tick for tick, _ in ticks],
                        "ticktext": [label for _, label in ticks],
                        "thickness": 14,
                        "outlinewidth": 0,
                    },
                },
            )
        ],
        layout=shared,
    )


def _dimension(data: Axis) -> dict[str, Any]:
    return {
        "label": plot_text(data.name, 22),
        "values": data.values,
        "range": [data.low, data.high],
        "tickvals": data.ticks,
        # Unlike titles, labels of ticks are drawn as they are: escaping them would show.
        "ticktext": [clip(text, 14) for text in data.labels],
    }


def _padded(ends: tuple[float, float]) -> list[float]:
    low, high = ends
    return [low - 0.05 * (high - low), high + 0.05 * (high - low)]


def _wrapped(text: str, width: int = 48, most: int = 240) -> str:
    """A sentence over several lines of a hover box."""
    lines: list[str] = [""]
    for word in clip(text, most).split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(plot_text(line, most) for line in lines)


def min_width(dimensions: Sequence[Axis]) -> int:
    """The width in pixels below which parallel coordinates cannot be read."""
    return 160 + 95 * len(dimensions)
