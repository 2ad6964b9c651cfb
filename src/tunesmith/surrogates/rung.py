"""Evidence of one rung: what BOHB and DEHB learn from, the highest step that enough trials have reached."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tunesmith.surrogates.evidence import Evidence, Points, evidence_of
from tunesmith.trials.view import View


def evidence_at_rung(view: View) -> Evidence:
    """Outcomes at the highest step that d + 2 trials or more have reported (Falkner et al. 2018, BOHB, section 3.2).

    Of a study without enough reports, the evidence of last values. Failures and trials under way are the same in both.
    """
    everything = evidence_of(view)
    columns = view.columns
    enough = view.space.codec().width + 2
    steps = np.unique(columns.step[columns.step > 0])
    for step in steps[::-1].tolist():
        found = [view.at_step(objective.metric, step) for objective in view.spec.objectives]
        numbers = found[0][0]
        if len(numbers) < enough or any(not np.array_equal(others, numbers) for others, _ in found[1:]):
            continue
        losses = np.column_stack(
            [objective.sign * values for objective, (_, values) in zip(view.spec.objectives, found, strict=True)]
        )
        known = np.isfinite(losses).all(axis=1)
        return _of_numbers(view, everything, numbers[known], losses[known])
    return everything


def _of_numbers(view: View, everything: Evidence, numbers: NDArray[np.int64], losses: NDArray[np.float64]) -> Evidence:
    columns = view.columns
    return everything._replace(
        points=Points(columns.X[numbers], columns.active[numbers]),
        losses=losses,
        noise=np.ones_like(losses),
        excess=_excess(everything, numbers),
        repeats=np.ones(len(numbers), np.int64),
        numbers=numbers,
        progress=np.ones(len(numbers)),
    )


def _excess(everything: Evidence, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Limits as they stand now; not known of trials without an outcome."""
    excess = np.full((len(numbers), everything.excess.shape[1]), np.nan)
    _, here, there = np.intersect1d(numbers, everything.numbers, return_indices=True)
    excess[here] = everything.excess[there]
    return excess
