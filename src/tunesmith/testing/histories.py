"""Studies to test samplers and schedulers on, written fact by fact into a MemoryStore.

    history(spec, values=[0.5, nan, [0.9, 0.4]], failed=["oom"], running=2)     a View in one call
    log = History(spec); number = log.begin(); log.report(number, 1, loss=0.5)  or one step at a time

Nothing is left to chance or to the clock: the same calls give the same View.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, final

import numpy as np

from tunesmith.run.proposing import trial_rng
from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.samplers.uniform import uniform_config
from tunesmith.space.params import Config, Param
from tunesmith.space.space import Space
from tunesmith.stores.memory import MemoryStore
from tunesmith.trials.earlier import Earlier
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
    Suggested,
)
from tunesmith.trials.spec import MetricLimit, Objective, StudySpec
from tunesmith.trials.trial import FailureKind, Trial
from tunesmith.trials.view import View

Outcome: TypeAlias = float | Sequence[float]
"""What a trial came to: its value, or its whole curve, of which the last value counts."""


@final
@dataclass(frozen=True)
class Manner:
    """How a history was written: what an algorithm must not look at."""

    start: float = 1_000_000.0
    """The time of the first fact, in seconds since 1970."""
    tick: float = 1.0
    """Seconds from one fact to the next."""
    worker: str = "worker"
    lost: int = 0
    """How many workers each trial loses before one that trains it."""
    notes: int = 0
    """How many remarks are made on each trial, which take numbers in the study's log."""


def spec_of(
    space: Space,
    *,
    minimize: Sequence[str] = ("loss",),
    maximize: Sequence[str] = (),
    limits: Sequence[MetricLimit] = (),
    seed: int = 1,
    earlier: Sequence[Earlier] = (),
) -> StudySpec:
    """A study of a space, with one objective unless told otherwise."""
    objectives = (*(Objective(m, "minimize") for m in minimize), *(Objective(m, "maximize") for m in maximize))
    return StudySpec("study", space, objectives, limits=tuple(limits), seed=seed, earlier=tuple(earlier))


def mirrored(spec: StudySpec) -> StudySpec:
    """The same study with every objective the other way round."""
    other = {"minimize": "maximize", "maximize": "minimize"}
    return replace(spec, objectives=tuple(Objective(o.metric, other[o.direction]) for o in spec.objectives))  # type: ignore[arg-type]  # "minimize" or "maximize", as before


