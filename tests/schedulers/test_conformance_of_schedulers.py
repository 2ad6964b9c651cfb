"""Every scheduler keeps the laws of schedulers: one line for each."""

from collections.abc import Callable
from dataclasses import replace

from tunesmith.schedulers.auto import choose_scheduler, scheduler_names
from tunesmith.schedulers.base import Scheduler
from tunesmith.schedulers.combine import Any
from tunesmith.schedulers.extrapolation import Extrapolation
from tunesmith.schedulers.finals import Finals
from tunesmith.schedulers.folds import Folds
from tunesmith.schedulers.growing import PASHA
from tunesmith.schedulers.halving import Halving
from tunesmith.schedulers.hyperband import Hyperband
from tunesmith.schedulers.median import Median
from tunesmith.schedulers.patience import Patience
from tunesmith.schedulers.promotion import Promotion
from tunesmith.schedulers.race import Race
from tunesmith.space.space import Space
from tunesmith.testing.histories import spec_of
from tunesmith.testing.schedulers import SchedulerConformance

# NoStopping and Divergence alone are what the names "none" and "divergence" mean.
METHODS: dict[str, Callable[[], Scheduler]] = {
    "Median": Median,
    "Patience": lambda: Patience(reports=4),
    "Halving": Halving,
    "HalvingByTwo": lambda: Halving(eta=2, first=4, least=2),
    "Promotion": Promotion,
    "PromotionByTwo": lambda: Finals(Promotion(eta=2, first=2), count=1),
    "Hyperband": lambda: Hyperband(first=1),
    "PASHA": PASHA,
    "Extrapolation": Extrapolation,
    "Folds": lambda: Folds(least=3),
    "Race": lambda: Race(Finals(Promotion())),
    "Any": lambda: Any(Halving(), Any(Patience(2), Median(warmup=3))),
    **{f"Named_{name}": lambda name=name: chosen(name) for name in scheduler_names()},
}


def chosen(name: str) -> Scheduler:
    """The scheduler of that name."""
    return choose_scheduler(replace(spec_of(Space({})), scheduler=name)).scheduler


def _suite(make: Callable[[], Scheduler]) -> type:
    class Suite(SchedulerConformance):
        def scheduler(self) -> Scheduler:
            return make()

    return Suite


for _name, _make in METHODS.items():
    globals()[f"Test{_name}"] = _suite(_make)
