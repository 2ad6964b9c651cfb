"""WarmStarted: a sampler that knows earlier studies, at some of its turns, as long as they are probably like this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, final

import numpy as np
from numpy.random import Generator

from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.space.params import Config
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points, evidence_of
from tunesmith.trials.earlier import Earlier
from tunesmith.trials.view import View

if TYPE_CHECKING:
    from tunesmith.surrogates.earlier import Carrying
    from tunesmith.surrogates.related import Related

_NAME: Final = "earlier"
_FIRST: Final = 3
_APART: Final = 0.1
"""Configurations that are no farther apart in any number, and have the same options, are taken for one."""
_MOST: Final = 0.75
"""Share of turns that the best evidence wins for earlier studies: none is right in everything."""
_GOLDEN: Final = (5**0.5 - 1) / 2
"""Multiples of it, without their whole parts, are spread evenly and in step with nothing."""


@final
class WarmStarted:
    """The inner sampler, which knows earlier studies at half of its turns at first, then at up to three of four, or at none.

    The outcomes decide which (`surrogates/related.py`). The first three of these turns are for good and diverse configurations of
    the earlier studies; at all others the inner sampler searches as if there were none.
    """

    def __init__(self, inner: Sampler) -> None:
        self.inner = inner
        self._known: tuple[Space, tuple[Earlier, ...]] | None = None
        self._related: Related | None = None

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        if not view.spec.earlier:
            return self.inner.ask(view, n, rng)
        believed, probability = self._believed(view)
        waiting = _waiting(view, believed, probability)[:n]
        rest = n - len(waiting)
        seen = view.knowing(believed).asking(view.next + len(waiting))
        return [*waiting, *(self.inner.ask(seen, rest, rng) if rest else ())]

    def _believed(self, view: View) -> tuple[list[Earlier], float]:
        """The earlier studies whose turn it is, none if it is that of doubt; and how probable it is that they are right."""
        from tunesmith.surrogates.related import Related  # noqa: PLC0415  scipy takes a while to load

        known = view.space, view.spec.earlier
        if self._related is None or self._known is None or known[0] is not self._known[0] or known[1] != self._known[1]:
            self._known, self._related = known, Related(view.spec.earlier, view.space)
        belief = self._related.belief(evidence_of(view))
        if _turn(view.next) >= _share(belief.probability):
            return [], belief.probability
        favoured = [one for one, right in zip(view.spec.earlier, belief.favoured.tolist(), strict=True) if right]
        return favoured, belief.probability


def _share(probability: float) -> float:
    """Of turns for earlier studies. None if they are probably wrong, since trials without them tell if that is a mistake."""
    return min(probability, _MOST) if probability >= 0.5 else 0.0


def _turn(number: int) -> float:
    """A number in [0, 1) for each trial; those of successive trials are evenly spread, and 0 is that of trial 1."""
    return (number - 1) * _GOLDEN % 1.0


def _waiting(view: View, believed: Sequence[Earlier], probability: float) -> list[Proposal]:
    """What is left of the first configurations, which are those of earlier studies themselves."""
    left = _FIRST - sum(trial.by == _NAME for trial in view.trials)
    # What a define-by-run trial will ask for is not known, so neither is what would be good to it.
    if not believed or left <= 0 or view.space.grows:
        return []
    why = f"one of the best of earlier studies, which are like this one with probability {probability:.2f}"
    configs = [config for config in first_configs(believed, view.space) if not view.has(config)]
    return [Proposal(dict(config), _NAME, why) for config in configs[:left]]


def first_configs(earlier: Sequence[Earlier], space: Space, count: int = _FIRST) -> list[Config]:
    """The best configurations of each study in turn, as far as the space has them and they are apart from one another."""
    from tunesmith.surrogates.earlier import carrying  # noqa: PLC0415  scipy takes a while to load

    studies = [carrying(one, space) for one in earlier]
    candidates = sorted(
        (place, number, row) for number, one in enumerate(studies) for place, row in enumerate(_best_first(one))
    )
    chosen: list[tuple[Config, Points]] = []
    for _, number, row in candidates:
        point = studies[number].points.at(np.array([row]))
        if all(_apart(point, other) for _, other in chosen):
            chosen.append((studies[number].configs[row], point))
        if len(chosen) == count:
            break
    return [config for config, _ in chosen]


def _best_first(study: Carrying) -> list[int]:
    """Rows of the better half that may be tried."""
    scores = study.scores[:, 0]
    return [row for row in np.argsort(scores, kind="stable").tolist() if study.inside[row] and scores[row] < 0]


def _apart(one: Points, other: Points) -> bool:
    return bool((one.active != other.active).any() or np.abs(one.X - other.X).max(initial=0.0) > _APART)
