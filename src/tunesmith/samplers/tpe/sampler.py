"""TPE: what good trials have in common and others have not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, final

import numpy as np
from numpy.random import Generator

from tunesmith.samplers.base import Proposal
from tunesmith.samplers.beliefs import Beliefs
from tunesmith.samplers.branches import Branch
from tunesmith.samplers.moves import moves_of
from tunesmith.samplers.opening import opening_length, opening_proposal
from tunesmith.samplers.tpe.branches import neglected, promising
from tunesmith.samplers.tpe.columns import Columns
from tunesmith.samplers.tpe.parzen import Parzen
from tunesmith.samplers.tpe.split import Split, split
from tunesmith.samplers.uniform import uniform_config
from tunesmith.space.params import Config
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Evidence, Points, evidence_of
from tunesmith.trials.view import View

_OPENING: Final = 10
"""Outcomes that are waited for before there is a model."""
_DRAWS: Final = 64
_NEAR: Final = 64
_STEPS: Final = (0.003, 0.03, 0.1, 0.3)
"""Where nothing drawn will do, neighbours of good trials are looked at, at these distances in the unit cube."""


@final
class TPE:
    """Tree-structured Parzen estimator (Bergstra et al. 2011, section 4; settings near Watanabe 2023, arXiv:2304.11127).

    One density l is fitted to the good trials, another one g to all others; of points drawn from l that with the
    highest l/g is proposed, which is the one with the highest expected improvement (Bergstra 2011, eq. 3). Both are
    joint densities of all columns, so that parameters which only work together are learned together, and branches of
    a conditional space as well. Outcomes are compared by their order alone: neither the scale of a metric nor
    outliers matter. The cost of a proposal is bounded after some 300 trials, but for sorting them.

    `evidence` says what is learned from: last values, or with `evidence_at_rung` those of one rung, as BOHB does.
    """

    def __init__(self, *, evidence: Callable[[View], Evidence] = evidence_of) -> None:
        self._evidence = evidence
        self._space: Space | None = None

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        if view.space is not self._space:
            self._space, self._moves, self._columns = view.space, moves_of(view.space), Columns(view.space)
            self._beliefs = Beliefs(view.space)
        evidence = self._evidence(view)
        proposals: list[Proposal] = []
        for number in range(view.next, view.next + n):
            proposal = self._proposal(view.asking(number), evidence, rng)
            proposals.append(proposal)
            point = Points(*view.space.codec().encode([proposal.config]))
            evidence = evidence._replace(pending=evidence.pending.joined(point))
        return proposals

    def _proposal(self, view: View, evidence: Evidence, rng: Generator) -> Proposal:
        outcomes = len(evidence.points)
        ended = outcomes + len(evidence.failed)
        if not outcomes or ended < max(_OPENING, opening_length(view.space)) or not self._moves.codec.width:
            return opening_proposal(view, rng)
        parts = split(evidence)
        branch, why = self._branch(view, evidence, parts, rng)
        if branch is not None:
            config = self._modelled(view, split(evidence.within(branch.holds)), branch, rng)
            if config is not None:
                name = self._moves.codec.names[branch.parent.column]
                return Proposal(config, "tpe", f"like good trials with {name} = {config[name]}, {why}")
        config = self._modelled(view, parts, None, rng)
        if config is not None:
            good = len(parts.good)
            return Proposal(config, "tpe", f"more like the best {good} of {outcomes} outcomes than like the others")
        return Proposal(uniform_config(view, rng), "uniform", "drawn at random, as what is near good trials was tried")

    def _branch(self, view: View, evidence: Evidence, parts: Split, rng: Generator) -> tuple[Branch | None, str]:
        """The branch to stay in, if any, and why that one.

        Where one branch has most of the good trials, there is little to tell good from bad within the others: every
        second proposal is made by the model of one branch alone.
        """
        branch = neglected(self._columns, evidence)
        if branch is not None:
            return branch, "which had the fewest trials"
        if view.next % 2:
            return promising(self._columns, parts.good, rng), "whose turn it is"
        return None, ""

    def _modelled(self, view: View, parts: Split, branch: Branch | None, rng: Generator) -> Config | None:
        """Of new configurations within the limits, the one with the highest l/g, in a branch if one is given."""
        good = Parzen(self._columns, parts.good, parts.good_weights)
        others = Parzen(self._columns, parts.others, parts.others_weights)
        for points in self._candidates(good, branch, rng):
            features = self._columns.features(points)
            ratio = good.log_ratio(features) - others.log_ratio(features)
            ratio += self._beliefs.log_weight(points, len(view.trials))
            for row in points.X[np.argsort(-ratio, kind="stable")].tolist():
                config = self._moves.codec.decode_row(row)
                if not view.has(config) and view.space.allows(config):
                    return config
        return None

    def _candidates(self, good: Parzen, branch: Branch | None, rng: Generator) -> Iterator[Points]:
        """Draws from l; then, for when all of them were tried or break limits, neighbours of good trials."""
        U = good.drawn(_DRAWS, rng)
        yield Points(*self._moves.codec.snap(U if branch is None else branch.entered(U)))
        if len(good.points):
            near = good.points.at(rng.integers(len(good.points), size=_NEAR))
            yield self._moves.mutated(near, rng.choice(_STEPS, _NEAR), max(0.3, 2.0 / U.shape[1]), rng)
