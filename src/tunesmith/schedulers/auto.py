"""The schedulers by name, and the choice that is made for those who do not choose."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, final

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import Decision, Order, Scheduler
from tunesmith.schedulers.combine import Any
from tunesmith.schedulers.divergence import Divergence
from tunesmith.schedulers.enough import Enough
from tunesmith.schedulers.finals import Finals
from tunesmith.schedulers.growing import PASHA
from tunesmith.schedulers.halving import Halving
from tunesmith.schedulers.hyperband import Hyperband
from tunesmith.schedulers.median import Median
from tunesmith.schedulers.patience import Patience
from tunesmith.schedulers.plain import NoStopping
from tunesmith.schedulers.population import PBT
from tunesmith.schedulers.promotion import Promotion
from tunesmith.schedulers.race import FEWEST_REPEATS, Race
from tunesmith.space.params import Json
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View


class Chosen(NamedTuple):
    """A scheduler and, in one sentence, what it does and why."""

    scheduler: Scheduler
    why: str


# Imported when they are wanted: scipy takes a while to load, and most commands do not search.


def _extrapolation() -> Scheduler:
    from tunesmith.schedulers.extrapolation import Extrapolation  # noqa: PLC0415

    return Any(Divergence(), Extrapolation())


def _pb2() -> Scheduler:
    from tunesmith.schedulers.bandit import Bandit  # noqa: PLC0415

    return Any(PBT(explore=Bandit()), Divergence())


def _folds() -> Scheduler:
    from tunesmith.schedulers.folds import Folds  # noqa: PLC0415

    return Any(Divergence(), Folds())


_NAMED: Final[Mapping[str, Callable[[], Scheduler]]] = {
    "none": NoStopping,
    "median": lambda: Any(Divergence(), Median()),
    "patience": lambda: Any(Divergence(), Patience()),
    "divergence": Divergence,
    "halving": lambda: Any(Divergence(), Halving()),
    "asha": lambda: Any(Finals(Promotion()), Divergence()),
    "hyperband": lambda: Any(Finals(Hyperband()), Divergence()),
    "pasha": lambda: Any(Finals(PASHA()), Divergence()),
    "pbt": lambda: Any(PBT(), Divergence()),
    "pb2": _pb2,
    "extrapolation": _extrapolation,
    "folds": _folds,
}


@final
class _Absent:
    """Stands for a scheduler that is not here. The study can be read, not continued."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:  # noqa: ARG002
        raise InvalidStudy(self.sentence)

    def next(self, view: View, slots: int) -> Sequence[Order]:  # noqa: ARG002
        raise InvalidStudy(self.sentence)


def scheduler_names() -> tuple[str, ...]:
    """What `scheduler=` understands as text."""
    return ("auto", *_NAMED)


def describe_scheduler(given: str | Scheduler) -> Json:
    """What is kept in the study's spec; `choose_scheduler` makes a scheduler from it."""
    if isinstance(given, str):
        if given not in scheduler_names():
            raise InvalidStudy(_unknown(given))
        return given
    if isinstance(given, type) or not (callable(getattr(given, "decide", None)) and hasattr(given, "next")):
        raise InvalidStudy(
            f"scheduler={given!r} cannot decide about trials; give an object such as Median(), or one of "
            f"{', '.join(scheduler_names())}."
        )
    return {"name": _name_of(given), "custom": True}


def choose_scheduler(spec: StudySpec, custom: Scheduler | None = None, *, parks: bool = False) -> Chosen:
    """The scheduler that a study's spec names; `parks` says that a paused trial can go on where it stopped."""
    if custom is not None:
        return Chosen(custom, f"scheduler: {_name_of(custom)}, {_why(custom)}")
    if isinstance(spec.scheduler, dict):
        name = str(spec.scheduler["name"])
        absent = f"The study's scheduler {name} is an object of the program that made it; give it again as scheduler=."
        return Chosen(_Absent(absent), f"scheduler: {name}, an object of the program that made the study")
    name = str(spec.scheduler)
    if name not in scheduler_names():  # written by another version of Tunesmith
        return Chosen(_Absent(_unknown(name)), f"scheduler: {name}, which is not known here")
    if name != "auto":
        return Chosen(_NAMED[name](), f"scheduler: {name}, as asked for")
    # Measured with `bench/fidelity.py`: for a number of trials the median rule finds better ones, for a time promotion does.
    if parks and (spec.budget.time is not None or spec.budget.cost is not None):
        what = "time" if spec.budget.time is not None else "cost"
        return Chosen(
            _NAMED["asha"](),
            f"scheduler: as the {what} is limited, trials that report as they train pause early, and the best ones go on",
        )
    return Chosen(
        Any(Divergence(), Median(warmup=2)),
        "scheduler: trials that report as they train are stopped when they diverge or fall behind the median of the others",
    )


def kept_to(spec: StudySpec, scheduler: Scheduler) -> Scheduler:
    """The scheduler, with what the study says of its end: when it is enough, and that the best are repeated."""
    scheduler = Enough(scheduler) if spec.stop == "auto" else scheduler
    return Race(scheduler, spec.confirm) if spec.confirm else scheduler


def confirmation(spec: StudySpec) -> list[str]:
    """What is repeated, in a sentence; none if nothing is."""
    if not spec.confirm or (spec.budget.trials or math.inf) * spec.confirm < FEWEST_REPEATS:
        return []
    return [
        f"confirm: up to {spec.confirm:.0%} of the budget repeats the best configurations on fresh seeds, if there is luck in values"
    ]


def _name_of(given: Scheduler) -> str:
    """What it calls itself, else its class."""
    return str(getattr(given, "name", type(given).__name__))


def _why(given: Scheduler) -> str:
    return str(getattr(given, "why", "as given"))


def _unknown(name: str) -> str:
    return f"scheduler={name!r} is not known; choose one of {', '.join(scheduler_names())}."
