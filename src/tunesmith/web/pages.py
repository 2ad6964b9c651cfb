"""The pages, as HTML. All that comes from a store is escaped, cut, and rid of control characters on its way."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, final
from urllib.parse import quote, urlencode

import jinja2
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from starlette.requests import Request

from tunesmith.analysis.trainings import knobs_text
from tunesmith.plots.answer import answer
from tunesmith.plots.cells import row_of, shown_columns
from tunesmith.plots.sections import PANELS
from tunesmith.plots.texts import better_text, clip, cut, duration_text, number_text, value_text
from tunesmith.run.worker_id import is_dead
from tunesmith.space.names import nest_config
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View
from tunesmith.web.assets import MODULES, PLOTLY
from tunesmith.web.comparing import MOST_STUDIES, comparison_document
from tunesmith.web.documents import (
    compared,
    differences,
    line_of,
    metrics_of,
    rows_of,
    status_of,
    story_from,
    symptoms_of,
    trial_of,
)
from tunesmith.web.first import FirstLook, first_look
from tunesmith.web.forms import fields_of
from tunesmith.web.output import STREAMS, output_of
from tunesmith.web.reader import StoreReader, StudyReader
from tunesmith.web.rows import SIZES, Wanted
from tunesmith.web.story import Moment, Story

_NAME: Final = 80
_TEXT: Final = 20_000
_MOST_RUNNING: Final = 12
_MOST_MOMENTS: Final = 300
_MOST_PARAMS: Final = 200
_MOST_METRICS: Final = 6
_NO_CURVE: Final = (np.empty(0, np.int64), np.empty(0))

STATUS_WORDS: Final[Mapping[str, str]] = {
    "empty": "no trial yet",
    "running": "running",
    "paused": "paused",
    "interrupted": "interrupted",
    "finished": "finished",
    "idle": "not running",
}


class Running(NamedTuple):
    """A trial under way, in a line."""

    number: int
    step: str
    value: str
    spark: str
    """Points of a small curve, for an SVG of 100 by 24; empty without reports."""
    seconds: str
    config: str
    lost: bool
    """Whether its process is gone."""


@final
class Pages:
    """Renders the pages of a store."""

    def __init__(self, reader: StoreReader, title: str, *, read_only: bool) -> None:
        self._reader = reader
        self._title = title
        self._read_only = read_only
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("tunesmith.web", "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "cut": cut,
            "clip": lambda text, most=_NAME: clip(text, most),
            "number": number_text,
            "duration": duration_text,
            "when": _when,
            "iso": _iso,
            "exact": _exact,
            "segment": lambda name: quote(name, safe="", errors="replace"),
        }

    def _render(self, request: Request, name: str, **values: Any) -> bytes:
        found = self._templates.get_template(name).render(
            store=self._title,
            plotly=PLOTLY,
            modules=MODULES,
            may_write=request.state.may_write,
            read_only=self._read_only,
            **values,
        )
        return found.encode("utf-8", "replace")

    def problem(self, request: Request, status: int, sentence: str) -> bytes:
        """A page that says what went wrong."""
        return self._render(request, "problem.html.j2", status=status, sentence=cut(sentence, 2000))

    def studies(self, request: Request) -> bytes:
        """All studies of the store; those that have not been read yet are filled in by the page itself."""
        lines = []
        for info in self._reader.infos():
            study = self._reader.study(info.name)
            quick = study.is_loaded or info.trials <= 2000
            lines.append((info, line_of(info, study) if quick else None))
        return self._render(request, "studies.html.j2", lines=lines, words=STATUS_WORDS, way=_way)

    def line(self, request: Request, study: StudyReader) -> bytes:
        """One study's line of the list."""
        info = next(info for info in self._reader.infos() if info.name == study.name)
        return self._render(request, "line.html.j2", info=info, line=line_of(info, study), words=STATUS_WORDS, way=_way)

    def study(self, request: Request, study: StudyReader, wanted: Wanted, error: str) -> bytes:
        """A study: the question, the answer, how sure, then details."""
        view = study.view
        found = study.summary
        rows = rows_of(study, wanted)
        data = study.table
        columns = shown_columns(view, data)
        return self._render(
            request,
            "study.html.j2",
            study=study.name,
            goal=" · ".join(better_text(o.metric, o.direction) for o in view.spec.objectives),
            found=found,
            answer=answer(found),
            budget=view.spec.budget,
            status=status_of(view),
            words=STATUS_WORDS,
            seq=view.seq,
            running=_running(study, view),
            running_total=found.states.get("running", 0),
            # A page that only takes over what has changed has drawn its history already.
            first=FirstLook()
            if wanted.filter or request.headers.get("sec-fetch-dest") == "empty"
            else first_look(study),
            panels={name: panel for name, panel in PANELS.items() if panel.applies(view)},
            health=study.examined,
            wanted=wanted,
            error=cut(error, 500),
            rows=rows,
            heads=columns,
            cells=[(number, row_of(data, number, columns)) for number in rows.numbers],
            tags={number: _tags(view.trials[number]) for number in rows.numbers},
            sizes=SIZES,
            link=lambda **changes: _link(wanted, **changes),
        )

    def trial(self, request: Request, study: StudyReader, number: int) -> bytes:
        """A trial: its outcome, configuration, curves, decisions, output and record."""
        view = study.view
        trial = trial_of(view, number)
        story = story_from(study, number)
        metrics = metrics_of(view, story)
        return self._render(
            request,
            "trial.html.j2",
            study=study.name,
            trial=trial,
            last=len(view.trials) - 1,
            status=_state_words(trial),
            lost=_is_lost(trial),
            objectives=[o.metric for o in view.spec.objectives],
            metrics=[clip(name, _NAME) for name in metrics[:_MOST_METRICS]],
            metric_count=len(metrics),
            params=[
                (clip(name, _NAME), _exact(value)) for name, value in list((trial.config or {}).items())[:_MOST_PARAMS]
            ],
            param_count=len(trial.config or {}),
            config=cut(json.dumps(nest_config(trial.config or {}), indent=2), _TEXT),
            values=[(clip(name, _NAME), number_text(value)) for name, value in trial.values.items()],
            last_report=[
                (clip(name, _NAME), number_text(v)) for name, v in (trial.last.metrics.items() if trial.last else ())
            ],
            symptoms=[
                (
                    symptom.kind.replace("_", " "),
                    symptom.evidence,
                    symptom.advice,
                    knobs_text(symptom, view.space, trial),
                )
                for symptom in symptoms_of(view, trial, story)
            ],
            moments=_moments(story),
            moment_count=len(story.moments),
            printed={stream: output_of(study.store, study.name, number, stream) for stream in STREAMS},
            note=_note(trial),
            tags=_tags(trial),
            best=study.summary.best.number if study.summary.best else None,
        )

    def compare(self, request: Request, study: StudyReader, text: str) -> bytes:
        """Trials side by side."""
        view = study.view
        trials = compared(view, text)
        return self._render(
            request,
            "compare.html.j2",
            study=study.name,
            trials=trials,
            text=",".join(str(trial.number) for trial in trials),
            states=[_state_words(trial) for trial in trials],
            metrics=[
                (clip(line.name, _NAME), ["–" if v is None else number_text(v) for v in line.values], line.differs)
                for line in differences(trials, "values")
            ],
            params=[
                (clip(line.name, _NAME), ["–" if v is None else _exact(v) for v in line.values], line.differs)
                for line in differences(trials, "config")[:_MOST_PARAMS]
            ],
        )

    def compare_studies(self, request: Request, studies: Sequence[StudyReader]) -> bytes:
        """Whole studies side by side, and a list to choose them from."""
        lines = comparison_document(self._reader, studies)["studies"]
        configs = [line["config"] or {} for line in lines]
        names = list(dict.fromkeys(name for config in configs for name in config))[:_MOST_PARAMS]
        return self._render(
            request,
            "studies_compared.html.j2",
            names=[info.name for info in self._reader.infos()],
            most=MOST_STUDIES,
            lines=lines,
            query=urlencode([("study", line["name"]) for line in lines], errors="replace"),
            words=STATUS_WORDS,
            way=_way,
            params=[
                (clip(name, _NAME), ["–" if name not in config else _exact(config[name]) for config in configs])
                for name in names
            ],
        )

    def form(self, request: Request, study: StudyReader, source: int | None) -> bytes:
        """The form for a trial of one's own, filled from a trial or with the defaults."""
        view = study.view
        config = None if source is None else trial_of(view, source).config
        budget = view.spec.budget.trials
        return self._render(
            request,
            "form.html.j2",
            study=study.name,
            source=source,
            fields=fields_of(view.space, config),
            full=budget is not None and len(view.trials) >= budget,
            budget=budget,
        )

    def notes(self, request: Request, study: StudyReader) -> bytes:
        """The notes on a study, which take long to find in a large one, and what hangs on them."""
        notes = study.notes
        tags = notes.values.get("tags")
        return self._render(
            request,
            "notes.html.j2",
            study=study.name,
            complete=notes.complete,
            note=cut(str(notes.values.get("note") or ""), _TEXT),
            tags=[clip(str(tag), 100) for tag in tags] if isinstance(tags, list) else [],
        )

    def record(self, request: Request, study: StudyReader, number: int) -> bytes:
        """Where a trial ran: command, machine, code with its diff."""
        trial = trial_of(study.view, number)
        record = study.notes.values.get(trial.record) if trial.record else None
        known = record if isinstance(record, dict) else None
        code = known.get("code") if known else None
        return self._render(
            request,
            "record.html.j2",
            study=study.name,
            number=number,
            record=known,
            complete=study.notes.complete,
            arguments=cut(" ".join(map(str, known.get("arguments", ()))), 2000) if known else "",
            code=code if isinstance(code, dict) else None,
            diff=_diff_lines(str((code or {}).get("diff") or "")) if isinstance(code, dict) else [],
        )


