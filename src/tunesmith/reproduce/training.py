"""One trial trained again, outside of its study: same configuration, same seed, as far as it was trained."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final, final

from tunesmith.errors import InvalidStudy
from tunesmith.run.executor import Executor, Job
from tunesmith.run.folder import fork_checkpoint, load_checkpoint, trial_folder
from tunesmith.run.outcome import finished, stopped
from tunesmith.stores.memory import MemoryStore
from tunesmith.trials.facts import Asked, Draft, Fact, Failed, Finished, Lost, Opened, Reported, Started
from tunesmith.trials.lineage import Segment, schedule
from tunesmith.trials.spec import Budget, StudySpec
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_TICK: Final = 0.5
_WORKER: Final = "rerun"
_ENDED_BY_OTHERS: Final = ("timeout", "nan")
"""Failures that came from outside or counted from outside: a training need not end by itself where they happened."""


def last_step(trial: Trial) -> int | None:
    """The step at which a rerun ends; None if it trains until the training ends by itself.

    Raises `InvalidStudy` for a trial that cannot be compared with anything.
    """
    if not trial.state.ended and trial.state is not State.PAUSED:
        raise InvalidStudy(f"Trial {trial.number} is {trial.state.value}; it can be run again once it has ended.")
    kind = trial.failure.kind if trial.failure else ""
    if trial.state is State.DONE or (kind and kind not in _ENDED_BY_OTHERS):
        return None
    if trial.last is not None and trial.reports:
        return trial.last.step
    if kind == "nan":
        return None
    raise InvalidStudy(
        f"Trial {trial.number} was ended before its first report, so there is nothing to compare: {trial.reason or 'it took too long'}."
    )


def train_again(view: View, number: int, executor: Executor, folder: Path) -> View:
    """Train trial `number` of a study again on an executor, which is left open. Files go to `folder`.

    What comes out is the only trial of a study in memory, so that its value comes about as every value does.
    A fork is trained along its schedule: each ancestor up to the checkpoint that the next one began from. Raises
    `InvalidStudy` if that checkpoint does not come about.
    """
    trial = view.trials[number]
    until = last_step(trial)
    parts = schedule(view, number)
    course = _Course(view, executor, folder)
    for part, following in pairwise(parts):
        # One step more, since a checkpoint is saved after its report.
        course.train(part, part.ends + 1)
        course.hand_over(part, following)
    facts = course.train(parts[-1], until)
    return _as_trial(view, trial, facts)


@final
class _Course:
    """The trainings that lead to a trial, one after another on one executor."""

    def __init__(self, view: View, executor: Executor, folder: Path) -> None:
        self._view = view
        self._executor = executor
        self._folder = folder

    def train(self, part: Segment, until: int | None) -> list[Fact]:
        """What a training says, its end included unless it was told to stop at step `until`."""
        job = self._job(part)
        facts: list[Fact] = []
        self._executor.submit(job)
        while True:
            for update in self._executor.poll(_TICK):
                fact = update.fact
                if fact is None:
                    return facts
                facts.append(fact)
                if isinstance(fact, Finished | Failed):
                    return facts
                if isinstance(fact, Lost):
                    job = replace(job, attempt=job.attempt + 1)
                    facts.append(Started(_WORKER, job.attempt))
                    self._executor.submit(job)
                elif isinstance(fact, Reported):
                    enough = until is not None and fact.step >= until
                    self._executor.signal(job.trial, "stop" if enough else "continue")

    def _job(self, part: Segment) -> Job:
        spec, trial = self._view.spec, self._view.trials[part.trial]
        return Job(
            study=spec.name,
            trial=trial.number,
            attempt=1,
            config=trial.config or {},
            seed=trial.seed,
            metrics=tuple(objective.metric for objective in spec.objectives),
            signs=tuple(objective.sign for objective in spec.objectives),
            hints=(trial.hints or {}) if spec.space.grows else None,
            by=trial.by,
            budget=trial.budget,
            folder=trial_folder(self._folder, trial.number),
        )

    def hand_over(self, part: Segment, following: Segment) -> None:
        """Let the next part begin where this one stands."""
        parent, child = (trial_folder(self._folder, each.trial) for each in (part, following))
        checkpoint = load_checkpoint(parent)
        if checkpoint is None or checkpoint.step != following.begins or not fork_checkpoint(parent, child):
            raise InvalidStudy(
                f"Trial {following.trial} went on from step {following.begins} of trial {part.trial}, whose training saves no "
                "checkpoint there when it is run again; rerun the trials of its schedule one by one."
            )


def failed_again(view: View, number: int, failure: Failed) -> View:
    """As `train_again`, where the training could not even be begun."""
    return _as_trial(view, view.trials[number], [failure])


def _as_trial(view: View, trial: Trial, facts: list[Fact]) -> View:
    scratch = _Scratch(view.spec)
    scratch.add(Asked(trial.config or {}, trial.by, trial.why, trial.seed, hints=trial.hints), Started(_WORKER, 1))
    for fact in facts:
        if not isinstance(fact, Finished | Failed):
            scratch.add(fact)
    running = scratch.view.trials[0]
    match facts[-1:]:
        case [Finished() as end]:
            scratch.add(replace(finished(scratch.view, running, end.values), attempt=running.attempt))
        case [Failed() as failure]:
            scratch.add(replace(failure, attempt=running.attempt))
        case _:
            scratch.add(stopped(scratch.view, running, "trained as far as before"))
    return scratch.view


@final
class _Scratch:
    """A study in memory with one trial."""

    def __init__(self, spec: StudySpec) -> None:
        self._store = MemoryStore()
        self._spec = replace(spec, budget=Budget(), paused=False)
        self._store.create(self._spec)
        self._store.append(spec.name, [Draft(None, Opened(_WORKER), worker=_WORKER)])

    @property
    def view(self) -> View:
        return View(self._spec).advance(self._store.changes(self._spec.name))

    def add(self, *facts: Fact) -> None:
        self._store.append(self._spec.name, [Draft(0, fact, worker=_WORKER) for fact in facts])