@final
class History:
    """A study that is being written. `view` is how it stands now.

    With `mirror=True` all objectives are turned round and so are all values of them: the same study with other signs.
    `asks` are the parameters that each trial of a define-by-run study asks for.
    """

    def __init__(
        self,
        spec: StudySpec,
        manner: Manner | None = None,
        *,
        mirror: bool = False,
        asks: Mapping[str, Param] | None = None,
    ) -> None:
        self.spec = mirrored(spec) if mirror else spec
        self.manner = manner or Manner()
        self.view = View(self.spec)
        self._flipped = {o.metric for o in spec.objectives} if mirror else set()
        self._asks = asks or {}
        self._now = self.manner.start
        self._store = MemoryStore(self._tick)
        self._store.create(self.spec)
        self.view = self.rebuilt()

    def _tick(self) -> float:
        self._now += self.manner.tick
        return self._now

    def rebuilt(self) -> View:
        """The same view, made in one go from what is stored, as a process does that continues the study."""
        return View(self.spec).advance(self._store.changes(self.spec.name))

    def write(self, number: int | None, fact: Fact) -> Trial:
        """Add a fact about a trial (or open a new one), and return the trial as it is then."""
        changes = self._store.append(self.spec.name, [Draft(number, fact, worker=self.manner.worker)])
        self.view = self.view.advance(changes)
        return changes.trials[0]

    # -- the life of a trial -----------------------------------------------------------------------------------------

    def open(self) -> int:
        """A trial that has a number and no configuration yet."""
        return self.write(None, Opened(self.manner.worker)).number

    def ask(self, config: Config | None = None, *, budget: int | None = None) -> int:
        """A trial that waits for a worker. The first one has the default configuration, later ones random ones."""
        number = self.open()
        return self._ask(number, self._config(number) if config is None else config, budget)

    def fork(self, parent: int, config: Config) -> int:
        """A trial that goes on from where another one is."""
        return self.start(self._ask(self.open(), config, parent=parent))

    def _ask(self, number: int, config: Config, budget: int | None = None, parent: int | None = None) -> int:
        hints = config if self.spec.space.grows else None
        given = {} if hints is not None else config
        asked = Asked(given, "history", "", number, self.view.seq, hints, budget=budget, parent=parent)
        self.write(number, asked)
        for index in range(self.manner.notes):
            self.write(number, Noted(f"note {index}", index))
        return number

    def _config(self, number: int) -> Config:
        default = self.spec.space.default()
        if number == 0 and self.spec.space.allows(default):
            return default
        return uniform_config(self.view, np.random.default_rng([self.spec.seed, number, 77]))

    def propose(self, sampler: Sampler) -> Proposal:
        """Ask a sampler for the next trial, as a study does, and let that trial wait for a worker."""
        (proposal,) = sampler.ask(self.view, 1, trial_rng(self.view))
        self.ask(proposal.config)
        return proposal

    def begin(self, config: Config | None = None, *, budget: int | None = None) -> int:
        """A trial that runs, up to step `budget` if its scheduler minds."""
        return self.start(self.ask(config, budget=budget))

    def start(self, number: int) -> int:
        """Let a waiting trial run, after the losses that the manner of this history has."""
        for _ in range(self.manner.lost):
            self.write(number, Started("lost", self._attempt(number)))
            self.write(number, Lost(self._attempt(number)))
        self.write(number, Started(self.manner.worker, self._attempt(number)))
        for name, param in self._asks.items():
            rng = np.random.default_rng([self.spec.seed, number, *name.encode()])
            value = param.from_unit(float(rng.random()))
            self.write(number, Suggested(name, param, value, self._attempt(number)))
        return number

    def report(self, number: int, step: int, **metrics: float) -> Trial:
        return self.write(number, Reported(step, self._turned(metrics), self._attempt(number)))

    def pause(self, number: int) -> Trial:
        return self.write(number, Paused("set aside", self._attempt(number)))

    def resume(self, number: int, budget: int | None = None) -> int:
        self.write(number, Resumed(budget))
        return self.start(number)

    def restart(self, number: int) -> int:
        """The trial's worker is lost, and another one starts it again."""
        self.write(number, Lost(self._attempt(number)))
        return self.start(number)

    def finish(self, number: int, **metrics: float) -> Trial:
        return self.write(number, Finished(self._turned(metrics), self._attempt(number)))

    def stop(self, number: int) -> Trial:
        return self.write(number, Stopped("enough", self._attempt(number)))

    def fail(self, number: int, kind: FailureKind = "error") -> Trial:
        return self.write(number, Failed(kind, f"it failed: {kind}", self._attempt(number)))

    def _attempt(self, number: int) -> int:
        return self.view.trials[number].attempt

    def _turned(self, metrics: Mapping[str, float]) -> dict[str, float]:
        return {name: -value if name in self._flipped else value for name, value in metrics.items()}

    # -- several at once ---------------------------------------------------------------------------------------------

    def metrics(self, value: float) -> dict[str, float]:
        """One number as values of all metrics that the study knows; objectives pull in turn to one side and the other."""
        known = {o.metric: value * (-1) ** index for index, o in enumerate(self.spec.objectives)}
        return known | {limit.metric: value for limit in self.spec.limits}

    def train(self, outcome: Outcome) -> int:
        """A trial that runs and has reported its curve (one report if the outcome is a number)."""
        number = self.begin()
        for step, value in enumerate(outcome if isinstance(outcome, Sequence) else [outcome], start=1):
            self.report(number, step, **self.metrics(value))
        return number


def written(
    spec: StudySpec,
    *,
    values: Sequence[Outcome] = (),
    failed: Sequence[FailureKind] = (),
    stopped: Sequence[Outcome] = (),
    paused: Sequence[Outcome] = (),
    running: int = 0,
    waiting: int = 0,
    opened: int = 0,
    **options: Any,
) -> History:
    """A study in which trials are done with these values, failed in these ways, stopped, paused, running, waiting, open.

    `options` are those of `History`.
    """
    log = History(spec, **options)
    for outcome in values:
        number = log.train(outcome)
        log.finish(number, **log.metrics(outcome[-1] if isinstance(outcome, Sequence) else outcome))
    for kind in failed:
        log.fail(log.begin(), kind)
    for outcome in stopped:
        log.stop(log.train(outcome))
    for outcome in paused:
        log.pause(log.train(outcome))
    for _ in range(running):
        log.begin()
    for _ in range(waiting):
        log.ask()
    for _ in range(opened):
        log.open()
    return log


def history(spec: StudySpec, **happened: Any) -> View:
    """The View of a study in which this has happened; the arguments are those of `written`."""
    return written(spec, **happened).view


def content(view: View) -> str:
    """All that a view shows, as text: equal for views that an algorithm cannot tell apart."""
    curves = [[c.tolist() for c in view.curve(t.number, m)] for t in view.trials for m in view.metrics(t.number)]
    return repr((view.seq, view.next, view.space, list(view.trials), [c.tolist() for c in view.columns], curves))


def global_randomness() -> object:
    """The state that no algorithm may touch: that of `random` and of numpy's legacy functions."""
    legacy: Any = np.random.get_state()  # noqa: NPY002
    return random.getstate(), legacy[1].tobytes(), legacy[2:]