def _running(study: StudyReader, view: View) -> list[Running]:
    trials = view.of(State.RUNNING)[:_MOST_RUNNING]
    metric = view.spec.objectives[0].metric
    lines = []
    for trial in trials:
        steps, values = story_from(study, trial.number).curves.get(metric, _NO_CURVE)
        lines.append(
            Running(
                number=trial.number,
                step=f"{steps[-1]:,}" if len(steps) else "–",
                value=number_text(float(values[-1])) if len(values) else "–",
                spark=_spark(values),
                seconds=duration_text(max(0.0, time.time() - (trial.started or time.time()))),
                config=clip(", ".join(f"{n} {value_text(v, 40)}" for n, v in (trial.config or {}).items()), 160),
                lost=_is_lost(trial),
            )
        )
    return lines


def _spark(values: NDArray[np.float64]) -> str:
    finite = [(index, value) for index, value in enumerate(map(float, values)) if abs(value) < 1e300]
    if len(finite) < 2:
        return ""
    if len(finite) > 100:
        finite = finite[:: -(-len(finite) // 100)]
    low, high = min(v for _, v in finite), max(v for _, v in finite)
    width = max(1, finite[-1][0] - finite[0][0])
    return " ".join(
        f"{2 + 96 * (i - finite[0][0]) / width:.1f},{22 - 20 * ((v - low) / (high - low) if high > low else 0.5):.1f}"
        for i, v in finite
    )


def _is_lost(trial: Trial) -> bool:
    return trial.state is State.RUNNING and is_dead(trial.worker)


def _state_words(trial: Trial) -> str:
    if trial.failure is not None:
        return f"failed ({trial.failure.kind})"
    words = {State.DONE: "finished", State.STOPPED: "stopped", State.READY: "waiting", State.OPEN: "waiting"}
    return words.get(trial.state, trial.state.value)


def _moments(story: Story) -> list[Moment]:
    """The first and the last ones of very many."""
    half = _MOST_MOMENTS // 2
    return story.moments if len(story.moments) <= _MOST_MOMENTS else [*story.moments[:half], *story.moments[-half:]]


def _tags(trial: Trial) -> list[str]:
    tags = trial.notes.get("tags")
    return [clip(str(tag), 100) for tag in tags[:50]] if isinstance(tags, list) else []


def _note(trial: Trial) -> str:
    note = trial.notes.get("note")
    return cut(note, _TEXT) if isinstance(note, str) else ""


def _diff_lines(text: str) -> list[tuple[str, str]]:
    """Lines of a diff with what they are: added, removed, head or context."""
    kinds = {"+": "added", "-": "removed", "@": "head"}
    return [(kinds.get(line[:1], "context"), line) for line in cut(text, 200_000).splitlines()]


def _exact(value: Any) -> str:
    return repr(value) if isinstance(value, float) else value_text(value, 400)


def _way(direction: str) -> str:
    return "smaller is better" if direction == "minimize" else "larger is better"


def _link(wanted: Wanted, **changes: Any) -> Markup:
    """The address of another part of the table."""
    blank = Wanted()._asdict()
    query = {name: value for name, value in {**wanted._asdict(), **changes}.items() if value != blank[name]}
    return Markup.escape(f"?{urlencode(query, errors='replace')}#trials" if query else "?#trials")


def _when(seconds: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else "–"


def _iso(seconds: float | None) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds or 0))
