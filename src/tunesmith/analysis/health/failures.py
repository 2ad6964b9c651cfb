"""Findings about trials that fail: where in the space they lie, and how to keep them out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.health.finding import Finding, Severity
from tunesmith.analysis.health.rules import Rule, keep_out, learned, numbers_of, pairs_of, rule_text
from tunesmith.analysis.words import count_text, trials_text
from tunesmith.space.params import Json
from tunesmith.trials.order import losses_of
from tunesmith.trials.trial import FailureKind, State, Trial
from tunesmith.trials.view import View

_FEWEST: Final = 2
_MANY: Final = 0.5
_FIRST: Final = 10
_FAR: Final = 1e4
"""Times as far from the best as the first trials are in the middle; a search that converges at once leaves much behind."""


def out_of_memory(view: View) -> Finding | None:
    """Trials run out of memory, beyond some width or product such as batch * width."""
    return _failing(view, "oom", "memory", "ran out of memory", "run fewer trials at a time, or on a larger device")


def out_of_time(view: View) -> Finding | None:
    """Trials run out of their time, beyond some width or product."""
    return _failing(view, "timeout", "time-out", "ran out of time", "give them more with trial_time=")


def _failing(view: View, kind: FailureKind, name: str, did: str, otherwise: str) -> Finding | None:
    trials = [trial for trial in _ended(view) if trial.failure is None or trial.failure.kind == kind]
    failed = [trial for trial in trials if trial.failure is not None]
    if len(failed) < _FEWEST:
        return None
    bad = np.array([trial.failure is not None for trial in trials])
    singles = numbers_of(view.space, trials)
    rule = learned([*singles, *pairs_of(singles)], bad)
    ended = len(_ended(view))
    severity: Severity = "problem" if len(failed) >= _MANY * ended else "warning"
    sentence = f"{len(failed):,} of {count_text(ended, 'trial')} {did}"
    if rule is None:
        sentence += "; no parameter, product or quotient of two tells which ones"
        remedy = f"Look at one of them ({trials_text(_numbers(failed[-1:]))}), and {otherwise}."
    else:
        sentence += f": {rule_text(rule)}"
        remedy = f"{keep_out(view.space, rule)}, or {otherwise}."
    return Finding(name, severity, f"{sentence}.", remedy, _numbers(failed), _evidence(rule, len(failed), ended))


def diverging(view: View) -> Finding | None:
    """Beyond some value of a parameter on a logarithmic scale, such as the learning rate, trials diverge."""
    trials = [trial for trial in _ended(view) if trial.failure is None or trial.failure.kind == "nan"]
    bad = _diverged(view, trials)
    rule = learned(numbers_of(view.space, trials, log=True), bad, (">", "<"))
    if rule is None:
        return None
    metric = view.spec.objectives[0].metric
    diverged = [trial for trial, is_bad in zip(trials, bad.tolist(), strict=True) if is_bad]
    return Finding(
        "diverging",
        "warning",
        f"{count_text(len(diverged), 'trial')} of {len(trials):,} diverged ({metric} NaN, infinite or far beyond the "
        f"others): {rule_text(rule)}.",
        f"{keep_out(view.space, rule)}: what is beyond costs time and teaches the search little.",
        _numbers(diverged),
        _evidence(rule, len(diverged), len(trials)),
    )


def _ended(view: View) -> list[Trial]:
    return [trial for trial in view.of(State.DONE, State.STOPPED, State.FAILED) if trial.config is not None]


def _numbers(trials: Sequence[Trial]) -> tuple[int, ...]:
    return tuple(trial.number for trial in trials)


def _diverged(view: View, trials: Sequence[Trial]) -> NDArray[np.bool_]:
    """Whether each trial has no finite first objective, or one far beyond what the search began with."""
    losses = np.array([_first_loss(view, trial) for trial in trials])
    finite = losses[np.isfinite(losses)]
    if not len(finite):
        return np.ones(len(trials), bool)
    # Later trials would not do: beside those of a search that has converged, its first ones look far off.
    least, usual = finite.min(), np.median(finite[:_FIRST])
    # Halves, since the difference of huge values may overflow.
    fence = usual / 2 + _FAR * (usual / 2 - least / 2)
    far: NDArray[np.bool_] = ~np.isfinite(losses) | ((losses / 2 > fence) & (usual > least))
    return far


def _first_loss(view: View, trial: Trial) -> float:
    losses = losses_of(view.spec, trial)
    return math.nan if losses is None else losses[0]


def _evidence(rule: Rule | None, failed: int, ended: int) -> dict[str, Json]:
    return {"failed": failed, "ended": ended, **({} if rule is None else {"rule": rule.keeps, **rule._asdict()})}
