"""NSGA2: a population for several objectives, spread along the front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.errors import InvalidStudy
from tunesmith.samplers.base import Proposal
from tunesmith.samplers.fresh import fresh_proposal
from tunesmith.samplers.moves import Moves, moves_of
from tunesmith.samplers.opening import opening_length, opening_proposal
from tunesmith.samplers.standing import best_first, ended_of
from tunesmith.surrogates.evidence import Points
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

_CHILDREN: Final = 24
"""Candidates of which the first that is new is proposed."""
_LEAST: Final = 10
"""Outcomes before there is a population."""
_CROSSED: Final = 0.9
"""Share of children with two parents (Deb 2002, section IV)."""
_INDEX: Final = 20.0
"""Distribution index of the crossover; the larger, the closer children are to their parents."""
_SHORTEST: Final = 0.03
_LONGEST: Final = 0.4
"""How far a number mutates, even on a log scale."""


@final
class NSGA2:
    """NSGA-II (Deb, Pratap, Agarwal & Meyarivan 2002), one child at a time, so that nobody waits for a generation.

    The population is the best of all that has ended: feasible before infeasible, then by front, then by crowding.
    """

    def __init__(self, population: int = 20) -> None:
        if population < 2:
            raise InvalidStudy(f"NSGA2(population={population}): a population needs 2 members or more.")
        self.population = population

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        moves = moves_of(view.space)
        ended = ended_of(view)
        ended = ended.at(~ended.failed)
        needed = max(opening_length(view.space), _LEAST)
        if not moves.codec.width or len(ended) < needed:
            return [opening_proposal(view.asking(view.next + i), rng) for i in range(n)]
        members = best_first(ended, self.population)[: self.population]
        proposals: list[Proposal] = []
        for i in range(n):
            asking = view.asking(view.next + i)
            if asking.next < needed:
                proposals.append(opening_proposal(asking, rng))
                continue
            # Members are in order, so that the winner of a tournament is the lesser of two places.
            places = rng.integers(len(members), size=(2, _CHILDREN, 2)).min(axis=2)
            mothers, fathers = (ended.points.at(members[chosen]) for chosen in places)
            children = moves.codec.snap(_crossed(moves, mothers, fathers, rng))
            steps = _SHORTEST * (_LONGEST / _SHORTEST) ** rng.random(_CHILDREN)
            mutants = moves.mutated(Points(*children), steps, 1.0 / moves.codec.width, rng)
            one, other = (int(ended.numbers[members[place]]) for place in places[:, 0])
            named = "nsga2", f"a child of good trials such as {one} and {other}"
            proposals.append(fresh_proposal(asking, moves, mutants, named, proposals, rng))
        return proposals


def _crossed(moves: Moves, mothers: Points, fathers: Points, rng: Generator) -> Floats:
    """Children, shape (n, d): numbers by simulated binary crossover (Deb & Agrawal 1995), options from either parent.

    A parameter that only one parent has comes from that one.
    """
    X, Y = mothers.X, fathers.X
    shape = X.shape
    u = rng.random(shape)
    spread = np.where(u <= 0.5, 2.0 * u, 0.5 / (1.0 - u)) ** (1.0 / (_INDEX + 1.0))
    side = np.where(rng.random(shape) < 0.5, 1.0, -1.0)
    numbers = np.clip(0.5 * ((1.0 + side * spread) * X + (1.0 - side * spread) * Y), 0.0, 1.0)
    mixed = np.where(moves.unordered, np.where(rng.random(shape) < 0.5, X, Y), numbers)
    # Of two-parent children, each number is crossed with probability one half, as in the authors' code.
    crossed = (rng.random(shape) < 0.5) & (rng.random((shape[0], 1)) < _CROSSED)
    children = np.where(crossed & mothers.active & fathers.active, mixed, X)
    return np.where(fathers.active & ~mothers.active, Y, children)
