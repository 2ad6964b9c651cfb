"""Findings about ranges: the best trials lie at an end of one."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.health.finding import Finding
from tunesmith.analysis.importance.outcomes import outcomes_of
from tunesmith.analysis.importance.surface import surface_of
from tunesmith.analysis.words import join_text, number_text
from tunesmith.space.codec import Varying
from tunesmith.space.params import Choice, Float, Int, Ordinal
from tunesmith.surrogates.evidence import Points, evidence_of
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

_FEWEST: Final = 20
_LEVELS: Final = 6
"""A parameter of fewer values is at one of its ends too easily."""
_TOP: Final = (5, 20)
"""The best tenth of the trials, but at least and at most so many, should not lie at a bound."""
_NEAR: Final = 0.02
_MOST: Final = 0.7
_STEP: Final = 0.15
"""A step away from a bound, of the range."""
_SURE: Final = (0.95, 0.05)
_LIKELY: Final = (0.8, 0.1)
"""The share of models that say it gets worse with this step, and by how many deviations of the outcome: a parameter that does
nothing may end up at a bound too, so a smaller effect wants more agreement."""
_RESAMPLES: Final = 20


class _End(NamedTuple):
    """An end of a parameter's range, and how many of the best trials are there."""

    column: int
    param: Float | Int | Ordinal
    upper: bool
    hits: int
    sure: bool = False


class _Pinned(NamedTuple):
    """The same in words."""

    name: str
    text: str
    remedy: str
    hits: int


def at_bound(view: View) -> Finding | None:
    """The best trials lie at a bound of a parameter's range, and outcomes get better towards it."""
    known = evidence_of(view)
    good = np.flatnonzero(known.feasible)
    if len(view.spec.objectives) > 1 or len(good) < _FEWEST:
        return None
    order = good[np.argsort(known.losses[good, 0], kind="stable")]
    best = known.points.at(order[: int(np.clip(len(order) // 10, *_TOP))])
    ends = [end for j, param in enumerate(view.space.codec().params) if (end := _end_of(param, j, best)) is not None]
    ends = _better_towards(view, ends, best)
    if not ends:
        return None
    pinned = [_described(view, end, len(best)) for end in ends]
    probably = "" if all(end.sure for end in ends) else "probably "
    return Finding(
        "at-bound",
        "warning",
        f"{join_text([each.text for each in pinned])}; outcomes {probably}get better towards it.",
        " ".join(each.remedy for each in pinned),
        tuple(known.numbers[order[: len(best)]].tolist()),
        {each.name: {"at_bound": each.hits, "best": len(best)} for each in pinned},
    )


def _end_of(param: Varying, j: int, best: Points) -> _End | None:
    """The end of its range at which a parameter is in the best trials, the first of them included."""
    if isinstance(param, Choice) or (param.size is not None and param.size < _LEVELS) or not best.active[:, j].all():
        return None
    near = max(_NEAR, 0.6 / param.size) if param.size else _NEAR
    for upper in (False, True):
        away = 1.0 - best.X[:, j] if upper else best.X[:, j]
        at = away <= near
        if at[0] and at.mean() >= _MOST:
            return _End(j, param, upper, int(at.sum()))
    return None


def _better_towards(view: View, ends: list[_End], best: Points) -> list[_End]:
    """Those ends of which most models of the trials say that a step away from them makes the best trial worse."""
    if not ends:
        return []
    known = outcomes_of(view, 0)
    surface = surface_of(view.space, known, _RESAMPLES, np.random.default_rng(view.spec.seed))
    rows = np.repeat(best.X[:1], 1 + len(ends), axis=0)
    for row, end in zip(rows[1:], ends, strict=True):
        row[end.column] += -_STEP if end.upper else _STEP
    features = surface.features.of(Points(*view.space.codec().snap(rows)))
    losses = np.array([model.losses(features) for model in (surface.model, *surface.others)])
    worse = losses[:, 1:] - losses[:, :1]
    agree, by = (worse > 0).mean(axis=0), worse[0] / known.losses.std()
    sure, likely = ((agree >= share) & (by > deviations) for share, deviations in (_SURE, _LIKELY))
    return [
        end._replace(sure=certain)
        for end, certain, holds in zip(ends, sure.tolist(), (sure | likely).tolist(), strict=True)
        if holds
    ]


def _described(view: View, end: _End, best: int) -> _Pinned:
    name, param = view.space.codec().names[end.column], end.param
    side = "upper" if end.upper else "lower"
    at = f"({end.hits} of the {best} best trials)"
    if isinstance(param, Ordinal):
        last = param.options[-1 if end.upper else 0]
        text = f"{name} is pinned at its {'last' if end.upper else 'first'} level {last!r} {at}"
        return _Pinned(name, text, f"Search with levels of {name} beyond {last!r}.", end.hits)
    bound = param.high if end.upper else param.low
    text = f"{name} is pinned at its {side} bound {number_text(bound)} {at}"
    return _Pinned(name, text, _wider(name, param, bound, upper=end.upper), end.hits)


def _wider(name: str, param: Float | Int, bound: float, *, upper: bool) -> str:
    if bound == 0 and not upper:
        return f"If 0 switches {name} off, leave it out of the search."
    if bound == 1 and upper and param.low >= 0:
        return f"Where 1 is the natural end of {name}, fix it there."
    if param.log:
        wider = bound * 10 if upper else bound / 10
    else:
        wider = bound + (param.high - param.low) if upper else bound - (param.high - param.low)
    if isinstance(param, Int):
        wider = max(round(wider), 1) if param.log else round(wider)
    if wider == bound:
        return f"Where {number_text(bound)} is the natural end of {name}, fix it there."
    return f"Search with a wider range of {name}, such as {'up' if upper else 'down'} to {number_text(wider)}."
