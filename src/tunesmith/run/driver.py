"""The driver: the loop that joins store, sampler, scheduler and executor. The only place where all four meet.

Any number of drivers may work on one study: every trial is claimed in the store, and whoever is late sees a `Conflict`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, final

from tunesmith.run.budget import active_seconds, left_over, remaining, spent_budget
from tunesmith.run.early import EarlyFailures
from tunesmith.run.executor import Executor, Update
from tunesmith.run.interrupt import Interrupt
from tunesmith.run.log import StudyLog
from tunesmith.run.outcome import finished, stopped
from tunesmith.run.record import Record
from tunesmith.run.starting import Starter
from tunesmith.run.watcher import Watcher
from tunesmith.samplers.base import Sampler
from tunesmith.schedulers.base import Pause, Scheduler, Stop
from tunesmith.stores.base import LEASE, Store
from tunesmith.trials.facts import Draft, Finished, Lost, Noted, Paused, Reported, Suggested
from tunesmith.trials.trial import State
from tunesmith.trials.view import Remaining, View

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
        record = self.record.key if self.record else ""
        self._starter = Starter(
            self._log, self.executor, self.sampler, self.scheduler, self.watcher, self.folder, record
        )
        self._outbox: list[Draft] = []
        """Ends of trials that are written together with what comes next."""
        self._early = EarlyFailures()
        self._parked: set[int] = set()
        """Trials that were paused here; the executor may still hold them."""
        self._capacity: int | None = None
        """How many configurations a finite space has."""
        self._began = self._renewed = self.clock()
        self._before = 0.0
        """Seconds for which the study was active before this run."""
        self._looked = 0.0
        self._interrupt = Interrupt(self.watcher.said)

    @property
    def view(self) -> View:
        """The study as this driver last saw it."""
        return self._log.view

    # -- the loop ----------------------------------------------------------------------------------------------------

    def run(self) -> Ending:
        """Run until nothing is left to do, or until Ctrl-C or SIGTERM."""
        self._log.take_over(())
        self._began = self.clock()
        self._before = active_seconds(self.view)
        self._capacity = self.view.space.count(_LARGEST_SPACE)
        with self._interrupt:
            try:
                self._keep_record()
                while True:
                    self._look_around()
                    self._fill()
                    if not self._starter.busy and not self._early.held:
                        if self._is_over():
                            break
                        continue
                    if not self._starter.busy:
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

    def _is_over(self) -> bool:
        """Whether nothing is left to do; waits a moment if a person has paused the study, and looks for new budgets."""
        known = self.view.spec
        self._log.take_over(())
        if self._interrupt.count:
            return True
        if self.view.spec.paused and not self._closed():
            time.sleep(_TICK)
            return False
        return self.view.spec is known

    def _fill(self) -> None:
        """Use all free places."""
        self._flush()
        while not self._interrupt.count and not self.view.spec.paused and self._starter.free > 0:
            if not self._starter.start(self._remaining()):
                return

    def _updates(self) -> Sequence[Update]:
        """What trials have sent; while they send nothing there is time to think ahead."""
        if self._starter.thinks_ahead and not self._closed():
            updates = self.executor.poll(0.0)
            if updates:
                return updates
            self._starter.think_ahead()
        return self.executor.poll(_TICK)

    def _ending(self) -> Ending:
        if self._interrupt.count:
            return Ending(
                f"interrupted by {self._interrupt.name}", can_continue=True, leaves=self._interrupt.exception()
            )
        spent = spent_budget(self.view, self._seconds(), self._capacity)
        reason = self._starter.exhausted or spent or left_over(self.view, self._remaining()) or "nothing is left to do"
        return Ending(reason, can_continue=False)

    # -- budgets -----------------------------------------------------------------------------------------------------

    def _seconds(self) -> float:
        return self._before + self.clock() - self._began

    def _out_of_time(self) -> bool:
        limit = self.view.spec.budget.time
        return limit is not None and self._seconds() >= limit

    def _remaining(self) -> Remaining:
        return remaining(self.view, self._seconds(), self._capacity)

    def _closed(self) -> bool:
        return self._starter.exhausted is not None or self._remaining().nothing

    # -- what trials send --------------------------------------------------------------------------------------------

    def _take(self, update: Update) -> None:
        if self._starter.busy.get(update.trial) != update.attempt:
            return
        fact = update.fact
        if isinstance(fact, Reported):
            self._report(update.trial, fact)
            return
        if isinstance(fact, Noted) and fact.key == "retrained":
            # It counts steps; those of earlier resumes count too.
            before = self.view.trials[update.trial].notes.get(fact.key, 0)
            fact = Noted(fact.key, before + fact.value)
        if isinstance(fact, Suggested | Noted):
            self._log.add(update.trial, fact)
            return
        del self._starter.busy[update.trial]
        if fact is None or not self._trains(update.trial, update.attempt):
            return
        trial = self.view.trials[update.trial]
        if isinstance(fact, Finished):
            fact = finished(self.view, trial, fact.values)
        self._end(self._log.draft(trial.number, fact))

    def _trains(self, number: int, attempt: int) -> bool:
        """Whether this attempt is the one that counts; others may have ended the trial, or taken it over."""
        trial = self.view.trials[number]
        return trial.state is State.RUNNING and trial.attempt == attempt

    def _end(self, draft: Draft) -> None:
        """Put a trial's end into the outbox, unless it is one of the study's first failures."""
        if self._early.take(self.view, draft):
            if self._early.verdict is not None:
                raise self._early.verdict
            self.watcher.said(self._early.told())
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
        remark = self._early.remark(self.view, trial)
        if remark is not None:
            self.watcher.said(remark)
        decision = self.scheduler.decide(self.view, trial, trial.last)
        if isinstance(decision, Stop):
            self._log.add(number, stopped(self.view, trial, decision.reason))
            self.executor.signal(number, "stop")
        elif self._out_of_time() and trial.last.step != self.view.full_steps:
            self._log.add(number, stopped(self.view, trial, "the study's time is used up"))
            self.executor.signal(number, "stop")
        elif isinstance(decision, Pause):
            self._log.add(number, Paused(decision.reason, fact.attempt))
            self._parked.add(number)
            self.executor.signal(number, "pause")
        else:
            self.executor.signal(number, "continue")

    # -- the store ---------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        drafts, self._outbox = self._outbox, []
        self._starter.write_ends(drafts, reserve=not self._interrupt.count and not self._closed())

    def _look_around(self) -> None:
        """Now and then: renew leases, see what other drivers and people did, and take over from dead workers."""
        now = self.clock()
        if now - self._looked < 2 * _TICK:
            return
        self._looked = now
        busy = self._starter.busy
        if now - self._renewed > _RENEWAL:
            self._renewed = now
            self._log.renew([*busy, *self._early.numbers])
        self._log.take_over(busy)
        for number, attempt in busy.items():
            if not self._trains(number, attempt):
                self.executor.signal(number, "stop")
        for number in [n for n in self._parked.difference(busy) if self.view.trials[n].state is not State.PAUSED]:
            self._parked.discard(number)
            self.executor.signal(number, "stop")

    def _keep_record(self) -> None:
        if self.record is not None:
            self._log.append([self._log.draft(None, Noted(self.record.key, self.record.content), self.record.key)])

    def _leave(self) -> None:
        """Record what has ended, set back what still runs, and end the workers."""
        self.executor.close()
        self._outbox += self._early.release()
        self._flush()
        self._starter.leave()
