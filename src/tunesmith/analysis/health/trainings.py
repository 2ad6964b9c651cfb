"""Findings about learning curves: what is wrong with the training of the best trial, and with many trainings alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from tunesmith.analysis.best import best_of
from tunesmith.analysis.diagnosis import Kind, Symptom
from tunesmith.analysis.health.failures import diverging
from tunesmith.analysis.health.finding import Finding, Severity
from tunesmith.analysis.health.outcomes import flat_curves
from tunesmith.analysis.health.rules import Rule, keep_out, learned, numbers_of, rule_text
from tunesmith.analysis.trainings import FEWEST_POINTS, OF_THE_END, diagnose_trial, knobs_text
from tunesmith.analysis.words import count_text
from tunesmith.space.space import Space
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_FEWEST: Final = 5
_SHARE: Final = 0.5
_MOST: Final = 100
"""Trials that are looked at, spread evenly: curves of thousands of trials say no more than those of a hundred."""
_BY_CONFIG: Final[tuple[Kind, ...]] = ("diverged", "unstable", "no_learning")
"""Symptoms that are worth keeping out of the search, even if few trials have them."""

_WORDS: Final[dict[Kind, tuple[str, str]]] = {
    "diverged": ("diverged", "diverged"),
    "unstable": ("was unstable", "were unstable"),
    "no_learning": ("learned nothing", "learned nothing"),
    "plateau": ("gained nothing any more in its second half", "gained nothing any more in their second half"),
    "underfit": ("underfits", "underfit"),
    "overfit": ("overfits", "overfit"),
    "too_short": ("ended in mid-descent", "ended in mid-descent"),
    "still_improving": ("still improved at its end", "still improved at their end"),
}
_SEVERITY: Final[Mapping[Kind, Severity]] = {"still_improving": "note", "plateau": "note"}


def best_training(view: View) -> Finding | None:
    """The best trial's own learning curves show a trouble: it overfits, or it still improved at its end."""
    best = best_of(view)
    if best is None:
        return None
    # That it had converged long before its end is no fault of the winner.
    found = [symptom for symptom in diagnose_trial(view, best.trial.number) if symptom.kind != "plateau"]
    if not found:
        return None
    symptom = found[0]
    is_told = symptom.kind == "overfit" and view.spec.pick == "best"
    return Finding(
        "best-training",
        "note" if is_told else _SEVERITY.get(symptom.kind, "warning"),
        f"The best trial, {best.trial.number}, {_WORDS[symptom.kind][0]}: {symptom.evidence}.",
        _remedy(symptom, view.space, best.trial),
        (best.trial.number,),
        {"kind": symptom.kind, "knobs": list(symptom.knobs)},
    )


def shared_symptom(view: View) -> Finding | None:
    """Most trainings have the same trouble, or those in one part of the space have one that the search can keep out."""
    trials = _with_curves(view)
    found = {
        trial.number: {symptom.kind: symptom for symptom in diagnose_trial(view, trial.number)} for trial in trials
    }
    told = set(filter(None, (diverging(view) and "diverged", flat_curves(view) and "no_learning")))
    findings = [
        _shared(view, kind, [trial for trial in trials if kind not in OF_THE_END or trial.state is State.DONE], found)
        for kind in _WORDS
        if kind not in told
    ]
    return max(filter(None, findings), key=lambda finding: len(finding.trials), default=None)


def _with_curves(view: View) -> list[Trial]:
    """Trials that can be judged; of many, some spread evenly."""
    metric = view.spec.objectives[0].metric
    ended = [t for t in view.of(State.DONE, State.STOPPED, State.FAILED) if t.config is not None]
    trials = [trial for trial in ended if len(view.curve(trial.number, metric)[0]) >= FEWEST_POINTS]
    chosen = np.unique(np.linspace(0, len(trials) - 1, min(len(trials), _MOST)).astype(int))
    return [trials[place] for place in chosen.tolist()]


def _shared(view: View, kind: Kind, trials: list[Trial], found: Mapping[int, Mapping[Kind, Symptom]]) -> Finding | None:
    """The finding that many of some trials have one kind of symptom; None if they do not."""
    bad = np.array([kind in found[trial.number] for trial in trials], bool)
    hits = [trial for trial, is_bad in zip(trials, bad.tolist(), strict=True) if is_bad]
    if len(hits) < _FEWEST:
        return None
    rule = learned(numbers_of(view.space, trials), bad, (">", "<"))
    avoidable = rule is not None and kind in _BY_CONFIG
    if not avoidable and len(hits) < max(_SHARE * len(trials), _FEWEST):
        return None
    symptom = found[hits[-1].number][kind]
    where = "" if rule is None else f": {rule_text(rule)}"
    sentence = f"{len(hits):,} of {count_text(len(trials), 'trial')} {_WORDS[kind][1]}{where}"
    example = "" if rule is not None else f"; in trial {hits[-1].number}, {symptom.evidence}"
    return Finding(
        "trainings",
        _SEVERITY.get(kind, "warning"),
        f"{sentence}{example}.",
        _avoided(symptom, view.space, rule if avoidable else None),
        tuple(trial.number for trial in hits),
        {"kind": kind, "trials": len(hits), "of": len(trials), **({} if rule is None else {"rule": rule.keeps})},
    )


def _avoided(symptom: Symptom, space: Space, rule: Rule | None) -> str:
    return _remedy(symptom, space) if rule is None else f"{keep_out(space, rule)}, or {symptom.advice}."


def _remedy(symptom: Symptom, space: Space, trial: Trial | None = None) -> str:
    advice = f"{symptom.advice[0].upper()}{symptom.advice[1:]}."
    here = knobs_text(symptom, space, trial)
    return f"{advice} In this space: {here}." if here else f"{advice} The space has no parameter for any of this."
