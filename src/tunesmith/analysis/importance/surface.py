"""The surface of an objective over the unit cube: a Gaussian process of the trials, and others of resamples of them."""

from __future__ import annotations

from typing import Final, NamedTuple, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.analysis.importance.outcomes import Outcomes
from tunesmith.space.space import Space
from tunesmith.surrogates.features import Features
from tunesmith.surrogates.fit import default_hyper, fit
from tunesmith.surrogates.posterior import Posterior

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

MODELLED: Final = 400
"""Beyond so many trials a sample of them is modelled."""
FITTED: Final = 200
"""Length scales are fitted to so many of these."""
RESAMPLED: Final = 200
"""A resample has at most so many trials."""
_CHECKED: Final = 400
"""So many trials that are not in a resample tell how well it predicts."""


@final
class Model:
    """One Gaussian process; losses in the objective's own units."""

    def __init__(self, features: Features, known: Outcomes, rng: Generator) -> None:
        middle, size = float(known.losses.mean()), float(known.losses.std()) or 1.0
        rows, y = features.of(known.points), (known.losses - middle) / size
        part = _some(np.arange(len(y)), FITTED, rng)
        flat = np.ptp(y[part]) == 0
        hyper = (
            default_hyper(features.width) if flat else fit(features.distances(rows[part]), y[part], known.noise[part])
        )
        self._posterior = Posterior(rows, y, known.noise, hyper, features.column)
        self._middle, self._size = middle, size

    def losses(self, features: Floats) -> Floats:
        """Expected losses at features of points, shape (m,)."""
        return self._middle + self._size * self._posterior.mean(features)

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Expected losses at features of points, and their standard deviations; both (m,)."""
        mean, deviation = self._posterior.predict(features)
        return self._middle + self._size * mean, self._size * deviation


class Surface(NamedTuple):
    """What is believed of an objective, and how else it might look."""

    features: Features
    model: Model
    others: tuple[Model, ...]
    """Each made of a resample of the trials (bootstrap, Efron 1979)."""
    explained: float
    """The part of the variance of trials outside of the resamples that these explain; NaN without resamples."""


def surface_of(space: Space, known: Outcomes, resamples: int, rng: Generator) -> Surface:
    """The surface of one objective, with so many resamples."""
    features = Features(space)
    everything = np.arange(len(known))
    model = Model(features, known.at(_some(everything, MODELLED, rng)), rng)
    others, errors, values = [], [], []
    for _ in range(resamples):
        drawn, counts = np.unique(rng.integers(len(known), size=min(len(known), RESAMPLED)), return_counts=True)
        points, losses, noise = known.at(drawn)
        other = Model(features, Outcomes(points, losses, noise / counts), rng)
        unseen = known.at(_some(np.delete(everything, drawn), _CHECKED, rng))
        errors.append(unseen.losses - other.losses(features.of(unseen.points)))
        values.append(unseen.losses)
        others.append(other)
    return Surface(features, model, tuple(others), _explained(errors, values))


def _explained(errors: list[Floats], values: list[Floats]) -> float:
    seen = np.concatenate(values) if values else np.empty(0)
    variance = float(seen.var()) if len(seen) else 0.0
    return 1.0 - float(np.mean(np.concatenate(errors) ** 2)) / variance if variance > 0 else float("nan")


def _some(rows: Rows, most: int, rng: Generator) -> Rows:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))
