"""The driver: the loop that joins store, sampler, scheduler and executor. The only place where all four meet.

Any number of drivers may work on one study: every trial is claimed in the store, and whoever is late sees a `Conflict`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, final

from tunesmith.errors import BudgetSpent, Conflict, IllegalTransition, SpaceExhausted
from tunesmith.run.ahead import Ahead, Made, made
from tunesmith.run.budget import active_seconds, spent_budget
from tunesmith.run.early import EarlyFailures
from tunesmith.run.executor import Executor, Job, Update
from tunesmith.run.folder import trial_folder
from tunesmith.run.interrupt import Interrupt
from tunesmith.run.log import StudyLog
from tunesmith.run.outcome import finished, stopped
from tunesmith.run.proposing import asked_fact, config_key, trial_rng, trial_seed
from tunesmith.run.record import Record
from tunesmith.run.watcher import Watcher
from tunesmith.run.worker_id import is_dead
from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.schedulers.base import New, Order, Pause, Resume, Scheduler, Stop
from tunesmith.stores.base import LEASE, Store
from tunesmith.trials.facts import (
    Draft,
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
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_TICK: Final = 0.5
_RENEWAL: Final = LEASE / 4
_LARGEST_SPACE: Final = 10_000


class Ending(NamedTuple):
    """Why a run ended, and whether the study has budget left for another one."""

    reason: str
    can_continue: bool
    leaves: BaseException | None = None
    """What the calling program shall end with: it was told to terminate, or to stop at once."""


@final
@dataclass
class Driver:
    """Runs trials of one study until a budget is spent."""

    store: Store
    study: str
    executor: Executor
    sampler: Sampler
    scheduler: Scheduler
    watcher: Watcher
    folder: Path | None = None
    record: Record | None = None
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self._log = StudyLog(self.store, self.study, self.watcher, self.clock)
        self._busy: dict[int, int] = {}
        """Trials that have a place in the executor, with their attempt."""
        self._outbox: list[Draft] = []
        """Ends of trials that are written together with what comes next."""
        self._early = EarlyFailures()
        self._exhausted: str | None = None
        self._contended = False
        """Whether other drivers are at work, so that a number has to be taken before its configuration is computed."""
        self._reserved: int | None = None
        """A number that was taken together with the end of an earlier trial, to spare a transaction."""
        self._capacity: int | None = None
        """How many configurations a finite space has."""
        self._ahead = Ahead(self.executor.slots)
        self._began = self._renewed = self.clock()
        self._before = 0.0
        """Seconds for which the study was active before this run."""
        self._looked = 0.0
        self._interrupt = Interrupt()

    @property
    def view(self) -> View:
        """The study as this driver last saw it."""
        return self._log.view

    # -- the loop ----------------------------------------------------------------------------------------------------

    def run(self) -> Ending:
        """Run until nothing is left to do, or until Ctrl-C or SIGTERM."""
        self._refresh()
        self._began = self.clock()
        self._before = active_seconds(self.view)
        self._capacity = self.view.space.count(_LARGEST_SPACE)
        with self._interrupt:
            try:
                self._keep_record()
                while True:
                    self._look_around()
                    self._fill()
                    if not self._busy and not self._early.held:
                        break
                    if not self._busy:
                        self._outbox += self._early.release()
                        continue
                    for update in self._updates():
                        self._take(update)
                    self.watcher.tick(self.view)
            except KeyboardInterrupt:
                self._interrupt.hurry()
            finally:
                self._leave()
        return self._ending()

    def _updates(self) -> Sequence[Update]:
        """What trials have sent; while they send nothing there is time to think ahead."""
        if self._ahead.wants and not self._closed():
            updates = self.executor.poll(0.0)
            if updates:
                return updates
            number = len(self.view.trials) if self._reserved is None else self._reserved
            self._ahead.prepare(self.sampler, self.view.asking(number), self._ended())
        return self.executor.poll(_TICK)

    def _ended(self) -> int:
        return len(self.view.trials) - len(self._log.undone)

    def _ending(self) -> Ending:
        if self._interrupt.count:
            return Ending(
                f"interrupted by {self._interrupt.name}", can_continue=True, leaves=self._interrupt.exception()
            )
        reason = self._exhausted or spent_budget(self.view, self._seconds(), self._capacity) or "nothing is left to do"
        return Ending(reason, can_continue=False)

    def _seconds(self) -> float:
        return self._before + self.clock() - self._began

    def _closed(self) -> bool:
        return self._exhausted is not None or spent_budget(self.view, self._seconds(), self._capacity) is not None

    # -- starting trials ---------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Use all free places: first trials that wait for a worker, then what the scheduler orders."""
        self._flush()
        while not self._interrupt.count and len(self._busy) < self.executor.slots:
            trial = self._waiting()
            if trial is not None and not self._out_of_time():
                self._start_waiting(trial)
            elif (self._reserved is None and self._closed()) or not self._follow_orders():
                return

    def _out_of_time(self) -> bool:
        budget = self.view.spec.budget
        return budget.time is not None and self._seconds() >= budget.time

    def _waiting(self) -> Trial | None:
        """A trial that nobody works on: opened by a worker that is gone, set back, or enqueued by a person."""
        for number in sorted(self._log.undone - self._busy.keys()):
            trial = self.view.trials[number]
            if trial.state is State.READY or (trial.state is State.OPEN and not trial.worker):
                return trial
        return None

    def _start_waiting(self, trial: Trial) -> None:
        if trial.state is State.OPEN:
            self._ask(trial.number, New(), opened=trial)
        else:
            self._start(trial)

    def _follow_orders(self) -> bool:
        """Carry out what the scheduler wants to start; False if it wants to wait, or nothing more can be opened."""
        orders: Sequence[Order] = self.scheduler.next(self.view, self.executor.slots - len(self._busy))
        for order in orders[:1]:
            if isinstance(order, Resume):
                self._resume(order)
                return True
            try:
                return self._open(order)
            except BudgetSpent:
                self._refresh()
                return False
        return False

    def _open(self, order: New) -> bool:
        number, self._reserved = self._reserved, None
        if number is None and self._contended:
            opened = self._log.append([self._log.draft(None, Opened(self._log.worker))], lease=True)
            number = opened.trials[0].number
        if number is None:
            return self._ask(len(self.view.trials), order, opened=None)
        return self._ask(number, order, opened=self.view.trials[number])

    def _ask(self, number: int, order: New, opened: Trial | None) -> bool:
        """Give trial `number` its configuration and start it; False if the space is exhausted."""
        while True:
            try:
                proposal, view, seed = self._proposal(self.view.asking(number), order)
            except SpaceExhausted as error:
                self._exhausted = str(error).rstrip(".")
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
                self._refresh()
                if opened is None or self.view.trials[number].version != opened.version:
                    return True
                continue
            self._submit(changes.trials[-1])
            return True

    def _proposal(self, view: View, order: New) -> Made:
        if order.config is None:
            return self._ahead.take(view, self._ended()) or made(self.sampler, view)
        proposal = Proposal(view.space.check(order.config), order.by, order.why)
        return Made(proposal, view, trial_seed(trial_rng(view)))

    def _resume(self, order: Resume) -> None:
        trial = self.view.trials[order.trial]
        drafts = [
            self._log.draft(trial.number, Resumed(order.budget)),
            self._started(trial.number, trial.attempt),
        ]
        self._claim(trial, drafts)

    def _start(self, trial: Trial) -> None:
        self._claim(trial, [self._started(trial.number, trial.attempt)])

    def _claim(self, trial: Trial, drafts: list[Draft]) -> None:
        try:
            changes = self._log.append(drafts, {trial.number: trial.version}, lease=True)
        except (Conflict, IllegalTransition):
            self._refresh()
            return
        self._submit(changes.trials[-1])

    def _started(self, number: int, attempt: int) -> Draft:
        record = self.record.key if self.record else ""
        return self._log.draft(number, Started(self._log.worker, attempt, record))

    def _submit(self, trial: Trial) -> None:
        spec = self.view.spec
        self._busy[trial.number] = trial.attempt
        self.executor.submit(
            Job(
                study=self.study,
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
                folder=trial_folder(self.folder, trial.number) if self.folder else None,
            )
        )

    # -- what trials send --------------------------------------------------------------------------------------------

    def _take(self, update: Update) -> None:
        if self._busy.get(update.trial) != update.attempt:
            return
        fact = update.fact
        if isinstance(fact, Reported):
            self._report(update.trial, fact)
            return
        if isinstance(fact, Suggested):
            self._log.add(update.trial, fact)
            return
        del self._busy[update.trial]
        trial = self.view.trials[update.trial]
        if fact is None or trial.state is not State.RUNNING or trial.attempt != update.attempt:
            return
        if isinstance(fact, Finished):
            fact = finished(self.view, trial, fact.values)
        self._end(self._log.draft(trial.number, fact))

    def _end(self, draft: Draft) -> None:
        """Put a trial's end into the outbox, unless it is one of the study's first failures."""
        if self._early.take(self.view, draft):
            fact = draft.fact
            assert isinstance(fact, Failed)
            self.watcher.said(f"Trial {draft.trial} failed: {fact.message}\n{fact.trace}".rstrip())
            if self._early.verdict is not None:
                raise self._early.verdict
            return
        # Something else has happened, so the first failures were failures of their configurations.
        self._outbox += [*self._early.release(), draft]

    def _report(self, number: int, fact: Reported) -> None:
        """Record a report, and answer it with what the scheduler decides."""
        trial = self._log.add(number, fact)
        if trial is None or trial.last is None:
            self.executor.signal(number, "stop")
            return
        if self._interrupt.count:
            self._log.add(number, Lost(fact.attempt))
            self.executor.signal(number, "release")
            return
        decision = self.scheduler.decide(self.view, trial, trial.last)
        if isinstance(decision, Stop):
            self._log.add(number, stopped(self.view, trial, decision.reason))
            self.executor.signal(number, "stop")
        elif isinstance(decision, Pause):
            self._log.add(number, Paused(decision.reason, fact.attempt))
            self.executor.signal(number, "pause")
        elif self._out_of_time():
            self._log.add(number, stopped(self.view, trial, "the study's time is used up"))
            self.executor.signal(number, "stop")
        else:
            self.executor.signal(number, "continue")

    # -- the store ---------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        drafts, self._outbox = self._outbox, []
        if drafts and self._contended and self._reserved is None and not (self._interrupt.count or self._closed()):
            try:
                changes = self._log.append([*drafts, self._log.draft(None, Opened(self._log.worker))], lease=True)
            except (BudgetSpent, IllegalTransition):
                pass  # without a new number, then
            else:
                self._reserved = changes.trials[-1].number
                return
        self._log.append_each(drafts)

    def _refresh(self) -> None:
        """See what others did; trials whose worker let its lease run out wait for another one."""
        for number in self._log.refresh():
            trial = self.view.trials[number]
            if number not in self._busy and trial.state in (State.OPEN, State.RUNNING):
                self._log.add(number, Lost(trial.attempt))

    def _look_around(self) -> None:
        """Now and then: renew leases, see what other drivers did, and take over from dead workers."""
        now = self.clock()
        if now - self._looked < 2 * _TICK:
            return
        self._looked = now
        if now - self._renewed > _RENEWAL:
            self._renewed = now
            mine = [*self._busy, *self._early.numbers]
            for number in self._log.renew(mine):
                self.executor.signal(number, "stop")
        self._refresh()
        dead: dict[str, bool] = {}
        for trial in [self.view.trials[number] for number in sorted(self._log.undone - self._busy.keys())]:
            if (
                trial.state in (State.OPEN, State.RUNNING)
                and trial.worker
                and dead.setdefault(trial.worker, is_dead(trial.worker))
            ):
                self._log.add(trial.number, Lost(trial.attempt))

    def _keep_record(self) -> None:
        if self.record is not None:
            self._log.append([self._log.draft(None, Noted(self.record.key, self.record.content), self.record.key)])

    def _leave(self) -> None:
        """Set back what still runs, so that the next run continues it, and end the workers."""
        self.executor.close()
        self._outbox += self._early.release()
        self._flush()
        for number, attempt in list(self._busy.items()):
            trial = self.view.trials[number]
            if trial.state is State.RUNNING and trial.attempt == attempt:
                self._log.add(number, Lost(attempt))
        self._busy.clear()
        if self._reserved is not None:
            self._log.add(self._reserved, Lost(self.view.trials[self._reserved].attempt))
