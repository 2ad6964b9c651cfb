"""Failures by kind, over the parameter that tells most about where they happen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from tunesmith.analysis.axes import IDLE, shown
from tunesmith.space.params import Choice, Ordinal
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

_BINS: Final = 8
_CHANCE: Final = 0.01
_FEWEST: Final = 3
_MOST_LABELS: Final = 24


class Bin(NamedTuple):
    """A part of a parameter's range, or one of its options."""

    label: str
    ended: int
    """Trials that ended there."""
    kinds: dict[str, int]
    """Those that failed, by kind."""


@final
@dataclass(frozen=True)
class Failures:
    """How trials failed."""

    kinds: dict[str, int]
    """Failed trials by kind, the most frequent first."""
    ended: int
    """All trials that have ended."""
    param: str | None
    """The parameter over which they are unlike others; None where chance would do as much."""
    bins: list[Bin]
    """Over that parameter, in order; else a single one of all trials."""
    messages: dict[str, str]
    """The latest message of each kind."""

    @property
    def failed(self) -> int:
        return sum(self.kinds.values())


def failures(view: View) -> Failures:
    """The failures of a study.

    The parameter is the one whose bins share most information with failing (a G-test of independence, all parameters
    that were tried considered).
    """
    trials = [trial for trial in view.trials if trial.state.ended and trial.config is not None]
    kinds = Counter(trial.failure.kind for trial in trials if trial.failure)
    names = [kind for kind, _ in kinds.most_common()]
    param, labels, places = _telling(view, trials)
    bins = [
        Bin(
            label,
            sum(place == index for place in places),
            dict(
                Counter(t.failure.kind for t, place in zip(trials, places, strict=True) if t.failure and place == index)
            ),
        )
        for index, label in enumerate(labels)
    ]
    return Failures(
        kinds={kind: kinds[kind] for kind in names},
        ended=len(trials),
        param=param,
        bins=[each for each in bins if each.ended or param is None],
        messages={trial.failure.kind: trial.failure.message for trial in trials if trial.failure},
    )


def _telling(view: View, trials: Sequence[Trial]) -> tuple[str | None, list[str], list[int]]:
    """The parameter that tells most, labels of its bins, and the bin of each trial."""
    failed = np.array([trial.failure is not None for trial in trials], bool)
    everything: tuple[str | None, list[str], list[int]] = (None, ["all trials"], [0] * len(trials))
    if failed.sum() < _FEWEST or (~failed).sum() < _FEWEST:
        return everything
    codec = view.space.codec()
    found, least = everything, _CHANCE
    for column, name in enumerate(codec.names):
        labels, places = _bins(view, trials, column)
        chance = _chance(np.array(places), failed, len(labels)) * codec.width
        if chance < least:
            found, least = (name, labels, places), chance
    return found


def _bins(view: View, trials: Sequence[Trial], column: int) -> tuple[list[str], list[int]]:
    codec = view.space.codec()
    name, param = codec.names[column], codec.params[column]
    rows = np.array([trial.number for trial in trials], np.int64)
    units, active = view.columns.X[rows, column], view.columns.active[rows, column]
    count = min(param.size or _BINS, _MOST_LABELS if isinstance(param, Choice | Ordinal) else _BINS)
    places = np.minimum((units * count).astype(int), count - 1)
    if param.size is not None and param.size == count:
        labels = [shown(value) for value in param.levels(count)]
    else:
        edges = [param.from_unit(float(edge)) for edge in np.linspace(0, 1, count + 1)]
        labels = [f"{_text(low)}\N{EN DASH}{_text(high)}" for low, high in pairwise(edges)]
    places = np.where(active, places, count)
    return [*labels, f"{name} {IDLE}"], places.tolist()


def _text(value: object) -> str:
    return f"{value:.2g}" if isinstance(value, float) else str(value)


def _chance(places: NDArray[np.int64], failed: NDArray[np.bool_], count: int) -> float:
    """How likely chance alone would bind bins and failures as closely (Wilks' G with so many degrees of freedom)."""
    table = np.zeros((count, 2))
    np.add.at(table, (places, failed.astype(int)), 1)
    table = table[table.sum(axis=1) > 0]
    if len(table) < 2:
        return 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(table > 0, table * np.log(table / expected), 0.0)
    return float(chi2.sf(2 * parts.sum(), len(table) - 1))
