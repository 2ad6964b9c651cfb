"""Timeline: who trained which trial when, as bars on the places where trials ran."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.best import Best, best_of
from tunesmith.analysis.panels.chronicle import Chronicle, Span
from tunesmith.analysis.ranking import choose, ranking
from tunesmith.trials.view import View

_MOST: Final = 1500
"""How many bars a browser draws without a pause."""
_KEPT: Final = 100
_LANES: Final = 48


class Bar(NamedTuple):
    """One span on its place; times in seconds since the study's first trial began."""

    span: Span
    lane: int
    began: float
    ended: float


@final
@dataclass(frozen=True, eq=False)
class Timeline:
    """The spans of a study's trials."""

    lanes: list[str]
    """The places: the machine, and which of those that were busy at a time."""
    bars: list[Bar]
    total: int
    """How many spans there are; more than there are bars if some are left out."""
    hidden: int
    """Places that did not fit."""
    start: float
    """When the first trial began, in seconds since 1970; NaN without trials."""
    seconds: float
    """From then to the last sign of life."""
    at: NDArray[np.float64]
    busy: NDArray[np.int64]
    """(t,) how many places were busy from these seconds on; of all spans."""
    best: int | None

    @property
    def use(self) -> float:
        """The share of the places' time in which trials were trained; NaN without trials."""
        whole = self.seconds * (len(self.lanes) + self.hidden)
        return float(self.busy[:-1] @ np.diff(self.at)) / whole if whole > 0 else math.nan


def timeline(view: View, told: Chronicle, best: Best | None = None) -> Timeline:
    """The timeline of a study; of very many spans those of the best 100 trials and an even spread of the others."""
    best = best_of(view) if best is None else best
    start = min((span.began for span in told.spans), default=math.nan)
    latest = max([told.latest, *(span.ended for span in told.spans if math.isfinite(span.ended))], default=math.nan)
    ended = [latest if math.isnan(span.ended) else span.ended for span in told.spans]
    lanes, places = _lanes(told.spans, ended)
    chosen: set[int] | None = None
    if len(told.spans) > _MOST:
        trials = {span.trial for span in told.spans}
        ranked = [trial for trial in ranking(view, best) if trial.number in trials]
        share = max(_KEPT, _MOST * len(ranked) // len(told.spans))
        chosen = {trial.number for trial in choose(ranked, share, _KEPT)}
    bars = [
        Bar(span, lane, span.began - start, end - start)
        for span, lane, end in zip(told.spans, places, ended, strict=True)
        if lane < _LANES and (chosen is None or span.trial in chosen)
    ]
    at, busy = _busy(told.spans, ended, start)
    return Timeline(
        lanes=lanes[:_LANES],
        bars=bars,
        total=len(told.spans),
        hidden=max(0, len(lanes) - _LANES),
        start=start,
        seconds=max(0.0, latest - start) if told.spans else 0.0,
        at=at,
        busy=busy,
        best=best.trial.number if best else None,
    )


def _lanes(spans: list[Span], ended: list[float]) -> tuple[list[str], list[int]]:
    """Names of places, and the place of each span: the first one of its machine that is free when it begins."""
    free: dict[str, list[int]] = defaultdict(list)
    taken: dict[str, list[tuple[float, int]]] = defaultdict(list)
    names: list[str] = []
    places = []
    for span, end in zip(spans, ended, strict=True):
        host = span.worker.partition("/")[0]
        while taken[host] and taken[host][0][0] <= span.began:
            heapq.heappush(free[host], heapq.heappop(taken[host])[1])
        if free[host]:
            place = heapq.heappop(free[host])
        else:
            place = len(names)
            names.append(f"{host or 'somewhere'} {len(taken[host]) + 1}")
        heapq.heappush(taken[host], (end, place))
        places.append(place)
    return names, places


def _busy(spans: list[Span], ended: list[float], start: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    times = np.array([*(span.began for span in spans), *ended], float) - start
    steps = np.repeat(np.array([1, -1], np.int64), len(spans))
    order = np.lexsort((steps, times))
    at, first = np.unique(times[order], return_index=True)
    counts = np.cumsum(steps[order])
    return at, counts[np.append(first[1:], len(order)) - 1] if len(order) else counts
