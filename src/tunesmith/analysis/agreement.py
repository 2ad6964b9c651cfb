"""Agreement of two trainings of one configuration on the same seed: the verdict of a rerun."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.words import count_text, join_text
from tunesmith.surrogates.estimates import ENOUGH
from tunesmith.surrogates.expected import expected
from tunesmith.trials.trial import Failure, State, Trial
from tunesmith.trials.view import View

Verdict: TypeAlias = Literal["same", "within seed noise", "different"]
_VERDICTS: Final[tuple[Verdict, ...]] = ("same", "within seed noise", "different")
_Curve: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float64]]

_WIDTH: Final = 1.96 * math.sqrt(2.0)
"""Two trainings on different seeds are further apart than so many standard deviations of one in 5% of all cases."""


@final
@dataclass(frozen=True)
class Outcome:
    """One objective, then and now."""

    metric: str
    before: float
    now: float
    noise: float | None
    """Standard deviation between trainings on different seeds; None where it is not known, or nobody had to ask."""
    verdict: Verdict


@final
@dataclass(frozen=True)
class Agreement:
    """How far two trainings agree."""

    verdict: Verdict
    outcomes: tuple[Outcome, ...]
    """One for each objective; none if one of the trainings failed."""
    failures: str
    """In words, which of the trainings failed, and how; empty if none did."""
    parted: int | None
    """The first step at which the curves of the first objective are not the same."""
    remarks: tuple[str, ...]
    """What else is to be known, in sentences."""


def compare(view: View, number: int, again: View, noise: Mapping[str, float] | None = None) -> Agreement:
    """Trial `number` of a study, and the only trial of `again`, its rerun.

    `noise` is the standard deviation between seeds by objective; without it, what the study itself tells.
    """
    before, now = view.trials[number], again.trials[0]
    metric = view.spec.objectives[0].metric
    step = _parted(view.curve(number, metric), again.curve(0, metric))
    kinds = [trial.failure.kind if trial.failure else "" for trial in (before, now)]
    if any(kinds) and kinds != ["timeout", ""]:
        verdict: Verdict = "same" if _alike(before.failure, now.failure) else "different"
        remarks = () if verdict == "same" else tuple(_other_ways(before))
        return Agreement(verdict, (), _failures(before, now), step, remarks)
    outcomes = tuple(_outcomes(view, before, now, noise))
    verdict = max((outcome.verdict for outcome in outcomes), key=_VERDICTS.index)
    return Agreement(verdict, outcomes, "", step, tuple(_remarks(before, outcomes, verdict, step)))


def _outcomes(view: View, before: Trial, now: Trial, noise: Mapping[str, float] | None) -> Iterator[Outcome]:
    then, today = (_counted(trial, before.state) for trial in (before, now))
    for index, objective in enumerate(view.spec.objectives):
        metric = objective.metric
        pair = then.get(metric, math.nan), today.get(metric, math.nan)
        if _equal(*pair):
            yield Outcome(metric, *pair, None, "same")
            continue
        width = noise_of(view, index) if noise is None else noise.get(metric)
        near = width is not None and abs(pair[0] - pair[1]) <= _WIDTH * width
        yield Outcome(metric, *pair, width, "within seed noise" if near else "different")


def noise_of(view: View, objective: int) -> float | None:
    """Standard deviation of an objective between trainings of one configuration; None if the study cannot tell it.

    With few trials and no repeats, a model takes for noise what it has not learned yet, which would excuse everything.
    """
    found = expected(view, objective)
    return found.noise if found is not None and (found.repeated or found.configs >= ENOUGH) else None


def _counted(trial: Trial, state: State) -> Mapping[str, float]:
    """The metrics that are compared: the values where the recorded trial has come to any, else the last report."""
    if state in (State.DONE, State.STOPPED):
        return trial.values
    return trial.last.metrics if trial.last else {}


def _equal(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _alike(before: Failure | None, now: Failure | None) -> bool:
    """Two failures of one cause. Exceptions say what it is; a lack of memory or time is put in ever other numbers."""
    if before is None or now is None or before.kind != now.kind:
        return False
    return before.kind != "error" or before.message == now.message


def _failures(before: Trial, now: Trial) -> str:
    if before.failure is None:
        assert now.failure is not None
        return f"it failed this time ({now.failure.kind}: {now.failure.message})"
    was = f"{before.failure.kind}: {before.failure.message}"
    if now.failure is None:
        return f"it failed then ({was}), and did not this time"
    if _alike(before.failure, now.failure):
        return f"it failed again ({was})"
    return f"it failed then ({was}), and otherwise this time ({now.failure.kind}: {now.failure.message})"


def _parted(before: _Curve, now: _Curve) -> int | None:
    then, today = (dict(zip(curve[0].tolist(), curve[1].tolist(), strict=True)) for curve in (before, now))
    steps = sorted(then.keys() | today.keys())
    return next((s for s in steps if not (s in then and s in today and _equal(then[s], today[s]))), None)


def _remarks(before: Trial, outcomes: tuple[Outcome, ...], verdict: Verdict, step: int | None) -> Iterator[str]:
    if step is not None and before.reports > 1:
        yield f"The curves part at step {step}."
    unknown = [each.metric for each in outcomes if each.verdict == "different" and each.noise is None]
    if unknown:
        yield f"How much seeds alone change {join_text(unknown)} is not known: too few trials have finished."
    if verdict != "same":
        yield from _other_ways(before)


def _other_ways(before: Trial) -> Iterator[str]:
    """How the trial came about otherwise than in one go."""
    if before.attempt > 1:
        yield f"It was trained in {count_text(before.attempt, 'attempt')} then, and in one go now."
    elif before.notes.get("retrained"):
        yield "It was paused then and went on from a checkpoint; it was trained in one go now."
