"""Of many candidates, the first that may be proposed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from numpy.random import Generator

from tunesmith.samplers.base import Proposal
from tunesmith.samplers.moves import Moves
from tunesmith.samplers.uniform import uniform_config
from tunesmith.space.params import Config
from tunesmith.surrogates.evidence import Points
from tunesmith.trials.view import View

_ROUNDS: Final = 3
_STEP: Final = 0.1
_SHARE: Final = 0.25


def fresh_proposal(
    view: View, moves: Moves, candidates: Points, named: tuple[str, str], before: Sequence[Proposal], rng: Generator
) -> Proposal:
    """The first candidate that keeps the limits and was not tried, nor is among the proposals `before` it.

    Where there is none, neighbours of the candidates are looked at, then neighbours of those; at last one is drawn at
    random. `named` is who proposes, and why.
    """
    by, why = named
    for distance in range(_ROUNDS):
        if distance:
            candidates = moves.mutated(candidates, _STEP * distance, _SHARE, rng)
        for row in candidates.X.tolist():
            config = moves.codec.decode_row(row)
            if is_fresh(view, config, before):
                return Proposal(config, by, f"{why}, moved on to what was not tried yet" if distance else why)
    return Proposal(uniform_config(view, rng), "uniform", "drawn at random, as all candidates had been tried")


def is_fresh(view: View, config: Config, before: Sequence[Proposal]) -> bool:
    """Whether a configuration keeps the limits and is a new one."""
    return view.space.allows(config) and not view.has(config) and all(config != p.config for p in before)
