"""What happened to one trial, read from its part of the log: facts as sentences, and its learning curves."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.trials.facts import (
    Asked,
    Event,
    Fact,
    Failed,
    Finished,
    Lost,
    Noted,
    Opened,
    Paused,
    Reported,
    Resumed,
    Started,
    Stopped,
    Suggested,
)
from tunesmith.trials.sealing import SEAL


class Moment(NamedTuple):
    """Something that happened to a trial; `reason` is the sentence of whoever decided it."""

    at: float
    what: str
    reason: str
    worker: str


class Story(NamedTuple):
    """All that happened to a trial."""

    moments: list[Moment]
    curves: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]
    """Steps and values, both of shape (s,), of each metric; what a lost attempt reported later than its successor began
    is left out."""


def story_of(events: Iterable[Event]) -> Story:
    """A trial's story from its facts, in order."""
    moments: list[Moment] = []
    curves: dict[str, tuple[list[int], list[float]]] = {}
    attempt, reports = 1, 0
    for event in events:
        fact = event.fact
        if isinstance(fact, Reported):
            if fact.attempt != attempt:
                attempt = fact.attempt
                for steps, values in curves.values():
                    place = bisect_left(steps, fact.step)
                    del steps[place:], values[place:]
            for metric, value in fact.metrics.items():
                steps, values = curves.setdefault(metric, ([], []))
                steps.append(fact.step)
                values.append(value)
            reports += 1
            continue
        if isinstance(fact, Noted) and fact.key.startswith(SEAL):
            continue  # of the test set nothing is shown before there is a winner
        moments.append(Moment(event.at, *_words(fact, reports), event.worker))
    return Story(
        moments,
        {metric: (np.array(steps, np.int64), np.array(values, float)) for metric, (steps, values) in curves.items()},
    )


def _words(fact: Fact, reports: int) -> tuple[str, str]:
    """What a fact says, and its reason."""
    after = f" after {reports:,} reports" if reports > 1 else " after 1 report" if reports else ""
    match fact:
        case Opened():
            return "opened", ""
        case Asked():
            return f"configuration proposed by {fact.by}", fact.why
        case Suggested():
            return f"asked for {fact.name} = {fact.value!r}", ""
        case Started():
            return f"started, attempt {fact.attempt}", ""
        case Paused():
            return f"paused{after}", fact.reason
        case Resumed():
            return "resumed" if fact.budget is None else f"resumed, up to step {fact.budget}", ""
        case Finished():
            return f"finished{after}", ""
        case Stopped():
            return f"stopped{after}", fact.reason
        case Failed():
            return f"failed{after}: {fact.kind}", fact.message
        case Lost():
            return f"lost by its worker{after}", "it waits for another one"
        case Noted():
            return f"note: {fact.key}", fact.value if isinstance(fact.value, str) else ""
        case _:
            return type(fact).__name__.lower(), ""
