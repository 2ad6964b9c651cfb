"""What trainings cost, by the configuration: a Gaussian process of the logarithm of the cost of a step. Pure.

Costs multiply, twice the width or twice the layers are so many times the cost, and are never negative: hence the logarithm.
"""

from __future__ import annotations

from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points
from tunesmith.surrogates.features import Features
from tunesmith.surrogates.fit import Hyper, default_hyper, fit
from tunesmith.surrogates.posterior import Posterior
from tunesmith.surrogates.rows import stage
from tunesmith.trials.trial import State
from tunesmith.trials.view import STATES, View

Floats = NDArray[np.float64]

_DONE: Final = STATES.index(State.DONE)
_RUNNING: Final = STATES.index(State.RUNNING)
_FEWEST: Final = 3
_FITTED: Final = 60
_MOST: Final = 200
"""Length scales follow from the first trials, predictions from the latest."""


@final
class Costs:
    """What is predicted of the costs of trainings, in the unit of the metric `cost`, or else in seconds."""

    def __init__(self, features: Features, process: Posterior, level: float, spread: float, steps: int) -> None:
        """`process` predicts logarithms of the cost of a step, of which `level` and `spread` are mean and deviation."""
        self._features = features
        self._process = process
        self._level = level
        self._spread = spread
        self._steps = steps

    def per_step(self, points: Points) -> Floats:
        """What a step costs at each of some points, (m,)."""
        costs: Floats = np.exp(self._level + self._spread * self._process.mean(self._features.of(points)))
        return costs

    def full(self, points: Points) -> Floats:
        """What a full training costs at each of some points, (m,)."""
        return self._steps * self.per_step(points)


@final
class CostModel:
    """Learns costs in one space. Keeps fitted length scales, which follow from the rows that they were fitted to."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._features = Features(space)
        self._fitted: tuple[bytes, Hyper] = b"", default_hyper(self._features.width)

    def costs(self, view: View) -> Costs | None:
        """What the trials of a view tell that do not train now; None as long as they tell nothing."""
        columns = view.columns
        steps = np.where(columns.state == _DONE, np.maximum(columns.step, 1), columns.step)
        known = (columns.state != _RUNNING) & (steps > 0) & np.isfinite(columns.cost) & (columns.cost > 0)
        if not known.any():
            return None
        features = self._features.of(Points(columns.X, columns.active).at(known))
        logs = np.log(columns.cost[known] / steps[known])
        level, spread = float(logs.mean()), float(logs.std()) or 1.0
        y = (logs - level) / spread
        early, latest = slice(stage(min(len(y), _FITTED))), slice(-_MOST, None)
        hyper = self._hyper(features[early], y[early])
        process = Posterior(features[latest], y[latest], np.ones(len(y[latest])), hyper, self._features.column)
        return Costs(self._features, process, level, spread, view.full_steps or 1)

    def _hyper(self, features: Floats, y: Floats) -> Hyper:
        if len(y) < _FEWEST or np.ptp(y) == 0:
            return default_hyper(self._features.width)
        key = features.tobytes() + y.tobytes()
        if self._fitted[0] != key:
            self._fitted = key, fit(self._features.distances(features), y, np.ones(len(y)))
        return self._fitted[1]
