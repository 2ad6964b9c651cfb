"""StudySpec: what a study searches, for what, and within which budget."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, final

from tunesmith.errors import InvalidStudy, NewerFormat
from tunesmith.space.params import Json
from tunesmith.space.space import Space
from tunesmith.trials.earlier import Earlier

_VERSION: Final = 1
_UNITS: Final[Mapping[str, float]] = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
CONFIRM: Final = 0.15
"""The part of a budget that goes to repeats, unless told otherwise."""

Pick: TypeAlias = Literal["last", "best", "mean"]


@final
@dataclass(frozen=True)
class Objective:
    """A metric, and which way is better."""

    metric: str
    direction: Literal["minimize", "maximize"]

    @property
    def sign(self) -> float:
        """Multiply by it, and smaller is better."""
        return 1.0 if self.direction == "minimize" else -1.0


@final
@dataclass(frozen=True)
class MetricLimit:
    """An outcome constraint: a metric that must stay on one side of a bound."""

    metric: str
    op: Literal["<=", ">="]
    bound: float

    def holds(self, values: Mapping[str, float]) -> bool:
        """False also where the metric was not reported or is NaN."""
        value = values.get(self.metric, math.nan)
        return value <= self.bound if self.op == "<=" else value >= self.bound

    def __str__(self) -> str:
        return f"{self.metric} {self.op} {self.bound:g}"


@final
@dataclass(frozen=True)
class Budget:
    """Totals for the whole study, not increments; None is unlimited.

    `trials` counts every trial that was opened, `time` seconds during which trials ran, `cost` the sum of the metric
    `cost` (seconds of training for trials that do not report it).
    """

    trials: int | None = None
    time: float | None = None
    cost: float | None = None

    def __post_init__(self) -> None:
        if self.trials is not None and (
            isinstance(self.trials, bool) or int(self.trials) != self.trials or self.trials < 1
        ):
            raise InvalidStudy(
                f"trials={self.trials!r}: a study needs at least one trial; give a whole number such as trials=60."
            )
        for name in ("time", "cost"):
            amount = getattr(self, name)
            if amount is not None and not (math.isfinite(amount) and amount > 0):
                raise InvalidStudy(f"{name}={amount!r}: the budget must be positive; leave it out for no limit.")


@final
@dataclass(frozen=True)
class StudySpec:
    """All that defines a study; kept in its store as JSON."""

    name: str
    space: Space
    objectives: tuple[Objective, ...]
    limits: tuple[MetricLimit, ...] = ()
    budget: Budget = field(default_factory=Budget)
    seed: int = 0
    pick: Pick = "last"
    """What a trial's value is: its last report, the best one by the first objective, or the mean of all, as of folds."""
    sampler: Json = "auto"
    scheduler: Json = "auto"
    steps: int | None = None
    """How many steps a full training reports, if that is known beforehand; finished trials tell it otherwise."""
    paused: bool = False
    """Whether drivers shall start nothing for now."""
    confirm: float = CONFIRM
    """The part of the budget that goes to repeats of the best configurations on fresh seeds; 0 for none."""
    stop: Literal["budget", "auto"] = "budget"
    """When it ends: with its budget, or also when further trials are not expected to pay."""
    earlier: tuple[Earlier, ...] = ()
    """What earlier studies found out, as evidence that the search begins with."""

    def __post_init__(self) -> None:
        if (
            not self.name
            or len(self.name) > 200
            or self.name != self.name.strip()
            or re.search(r"[\x00-\x1f/\\]", self.name)
        ):
            raise InvalidStudy(
                f"{self.name[:80]!r} is no name for a study; use 1 to 200 characters without slashes and line breaks."
            )
        if not self.objectives:
            raise InvalidStudy("The study has no objective; say minimize='val_loss' or maximize='accuracy'.")
        metrics = [objective.metric for objective in self.objectives]
        twice = next((metric for metric in metrics if metrics.count(metric) > 1), None)
        if twice is not None:
            raise InvalidStudy(f"The metric {twice!r} is an objective twice; name each metric once.")
        if self.steps is not None and (isinstance(self.steps, bool) or int(self.steps) != self.steps or self.steps < 1):
            raise InvalidStudy(f"steps={self.steps!r}: give the number of reports of a full training, 1 or more.")
        if isinstance(self.confirm, bool) or not 0 <= self.confirm < 1:
            raise InvalidStudy(
                f"confirm={self.confirm!r}: give the part of the budget for repeats of the best configurations, such as 0.15, "
                "or 0 for none."
            )
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise InvalidStudy(
                f"seed={self.seed!r}: give a whole number, 0 or more, or leave it out to have one drawn."
            )
        if self.stop not in ("budget", "auto"):
            raise InvalidStudy(
                f"stop={self.stop!r}: say 'budget', or 'auto' to end also when further trials are not expected to pay."
            )
        if self.pick not in ("last", "best", "mean"):
            raise InvalidStudy(
                f"pick={self.pick!r}: say which report is a trial's value: 'last', 'best', or 'mean' of all."
            )

    @property
    def counts(self) -> str:
        """Which report counts, as a clause."""
        if self.pick == "mean":
            return "the mean of a trial's reports is its value"
        return f"the {self.pick} report of a trial is its value"

    def to_json(self) -> Json:
        return {
            "version": _VERSION,
            "name": self.name,
            "space": self.space.to_json(),
            "objectives": [[objective.metric, objective.direction] for objective in self.objectives],
            "limits": [[limit.metric, limit.op, limit.bound] for limit in self.limits],
            "budget": {name: amount for name, amount in vars(self.budget).items() if amount is not None},
            "seed": self.seed,
            "pick": self.pick,
            "sampler": self.sampler,
            "scheduler": self.scheduler,
            "steps": self.steps,
            "paused": self.paused,
            "confirm": self.confirm,
            "stop": self.stop,
            "earlier": [study.to_json() for study in self.earlier],
        }

    @staticmethod
    def from_json(doc: Json) -> StudySpec:
        """The inverse of `to_json`; raises `NewerFormat` for a document of a later version."""
        if doc["version"] > _VERSION:
            raise NewerFormat(
                f"The study has format {doc['version']}, newer than {_VERSION}; upgrade Tunesmith to read it"
            )
        return StudySpec(
            name=doc["name"],
            space=Space.from_json(doc["space"]),
            objectives=tuple(Objective(metric, direction) for metric, direction in doc["objectives"]),
            limits=tuple(MetricLimit(metric, op, bound) for metric, op, bound in doc["limits"]),
            budget=Budget(**doc["budget"]),
            seed=doc["seed"],
            pick=doc["pick"],
            sampler=doc["sampler"],
            scheduler=doc["scheduler"],
            steps=doc.get("steps"),
            paused=doc.get("paused", False),
            confirm=doc.get("confirm", CONFIRM),
            stop=doc.get("stop", "budget"),
            earlier=tuple(Earlier.from_json(study) for study in doc.get("earlier", ())),
        )


