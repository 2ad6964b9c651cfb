"""Outlook: how much better the best value is expected to become with further trials.

What a model-guided search would try next are points of high expected improvement. Of a sample of the space and of neighbours of
the best, the best such points are looked at as one batch: by how much the best of their values is expected to be below what
is expected of the best trial now (the q-expected improvement of Ginsbourger, Le Riche & Carraro 2010, by sampling). Their
values are taken as independent, which promises rather too much than too little: who stops by it does not stop too early.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import ndtr

from tunesmith.surrogates.evidence import Points, evidence_of
from tunesmith.surrogates.expected import alone, modeller_of, unwarped
from tunesmith.trials.trial import State
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

_FEWEST: Final = 10
_SAMPLED: Final = 600
_AROUND: Final = 10
"""So many of the best trials have neighbours among the candidates,"""
_NEIGHBOURS: Final = 40
"""so many each,"""
_STEPS: Final = (0.02, 0.1, 0.3)
"""at these distances, in parts of a parameter's range."""
_DRAWS: Final = 1000
FARTHEST: Final = 100
"""So many trials can be looked ahead; more of them are taken to bring no more."""


def expected_gain(view: View, trials: int) -> float | None:
    """By how much the first objective is expected to become better with so many trials, in its units; None if too little is known.

    Same view, same answer.
    """
    evidence = alone(evidence_of(view, [State.DONE]), 0)
    losses = evidence.losses[:, 0]
    if len(losses) < _FEWEST or losses.min() == losses.max() or trials < 1:
        return None
    rng = np.random.default_rng(0)
    models = modeller_of(view.space)
    (process,) = models.models(evidence, rng).objectives
    loss_at = unwarped(losses)
    now = float(process.mean(models.features.of(evidence.points)).min())
    best = evidence.points.at(np.argsort(losses, kind="stable")[:_AROUND])
    mean, deviation = process.predict(models.features.of(_candidates(view, best, rng)))
    chosen = np.argsort(_improvement(mean, deviation, now), kind="stable")[::-1][: min(trials, FARTHEST)]
    drawn = mean[chosen] + deviation[chosen] * rng.normal(size=(_DRAWS, len(chosen)))
    reached = np.minimum(drawn.min(axis=1), now)
    return float(np.mean(loss_at(np.full(_DRAWS, now)) - loss_at(reached)))


def _improvement(mean: Floats, deviation: Floats, now: float) -> Floats:
    z = (now - mean) / deviation
    improvement: Floats = deviation * (z * ndtr(z) + np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi))
    return improvement


def _candidates(view: View, best: Points, rng: Generator) -> Points:
    """Points of the space, and neighbours of the best; those that break limits between parameters are left out."""
    codec = view.space.codec()
    rows = [rng.random((_SAMPLED, best.X.shape[1]))]
    for step in _STEPS:
        centres = np.repeat(best.X, _NEIGHBOURS // len(_STEPS), axis=0)
        rows.append(np.clip(centres + step * rng.normal(size=centres.shape), 0, 1))
    configs = [config for config in codec.decode(np.concatenate(rows)) if view.space.allows(config)]
    return Points(*codec.encode(configs))
