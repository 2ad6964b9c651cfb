"""How probable it is that earlier studies are like this one.

What an earlier study expects of the trials is correlated with their outcomes, or it is not. How much more probable the
correlation is if the one has to do with the other is a closed form of it (Fisher 1915), and the only thing that counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logsumexp

from tunesmith.space.space import Space
from tunesmith.surrogates.earlier import Expectations
from tunesmith.surrogates.evidence import Evidence
from tunesmith.surrogates.features import Features
from tunesmith.surrogates.prior import independent
from tunesmith.surrogates.rows import FITTED
from tunesmith.surrogates.transform import warped
from tunesmith.trials.earlier import Earlier

Floats = NDArray[np.float64]

_CORRELATED: Final = 0.7
"""With the outcomes, where an earlier study is like this one: then it explains half of their variance."""


class Belief(NamedTuple):
    """What the outcomes so far say of s earlier studies."""

    probability: float
    """That one of them is like this study; 1/2 before there is any evidence."""
    favoured: NDArray[np.bool_]
    """(s,) those that there is evidence for, or none against; if there is no such one, the one with the least against it."""


@final
class Related:
    """Judges s earlier studies by the outcomes of this one; made once for a space."""

    def __init__(self, earlier: Sequence[Earlier], space: Space) -> None:
        self._features = Features(space)
        self._expected = [Expectations([one], space, self._features) for one in earlier]

    def belief(self, evidence: Evidence) -> Belief:
        """From the first objective of the trials that were trained to their end."""
        rows = np.flatnonzero(evidence.progress == 1.0)[:FITTED]
        features = self._features.of(evidence.points.at(rows))
        distances = self._features.distances(features)
        y, noise = warped(evidence.losses[rows, :1])[:, 0], evidence.noise[rows, 0]
        # Who had no such objective expects the same everywhere, which explains nothing.
        means = [one.of(0, features).sum(axis=1) for one in self._expected]
        factors = np.array([_log_factor(distances, noise, mean, y) for mean in means])
        # One of them is right, each with the same probability, or none is.
        odds = logsumexp(factors) - np.log(len(factors))
        return Belief(float(expit(odds)), factors >= min(0.0, factors.max()))


def _log_factor(distances: Floats, noise: Floats, mean: Floats, y: Floats) -> float:
    """Logarithm of the Bayes factor for a correlation of `_CORRELATED` against none, given n pairs of an expectation and an outcome.

    The density of a sample's correlation (Hotelling 1953), but for a series that hardly depends on it.
    """
    n = len(y)
    if n < 2:
        return 0.0
    one, mean, y = independent(distances, noise, np.column_stack([np.ones(n), mean, y])).T
    mean, y = (part - (one @ part) / (one @ one) * one for part in (mean, y))
    r = mean @ y / max(float(np.sqrt((mean @ mean) * (y @ y))), 1e-12)
    return float((n - 1) / 2 * np.log(1 - _CORRELATED**2) - (n - 1.5) * np.log(1 - _CORRELATED * r))
