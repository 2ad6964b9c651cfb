"""What free places are given to do: trials that wait for a worker, then what the scheduler orders."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import final

from tunesmith.errors import BudgetSpent, Conflict, IllegalTransition, SpaceExhausted
from tunesmith.run.ahead import Ahead, Made, made_for
from tunesmith.run.executor import Executor, Job
from tunesmith.run.folder import fork_checkpoint, trial_folder
from tunesmith.run.log import StudyLog
from tunesmith.run.proposing import asked_fact, config_key
from tunesmith.run.watcher import Watcher
from tunesmith.samplers.base import Sampler
from tunesmith.schedulers.base import New, Order, Resume, Scheduler
from tunesmith.trials.facts import Draft, Lost, Opened, Resumed, Started, Stopped
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import Remaining, View


@final
class Starter:
    """Starts trials of one study on one executor, one at a time."""

    def __init__(
        self,
        log: StudyLog,
        executor: Executor,
        sampler: Sampler,
        scheduler: Scheduler,
        watcher: Watcher,
        folder: Path | None,
        record: str,
    ) -> None:
        self.busy: dict[int, int] = {}
        """Trials that have a place in the executor, with their attempt."""
        self.exhausted: str | None = None
        """Why the space has no further configuration, once that is so."""
        self._log = log
        self._executor = executor
        self._sampler = sampler
        self._scheduler = scheduler
        self._watcher = watcher
        self._folder = folder
        self._record = record
        self._ahead = Ahead(executor.slots)
        self._contended = False
        """Whether other drivers are at work, so that a number has to be taken before its configuration is computed."""
        self._reserved: int | None = None
        """A number that was taken together with the end of an earlier trial, to spare a transaction."""

    @property
    def free(self) -> int:
        """How many places wait for a trial."""
        return self._executor.slots - len(self.busy)

    def start(self, left: Remaining) -> bool:
        """Give one free place something to do; False if there is nothing, or nothing can be afforded."""
        if self._reserved is not None:
            left = left._replace(trials=left.trials + 1)  # it was counted when it was taken
        if self.exhausted is not None:
            left = left._replace(configs=0)
        waiting = min(self._log.waiting.difference(self.busy), default=None)
        if waiting is not None and left.seconds > 0:
            self._start_waiting(self._log.view.trials[waiting])
            return True
        return left.seconds > 0 and left.cost > 0 and self._follow_order(left)

    def _start_waiting(self, trial: Trial) -> None:
        if trial.state is State.OPEN:
            self._ask(trial.number, New(), opened=trial)
        else:
            self._claim(trial, [self._started(trial.number, trial.attempt)])

    def _follow_order(self, left: Remaining) -> bool:
        """Carry out what the scheduler wants first; False if it wants to wait, or nothing more can be opened."""
        orders: Sequence[Order] = self._scheduler.next(self._log.view.within(left), self.free)
        for order in orders[:1]:
            if isinstance(order, Resume):
                trial = self._log.view.trials[order.trial]
                self._claim(
                    trial,
                    [self._log.draft(trial.number, Resumed(order.budget)), self._started(trial.number, trial.attempt)],
                )
                return True
            if (left if order.twin is None else left._replace(configs=math.inf)).nothing:
                return False
            try:
                return self._open(order)
            except BudgetSpent:
                self._log.take_over(self.busy)
                return False
        return False

    # -- new trials --------------------------------------------------------------------------------------------------

    def _open(self, order: New) -> bool:
        number, self._reserved = self._reserved, None
        if number is None and self._contended:
            opened = self._log.append([self._log.draft(None, Opened(self._log.worker))], lease=True)
            number = opened.trials[0].number
        if number is None:
            return self._ask(len(self._log.view.trials), order, opened=None)
        return self._ask(number, order, opened=self._log.view.trials[number])

    def _ask(self, number: int, order: New, opened: Trial | None) -> bool:
        """Give trial `number` its configuration and start it; False if the space is exhausted."""
        while True:
            try:
                proposal, view, seed = self._proposal(self._log.view.asking(number), order)
            except SpaceExhausted as error:
                self.exhausted = str(error).rstrip(".")
                if opened is not None:
                    self._log.append([self._log.draft(number, Stopped(str(error), opened.attempt))])
                return False
            asked = asked_fact(view, proposal, order, seed)
            attempt = opened.attempt if opened else 1
            drafts = [self._log.draft(number, asked, config_key(view, asked)), self._started(number, attempt)]
            if opened is None:
                drafts.insert(0, self._log.draft(number, Opened(self._log.worker)))
            try:
                changes = self._log.append(drafts, {} if opened is None else {number: opened.version}, lease=True)
            except Conflict:
                # Somebody took the number or the configuration: look again, and take a number before asking.
                self._contended = True
                self._log.take_over(self.busy)
                if opened is None or self._log.view.trials[number].version != opened.version:
                    return True
                if order.config is not None:
                    self._reserved = number  # the scheduler may want something else by now
                    return True
                continue
            self._submit(changes.trials[-1])
            return True

    def _proposal(self, view: View, order: New) -> Made:
        held = self._ahead.take(view, self._ended()) if order.config is None else None
        return held or made_for(order, self._sampler, view)

    @property
    def thinks_ahead(self) -> bool:
        """Whether it is worth making the next proposal before its place is free."""
        return self._ahead.wants

    def think_ahead(self) -> None:
        """Make the next proposal while trials run."""
        view = self._log.view
        number = len(view.trials) if self._reserved is None else self._reserved
        self._ahead.prepare(self._sampler, view.asking(number), self._ended())

    def _ended(self) -> int:
        """How many trials do not change any more; a paused one does not until it is resumed."""
        return len(self._log.view.trials) - len(self.busy)

    # -- all trials --------------------------------------------------------------------------------------------------

    def _claim(self, trial: Trial, drafts: list[Draft]) -> None:
        try:
            changes = self._log.append(drafts, {trial.number: trial.version}, lease=True)
        except (Conflict, IllegalTransition):
            self._log.take_over(self.busy)
            return
        self._submit(changes.trials[-1])

    def _started(self, number: int, attempt: int) -> Draft:
        return self._log.draft(number, Started(self._log.worker, attempt, self._record))

    def _submit(self, trial: Trial) -> None:
        spec = self._log.view.spec
        folder = trial_folder(self._folder, trial.number) if self._folder else None
        if trial.parent is not None and trial.attempt == 1 and not trial.reports:
            self._fork(trial.parent, folder)
        self.busy[trial.number] = trial.attempt
        steps, values = self._log.view.curve(trial.number, spec.objectives[0].metric)
        self._executor.submit(
            Job(
                study=spec.name,
                trial=trial.number,
                attempt=trial.attempt,
                config=trial.config or {},
                seed=trial.seed,
                metrics=tuple(o.metric for o in spec.objectives),
                signs=tuple(o.sign for o in spec.objectives),
                hints=(trial.hints or {}) if spec.space.grows else None,
                by=trial.by,
                budget=trial.budget,
                after=trial.last.step if trial.last and trial.reports else 0,
                losses=dict(zip(steps.tolist(), (spec.objectives[0].sign * values).tolist(), strict=True)),
                folder=folder,
            )
        )

    def _fork(self, parent: int, folder: Path | None) -> None:
        """Let a trial begin where its parent stands now."""
        if self._folder is None or folder is None or not fork_checkpoint(trial_folder(self._folder, parent), folder):
            self._watcher.said(
                f"Trial {parent} has saved no checkpoint to fork from, so its fork trains from the start; call ctx.save(...) "
                "in the training function, and ctx.load() when it begins."
            )

    # -- ends of trials ----------------------------------------------------------------------------------------------

    def write_ends(self, drafts: Sequence[Draft], *, reserve: bool) -> None:
        """Record ends of trials; where drivers compete, the next number is taken in the same transaction if `reserve`."""
        if drafts and reserve and self._contended and self._reserved is None and self.exhausted is None:
            try:
                changes = self._log.append([*drafts, self._log.draft(None, Opened(self._log.worker))], lease=True)
            except (BudgetSpent, IllegalTransition):
                pass  # without a new number, then
            else:
                self._reserved = changes.trials[-1].number
                return
        self._log.append_each(drafts)

    def leave(self) -> None:
        """Set back what still runs, so that the next run continues it."""
        for number, attempt in list(self.busy.items()):
            trial = self._log.view.trials[number]
            if trial.state is State.RUNNING and trial.attempt == attempt:
                self._log.add(number, Lost(attempt))
        self.busy.clear()
        if self._reserved is not None:
            self._log.add(self._reserved, Lost(self._log.view.trials[self._reserved].attempt))
