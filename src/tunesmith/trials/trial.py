"""Trial: one configuration being trained, as a value.

    open ──asked──▶ ready ──started──▶ running ──finished──▶ done
                      ▲                 │ │ │ ╲─stopped───▶ stopped   by a scheduler or a person; its last report counts
                      ├──────lost───────╯ │ ╰──failed─────▶ failed    kind: error, oom, nan, timeout, killed
                      ╰─resumed─ paused ◀─╯ paused

`lost` adds one to `attempt`; reports of the earlier attempt are refused from then on. An open trial may be stopped
without ever having been asked (its space is exhausted), and a ready or paused one may be stopped too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, TypeAlias, final

from tunesmith.space.params import Config, Json, Param

FailureKind: TypeAlias = Literal["error", "oom", "nan", "timeout", "killed"]


@final
class State(Enum):
    """Where a trial stands; drawn at the head of this module."""

    OPEN = "open"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in _ENDED


_ENDED = frozenset({State.DONE, State.STOPPED, State.FAILED})


@final
@dataclass(frozen=True)
class Report:
    """What a trial reported at one step; `at` is in seconds since 1970."""

    step: int
    metrics: Mapping[str, float]
    at: float


@final
@dataclass(frozen=True)
class Failure:
    """Why a trial failed. `trace` is the full traceback or the tail of the program's error output."""

    kind: FailureKind
    message: str
    trace: str = ""


@final
@dataclass(frozen=True)
class Trial:
    """One configuration being trained. Frozen: the fold makes a new one for every fact."""

    number: int
    state: State
    version: int = 1
    """How many facts this trial has seen."""
    attempt: int = 1
    config: Config | None = None
    hints: Config | None = None
    """Define-by-run: what the sampler proposes for parameters that the objective may ask for."""
    params: Mapping[str, Param] = field(default_factory=dict)
    """Define-by-run: the ranges that this trial asked for."""
    by: str = ""
    why: str = ""
    """Which sampler proposed the config, and its reason."""
    seen: int = -1
    """The study's `seq` that the proposal was made from; asking again from there gives the same config."""
    seed: int = 0
    parent: int | None = None
    """The trial that this one was forked from."""
    twin: int | None = None
    """The trial whose config this one repeats on another seed."""
    budget: int | None = None
    """The step up to which it may train; None: to the end."""
    worker: str = ""
    record: str = ""
    """Key of the study note that holds code, environment and arguments."""
    values: Mapping[str, float] = field(default_factory=dict)
    """The metrics that count, by name; empty until the trial ends."""
    last: Report | None = None
    reports: int = 0
    """How many steps its present attempt reported."""
    reason: str = ""
    """Why it was stopped or paused."""
    failure: Failure | None = None
    opened: float = 0.0
    started: float | None = None
    ended: float | None = None
    spent: float = 0.0
    """Seconds of training, over all attempts."""
    notes: Mapping[str, Json] = field(default_factory=dict)


def evolve(trial: Trial, changes: dict[str, Any]) -> Trial:
    """`dataclasses.replace` without running `__init__`: a report is folded in about a microsecond."""
    new = object.__new__(Trial)
    state = new.__dict__
    state.update(trial.__dict__)
    state.update(changes)
    return new
