"""What the pages show, as plain data: the JSON twin of each page."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from tunesmith.analysis.diagnosis import Symptom
from tunesmith.analysis.trainings import diagnose_reports
from tunesmith.errors import InvalidConfig, UnknownStudy
from tunesmith.run.worker_id import is_dead
from tunesmith.stores.base import StudyInfo
from tunesmith.trials.sealing import SEAL
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View
from tunesmith.web.notes import Notes
from tunesmith.web.output import STREAMS, output_of
from tunesmith.web.reader import StudyReader
from tunesmith.web.rows import Frame, Rows, Wanted, page_of
from tunesmith.web.story import Story, story_of

MOST_COMPARED: Final = 12

Status: TypeAlias = Literal["empty", "running", "paused", "interrupted", "finished", "idle"]


class Line(NamedTuple):
    """A study in the list of studies."""

    name: str
    created: float
    trials: int
    budget: int | None
    states: Mapping[str, int]
    status: Status
    objectives: Sequence[Mapping[str, str]]
    best: int | None
    """The best trial's number."""
    value: float | None
    """Its first objective."""


def line_of(info: StudyInfo, reader: StudyReader) -> Line:
    """A study in a line."""
    view = reader.view
    best, spec = reader.best, view.spec
    return Line(
        name=info.name,
        created=info.created,
        trials=len(view.trials),
        budget=spec.budget.trials,
        states=dict(Counter(trial.state.value for trial in view.trials)),
        status=status_of(view),
        objectives=[{"metric": o.metric, "direction": o.direction} for o in spec.objectives],
        best=best.trial.number if best else None,
        value=best.trial.values[spec.objectives[0].metric] if best else None,
    )


def status_of(view: View) -> Status:
    """What a study does at present."""
    if view.spec.paused:
        return "paused"
    if not view.trials:
        return "empty"
    running = view.of(State.RUNNING)
    if running:
        workers = {trial.worker for trial in running}
        return "interrupted" if all(is_dead(worker) for worker in workers) else "running"
    budget = view.spec.budget.trials
    ended = all(trial.state.ended for trial in view.trials)
    return "finished" if ended and budget is not None and len(view.trials) >= budget else "idle"


def study_document(reader: StudyReader, notes: Notes) -> dict[str, Any]:
    """A study: what it searches, what it found, what is noted about it."""
    view = reader.view
    return {
        **dataclasses.asdict(reader.summary),
        "status": status_of(view),
        "seq": view.seq,
        "space": view.space.to_json(),
        "budget": vars(view.spec.budget),
        "seed": view.spec.seed,
        "sampler": view.spec.sampler,
        "scheduler": view.spec.scheduler,
        "notes": {key: value for key, value in notes.values.items() if not key.startswith("record/")},
        "notes_complete": notes.complete,
    }


def frame_of(reader: StudyReader) -> Frame:
    """The study's table by columns."""
    return reader.kept("frame", reader.view, lambda _: Frame(reader.table))


def rows_of(reader: StudyReader, wanted: Wanted) -> Rows:
    """The trials of one page of the table."""
    return page_of(frame_of(reader), reader.ranking, wanted)


def trials_document(reader: StudyReader, wanted: Wanted) -> dict[str, Any]:
    """One page of the table of trials."""
    found, data = rows_of(reader, wanted), reader.table
    return {
        **wanted._asdict(),
        "page": found.page,
        "pages": found.pages,
        "matching": found.matching,
        "total": found.total,
        "columns": data.columns,
        "trials": [dict(zip(data.columns, data.rows[number], strict=True)) for number in found.numbers],
    }


def trial_of(view: View, number: int) -> Trial:
    """One trial. Raises `UnknownStudy` (the page is not there) if the study has none of this number."""
    if not 0 <= number < len(view.trials):
        raise UnknownStudy(
            f"Study {view.spec.name!r} has no trial {number}; "
            + (f"its trials are 0 to {len(view.trials) - 1}." if view.trials else "it has no trials yet.")
        )
    return view.trials[number]


def story_from(reader: StudyReader, number: int) -> Story:
    """What happened to a trial, from the log."""
    return story_of(reader.events(number))


def metrics_of(view: View, story: Story) -> list[str]:
    """What a trial reported: the first objective, then the others by name."""
    objective = view.spec.objectives[0].metric
    return sorted(story.curves, key=lambda name: (name != objective, name))


def symptoms_of(view: View, trial: Trial, story: Story) -> list[Symptom]:
    """What is wrong with a trial's training, as far as its reports tell."""
    return diagnose_reports(view.spec, trial.state, story.curves)


def trial_document(reader: StudyReader, notes: Notes, number: int) -> dict[str, Any]:
    """A trial: all that is known about it."""
    view = reader.view
    trial = trial_of(view, number)
    story = story_from(reader, number)
    return {
        **dataclasses.asdict(trial),
        "state": trial.state.value,
        "notes": {key: value for key, value in trial.notes.items() if not key.startswith(SEAL)},
        "params": {name: param.to_json() for name, param in trial.params.items()},
        "moments": [moment._asdict() for moment in story.moments],
        "curves": {
            metric: {"steps": steps.tolist(), "values": values.tolist()}
            for metric, (steps, values) in story.curves.items()
        },
        "diagnosis": [dataclasses.asdict(symptom) for symptom in symptoms_of(view, trial, story)],
        "record": notes.values.get(trial.record) if trial.record else None,
        "output": {stream: _printed(reader, number, stream) for stream in STREAMS},
    }


def _printed(reader: StudyReader, number: int, stream: Any) -> dict[str, Any] | None:
    found = output_of(reader.store, reader.name, number, stream)
    return found._asdict() if found else None


def compared(view: View, text: str) -> list[Trial]:
    """The trials that a list of numbers such as "3,7,12" names, each once."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and len(part) < 12 for part in parts):
        raise InvalidConfig(f"trials={text[:80]!r} is no list of trial numbers; write for example trials=3,7,12.")
    numbers = list(dict.fromkeys(int(part) for part in parts))
    if len(numbers) > MOST_COMPARED:
        raise InvalidConfig(f"{len(numbers)} trials do not fit beside one another; compare at most {MOST_COMPARED}.")
    return [trial_of(view, number) for number in numbers]


class Difference(NamedTuple):
    """A line of a comparison: a parameter or a metric, and its value in each trial (None where it has none)."""

    name: str
    values: Sequence[Any]
    differs: bool


def differences(trials: Sequence[Trial], what: Literal["config", "values"]) -> list[Difference]:
    """Parameters or metrics of trials side by side."""
    found: list[Mapping[str, Any]] = [getattr(trial, what) or {} for trial in trials]
    names = dict.fromkeys(name for values in found for name in values)
    lines = []
    for name in names:
        cells = [values.get(name) for values in found]
        lines.append(Difference(name, cells, any(cell != cells[0] for cell in cells[1:])))
    return lines


def compare_document(view: View, trials: Sequence[Trial]) -> dict[str, Any]:
    """Trials side by side."""
    return {
        "study": view.spec.name,
        "trials": [
            {"number": t.number, "state": t.state.value, "by": t.by, "why": t.why, "seconds": t.spent} for t in trials
        ],
        "config": [line._asdict() for line in differences(trials, "config")],
        "values": [line._asdict() for line in differences(trials, "values")],
    }
