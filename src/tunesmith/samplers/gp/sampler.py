"""GaussianProcess: the default of the house where trials are worth more than milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.samplers.base import Proposal
from tunesmith.samplers.evidence import Evidence, Points, evidence_of
from tunesmith.samplers.gp.acquisition import confidence_bound, log_expected_improvement
from tunesmith.samplers.gp.features import Features
from tunesmith.samplers.gp.fit import Hyper, default_hyper, fit
from tunesmith.samplers.gp.posterior import Posterior
from tunesmith.samplers.gp.rows import modelled, stage
from tunesmith.samplers.gp.search import FULL, TRIMMED, Score, best_points
from tunesmith.samplers.gp.transform import warped
from tunesmith.samplers.gp.trust import beyond, trust_radius
from tunesmith.samplers.moves import Moves
from tunesmith.samplers.opening import opening_length, opening_proposal
from tunesmith.samplers.uniform import uniform_config
from tunesmith.space.space import Space
from tunesmith.trials.view import View

Floats = NDArray[np.float64]


@final
class GaussianProcess:
    def __init__(self) -> None:
        self._space: Space | None = None
        self._fits: dict[bytes, Hyper] = {}

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        if view.space is not self._space:
            self._space, self._moves, self._features = view.space, Moves(view.space), Features(view.space)
            self._fits = {}
        evidence = evidence_of(view)
        proposals: list[Proposal] = []
        for i in range(n):
            proposal = self._proposal(view.asking(view.next + i), evidence, rng)
            proposals.append(proposal)
            points = Points(*view.space.codec().encode([proposal.config]))
            evidence = evidence._replace(pending=evidence.pending.joined(points))
        return proposals

    def _proposal(self, view: View, evidence: Evidence, rng: Generator) -> Proposal:
        if len(evidence.points) < 2 or view.next < opening_length(view.space):
            return opening_proposal(view, rng)
        y = warped(evidence.losses[:, 0])
        features = self._features.of(evidence.points)
        rows = modelled(y, features, rng)
        hyper = self._hyper(evidence)
        pending = self._features.of(evidence.pending)
        noise = np.concatenate([1.0 / evidence.repeats[rows], np.ones(len(pending))])
        posterior = Posterior(np.concatenate([features[rows], pending]), y[rows], noise, hyper, self._features.column)
        means, _ = posterior.predict(features[rows])
        good = evidence.points.at(rows[np.argsort(means, kind="stable")[:5]])
        score = self._score(view, evidence, posterior, y, rng)
        effort = FULL if len(rows) <= 120 else TRIMMED
        points, scores = best_points(score, self._moves, good, effort, rng)
        for X in points.X[:200]:
            config = self._moves.codec.decode_row(X.tolist())
            if not view.has(config) and view.space.allows(config):
                return Proposal(config, "gp", "expected improvement" if view.next % 2 else "confidence bound")
        return Proposal(uniform_config(view, rng), "uniform", "all were tried")

    def _score(self, view: View, evidence: Evidence, posterior: Posterior, y: Floats, rng: Generator) -> Score:
        best = float(y.min())
        radius = None if rng.random() < 0.05 else trust_radius(len(evidence.points), self._features.width)
        numbers = self._features.sizes == 0
        pending = evidence.pending
        tried = evidence.points.joined(pending)

        def score(points: Points) -> Floats:
            mean, deviation = posterior.predict(self._features.of(points))
            value = (
                log_expected_improvement(mean, deviation, best) if view.next % 2 else confidence_bound(mean, deviation)
            )
            if radius is not None:
                away = beyond(points, tried, numbers, radius)
                value = np.where(away > 0, -1e3 - away, value)
            return value

        return score

    def _hyper(self, evidence: Evidence) -> Hyper:
        count = stage(len(evidence.points))
        if count < 3:
            return default_hyper(self._features.width)
        points = evidence.points.at(np.arange(count))
        losses, repeats = evidence.losses[:count, 0], evidence.repeats[:count]
        key = b"".join(a.tobytes() for a in (points.X, losses, repeats))
        if key not in self._fits:
            y = warped(losses)
            features = self._features.of(points)
            rows = modelled(y, features, np.random.default_rng(count))
            found = fit(self._features.distances(features[rows]), y[rows], 1.0 / repeats[rows])
            self._fits = {key: found}
        return self._fits[key]
