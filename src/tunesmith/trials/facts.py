"""Facts: what can happen to a trial, or to the study as a whole.

Facts are what a store keeps; everything else is computed from them. Times are added by the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple, TypeAlias, final

from tunesmith.errors import NewerFormat
from tunesmith.space.params import Config, Json, Param, param_from_json
from tunesmith.trials.numbers import numbers_from_json, numbers_to_json
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import FailureKind


@final
@dataclass(frozen=True)
class Opened:
    """A number is taken; the config is computed next, from `[study seed, number]`."""

    worker: str = ""


@final
@dataclass(frozen=True)
class Asked:
    """A sampler, the user or a scheduler gave the config."""

    config: Config
    by: str
    why: str
    seed: int
    seen: int = -1
    hints: Config | None = None
    parent: int | None = None
    twin: int | None = None
    budget: int | None = None


@final
@dataclass(frozen=True)
class Suggested:
    """Define-by-run: the running trial asked for a parameter and was given `value`."""

    name: str
    param: Param
    value: Json
    attempt: int


@final
@dataclass(frozen=True)
class Started:
    """A worker trains it from now on."""

    worker: str
    attempt: int
    record: str = ""


@final
@dataclass(frozen=True)
class Reported:
    """Metrics at a step; steps do not go backwards within an attempt."""

    step: int
    metrics: Mapping[str, float]
    attempt: int


@final
@dataclass(frozen=True)
class Paused:
    """A scheduler set it aside; it may be resumed."""

    reason: str
    attempt: int


@final
@dataclass(frozen=True)
class Resumed:
    """It may go on, up to `budget` steps."""

    budget: int | None = None


@final
@dataclass(frozen=True)
class Finished:
    """It trained to its end; `values` are the metrics that count."""

    values: Mapping[str, float]
    attempt: int


@final
@dataclass(frozen=True)
class Stopped:
    """A scheduler or a person ended it; without `values` its last report counts."""

    reason: str
    attempt: int
    values: Mapping[str, float] | None = None


@final
@dataclass(frozen=True)
class Failed:
    """Its training code or its worker broke."""

    kind: FailureKind
    message: str
    attempt: int
    trace: str = ""


@final
@dataclass(frozen=True)
class Lost:
    """Its worker vanished; the trial is ready for another one."""

    attempt: int


@final
@dataclass(frozen=True)
class Noted:
    """A remark on a trial or on the study: a tag, a record of the environment."""

    key: str
    value: Json


@final
@dataclass(frozen=True)
class Revised:
    """The study itself changed: another budget, sampler or scheduler."""

    spec: StudySpec


Fact: TypeAlias = (
    Opened
    | Asked
    | Suggested
    | Started
    | Reported
    | Paused
    | Resumed
    | Finished
    | Stopped
    | Failed
    | Lost
    | Noted
    | Revised
)

KINDS: Final[Mapping[str, type]] = {
    kind.__name__.lower(): kind
    for kind in (
        Opened, Asked, Suggested, Started, Reported, Paused, Resumed, Finished, Stopped, Failed, Lost, Noted, Revised,
    )
}  # fmt: skip


class Event(NamedTuple):
    """A fact in its place in the study's history. `trial` is None for what concerns the whole study."""

    seq: int
    trial: int | None
    version: int
    at: float
    worker: str
    fact: Fact


class Draft(NamedTuple):
    """A fact to be appended. `Opened` has no trial yet; the store gives the number.

    A draft with a `key` that the study has already is not appended again by the same trial, and is a `Conflict` from
    another one.
    """

    trial: int | None
    fact: Fact
    key: str | None = None
    worker: str = ""


def fact_to_json(fact: Fact) -> Json:
    """The body of a fact, without its kind."""
    match fact:
        case Suggested():
            return {"name": fact.name, "param": fact.param.to_json(), "value": fact.value, "attempt": fact.attempt}
        case Revised():
            return {"spec": fact.spec.to_json()}
    doc: dict[str, Any] = {}
    for name, value in fact.__dict__.items():
        if value is None or value == "":
            continue
        doc[name] = numbers_to_json(value) if name in ("values", "metrics") else value
    return doc


def fact_from_json(kind: str, doc: Json) -> Fact:
    """The inverse of `fact_to_json`."""
    if kind not in KINDS:
        raise NewerFormat(f"The study holds a fact of kind {kind!r}, unknown here; upgrade Tunesmith to read it")
    known = KINDS[kind]
    if known is Suggested:
        doc = {**doc, "param": param_from_json(doc["param"])}
    elif known is Revised:
        doc = {"spec": StudySpec.from_json(doc["spec"])}
    missing = {field.name: "" for field in fields(known) if field.name not in doc and field.type == "str"}
    for name in ("values", "metrics"):
        if name in doc:
            doc = {**doc, name: numbers_from_json(doc[name])}
    fact: Fact = known(**missing, **doc)
    return fact
