"""The figures of a study with their words, one after the other, as report and dashboard show them."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Final, NamedTuple

import plotly.graph_objects as go

from tunesmith.analysis import figures as data
from tunesmith.analysis.axes import Axis
from tunesmith.errors import InvalidStudy
from tunesmith.plots import findings
from tunesmith.plots.density import thinned_history_figure, thinned_remarks
from tunesmith.plots.figures import curves_figure, min_width, parallel_figure
from tunesmith.plots.importance import ablation_figure, importance_figure
from tunesmith.plots.texts import clip
from tunesmith.trials.view import View


class Section(NamedTuple):
    """A figure of the page; `figure` is None where there is nothing to draw, which the finding then says."""

    id: str
    heading: str
    finding: str
    remarks: list[str]
    figure: go.Figure | None
    width: int = 0
    """The least width in pixels; narrower screens scroll."""
    axes: Sequence[Axis] = ()
    """Of parallel coordinates, in their order: what a range that is brushed there means."""


def history_section(view: View, only: Container[int] | None = None) -> Section:
    """How the objective went from trial to trial; with `only`, in the trials of these numbers."""
    found = data.history(view, only)
    thin = data.thinned(found)
    return Section(
        "history",
        "History",
        findings.history_finding(found),
        [*thinned_remarks(thin), *findings.history_remarks(found)],
        thinned_history_figure(thin) if len(found.numbers) else None,
    )


def curves_section(view: View, only: Container[int] | None = None) -> Section:
    """How single trials went from step to step; with `only`, the trials of these numbers."""
    found = data.curves(view, only=only)
    return Section(
        "curves",
        f"Learning curves of {clip(found.metric, 60)}",
        findings.curves_finding(found),
        findings.curves_remarks(found),
        curves_figure(found) if found.lines else None,
    )


def parallel_section(view: View) -> Section:
    """Which configurations led where."""
    found = data.parallel(view)
    return Section(
        "parallel",
        "Parameters and outcome",
        findings.parallel_finding(found),
        findings.parallel_remarks(found),
        parallel_figure(found) if found.axes else None,
        min_width([*found.axes, *found.objectives]),
        [*found.axes, *found.objectives],
    )


def importance_section(view: View) -> Section | None:
    """Which parameters the outcome depends on; None where too few trials tell."""
    try:
        found = data.importance(view)
    except InvalidStudy:
        return None
    remarks = findings.importance_remarks(found)
    return Section("importance", "Importance", findings.importance_finding(found), remarks, importance_figure(found))


def ablation_section(view: View) -> Section | None:
    """Which change on the way from the default configuration to the winner brought what; None where too few trials tell."""
    try:
        found = data.ablation(view)
    except InvalidStudy:
        return None
    remarks = ["As a model of the trials expects it, one change after the other; grey may be chance."]
    figure = ablation_figure(found) if found.steps else None
    return Section("ablation", "From the default to the winner", findings.ablation_finding(found), remarks, figure)


SECTIONS: Final[Mapping[str, Callable[[View], Section]]] = {
    "history": history_section,
    "curves": curves_section,
    "parallel": parallel_section,
}
"""In the order of the page; a new figure is one line here."""

EXPLAINING: Final[Mapping[str, Callable[[View], Section | None]]] = {
    "importance": importance_section,
    "ablation": ablation_section,
}
"""What takes seconds to compute, after the others; not for pages that are drawn anew with every report of a trial."""
