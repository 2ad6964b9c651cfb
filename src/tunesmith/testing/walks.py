"""Random histories of a study: legal facts, and now and then one that must be refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from tunesmith.trials.facts import (
    Asked,
    Draft,
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
)
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import FAILURES


def random_walk(
    rng: random.Random, trials: Callable[[], Sequence[Trial]], *, length: int
) -> Iterator[tuple[list[Draft], bool]]:
    """`length` appends, each with whether it is legal; `trials` tells the study as it is now."""
    for _ in range(length):
        known = trials()
        if not known or rng.random() < 0.15:
            yield [Draft(None, Opened(rng.choice(["", "w"])))], True
            continue
        trial = rng.choice(list(known))
        if rng.random() < 0.15:
            yield [Draft(trial.number, _illegal(rng, trial))], False
            continue
        facts = _legal(rng, trial)
        if facts:
            yield [Draft(trial.number, rng.choice(facts))], True


def _legal(rng: random.Random, trial: Trial) -> list[Fact]:
    """Facts that may happen to the trial now."""
    attempt = trial.attempt
    facts: list[Fact] = [Noted(f"note-{rng.randrange(3)}", rng.random())]
    match trial.state:
        case State.OPEN:
            config = {"lr": rng.random() + 1e-3, "opt": rng.choice(["sgd", "adam"])}
            facts += [Asked(config, "walk", "", rng.randrange(100), 0)] * 5 + [
                Lost(attempt),
                Stopped("no space", attempt),
            ]
        case State.READY:
            facts += [Started("w", attempt)] * 5 + [Stopped("a person", attempt)]
        case State.RUNNING:
            step = (trial.last.step if trial.last and trial.reports else 0) + rng.randrange(1, 4)
            metrics = {"loss": rng.choice([rng.random(), float("nan"), float("inf"), 1e-300])}
            facts += [Reported(step, metrics, attempt)] * 8
            facts += [Paused("later", attempt), Lost(attempt), Finished({"loss": rng.random()}, attempt)]
            facts += [Stopped("hopeless", attempt), Failed(rng.choice(FAILURES), "broke", attempt, "trace")]
        case State.PAUSED:
            facts += [Resumed(rng.choice([None, 9])), Stopped("a person", attempt)]
    return facts


def _illegal(rng: random.Random, trial: Trial) -> Fact:
    """A fact that cannot happen to the trial now."""
    late = trial.attempt + 1
    wrong: list[Fact] = [
        Started("w", late),
        Reported(1, {"loss": 0.0}, late),
        Finished({"loss": 0.0}, late),
        Lost(late),
    ]
    if trial.state is not State.OPEN:
        wrong.append(Asked({"lr": 0.5, "opt": "sgd"}, "walk", "", 0, 0))
    if trial.state is not State.PAUSED:
        wrong.append(Resumed())
    if trial.state.ended:
        wrong += [Stopped("again", trial.attempt), Lost(trial.attempt), Failed("error", "again", trial.attempt)]
    if trial.state is State.RUNNING and trial.last is not None and trial.reports:
        wrong.append(Reported(trial.last.step - 1, {"loss": 0.0}, trial.attempt))
        wrong.append(Reported(trial.last.step, dict(trial.last.metrics), trial.attempt))
    return rng.choice(wrong)