def objectives_from(
    minimize: str | Iterable[str] | None, maximize: str | Iterable[str] | None
) -> tuple[Objective, ...]:
    """Objectives as a user names them, minimized ones first."""
    return (
        *(Objective(metric, "minimize") for metric in _names("minimize", minimize)),
        *(Objective(metric, "maximize") for metric in _names("maximize", maximize)),
    )


def _names(option: str, given: str | Iterable[str] | None) -> list[str]:
    if given is None:
        return []
    names = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    for name in names:
        if not isinstance(name, str) or not name:
            raise InvalidStudy(f"{option}={given!r}: give the name of a reported metric, such as 'val_loss'.")
    return names


def limits_from(given: Mapping[str, str] | None) -> tuple[MetricLimit, ...]:
    """Outcome constraints as a user writes them: {"memory_gb": "<= 8"}."""
    limits = []
    for metric, text in (given or {}).items():
        match = re.fullmatch(r"\s*(<=|>=)\s*(\S+)\s*", str(text))
        bound = _number(match.group(2)) if match else None
        if match is None or bound is None:
            raise InvalidStudy(f"limits: {metric!r} must stay {text!r}? Write it as {{{metric!r}: '<= 8'}} or '>= 8'.")
        limits.append(MetricLimit(metric, "<=" if match.group(1) == "<=" else ">=", bound))
    return tuple(limits)


def seconds_from(given: str | float | None, option: str = "time") -> float | None:
    """A duration in seconds, above 0, from a number or from text: "90s", "10m", "2h", "1d", "1h30m"."""
    if given is None:
        return None
    seconds = _seconds(given)
    if seconds is None:
        raise InvalidStudy(f"{option}={given!r} is not a duration; write seconds, or text such as '90s', '10m', '2h'.")
    if not seconds > 0:
        raise InvalidStudy(
            f"{option}={given!r}: nothing can be trained in that; give more, or leave it out for no limit."
        )
    return seconds


def _seconds(given: str | float) -> float | None:
    if isinstance(given, int | float) and not isinstance(given, bool):
        return given
    text = str(given).strip().lower()
    if re.fullmatch(r"(\d+(\.\d+)?[smhd])+", text):
        return sum(float(amount) * _UNITS[unit] for amount, _, unit in re.findall(r"(\d+(\.\d+)?)([smhd])", text))
    return _number(text)


def _number(text: Any) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
