"""Ablation: which of the changes from the default configuration to the winner brought what (Biedenkapp et al. 2017).

From the default on, the parameter is changed whose change helps most, then the next, until the winner is reached. What a
configuration on this path is worth is not measured, but what a Gaussian process of all trials expects of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

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
    """How much better the objective is expected to get, in its own units; below 0, worse."""
    low: float
    high: float
    """A 95 % interval from resampled trials."""
    expected: float
    """The objective expected after this change."""
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
    """The objective expected of the default configuration."""
    steps: tuple[Step, ...]
    """In the order of the changes; empty if the default configuration won."""


def ablation(view: View, metric: str | None = None, *, resamples: int = RESAMPLES) -> Ablation:
    """Which change brought what, from the space's default configuration to the study's best trial.

    The objective is the first one unless `metric` names another. A parameter's change brings along those that take part
    because of it. Raises `InvalidStudy` if there is no best trial, or fewer than 10 configurations have a value.
    """
    index = metric_index(view, metric)
    found = best_of(view)
    best = found.trial if found is not None else None
    if best is None or best.config is None:
        raise InvalidStudy(f"Study {view.spec.name!r} has no best trial yet, to which changes could lead.")
    winner = best.config
    rng = np.random.default_rng(view.spec.seed)
    surface = surface_of(view.space, outcomes_of(view, index), resamples, rng)
    objective = view.spec.objectives[index]
    names, configs = _path(view.space, winner, surface)
    expected = _losses(view.space, configs, surface)
    gains = expected[:, :-1] - expected[:, 1:]
    low, high = _intervals(gains)
    return Ablation(
        metric=objective.metric,
        winner=best.number,
        start=float(objective.sign * expected[0, 0]),
        steps=tuple(
            Step(
                name=name,
                before=configs[place].get(name),
                after=configs[place + 1].get(name),
                gain=float(gains[0, place]),
                low=float(low[place]),
                high=float(high[place]),
                expected=float(objective.sign * expected[0, place + 1]),
                brings=tuple(other for other in configs[place + 1] if other not in configs[place] and other != name),
            )
            for place, name in enumerate(names)
        ),
    )


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
