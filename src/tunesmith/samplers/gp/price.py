"""The price of a trial: what is expected of it is divided by the square root of what its training is expected to cost.

Dividing by the whole cost, as expected improvement per second does (Snoek et al. 2012, section 3.2), keeps a search among cheap
and poor configurations; an exponent that falls from one to zero as the budget is used up (cost-cooling, Lee et al. 2020,
"Cost-aware Bayesian optimization") has to be told the budget. The square root lies half way; `bench/costs.py` shows what it brings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.samplers.moves import moves_of
from tunesmith.surrogates.costs import CostModel
from tunesmith.surrogates.evidence import Points
from tunesmith.trials.view import View

Floats = NDArray[np.float64]
Discount: TypeAlias = Callable[[Points], Floats]
"""What the cost of points takes from the logarithm of their merits, (m,)."""

_POWER: Final = 0.5
_LOOKED_AT: Final = 256


@final
class Price:
    """Learns what trainings of one study cost.

    `apart` is the least ratio of dear ones to cheap ones, the quantiles at 90% and 10% of what is predicted over the whole
    space, that makes a difference. Below it costs are taken for equal.
    """

    def __init__(self, *, apart: float = 1.0) -> None:
        self._apart = apart
        self._model: CostModel | None = None

    def discount(self, view: View) -> Discount | None:
        """What trials cost, as a view tells; None while it tells nothing, or if it does not matter."""
        if self._model is None or self._model.space is not view.space:
            self._model = CostModel(view.space)
        costs = self._model.costs(view)
        if costs is None:
            return None
        anywhere = costs.per_step(moves_of(view.space).uniform(_LOOKED_AT, np.random.default_rng(0)))
        cheap, usual, dear = np.quantile(anywhere, [0.1, 0.5, 0.9])
        if dear < self._apart * cheap:
            return None
        return lambda points: _POWER * np.log(costs.per_step(points) / usual)
