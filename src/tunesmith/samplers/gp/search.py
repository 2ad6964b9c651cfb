"""Where is the acquisition highest: a wide cast, neighbours of the best trials, then climbing from several starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.samplers.moves import Moves
from tunesmith.surrogates.evidence import Points

Floats = NDArray[np.float64]

Score = Callable[[Points], Floats]


class Effort(NamedTuple):
    """How many points are looked at: `wide` anywhere, `near` neighbours of each good trial, `starts` x `rounds` x `brood`."""

    wide: int
    near: int
    starts: int
    rounds: int
    brood: int


FULL: Final = Effort(1500, 60, 8, 10, 20)
TRIMMED: Final = Effort(600, 40, 6, 8, 16)
_KEPT: Final = 100


def best_points(score: Score, moves: Moves, good: Points, effort: Effort, rng: Generator) -> Points:
    """Points with high scores, the best first. `good` are trials to look around."""
    width = max(moves.codec.width, 1)
    near = good.at(np.repeat(np.arange(len(good)), effort.near))
    steps = rng.choice([0.02, 0.1, 0.3], len(near))
    pool = moves.uniform(effort.wide, rng).joined(moves.mutated(near, steps, max(0.3, 2.0 / width), rng))
    scores = score(pool)
    starts = _starts(scores, effort.starts, rng)
    climbed, heights = _climbed(score, moves, pool.at(starts), scores[starts], effort, rng)
    order = np.argsort(-np.concatenate([heights, scores]), kind="stable")
    return climbed.joined(pool).at(order[:_KEPT])


def _starts(scores: Floats, count: int, rng: Generator) -> NDArray[np.intp]:
    """Half of the starts are the best points, the others are drawn, higher ones more often."""
    order = np.argsort(-scores, kind="stable")
    chances = (
        np.exp(np.maximum(scores - scores[order[0]], -50.0)) if np.isfinite(scores[order[0]]) else np.ones(len(scores))
    )
    drawn = rng.choice(len(scores), count - count // 2, p=chances / chances.sum())
    return np.concatenate([order[: count // 2], drawn])


def _climbed(
    score: Score, moves: Moves, points: Points, heights: Floats, effort: Effort, rng: Generator
) -> tuple[Points, Floats]:
    """Evolution strategies of their own from each point: steps grow after success and shrink after failure."""
    X, active, heights = points.X.copy(), points.active.copy(), heights.copy()
    steps = np.full(len(X), 0.1)
    share = max(0.25, 1.5 / max(moves.codec.width, 1))
    rows = np.arange(len(X))
    for _ in range(effort.rounds):
        parents = np.repeat(rows, effort.brood)
        brood = moves.mutated(Points(X[parents], active[parents]), steps[parents], share, rng)
        scores = score(brood).reshape(len(X), effort.brood)
        winners = scores.argmax(axis=1)
        better = scores[rows, winners] > heights
        chosen = (rows * effort.brood + winners)[better]
        X[better], active[better], heights[better] = (
            brood.X[chosen],
            brood.active[chosen],
            scores[rows, winners][better],
        )
        steps *= np.where(better, 1.1, 0.6)
    return Points(X, active), heights
