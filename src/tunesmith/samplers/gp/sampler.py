"""GaussianProcess: Bayesian optimisation, the default of the house while trials are few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.samplers.base import Proposal
from tunesmith.samplers.beliefs import Beliefs
from tunesmith.samplers.branches import Branch
from tunesmith.samplers.fresh import fresh_proposal
from tunesmith.samplers.gp.branches import deciding, neglected_branch
from tunesmith.samplers.gp.merit import Merit, chance_of_success, expected_gain, optimistic_gain
from tunesmith.samplers.gp.price import Discount, Price
from tunesmith.samplers.gp.search import FULL, TRIMMED, Score, best_points
from tunesmith.samplers.gp.trust import beyond, trust_radius
from tunesmith.samplers.moves import moves_of
from tunesmith.samplers.opening import opening_length, opening_proposal
from tunesmith.space.space import Space
from tunesmith.surrogates.earlier import Expectations
from tunesmith.surrogates.evidence import Evidence, Points, evidence_of
from tunesmith.surrogates.features import Features, WithProgress
from tunesmith.surrogates.models import Modeller, Models, is_noisy
from tunesmith.trials.earlier import Earlier
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

_WIDTH: Final = 1.8
"""By how many deviations optimism betters the mean (Song et al. 2024)."""
_FAR: Final = 1e3
"""What being out of bounds costs, more than anything can be worth within."""
_FULL_UNTIL: Final = 120
"""Up to so many trials the search for the next one spares no effort."""
_GOOD: Final = 5
_BOTH: Final = 3
_NEIGHBOURS: Final = 30
_STEP: Final = 0.3
_CHANGED: Final = 1.5
_LEAST_CHANGED: Final = 0.2
"""A neighbour of the best one: so many of its parameters change on average, or this share; how far, in the unit cube."""
_UNTRUSTED: Final = 0.05
"""Share of proposals that may be far from all trials even at first."""


@final
class GaussianProcess:
    """A process for each objective, each outcome limit and each kind of failure; the next trial is where they promise most.

    The recipe is Vizier's default (Song et al. 2024, arXiv:2408.11527) with changes that paid on benchmarks: expected
    improvement and confidence bounds take turns, and where there is noise random neighbours of the best too, a small finite space is looked at as a whole, and
    branches of a conditional space are not given up too soon (`branches.py`). Several objectives are searched by the
    hypervolume that a trial may add (`hypervolume.py`). An ask takes some 10 to 30 ms, at any number of trials.

    With a `price` the cost of trials counts too (`price.py`).
    """

    def __init__(self, *, price: Price | None = None) -> None:
        self._price = price
        self._space: Space | None = None
        self._made: list[tuple[tuple[Earlier, ...], Modeller, Modeller]] = []

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        if view.space is not self._space:
            self._space, self._moves, self._made = view.space, moves_of(view.space), []
            self._deciding, self._beliefs = deciding(view.space), Beliefs(view.space)
        self._earlier = view.spec.earlier
        self._plain, self._staged = self._modellers(view)
        evidence = evidence_of(view)
        discount = self._price.discount(view) if self._price is not None else None
        proposals: list[Proposal] = []
        for number in range(view.next, view.next + n):
            proposal = self._proposal(view.asking(number), evidence, discount, proposals, rng)
            proposals.append(proposal)
            point = Points(*view.space.codec().encode([proposal.config]))
            evidence = evidence._replace(pending=evidence.pending.joined(point))
        return proposals

    def _modellers(self, view: View) -> tuple[Modeller, Modeller]:
        """Kept for each choice of earlier studies, since whoever asks goes to and fro between them."""
        for earlier, plain, staged in self._made:
            if earlier == view.spec.earlier:
                return plain, staged
        features = Features(view.space)
        expected = Expectations(view.spec.earlier, view.space, features) if view.spec.earlier else None
        plain, staged = Modeller(features, expected), Modeller(WithProgress(features), expected)
        self._made.append((view.spec.earlier, plain, staged))
        return plain, staged

    def _proposal(
        self, view: View, evidence: Evidence, discount: Discount | None, before: Sequence[Proposal], rng: Generator
    ) -> Proposal:
        ended = len(evidence.points) + len(evidence.failed)
        # What earlier studies tried of each branch need not be tried again before there is a model.
        opening = 0 if self._earlier else opening_length(view.space)
        if ended < 2 or view.next < opening or not self._moves.codec.width:
            return opening_proposal(view, rng)
        branch = neglected_branch(view.next, evidence, self._deciding)
        if branch is not None:
            evidence = evidence.within(branch.holds)
        modeller = self._staged if _is_staged(evidence) else self._plain
        # Within a branch the turns are counted there: those that the branch has would else all be of one kind.
        turn = view.next if branch is None else len(evidence.points)
        models = modeller.models(evidence, rng, doubting=turn % 2 == 0)
        if turn % 4 == 1 and _is_noisy(models) and branch is None:
            why = "near the best, as noise hides what matters"
            near = self._near(evidence, modeller, models, rng)
            return fresh_proposal(view, self._moves, near, ("gp", why), before, rng)
        merit = _merit(turn, evidence, models)
        score = self._score(view, evidence, modeller, models, merit, branch, rng)
        why = f"{merit.name}, given earlier studies" if self._earlier else merit.name
        if discount is not None:
            score, why = _discounted(score, discount), f"{why} per cost"
        if branch is not None:
            why = f"{why}, where {self._moves.codec.names[branch.parent.column]} was little tried"
        candidates = self._candidates(evidence, models, score, rng)
        return fresh_proposal(view, self._moves, candidates, ("gp", why), before, rng)

    def _score(
        self,
        view: View,
        evidence: Evidence,
        modeller: Modeller,
        models: Models,
        merit: Merit,
        branch: Branch | None,
        rng: Generator,
    ) -> Score:
        """What a point is worth as the next trial: merit and chance of success, within bounds that grow."""
        tried = evidence.points.joined(evidence.failed).joined(evidence.pending)
        # Where earlier studies were, a model is to be trusted far from the few trials of this one.
        trusted = rng.random() < _UNTRUSTED or bool(self._earlier)
        radius = None if trusted else trust_radius(len(tried), self._moves.codec.width)
        known = {row.tobytes() for row in _rounded(tried)} if view.space.size is not None else set()
        checked = view.space.limits and self._moves.everything is None

        def score(points: Points) -> Floats:
            features = modeller.features.of(points)
            value = merit.score(features) + chance_of_success(models, features)
            if merit.logarithmic:
                value += self._beliefs.log_weight(points, len(tried))
            if radius is not None:
                away = beyond(points, tried, self._moves.dense, radius)
                value = np.where(away > 0, -_FAR - away, value)
            if branch is not None:
                value = np.where(branch.holds(points), value, -2 * _FAR)
            if known:
                value[[row.tobytes() in known for row in _rounded(points)]] = -np.inf
            if checked:
                value[[not view.space.allows(config) for config in self._moves.codec.decode(points.X)]] = -np.inf
            return value

        return score

    def _candidates(self, evidence: Evidence, models: Models, score: Score, rng: Generator) -> Points:
        """Points worth trying, the best first: of a small space all, else what a search finds."""
        everything = self._moves.everything
        if everything is not None:
            return everything.at(np.argsort(-score(everything), kind="stable"))
        effort = FULL if len(models.rows) <= _FULL_UNTIL else TRIMMED
        return best_points(score, self._moves, self._good(evidence, models), effort, rng)

    def _near(self, evidence: Evidence, modeller: Modeller, models: Models, rng: Generator) -> Points:
        """Neighbours of what is believed to be the best, those first that are likely to succeed, else in no order."""
        best = int(models.rows[int(np.argmin(models.objectives[0].mean(models.features)))])
        centre = evidence.points.at(np.full(_NEIGHBOURS, best))
        share = max(_CHANGED / self._moves.codec.width, _LEAST_CHANGED)
        near = self._moves.mutated(centre, _STEP, share, rng)
        return near.at(np.argsort(-chance_of_success(models, modeller.features.of(near)), kind="stable"))

    def _good(self, evidence: Evidence, models: Models) -> Points:
        """The best trials by what the models believe of them, which is less fooled by luck than what they reported."""
        badness = -chance_of_success(models, models.features)
        for process in models.objectives:
            badness = badness + process.predict(models.features)[0]
        return evidence.points.at(models.rows[np.argsort(badness, kind="stable")[:_GOOD]])


def _merit(turn: int, evidence: Evidence, models: Models) -> Merit:
    """Expected gain and optimism take turns: the one is greedy, the other looks where little is known."""
    feasible = evidence.feasible[models.rows]
    if _is_staged(evidence):
        ended = evidence.progress[models.rows] == 1.0
        feasible = feasible & ended if (feasible & ended).any() else feasible
    if not len(feasible):
        return Merit(_nothing, "away from failures, as nothing has succeeded so far")
    if not feasible.any():
        return Merit(_nothing, "towards the limits, which no trial has kept so far")
    if turn % 2:
        return expected_gain(models, feasible)
    return optimistic_gain(models, feasible, _WIDTH)


def _discounted(score: Score, discount: Discount) -> Score:
    return lambda points: score(points) - discount(points)


def _is_staged(evidence: Evidence) -> bool:
    """Whether how far trials were trained is a matter of its own: some ended early, and enough did not to tell them apart."""
    ended = evidence.progress == 1.0
    return bool(min(ended.sum(), (~ended).sum()) >= _BOTH)


def _is_noisy(models: Models) -> bool:
    return len(models.objectives) == 1 and is_noisy(models.objectives[0].noise, len(models.rows))


def _nothing(features: Floats) -> Floats:
    return np.zeros(len(features))


def _rounded(points: Points) -> NDArray[np.int64]:
    """Rows that are equal for the same configuration, however their numbers were computed."""
    return np.rint(points.X * 1e9).astype(np.int64)
