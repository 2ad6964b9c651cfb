"""ablate: the configurations from the default to the winner trained, which measures what each change brought."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np

from tunesmith.analysis.ablation import NOTE, Ablation, Way, ablation, by_trainings, note_of, way_of
from tunesmith.errors import InvalidStudy
from tunesmith.reproduce.remember import remember
from tunesmith.reproduce.target import Given, directory_of, executor_of
from tunesmith.reproduce.training import train_again
from tunesmith.run.executor import Executor
from tunesmith.run.origin import load_function
from tunesmith.run.record import record_of
from tunesmith.run.threads import one_thread
from tunesmith.study import Study
from tunesmith.trials.changes import Changes
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

REPEATS: Final = 3


def ablate(
    study: Study, target: Given | str | None = None, *, metric: str | None = None, repeats: int = REPEATS
) -> Ablation:
    """Train each configuration on the way from the default to the best trial, and tell which change brought what.

    A model of the trials decides the order of the changes; each configuration on the way is trained `repeats` times, all on the
    same fresh seeds. So it takes (changes + 1) * repeats trainings. `target` says what to train, as for `ts.rerun`, and is only needed
    where the record does not.

    These are no trials: they count for no budget, and no sampler sees them. The winner has a note of them, which the report
    and `study.ablation()` use from then on. Raises `InvalidStudy` where there are no best trial and 10 configurations with a
    value, for define-by-run studies, and for `repeats` below 1.
    """
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1:
        raise InvalidStudy(f"repeats={repeats!r}: give the number of trainings of each configuration, 1 or more.")
    view = study.view
    if view.space.grows:
        raise InvalidStudy(
            f"Study {study.name!r} is define-by-run: what its trainings ask for between the default and the winner is not known; "
            "enqueue the configurations that you want to compare."
        )
    with one_thread():
        way = way_of(view, metric)
        if not way.names:  # the default won
            return ablation(view, metric)
    values = _values(study, view, way, load_function(target) if isinstance(target, str) else target, repeats)
    remember(study, way.winner, NOTE, lambda _: note_of(way, values))
    return by_trainings(way, values)


def _values(study: Study, view: View, way: Way, target: Given | None, repeats: int) -> list[list[float | None]]:
    """By configuration and seed; None where the training did not come to its end."""
    record = record_of(study.store, study.name, view.trials[way.winner])
    seeds = np.random.default_rng([view.spec.seed, way.winner]).integers(2**32, size=repeats).tolist()
    # Trainings of which the study knows nothing, numbered as they come, so that each has a folder of its own.
    trials = [
        Trial(number, State.DONE, config=config, by=NOTE, seed=seed)
        for number, (config, seed) in enumerate((config, seed) for config in way.configs for seed in seeds)
    ]
    planned = View(view.spec).advance(Changes(0, view.seq, trials))
    with (
        tempfile.TemporaryDirectory(prefix="tunesmith-") as scratch,
        directory_of(target, record),
        closing(executor_of(target, record, view.spec.space)) as executor,
    ):
        found = [_value(planned, number, way.metric, executor, Path(scratch)) for number in range(len(trials))]
    return [found[start : start + repeats] for start in range(0, len(found), repeats)]


def _value(planned: View, number: int, metric: str, executor: Executor, folder: Path) -> float | None:
    (again,) = train_again(planned, number, executor, folder).trials
    return again.values.get(metric) if again.state is State.DONE else None
