"""GaussianProcess: the default of the house where trials are worth more than milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.samplers.base import Proposal
from tunesmith.samplers.evidence import Evidence, Points, evidence_of
from tunesmith.samplers.gp.merit import Merit, chance_of_success, expected_gain, optimistic_gain
from tunesmith.samplers.gp.models import Modeller, Models
from tunesmith.samplers.gp.search import FULL, TRIMMED, Score, best_points
from tunesmith.samplers.gp.trust import beyond, trust_radius
from tunesmith.samplers.moves import Moves
from tunesmith.samplers.opening import opening_length, opening_proposal
from tunesmith.samplers.uniform import uniform_config
from tunesmith.space.space import Space
from tunesmith.trials.view import View

Floats = NDArray[np.float64]
import os, json
OPT = json.loads(os.environ.get("GPOPT", "{}"))

_FAR: Final = 1e3
_FULL_UNTIL: Final = 120
_GOOD: Final = 5
_UNTRUSTED: Final = 0.05


@final
class GaussianProcess:
    """Bayesian optimisation with a Gaussian process for each objective, each outcome limit and each kind of failure."""

    def __init__(self) -> None:
        self._space: Space | None = None

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        if view.space is not self._space:
            self._space, self._moves, self._modeller = view.space, Moves(view.space), Modeller(view.space)
        evidence = evidence_of(view)
        proposals: list[Proposal] = []
        for i in range(n):
            proposal = self._proposal(view.asking(view.next + i), evidence, rng)
            proposals.append(proposal)
            point = Points(*view.space.codec().encode([proposal.config]))
            evidence = evidence._replace(pending=evidence.pending.joined(point))
        return proposals

    def _proposal(self, view: View, evidence: Evidence, rng: Generator) -> Proposal:
        if len(evidence.points) + len(evidence.failed) < 2 or view.next < opening_length(view.space) or not self._moves.codec.width:
            return opening_proposal(view, rng)
        models = self._modeller.models(evidence, rng)
        merit = _merit(view, evidence, models)
        score = self._score(view, evidence, models, merit, rng)
        points = self._candidates(evidence, models, score, rng)
        for row in points.X.tolist():
            config = self._moves.codec.decode_row(row)
            if not view.has(config) and view.space.allows(config):
                return Proposal(config, "gp", merit.name)
        return Proposal(uniform_config(view, rng), "uniform", "drawn at random, as the model proposes nothing new")

    def _candidates(self, evidence: Evidence, models: Models, score: Score, rng: Generator) -> Points:
        """Points worth trying, the best first: of a small space all, else what a search finds."""
        everything = self._moves.everything
        if everything is not None:
            return everything.at(np.argsort(-score(everything), kind="stable"))
        effort = FULL if len(models.rows) <= _FULL_UNTIL else TRIMMED
        return best_points(score, self._moves, self._good(evidence, models), effort, rng)[0]

    def _good(self, evidence: Evidence, models: Models) -> Points:
        """The best trials by what the models believe of them, which is less fooled by luck than what they reported."""
        features = self._modeller.features.of(evidence.points.at(models.rows))
        means = -chance_of_success(models, features)
        for process in models.objectives:
            means = means + process.predict(features)[0]
        return evidence.points.at(models.rows[np.argsort(means, kind="stable")[:_GOOD]])

    def _score(self, view: View, evidence: Evidence, models: Models, merit: Merit, rng: Generator) -> Score:
        tried = evidence.points.joined(evidence.failed).joined(evidence.pending)
        radius = None if rng.random() < _UNTRUSTED else trust_radius(len(tried), self._moves.codec.width)
        numbers = self._modeller.features.sizes == 0
        known = {row.tobytes() for row in _rounded(tried)} if view.space.size is not None else set()

        def score(points: Points) -> Floats:
            features = self._modeller.features.of(points)
            value = merit.score(features) + chance_of_success(models, features)
            if radius is not None:
                away = beyond(points, tried, numbers, radius)
                value = np.where(away > 0, -_FAR - away, value)
            if known:
                value[[row.tobytes() in known for row in _rounded(points)]] = -np.inf
            if view.space.limits and self._moves.everything is None:
                value[[not view.space.allows(config) for config in self._moves.codec.decode(points.X)]] = -np.inf
            return value

        return score


def _merit(view: View, evidence: Evidence, models: Models) -> Merit:
    """Expected gain and optimism take turns: the one is greedy, the other looks where little is known."""
    feasible = evidence.feasible[models.rows]
    if not len(feasible):
        return Merit(lambda features: np.zeros(len(features)), "away from failures, as nothing has succeeded so far")
    if not feasible.any():
        return Merit(lambda features: np.zeros(len(features)), "the limits, which no trial has kept so far")
    ei = OPT.get("acq") == "ei" or (OPT.get("acq", "alt") == "alt" and view.next % 2)
    return expected_gain(models, feasible) if ei else optimistic_gain(models, feasible)


def _rounded(points: Points) -> NDArray[np.int64]:
    return np.rint(points.X * 1e9).astype(np.int64)
