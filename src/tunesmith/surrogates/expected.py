"""Expected: what trials are worth beyond luck, and how large luck is.

A Gaussian process of all that finished trials reported knows what the neighbours of a trial came to, and therefore how much of
a good value was the luck of one training. What is expected is the mean of its posterior, mapped back to the units of the
metric. What the model has not learned yet counts as noise too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.space.space import Space
from tunesmith.surrogates.estimates import Estimate, Expected
from tunesmith.surrogates.evidence import Evidence, Points, evidence_of
from tunesmith.surrogates.features import Features
from tunesmith.surrogates.models import Modeller
from tunesmith.surrogates.posterior import Process
from tunesmith.surrogates.transform import warped
from tunesmith.trials.trial import State
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

_FEWEST: Final = 5
"""Configurations below which nothing is expected of a trial but its own value."""
_FREEDOM: Final = 3
"""Degrees of freedom from which on repeats tell more of noise than a model does."""
_NEAR: Final = 0.3
"""How far from a mean the slope of the map to the metric's units is measured, in deviations of all losses."""
_LEADING: Final = 10
"""Noise is measured where so many configurations with the best values are, since it may differ elsewhere."""
_BEYOND: Final = 10.0
_BLOCK: Final = 4096
"""Configurations that are predicted at a time."""


def expected(view: View, objective: int = 0, among: Collection[int] | None = None) -> Expected | None:
    """What the finished trials of a study are worth by one of its objectives; None while there is too little to tell.

    Stopped trials are left out: their last reports are of shorter trainings. `among` are the numbers of those trials that
    estimates are wanted of, all unless it is given.
    """
    evidence = alone(evidence_of(view, [State.DONE]), objective)
    losses = evidence.losses[:, 0]
    if len(losses) < _FEWEST or losses.min() == losses.max():
        return None
    modeller = modeller_of(view.space)
    (process,) = modeller.models(evidence, np.random.default_rng(0)).objectives
    loss_at = unwarped(losses)
    numbers, rows = _valued(view, evidence)
    measured = _between_repeats(view.losses[numbers, objective], rows)
    leading = evidence.points.at(np.argsort(losses, kind="stable")[:_LEADING])
    top = process.mean(modeller.features.of(leading)).min(keepdims=True)
    slope = float(_half_width(loss_at, top, _NEAR)[0]) / _NEAR
    if among is not None:
        wanted = np.isin(numbers, list(among))
        numbers, rows = numbers[wanted], rows[wanted]
    asked, places = np.unique(rows, return_inverse=True)
    mean, deviation = _predicted(process, modeller, evidence.points.at(asked))
    target = view.spec.objectives[objective]
    worth = np.column_stack([target.sign * loss_at(mean), _half_width(loss_at, mean, deviation)])[places].tolist()
    return Expected(
        metric=target.metric,
        estimates={number: Estimate(*pair) for number, pair in zip(numbers.tolist(), worth, strict=True)},
        noise=slope * float(np.sqrt(process.noise)) if measured is None else measured,
        repeated=measured is not None,
        share=process.noise if measured is None else (measured / slope) ** 2,
        configs=len(losses),
    )


def _predicted(process: Process, modeller: Modeller, points: Points) -> tuple[Floats, Floats]:
    """Means and deviations of points, (n,) both; of very many not all at once, which would take much memory."""
    blocks = np.array_split(np.arange(len(points)), len(points) // _BLOCK + 1)
    mean, deviation = zip(*(process.predict(modeller.features.of(points.at(block))) for block in blocks), strict=True)
    return np.concatenate(mean), np.concatenate(deviation)


@lru_cache(maxsize=4)
def modeller_of(space: Space) -> Modeller:
    """Kept, since it keeps what it has fitted."""
    return Modeller(Features(space))


def alone(evidence: Evidence, objective: int) -> Evidence:
    """One objective, without what is not asked of it: limits, failures, and what is under way."""
    nothing = Points(evidence.points.X[:0], evidence.points.active[:0])
    return evidence._replace(
        losses=evidence.losses[:, [objective]],
        noise=evidence.noise[:, [objective]],
        excess=evidence.excess[:, :0],
        failed=nothing,
        failures=evidence.failures[:0],
        kinds=evidence.kinds[:0],
        pending=nothing,
    )


def _valued(view: View, evidence: Evidence) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The finished trials with a value of every objective: their numbers, (n,), and the rows of their configurations."""
    numbers = np.array([trial.number for trial in view.of(State.DONE)])
    numbers = numbers[np.isfinite(view.losses[numbers]).all(axis=1)]
    row_of = {point.tobytes(): row for row, point in enumerate(evidence.points.X)}
    return numbers, np.array([row_of[point.tobytes()] for point in view.columns.X[numbers]])


def unwarped(losses: Floats) -> Callable[[Floats], Floats]:
    """The way back from losses as the model sees them, (n,) -> (n,): straight between those that were observed, and
    below the best one as steep as among the better half."""
    order = np.argsort(losses, kind="stable")
    # In units of the largest, since differences of huge values may overflow.
    unit = float(np.abs(losses).max())
    seen, real = warped(losses[:, None])[order, 0], losses[order] / unit
    middle = int(np.searchsorted(seen, np.median(seen)))
    middle = middle if seen[middle] > seen[0] else len(seen) - 1
    slope = (real[middle] - real[0]) / (seen[middle] - seen[0])
    places = np.append(seen[0] - _BEYOND, seen)
    values = np.append(real[0] - _BEYOND * slope, real)
    return lambda at: np.interp(at, places, values) * unit


def _half_width(loss_at: Callable[[Floats], Floats], middle: Floats, width: Floats | float) -> Floats:
    """How far losses reach to either side where the model's values reach so far, (n,)."""
    return loss_at(middle + width) / 2.0 - loss_at(middle - width) / 2.0


def _between_repeats(losses: Floats, rows: NDArray[np.intp]) -> float | None:
    """Standard deviation of losses (n,) within the same row, over all rows; None if that says less than the model.

    A single repeat with exactly the same value says that there is no noise.
    """
    counts = np.bincount(rows)
    freedom = len(rows) - np.count_nonzero(counts)
    # In units of the largest, as above.
    unit = float(np.abs(losses).max())
    first = losses[np.unique(rows, return_index=True)[1]] / unit
    apart = losses / unit - first[rows]
    if freedom and not apart.any():
        return 0.0
    if freedom < _FREEDOM:
        return None
    apart -= (np.bincount(rows, apart) / counts)[rows]
    return unit * float(np.sqrt(np.sum(apart**2) / freedom))
