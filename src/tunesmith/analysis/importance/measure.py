"""Importance of a study's parameters, by either method, with intervals and with what speaks against believing it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.importance.fanova import Cube, Indices
from tunesmith.analysis.importance.outcomes import FEWEST, Outcomes, metric_index, outcomes_of
from tunesmith.analysis.importance.ped_anova import BEST, FEWEST as FEWEST_RANKED, divergences
from tunesmith.analysis.importance.shares import METHODS, REGIONS, Importance, Method, PairShare, Region, Share
from tunesmith.analysis.importance.surface import surface_of
from tunesmith.analysis.words import percent_text
from tunesmith.errors import InvalidStudy
from tunesmith.space.space import Space
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

RESAMPLES: Final = 30
_PER_DIVERGENCE: Final = 10
"""Divergences cost little: so many times the resamples are drawn for them."""
_SURE: Final = 0.95
_NEGLIGIBLE: Final = 0.01
_BLIND: Final = 0.05
_WEAK: Final = 0.5
_FEW: Final = 50
_MOST_PAIRS: Final = 10


class _Found(NamedTuple):
    """What a method found of d parameters, and in b resamples."""

    shares: Floats
    """(d,)"""
    resampled: Floats
    """(b, d)"""
    alone: Floats | None
    """(d,)"""
    real: NDArray[np.bool_]
    """(d,)"""
    pairs: tuple[PairShare, ...] = ()
    explained: float | None = None


def importance(
    view: View,
    metric: str | None = None,
    *,
    method: Method = "fanova",
    region: Region = "whole",
    resamples: int = RESAMPLES,
) -> Importance:
    """Which parameters an objective depends on; the first objective unless `metric` names another one.

    `method` is "fanova" or "ped-anova". `region` is "whole", or "top": what still matters among good configurations.
    With "ped-anova" that is the best quarter of the trials, with "fanova" all that is expected to be as good as these, at
    least a tenth of the space. `resamples`, at least 0, are for intervals, which need 20 to mean something. The same view
    gives the same answer.

    Raises `InvalidStudy` if no parameter varies, or too few configurations have a value: fewer than 10 with "fanova",
    20 with "ped-anova", 80 with "ped-anova" in the top region.
    """
    _check("method", method, METHODS)
    _check("region", region, REGIONS)
    if resamples < 0:
        raise InvalidStudy(f"resamples={resamples!r}: give a whole number, 0 for no intervals.")
    index = metric_index(view, metric)
    known = outcomes_of(view, index, FEWEST if method == "fanova" else FEWEST_RANKED[region])
    find = _fanova if method == "fanova" else _ped_anova
    found = find(view.space, known, region, resamples, view.spec.seed)
    params = _shares(view.space, known, found)
    return Importance(
        metric=view.spec.objectives[index].metric,
        method=method,
        region=region,
        trials=len(known),
        params=params,
        pairs=found.pairs,
        explained=found.explained,
        remarks=tuple(_remarks(view.space, len(known), params, found, resamples)),
    )


def _check(argument: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise InvalidStudy(f"{argument}={given!r}: say {' or '.join(repr(name) for name in known)}.")


def _ped_anova(space: Space, known: Outcomes, region: Region, resamples: int, seed: int) -> _Found:
    # Chance must be known even where no interval is wanted.
    times = max(resamples, FEWEST) * _PER_DIVERGENCE
    found = divergences(space, known, region, times, np.random.default_rng(seed))
    resampled = _normalized(found.resampled) if resamples else np.empty((0, len(found.found)))
    return _Found(_normalized(found.found), resampled, None, found.chance <= _BLIND)


def _normalized(divergences: Floats) -> Floats:
    positive = np.maximum(divergences, 0.0)
    sums = positive.sum(axis=-1, keepdims=True)
    shares: Floats = np.divide(positive, sums, out=np.zeros_like(positive), where=sums > 0)
    return shares


def _fanova(space: Space, known: Outcomes, region: Region, resamples: int, seed: int) -> _Found:
    rng = np.random.default_rng(seed)
    surface = surface_of(space, known, resamples, rng)
    cube = Cube(space, surface.features, rng)
    bound = float(np.quantile(known.losses, BEST)) if region == "top" else None
    found, *others = [cube.indices(model, bound) for model in (surface.model, *surface.others)]
    totals = np.array([other.total for other in others]).reshape(resamples, len(found.total))
    explained = surface.explained if resamples else None
    trusted = explained is None or explained > 0
    low = _interval(found.total, totals)[0]
    return _Found(
        found.total, totals, found.alone, trusted & (low > _NEGLIGIBLE), _pair_shares(space, found, others), explained
    )


def _pair_shares(space: Space, found: Indices, others: list[Indices]) -> tuple[PairShare, ...]:
    if found.pairs is None:
        return ()
    names = space.codec().names
    first, second = np.triu_indices(len(names), 1)
    shares = found.pairs[first, second]
    resampled = [other.pairs[first, second] for other in others if other.pairs is not None]
    low, high = _interval(shares, np.array(resampled).reshape(len(others), len(shares)))
    order = [place for place in np.argsort(-shares, kind="stable")[:_MOST_PAIRS] if shares[place] > _NEGLIGIBLE]
    return tuple(
        PairShare((names[first[p]], names[second[p]]), float(shares[p]), float(low[p]), float(high[p])) for p in order
    )


def _interval(found: Floats, resampled: Floats) -> tuple[Floats, Floats]:
    """Percentiles of the resamples, with what was found inside."""
    if not len(resampled):
        return found, found
    low, high = np.quantile(resampled, [(1 - _SURE) / 2, (1 + _SURE) / 2], axis=0)
    return np.minimum(low, found), np.maximum(high, found)


def _shares(space: Space, known: Outcomes, found: _Found) -> tuple[Share, ...]:
    names = space.codec().names
    low, high = _interval(found.shares, found.resampled)
    order = np.argsort(-found.shares, kind="stable")
    ahead = [
        float((found.resampled[:, a] > found.resampled[:, b]).mean()) if len(found.resampled) else 1.0
        for a, b in pairwise(order.tolist())
    ]
    return tuple(
        Share(
            name=names[place],
            share=float(found.shares[place]),
            low=float(low[place]),
            high=float(high[place]),
            alone=None if found.alone is None else float(found.alone[place]),
            active=float(known.points.active[:, place].mean()),
            real=bool(found.real[place]),
            ahead=before,
        )
        for place, before in zip(order, [*ahead, 1.0], strict=True)
    )


def _remarks(space: Space, trials: int, params: tuple[Share, ...], found: _Found, resamples: int) -> Iterable[str]:
    if found.explained is not None and not found.explained >= _WEAK:
        part = "nothing" if not found.explained > 0 else f"only {percent_text(found.explained)}"
        yield f"The model explains {part} of what trials it has not seen come to: believe little of this."
    if trials < _FEW:
        yield f"{trials} configurations are few; shares may change much with more of them."
    if not any(param.real for param in params):
        yield "No parameter can be told from chance."
    unsettled = next(((a.name, b.name) for a, b in pairwise(params) if a.real and a.ahead < _SURE), None)
    if resamples and unsettled is not None:
        yield f"Which of {unsettled[0]} and {unsettled[1]} matters more is not settled."
    if found.explained is not None and space.limits:
        yield "Limits between parameters are left out of account: forbidden configurations count as the model sees them."
