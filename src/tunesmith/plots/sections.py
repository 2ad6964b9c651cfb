"""The figures of a study with their words, one after the other, as report and dashboard show them."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Final, NamedTuple

import plotly.graph_objects as go

from tunesmith.analysis import figures as data
from tunesmith.analysis.axes import Axis
from tunesmith.analysis.best import Best
from tunesmith.errors import InvalidStudy
from tunesmith.plots import contour, failures, findings, front, population, scatters, solid, timeline
from tunesmith.plots.density import thinned_history_figure, thinned_remarks
from tunesmith.plots.figures import curves_figure, min_width, parallel_figure
from tunesmith.plots.importance import ablation_figure, importance_figure
from tunesmith.plots.texts import clip
from tunesmith.trials.trial import State
from tunesmith.trials.view import View

_WIDE: Final = 640


class Source(NamedTuple):
    """What figures are made of."""

    view: View
    best: Best | None = None
    """The best trial, where it is known already."""
    told: data.Chronicle | None = None
    """What the log tells beyond the trials, where it was read."""
    only: Container[int] | None = None
    """The trials to be shown, for figures that follow a filter; else all."""

    @property
    def chronicle(self) -> data.Chronicle:
        return data.chronicle_of(self.view) if self.told is None else self.told


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


def history_section(source: Source) -> Section:
    """How the objective went from trial to trial."""
    found = data.history(source.view, source.only, source.best)
    thin = data.thinned(found)
    return Section(
        "history",
        "History",
        *history_words(found, thin),
        thinned_history_figure(thin) if len(found.numbers) else None,
    )


def history_words(found: data.History, thin: data.Thinned) -> tuple[str, list[str]]:
    """The finding and the remarks of a history of which `thin` is drawn."""
    return findings.history_finding(found), [*thinned_remarks(thin), *findings.history_remarks(found)]


def curves_section(source: Source) -> Section:
    """How single trials went from step to step, and what was decided about them."""
    found = data.curves(source.view, only=source.only, best=source.best, told=source.told)
    return Section(
        "curves",
        f"Learning curves of {clip(found.metric, 60)}",
        findings.curves_finding(found),
        findings.curves_remarks(found),
        curves_figure(found) if found.lines else None,
    )


def parallel_section(source: Source) -> Section:
    """Which configurations led where."""
    found = data.parallel(source.view, best=source.best)
    return Section(
        "parallel",
        "Parameters and outcome",
        findings.parallel_finding(found),
        findings.parallel_remarks(found),
        parallel_figure(found) if found.axes else None,
        min_width([*found.axes, *found.objectives]),
        [*found.axes, *found.objectives],
    )


def slices_section(source: Source) -> Section:
    """The objective over each parameter."""
    found = data.slices(source.view, source.best)
    figure = scatters.slices_figure(found) if found.axes else None
    width = _WIDE if len(found.axes) > 1 else 0
    return Section("slices", "Slices", scatters.slices_finding(found), scatters.slices_remarks(found), figure, width)


def plane_section(source: Source) -> Section:
    """Batch size and learning rate, where a study has both."""
    found = data.plane(source.view, source.best)
    if found is None:
        return _nothing("plane", "Batch size and learning rate", "This study does not vary both")
    figure = scatters.plane_figure(found)
    words = scatters.plane_finding(found), scatters.plane_remarks(found)
    return Section("plane", "Batch size and learning rate", *words, figure if figure.data else None)


def pareto_section(source: Source) -> Section:
    """The trials by all objectives."""
    found = data.pareto(source.view)
    figure = front.pareto_figure(found) if len(found.numbers) and len(found.metrics) > 1 else None
    width = _WIDE if len(found.metrics) > 2 else 0
    return Section("pareto", "Front", front.pareto_finding(found), front.pareto_remarks(found), figure, width)


def solid_section(source: Source) -> Section:
    """Three objectives at once."""
    found, heading = data.pareto(source.view), "Front in three dimensions"
    if not len(found.numbers) or len(found.metrics) != 3:
        return _nothing("solid", heading, front.pareto_finding(found))
    remarks = ["Drag to turn it, a wheel or two fingers zoom."]
    return Section("solid", heading, front.pareto_finding(found), remarks, solid.solid_figure(found))


def volume_section(source: Source) -> Section:
    """How much of the space of objectives has been won."""
    found = data.volume(source.view)
    if found is None:
        return _nothing("volume", "Hypervolume", "There is no hypervolume of these trials and objectives")
    return Section(
        "volume", "Hypervolume", front.volume_finding(found), front.volume_remarks(found), front.volume_figure(found)
    )


def failures_section(source: Source) -> Section:
    """How and where trials failed."""
    found = data.failures(source.view)
    figure = failures.failures_figure(found) if found.failed else None
    width = 90 * len(found.bins) if len(found.bins) > 4 else 0
    words = failures.failures_finding(found), failures.failures_remarks(found)
    return Section("failures", "Failures", *words, figure, width)


def timeline_section(source: Source) -> Section:
    """Who trained what when."""
    found = data.timeline(source.view, source.chronicle, source.best)
    figure = timeline.timeline_figure(found) if found.bars else None
    words = timeline.timeline_finding(found), timeline.timeline_remarks(found)
    return Section("timeline", "Timeline", *words, figure)


def population_section(source: Source) -> Section:
    """The schedules of a population."""
    found = data.population(source.view, source.best)
    if found is None:
        return _nothing("population", "Population", "No trial was forked from another")
    figure = population.population_figure(found) if found.axes else None
    words = population.population_finding(found), population.population_remarks(found)
    return Section("population", "Population", *words, figure, _WIDE if len(found.axes) > 1 else 0)


def importance_section(source: Source) -> Section:
    """Which parameters the outcome depends on."""
    found = data.importance(source.view)
    remarks = findings.importance_remarks(found)
    return Section("importance", "Importance", findings.importance_finding(found), remarks, importance_figure(found))


def ablation_section(source: Source) -> Section:
    """Which change on the way from the default configuration to the winner brought what."""
    found = data.ablation(source.view)
    known = "As a model of the trials expects it" if found.repeats is None else "As trainings on fresh seeds came out"
    remarks = [f"{known}, one change after the other; grey may be chance."]
    figure = ablation_figure(found) if found.steps else None
    return Section("ablation", "From the default to the winner", findings.ablation_finding(found), remarks, figure)


def contour_section(source: Source) -> Section:
    """What is expected over the two most important parameters, and how surely."""
    found = data.contour(source.view, best=source.best)
    words = contour.contour_finding(found), contour.contour_remarks(found)
    return Section("contour", "The two that matter most", *words, contour.contour_figure(found), 760)


def _nothing(name: str, heading: str, finding: str) -> Section:
    return Section(name, heading, finding, [], None)


class Panel(NamedTuple):
    """One kind of figure."""

    heading: str
    draw: Callable[[Source], Section]
    applies: Callable[[View], bool] = lambda _: True
    """Whether it says anything about such a study; cheap."""
    filtered: bool = False
    """Whether it can show a part of the trials only."""
    curves: bool = False
    """Whether it needs learning curves, which most of a large study's bulk are."""
    logged: bool = False
    """Whether the log tells it more than the trials do."""
    wide: bool = False
    """Whether it needs the whole width of a page."""
    modelled: bool = False
    """Whether it takes a model of the trials, and so seconds; raises `InvalidStudy` where too few trials tell."""

    @property
    def follows_reports(self) -> bool:
        """Whether a report of a running trial may change it; the others show trials that have ended."""
        return self.curves or self.logged or self.modelled


