"""Ablation: which of the changes from the default configuration to the winner brought what (Fawcett & Hoos 2016).

From the default on, the parameter is changed whose change helps most, then the next, until the winner is reached. The order
is that of a Gaussian process of all trials (Biedenkapp et al. 2017), and so is what a configuration on the way is worth,
unless it was trained for that (`reproduce/ablate.py`): then it is the mean of its trainings, of which the winner has a note.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.best import best_of
from tunesmith.analysis.importance.outcomes import metric_index, outcomes_of
from tunesmith.analysis.importance.surface import Surface, surface_of
from tunesmith.errors import InvalidStudy
from tunesmith.space.params import Config, Json, default_of, key_of
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

RESAMPLES: Final = 30
NOTE: Final = "ablation"
"""The key of the winner's note of trainings."""
_SURE: Final = 0.95
_MISSING: Final = object()


@final
@dataclass(frozen=True)
class Step:
    """One change on the way from the default configuration to the winner."""

    name: str
    before: Json
    """None for a parameter that took no part."""
    after: Json
    gain: float
    """How much better the objective gets, in its own units; below 0, worse. NaN if trainings before or after it failed."""
    low: float
    high: float
    """A 95 % interval, from resampled trials or from trainings on several seeds."""
    expected: float
    """The objective after this change."""
    brings: tuple[str, ...]
    """Parameters that begin to take part with this change, with the winner's values."""

    @property
    def real(self) -> bool:
        """Whether the interval of the gain leaves 0 out."""
        return self.low > 0 or self.high < 0


@final
@dataclass(frozen=True)
class Ablation:
    """The way from the default configuration to the winner."""

    metric: str
    winner: int
    """The number of the best trial."""
    start: float
    """The objective of the default configuration."""
    steps: tuple[Step, ...]
    """In the order of the changes; empty if the default configuration won."""
    repeats: int | None
    """On so many seeds each configuration on the way was trained; None if it is a model that expects all this."""


class Way(NamedTuple):
    """From the default configuration to the winner, one change after the other."""

    metric: str
    sign: float
    """1 if the metric is minimized, -1 if it is maximized."""
    winner: int
    """The number of the best trial."""
    names: list[str]
    """The parameter that is changed before each configuration but the first."""
    configs: list[Config]

    def told(self, losses: Floats, gains: Floats, low: Floats, high: Floats, repeats: int | None = None) -> Ablation:
        """What each change brought, given the n losses of the configurations, and the n - 1 gains with their intervals."""
        return Ablation(
            metric=self.metric,
            winner=self.winner,
            start=float(self.sign * losses[0]),
            steps=tuple(
                Step(
                    name=name,
                    before=before.get(name),
                    after=after.get(name),
                    gain=float(gains[place]),
                    low=float(low[place]),
                    high=float(high[place]),
                    expected=float(self.sign * losses[place + 1]),
                    brings=tuple(other for other in after if other not in before and other != name),
                )
                for place, (name, (before, after)) in enumerate(zip(self.names, pairwise(self.configs), strict=True))
            ),
            repeats=repeats,
        )


def ablation(view: View, metric: str | None = None, *, resamples: int = RESAMPLES) -> Ablation:
    """Which change brought what, from the space's default configuration to the study's best trial.

    The objective is the first one unless `metric` names another. A parameter's change brings along those that take part
    because of it. What trainings came to goes before what the model of the trials expects. Raises `InvalidStudy` if there is
    no best trial, or fewer than 10 configurations have a value.
    """
    found = measured(view, metric)
    if found is not None:
        return found
    way, surface = _modelled(view, metric, resamples)
    losses = _losses(view.space, way.configs, surface)
    gains = losses[:, :-1] - losses[:, 1:]
    return way.told(losses[0], gains[0], *_intervals(gains))


