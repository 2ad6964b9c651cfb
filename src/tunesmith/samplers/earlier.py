"""WarmStarted: the first trials of a study that knows earlier ones are what was best in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.space.params import Config
from tunesmith.space.space import Space
from tunesmith.trials.earlier import Earlier
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

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
    """Whether what earlier studies had to offer so far is no better than what others have."""
    losses = view.losses[:, 0]
    ours = np.array([trial.by == _NAME for trial in view.trials], bool)
    over = np.array([trial.state.ended for trial in view.trials], bool)
    if not (ours & over).any() or not np.isfinite(losses[~ours]).any():
        return False
    best: float = np.min(losses[ours & np.isfinite(losses)], initial=np.inf)
    return bool(best >= np.nanmin(losses[~ours]))


def first_configs(earlier: Sequence[Earlier], space: Space, count: int = _FIRST) -> list[Config]:
    """The best configurations of each study in turn, far enough from one another, as far as the space has them."""
    from tunesmith.surrogates.earlier import carrying  # noqa: PLC0415  scipy takes a while to load

    queues = []
    for one in earlier:
        found = carrying(one, space)
        scores = found.scores[:, 0] if found.scores.shape[1] else np.zeros(0)
        rows = [row for row in np.argsort(scores, kind="stable").tolist() if found.inside[row] and scores[row] < 0]
        queues.append((found, rows))
    chosen: list[Config] = []
    taken: list[tuple[Floats, NDArray[np.bool_]]] = []
    while len(chosen) < count and any(rows for _, rows in queues):
        for found, rows in queues:
            while rows:
                row = rows.pop(0)
                X, active = found.points.X[row], found.points.active[row]
                if all((active != a).any() or np.abs(X - x).max() > _APART for x, a in taken):
                    chosen.append(found.configs[row])
                    taken.append((X, active))
                    break
            if len(chosen) == count:
                break
    return chosen