def _several(view: View) -> bool:
    return len(view.spec.objectives) > 1


def _some_failed(view: View) -> bool:
    return any(trial.state is State.FAILED for trial in view.trials)


PANELS: Final[Mapping[str, Panel]] = {
    "history": Panel("History", history_section, filtered=True),
    "pareto": Panel("Front", pareto_section, _several),
    "solid": Panel("Front in three dimensions", solid_section, lambda view: len(view.spec.objectives) == 3),
    "volume": Panel("Hypervolume", volume_section, _several),
    "curves": Panel("Learning curves", curves_section, filtered=True, curves=True, logged=True),
    "parallel": Panel("Parameters and outcome", parallel_section, wide=True),
    "slices": Panel("Slices", slices_section, wide=True),
    "plane": Panel(
        "Batch size and learning rate", plane_section, lambda view: data.plane_params(view.space) is not None
    ),
    "population": Panel(
        "Population",
        population_section,
        lambda view: any(t.parent is not None for t in view.trials),
        curves=True,
        wide=True,
    ),
    "failures": Panel("Failures", failures_section, _some_failed),
    "timeline": Panel("Timeline", timeline_section, logged=True, wide=True),
    "importance": Panel("Importance", importance_section, modelled=True),
    "ablation": Panel("From the default to the winner", ablation_section, modelled=True),
    "contour": Panel("The two that matter most", contour_section, modelled=True, wide=True),
}
"""In the order of the page; a new figure is one line here."""


def sections_of(source: Source) -> list[Section]:
    """All figures that say something about a study; without those that too few trials tell."""
    found = []
    for panel in PANELS.values():
        if panel.applies(source.view):
            try:
                found.append(panel.draw(source))
            except InvalidStudy:  # too few trials tell
                continue
    return found


def figure_of(source: Source, name: str) -> go.Figure:
    """One figure. Raises `InvalidStudy` if there is none of this name, nothing to draw, or too few trials tell."""
    if name not in PANELS:
        raise InvalidStudy(f"figure({name!r}): there is no such figure; there are {', '.join(PANELS)}.")
    section = PANELS[name].draw(source)
    if section.figure is None:
        raise InvalidStudy(f"figure({name!r}): {section.finding}.")
    return section.figure
