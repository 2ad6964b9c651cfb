"""A trial as its study recorded it, in a file: with its ancestors, its record and the study's noise, enough to compare with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from tunesmith.errors import NewerFormat
from tunesmith.run.record import record_of
from tunesmith.space.params import Json
from tunesmith.stores.memory import MemoryStore
from tunesmith.study import Study
from tunesmith.trials.facts import Asked, Draft, Event, Noted, Started, fact_from_json, fact_to_json
from tunesmith.trials.sealing import SEAL
from tunesmith.trials.spec import Budget, StudySpec

_VERSION: Final = 1
_RECORD: Final = "record"


class Recorded(NamedTuple):
    """A trial in its study, or in one in memory that holds but its ancestors beside it."""

    study: Study
    number: int
    known_as: int | None = None
    """The number that it had in its own study, if that is another one."""
    noise: Mapping[str, float] | None = None
    """Standard deviation between seeds by objective, where this study does not tell it."""


def recorded_to_json(study: Study, number: int, noise: Mapping[str, float]) -> Json:
    """The facts of a trial and its ancestors, numbered from 0 on."""
    trials = study.trials
    lineage = [number]
    while (parent := trials[lineage[0]].parent) is not None:
        lineage.insert(0, parent)
    place = {old: new for new, old in enumerate(lineage)}
    return {
        "version": _VERSION,
        "trial": number,
        "spec": replace(study.spec, budget=Budget(), paused=False).to_json(),
        "noise": dict(noise),
        "record": record_of(study.store, study.name, trials[number]),
        "facts": [
            [place[old], *_fact(event, place)]
            for old in lineage
            for event in study.store.events(study.name, old)
            if not (isinstance(event.fact, Noted) and _stays_behind(event.fact.key))
        ],
    }


def _stays_behind(key: str) -> bool:
    """Whether a note is none of a recipe's business: what reruns came to, and what nobody shall choose by."""
    return key == "reruns" or key.startswith(SEAL)


def _fact(event: Event, place: Mapping[int, int]) -> tuple[str, Json]:
    fact = event.fact
    if isinstance(fact, Asked):
        fact = replace(fact, twin=None, parent=None if fact.parent is None else place[fact.parent])
    elif isinstance(fact, Started):
        fact = replace(fact, record=_RECORD)
    return type(fact).__name__.lower(), fact_to_json(fact)


def recorded_from_json(document: Json, code: Path) -> Recorded:
    """The inverse, with the training code looked for in the directory `code`."""
    if document["version"] > _VERSION:
        raise NewerFormat(
            f"The recipe has format {document['version']}, newer than {_VERSION}; upgrade Tunesmith to read it"
        )
    store, spec = MemoryStore(), StudySpec.from_json(document["spec"])
    store.create(spec)
    store.append(spec.name, [Draft(None, Noted(_RECORD, _moved(document["record"], code)))])
    store.append(spec.name, list(_drafts(document["facts"])))
    number = len(store.changes(spec.name).trials) - 1
    return Recorded(Study(store, spec.name), number, document["trial"], document["noise"])


def _drafts(facts: Iterable[Json]) -> Iterator[Draft]:
    for number, kind, body in facts:
        yield Draft(None if kind == "opened" else number, fact_from_json(kind, body))


def _moved(record: Mapping[str, Any], code: Path) -> dict[str, Any]:
    """The record of a training whose files are in another directory now, in whose repository they are not looked for."""
    moved = {name: value for name, value in record.items() if name != "directory"}
    place = "cwd" if "command" in (record.get("target") or {}) else "path"
    if record.get("target"):
        moved["target"] = {**record["target"], place: str(code)}
    if record.get("code"):
        moved["code"] = {"file": record["code"]["file"], "root": str(code), "files": record["code"].get("files", {})}
    return moved