def measured(view: View, metric: str | None = None) -> Ablation | None:
    """The same by trainings, as far as the best trial has a note of them for this objective."""
    best = best_of(view)
    note = best.trial.notes.get(NOTE) if best is not None else None
    objective = view.spec.objectives[metric_index(view, metric)]
    if best is None or note is None or note["metric"] != objective.metric:
        return None
    way = Way(objective.metric, objective.sign, best.trial.number, note["names"], note["configs"])
    return by_trainings(way, note["values"])


def by_trainings(way: Way, values: Sequence[Sequence[float | None]]) -> Ablation:
    """What changes brought, given for each configuration on the way its value on each seed, None where it failed.

    A gain is the mean difference on the seeds on which both trainings came to their end, so that what a seed does to both is
    left out. How much differences vary is taken to be the same for all changes; with one seed, intervals are infinite.
    """
    from scipy.special import stdtrit  # noqa: PLC0415  scipy takes a while to load

    losses = way.sign * np.array(values, float)
    gains = losses[:-1] - losses[1:]
    counts = np.isfinite(gains).sum(axis=1)
    means = np.array([_mean(row) for row in gains])
    freedom = int(np.maximum(counts - 1, 0).sum())
    half = np.full(len(gains), math.inf)
    if freedom:
        deviation = math.sqrt(float(np.nansum((gains - means[:, None]) ** 2)) / freedom)
        half = float(stdtrit(freedom, (1 + _SURE) / 2)) * deviation / np.sqrt(np.maximum(counts, 1))
    return way.told(np.array([_mean(row) for row in losses]), means, means - half, means + half, losses.shape[1])


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


def note_of(way: Way, values: Sequence[Sequence[float | None]]) -> Json:
    """What the winner's trial keeps of trainings."""
    return {"metric": way.metric, "names": way.names, "configs": way.configs, "values": [list(v) for v in values]}


def way_of(view: View, metric: str | None = None) -> Way:
    """The way itself. Raises as `ablation` does."""
    return _modelled(view, metric, 0)[0]


def _modelled(view: View, metric: str | None, resamples: int) -> tuple[Way, Surface]:
    index = metric_index(view, metric)
    found = best_of(view)
    best = found.trial if found is not None else None
    if best is None or best.config is None:
        raise InvalidStudy(f"Study {view.spec.name!r} has no best trial yet, to which changes could lead.")
    surface = surface_of(view.space, outcomes_of(view, index), resamples, np.random.default_rng(view.spec.seed))
    objective = view.spec.objectives[index]
    path = _path(view.space, best.config, surface)
    return Way(objective.metric, objective.sign, best.number, *path), surface


def _path(space: Space, winner: Config, surface: Surface) -> tuple[list[str], list[Config]]:
    """The changes in the order that the model likes best, and the configurations from the default to the winner."""
    values = {name: default_of(param) for name, param in space.params.items()}
    default = space.restrict(values)
    values = {**values, **winner, **default}  # what takes part only later does so with the winner's value
    names, configs = [], [default]
    while left := [name for name in winner if _differ(winner[name], configs[-1].get(name, _MISSING))]:
        # Not yet what takes part only after another change; that one will bring it along.
        able = [name for name in left if name in configs[-1]]
        candidates = [space.restrict({**values, name: winner[name]}) for name in able]
        chosen = int(_losses(space, candidates, surface)[0].argmin())
        values[able[chosen]] = winner[able[chosen]]
        names.append(able[chosen])
        configs.append(candidates[chosen])
    return names, configs


def _differ(value: Json, other: object) -> bool:
    return other is _MISSING or key_of(value) != key_of(other)


def _losses(space: Space, configs: Sequence[Config], surface: Surface) -> Floats:
    """What the model and its resamples expect of configurations, shape (1 + b, n)."""
    features = surface.features.of(Points(*space.codec().encode(configs)))
    return np.array([model.losses(features) for model in (surface.model, *surface.others)])


def _intervals(gains: Floats) -> tuple[Floats, Floats]:
    low, high = np.quantile(gains, [(1 - _SURE) / 2, (1 + _SURE) / 2], axis=0)
    return np.minimum(low, gains[0]), np.maximum(high, gains[0])
