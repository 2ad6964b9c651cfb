"""CMAES: evolution strategy with covariance matrix adaptation, for many trials of numeric spaces with few conditions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.samplers.base import Proposal
from tunesmith.samplers.fresh import fresh_proposal, is_fresh
from tunesmith.samplers.moves import moves_of
from tunesmith.samplers.opening import opening_length, opening_proposal
from tunesmith.samplers.separable import Separable
from tunesmith.samplers.standing import Ended, best_first, ended_of
from tunesmith.samplers.strategy import Kinds, Start, Strategy
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

_NAME: Final = "cmaes"
_SHARE: Final = 0.1
"""Which part of what is known a run begins from (Nomura et al. 2021, WS-CMA-ES, gamma)."""
_LEAST: Final = 3
_SPREAD: Final = 0.3
"""Standard deviation of a run that begins from nothing (Hansen 2016, table 1)."""
_WIDE: Final = 100
"""Columns beyond which no covariance is learned."""
_GROWTH: Final = 2
_LARGEST: Final = 16
"""How many times the first generation the largest one has."""
_KEPT: Final = 6
_DRAWS: Final = 20
"""Candidates of which the first that is new is proposed; after that, neighbours of the last one."""


@final
@dataclass(frozen=True)
class _Descent:
    """Where the strategy stands after the first `fed` rows of what has ended."""

    strategy: Strategy | Separable
    fed: int
    generation: int = 0
    restarts: int = 0
    best: Ended | None = None
    """The best row of this run, if there is one."""
    waited: int = 0
    """Generations since then."""


@final
class CMAES:
    """CMA-ES with margin for numbers, steps and options (CatCMAwM, Hamano et al. 2025), with growing restarts (IPOP,
    Auger & Hansen 2005).

    It begins from the best tenth of what it finds. From its own first proposal on, whatever ends is fed to it in the order
    of trial numbers, a generation at a time, also what others have proposed; trials under way are waited for by nobody.
    Thus where it stands is a function of the trials, and what is kept between questions only saves time.
    """

    def __init__(self) -> None:
        self._space: Space | None = None
        self._origin: tuple[int, int] = (0, 0)
        self._table: Floats = np.empty((0, 0))
        self._descents: list[_Descent] = []

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        if view.space is not self._space:
            self._space, self._kinds, self._moves = view.space, Kinds(view.space), moves_of(view.space)
            self._descents = []
        ended = ended_of(view)
        proposals: list[Proposal] = []
        for i in range(n):
            asking = view.asking(view.next + i)
            if self._is_early(asking, ended):
                proposals.append(opening_proposal(asking, rng))
            else:
                proposals.append(self._drawn(asking, self._descent(view, ended), proposals, rng))
        return proposals

    def _is_early(self, view: View, ended: Ended) -> bool:
        needed = max(opening_length(view.space), _LEAST)
        return not self._kinds.varying or view.next < needed or int((~ended.failed).sum()) < needed

    def _drawn(self, view: View, descent: _Descent, before: Sequence[Proposal], rng: Generator) -> Proposal:
        again = f", restart {descent.restarts}" if descent.restarts else ""
        named = _NAME, f"drawn by generation {descent.generation}{again}"
        for _ in range(_DRAWS):
            points = Points(*self._moves.codec.snap(descent.strategy.draw(rng)[None]))
            if is_fresh(view, self._moves.codec.decode_row(points.X[0].tolist()), before):
                break
        return fresh_proposal(view, self._moves, points, named, before, rng)

    def _descent(self, view: View, ended: Ended) -> _Descent:
        """Where the strategy stands: what is kept as far as it fits, and from there on computed."""
        first = next((trial.number for trial in view.trials if trial.by == _NAME), view.next)
        known = int(np.searchsorted(ended.numbers, first))
        table, origin = ended.table(), (view.spec.seed, known)
        same = _same_rows(self._table, table) if origin == self._origin else 0
        self._descents = [kept for kept in self._descents if known <= kept.fed <= same] if same >= known else []
        self._table, self._origin = table, origin
        if not self._descents:
            self._descents = [self._begun(ended.at(slice(known)))]
        descent = self._descents[-1]
        while descent.fed + descent.strategy.size <= len(ended):
            descent = self._fed(descent, ended, view.spec.seed)
            if len(ended) - descent.fed < _KEPT * descent.strategy.size:
                self._descents = [*self._descents[-_KEPT:], descent]
        return descent

    def _begun(self, known: Ended) -> _Descent:
        count = max(math.ceil(_SHARE * len(known)), min(_LEAST, len(known)))
        best = known.points.X[best_first(known, count)[:count]]
        # A few trials that happen to be near one another do not say that the best is near them.
        least = _SPREAD / math.sqrt(max(len(known), 1))
        return _Descent(_run_from(self._kinds, best, least, self._first_size()), len(known))

    def _first_size(self) -> int:
        return 4 + math.floor(3 * math.log(self._kinds.varying))

    def _fed(self, descent: _Descent, ended: Ended, seed: int) -> _Descent:
        """The next generation: its rows move the strategy, or end a run that gets nowhere."""
        size = descent.strategy.size
        generation = ended.at(slice(descent.fed, descent.fed + size))
        order = best_first(generation)
        strategy = descent.strategy.copied()
        strategy.learn(generation.points.X[order])
        best = generation.at(order[:1])
        improves = descent.best is None or int(best_first(descent.best.joined(best))[0]) == 1
        step = replace(
            descent,
            strategy=strategy,
            fed=descent.fed + size,
            generation=descent.generation + 1,
            best=best if improves else descent.best,
            waited=0 if improves else descent.waited + 1,
        )
        patience = 10 + math.ceil(30 * self._kinds.varying / size)
        return self._restarted(step, seed) if strategy.over or step.waited > patience else step

    def _restarted(self, descent: _Descent, seed: int) -> _Descent:
        kinds, restarts = self._kinds, descent.restarts + 1
        rng = np.random.default_rng([seed, restarts])
        size = self._first_size() * min(_GROWTH**restarts, _LARGEST)
        run = _run_from(kinds, rng.random((1, kinds.width)), _SPREAD, size)
        return _Descent(run, descent.fed, descent.generation, restarts)


def _run_from(kinds: Kinds, rows: Floats, least: float, size: int) -> Strategy | Separable:
    if kinds.varying > _WIDE:
        return Separable(kinds, rows, least, size)
    return Strategy(kinds, _start_from(kinds, rows, least), size)


def _start_from(kinds: Kinds, rows: Floats, least: float) -> Start:
    """A distribution around rows, shape (n, d): their mean and covariance, the rounder the fewer they are.

    `least` is the standard deviation that it has at any rate. Without rows it begins in the middle.
    """
    values = rows[:, kinds.gaussian] if len(rows) else np.full((1, len(kinds.gaussian)), 0.5)
    count, width = values.shape
    centred = values - values.mean(axis=0)
    variance = float(np.mean(centred**2)) if width else 0.0
    share = count / (count + width + 1.0)
    covariance = share * centred.T @ centred / count + max((1.0 - share) * variance, least**2) * np.eye(width)
    coded = kinds.coded(rows)
    valid = np.arange(coded.shape[2]) < kinds.sizes[:, None]
    # One row says where the mean is, and nothing yet about options.
    counts = coded.sum(axis=0) * (count > 1) + valid * max(1.0, count / 10)
    return Start(values.mean(axis=0), covariance, counts / counts.sum(axis=1, keepdims=True))


def _same_rows(one: Floats, other: Floats) -> int:
    """How many rows from the first on are equal."""
    count = min(len(one), len(other))
    if not count or one.shape[1] != other.shape[1]:
        return 0
    differ = (one[:count] != other[:count]).any(axis=1)
    return int(np.argmax(differ)) if differ.any() else count
