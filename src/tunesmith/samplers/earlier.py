"""WarmStarted: the first trials of a study that knows earlier ones are what was best in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, final

import numpy as np
from numpy.random import Generator

from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.space.params import Config
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points
from tunesmith.trials.earlier import Earlier
from tunesmith.trials.view import View

if TYPE_CHECKING:
    from tunesmith.surrogates.earlier import Carrying

_NAME: Final = "earlier"
_FIRST: Final = 3
_APART: Final = 0.1
"""Configurations that are no farther apart in any number, and have the same options, are taken for one."""


@final
class WarmStarted:
    """Up to three good and diverse configurations of earlier studies, then the inner sampler.

    If the first of them is no better than the default, there is no second one.
    """

    def __init__(self, inner: Sampler) -> None:
        self.inner = inner
        self._known: tuple[Space, tuple[Earlier, ...]] | None = None
        self._first: list[Config] = []

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        # What a define-by-run trial will ask for is not known, so neither is what would be good to it.
        waiting = self._waiting(view)[:n] if view.spec.earlier and not view.space.grows else []
        rest = n - len(waiting)
        return [*waiting, *(self.inner.ask(view.asking(view.next + len(waiting)), rest, rng) if rest else ())]

    def _waiting(self, view: View) -> list[Proposal]:
        known = view.space, view.spec.earlier
        if self._known is None or known[0] is not self._known[0] or known[1] != self._known[1]:
            self._known, self._first = known, first_configs(known[1], known[0])
        if not self._first or _disappointed(view):
            return []
        start = max(view.next - 1, 0) % len(self._first)
        why = "one of the best of earlier studies"
        return [
            Proposal(dict(config), _NAME, why)
            for config in (*self._first[start:], *self._first[:start])
            if not view.has(config)
        ]


def _disappointed(view: View) -> bool:
    """Whether what earlier studies had to offer so far is no better than what others have, by the first objective."""
    losses = view.losses[:, 0]
    ours = np.array([trial.by == _NAME for trial in view.trials], bool)
    over = np.array([trial.state.ended for trial in view.trials], bool)
    known = over & np.isfinite(losses)
    if not (ours & over).any() or not (known & ~ours).any():
        return False
    return bool(np.min(losses[known & ours], initial=np.inf) >= losses[known & ~ours].min())


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
