"""The history of a population: what each member's hyperparameters were from step to step."""

from __future__ import annotations

from typing import Final

import numpy as np
import plotly.graph_objects as go

from tunesmith.analysis.figures import Population
from tunesmith.plots.grids import grid, place_axis
from tunesmith.plots.texts import clip, count_text, plot_text
from tunesmith.plots.theme import GREEN, GREY, axis, layout

_COLORS: Final = ("#0072B2", "#E69F00", "#CC79A7", "#D55E00", "#56B4E9", "#8C6D31")
_NAME: Final = 40


def population_finding(data: Population) -> str:
    """The title of the population."""
    began = len(set(data.ancestors.tolist()))
    from_how_many = "one first trial" if began == 1 else f"{began} first trials"
    return f"{count_text(data.forks, 'fork')}; what was left goes back to {from_how_many}"


def population_remarks(data: Population) -> list[str]:
    """How the population is meant, and what it leaves out."""
    remarks = [
        "One line per trial that was not replaced; where it jumps, it was forked from another, which trained it so far."
    ]
    if len(data.members) < data.total:
        remarks.append(
            f"{len(data.members)} of {data.total:,} trials are shown: the best ones and an even spread of the others."
        )
    if data.hidden:
        remarks.append(
            f"{count_text(len(data.hidden), 'further parameter')} did not fit, from {clip(data.hidden[0], _NAME)} on."
        )
    return remarks


def population_figure(data: Population) -> go.Figure:
    """A plot for each parameter, over the steps; one colour for all that began with the same trial, the best one bold."""
    cells, height = grid(len(data.axes), 2, gap=0.13, row=230)
    figure = go.Figure(layout=layout(plot_text(population_finding(data), 120), height=height + 130))
    families = list(dict.fromkeys(data.ancestors.tolist()))
    starts = np.cumsum([0, *(len(member.segments) for member in data.members)])
    named: set[str] = set()
    for column, (parameter, cell) in enumerate(zip(data.axes, cells, strict=True)):
        figure.update_layout(cell.axes(axis("step", rangemode="tozero"), place_axis(parameter, room=6)))
        # The best one last, so that it lies on top.
        for place in sorted(range(len(data.members)), key=lambda place: data.members[place].best):
            member = data.members[place]
            family = families.index(int(data.ancestors[place]))
            name = f"trial {member.number}, the best" if member.best else f"from trial {data.ancestors[place]}"
            values = parameter.values[starts[place] : starts[place + 1]]
            figure.add_trace(
                go.Scatter(
                    x=[step for segment in member.segments for step in (segment.begins, segment.ends)],
                    y=np.repeat(values, 2),
                    mode="lines",
                    name=name,
                    legendgroup=name,
                    showlegend=column == 0 and name not in named and (member.best or len(families) <= 8),
                    xaxis=cell.x,
                    yaxis=cell.y,
                    line={
                        "color": GREEN
                        if member.best
                        else _COLORS[family % len(_COLORS)]
                        if len(families) <= 12
                        else GREY,
                        "width": 3.5 if member.best else 1.4,
                    },
                    opacity=1.0 if member.best else 0.7,
                    hoverinfo="text",
                    hovertext=[
                        f"<b>Trial {member.number}</b>, trained as trial {segment.trial}<br>steps {segment.begins} to "
                        f"{segment.ends}: {plot_text(parameter.name, 30)} = "
                        f"{plot_text(str(segment.config.get(parameter.name, '–')), 30)}"
                        for segment in member.segments
                        for _ in range(2)
                    ],
                )
            )
            named.add(name)
    return figure
