"""The report: one HTML page that needs nothing else, neither files nor a network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import jinja2
import plotly.offline
from markupsafe import Markup

from tunesmith.analysis import figures as data
from tunesmith.analysis.best import Best, best_of
from tunesmith.analysis.health.examine import health
from tunesmith.analysis.health.finding import Finding
from tunesmith.analysis.prospects import prospects
from tunesmith.plots.answer import STANDING, answer
from tunesmith.plots.cells import cells
from tunesmith.plots.recipe import recipe
from tunesmith.plots.sections import Source, sections_of
from tunesmith.plots.texts import capital, cut
from tunesmith.stages.named import is_guided
from tunesmith.stages.story import story
from tunesmith.trials.view import View

_TITLE: Final = 200
_NOTE: Final = 1000
_MATTERED: Final = ("importance", "ablation", "contour")
_FAILED: Final = ("failures",)


def report_html(
    view: View,
    *,
    title: str | None = None,
    notes: Sequence[str] = (),
    best: Best | None = None,
    told: data.Chronicle | None = None,
) -> str:
    """The report of a study as one self-contained HTML page.

    `notes` are sentences for its end: which sampler and scheduler searched. `best` is the best trial, where it is known
    already. `told` is the chronicle of the study's log; without it, the timeline and the curves show only the last pause and
    attempt of each trial.
    """
    best = best_of(view) if best is None else best
    sections = sections_of(Source(view, best, told))
    drawn = {section.id: section.figure for section in sections if section.figure is not None}
    pages = _templates()
    scripts = [_script(plotly.offline.get_plotlyjs())] if drawn else []
    scripts.append(_script(_source(pages, "theme.js") + _source(pages, "report.js")))
    found, further = answer(data.summary(view, best)), prospects(view)
    return pages.get_template("report.html.j2").render(
        title=cut(title if title is not None else view.spec.name, _TITLE),
        answer=found,
        standing=STANDING,
        recipe=recipe(view.spec, best),
        further=f"{capital(further.sentence)}." if further else "",
        findings=[_clipped(finding) for finding in health(view)],
        chapters=story(view) if is_guided(view.spec) else [],
        mattered=[section for section in sections if section.id in _MATTERED],
        failed=[section for section in sections if section.id in _FAILED],
        rest=[section for section in sections if section.figure and section.id not in _MATTERED + _FAILED],
        table=cells(view, data.table(view), best),
        notes=[cut(note, _NOTE) for note in notes],
        style=Markup(_source(pages, "report.css")),  # noqa: S704  our own file
        figures=_figures_json(drawn),
        scripts=scripts,
        hashes=" ".join(_hash(script) for script in scripts),
    )


def _clipped(finding: Finding) -> Finding:
    return replace(finding, sentence=cut(finding.sentence, _NOTE), remedy=cut(finding.remedy, _NOTE))


def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("tunesmith", "plots"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _source(pages: jinja2.Environment, name: str) -> str:
    assert pages.loader is not None
    return pages.loader.get_source(pages, name)[0]


def _script(source: str) -> Markup:
    assert "</script" not in source.lower(), "a script would end early"
    return Markup(source)  # noqa: S704  our own file, or the installed Plotly's


def _hash(script: str) -> str:
    """The script's hash for the page's content security policy: nothing else may run, whatever a text contains."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _figures_json(figures: Mapping[str, Any]) -> Markup:
    """The figures as a JSON object that cannot end the script element it stands in."""
    for figure in figures.values():
        figure.layout.title = None  # the page shows the finding as text
        figure.layout.margin.t -= 35
    body = ",".join(f'"{name}":{figure.to_json(validate=False, engine="json")}' for name, figure in figures.items())
    for char in "<>&\u2028\u2029":
        body = body.replace(char, f"\\u{ord(char):04x}")
    return Markup(f"{{{body}}}")  # noqa: S704  all that could end the element is escaped above
