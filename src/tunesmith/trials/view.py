"""View: all that an algorithm sees of a study. Immutable and columnar."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, final, get_args

import numpy as np
from numpy.typing import NDArray

from tunesmith.errors import InvalidConfig, InvalidStudy
from tunesmith.space.observed import Observed
from tunesmith.space.params import Config
from tunesmith.space.space import Space
from tunesmith.trials.changes import Changes
from tunesmith.trials.curves import Curves
from tunesmith.trials.earlier import Earlier
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import FailureKind, State, Trial

STATES: Final = tuple(State)
FAILURES: Final[tuple[FailureKind, ...]] = get_args(FailureKind)
_WHOLE: Final = (State.DONE, State.STOPPED)
"""Trials that have asked for all that they ask for."""
_STATE_CODE: Final = {state: code for code, state in enumerate(STATES)}
_FAILURE_CODE: Final = {kind: code + 1 for code, kind in enumerate(FAILURES)}


class Columns(NamedTuple):
    """One row per trial, by number; n trials, d varying parameters, m objectives, k outcome limits."""

    X: NDArray[np.float64]
    """(n, d) configurations in the unit cube; 0.5 where inactive or not asked yet."""
    active: NDArray[np.bool_]
    """(n, d) which parameters take part."""
    Y: NDArray[np.float64]
    """(n, m) objectives as reported; NaN until a trial ends, and for failures."""
    latest: NDArray[np.float64]
    """(n, m) objectives; of trials that have not ended, as last reported."""
    limits: NDArray[np.float64]
    """(n, k) metrics of the outcome limits, as last reported where a trial has not ended; NaN if unknown."""
    state: NDArray[np.int8]
    """(n,) index into `STATES`."""
    failure: NDArray[np.int8]
    """(n,) 0, or 1 + index into `FAILURES`."""
    cost: NDArray[np.float64]
    """(n,) the metric `cost` where it was reported, else seconds of training."""
    step: NDArray[np.int64]
    """(n,) the last step reported, 0 if none."""


class Remaining(NamedTuple):
    """What is left of a study's budgets; infinite without a limit, not above 0 once it is used up."""

    trials: float = math.inf
    seconds: float = math.inf
    cost: float = math.inf
    configs: float = math.inf
    """Configurations of a finite space that were not tried yet; a repeat takes none of them."""

    @property
    def nothing(self) -> bool:
        """Whether no further configuration can be tried."""
        return min(self) <= 0


@final
class View:
    """A study as it stood after fact `seq`: its trials, their curves, and columns for algorithms.

    `next` is the number of the trial that a proposal is wanted for.
    """

    spec: StudySpec
    seq: int
    trials: Sequence[Trial]
    next: int
    space: Space
    """The study's space; for define-by-run, all that was asked for so far, under the conditions that trials show."""
    full_steps: int | None
    """How many steps a full training has: as the study says, else the most that a finished trial made; None if unknown."""
    remaining: Remaining
    """What is left of the budgets. Facts tell it for the trials only; whoever runs the study knows about time."""

    def __init__(self, spec: StudySpec) -> None:
        self.spec = spec
        self.seq = 0
        self.trials = []
        self.next = 0
        self.space = spec.space
        self.full_steps = spec.steps
        self.remaining = _remaining_trials(spec, 0)
        self._curves = Curves()
        self._columns: Columns | None = None
        self._stale: frozenset[int] | set[int] = frozenset()
        self._keys: _Keys | None = None
        self._observed = Observed()
        self._origin: View | None = None
        """The view that this one differs from in what no column depends on; what is computed lazily is kept there."""

    def advance(self, changes: Changes) -> View:
        """The View after `changes`, which must begin where this one ends."""
        assert changes.since == self.seq, "changes do not begin where the view ends"
        view = (self._origin or self)._copy()
        view.seq, spec = changes.seq, changes.spec
        if spec is not None and spec is not self.spec and spec != self.spec:
            view.spec = spec
            view.space = self.space if spec.space.grows else spec.space
            view.full_steps = _longest(spec, view.trials)
            view.remaining = _remaining_trials(spec, len(view.trials))
            view._columns = view._keys = None  # they are of the parameters, objectives and limits that were
        if changes.trials:
            trials = view.trials = list(self.trials)
            for trial in changes.trials:
                if trial.number < len(trials):
                    trials[trial.number] = trial
                else:
                    assert trial.number == len(trials), "trial numbers are dense"
                    trials.append(trial)
            if view.spec.space.grows:
                view._grow(changes.trials)
            if len(trials) > len(self.trials):
                view.remaining = _remaining_trials(view.spec, len(trials))
            lengths = _lengths(changes.trials)
            if lengths and view.spec.steps is None:
                view.full_steps = max(view.full_steps or 0, *lengths)
            if view._columns is not None:
                view._stale = {*view._stale, *(trial.number for trial in changes.trials)}
            if view._keys is not None:
                view._keys.learn(view.space, changes.trials)
        view.next = len(view.trials)
        if changes.reports:
            self._curves.add(changes.reports)
        return view

    def asking(self, number: int) -> View:
        """The same view, with a proposal wanted for trial `number`."""
        if number == self.next:
            return self
        view = self._variant()
        view.next = number
        return view

    def within(self, remaining: Remaining) -> View:
        """The same view, for whoever decides what is still worth starting."""
        view = self._variant()
        view.remaining = remaining
        return view

    def knowing(self, earlier: Sequence[Earlier]) -> View:
        """The same view, had the study begun from these earlier ones only."""
        view = self._variant()
        view.spec = replace(self.spec, earlier=tuple(earlier))
        return view

    def restricted(self, space: Space) -> View:
        """The study as if its space were only this part of it; a trial elsewhere has no configuration there, and no outcome."""
        view = self._copy()
        view.spec, view.space = replace(self.spec, space=space), space
        view.trials = [trial if _lies_in(space, trial) else Trial(trial.number, State.STOPPED) for trial in self.trials]
        view._columns = view._keys = view._origin = None
        view._stale = frozenset()
        return view

    def _variant(self) -> View:
        view = self._copy()
        view._origin = self._origin or self
        return view

    def _copy(self) -> View:
        view = object.__new__(View)
        view.__dict__.update(self.__dict__)
        return view

    def _grow(self, changed: Sequence[Trial]) -> None:
        space, news = self.space, changed
        for trial in changed:
            for name, param in trial.params.items():
                space = space.grow(name, param)
        if space.params.keys() != self.space.params.keys():
            # What was learned knows nothing of a parameter that is new.
            self._observed, news = Observed(), self.trials
        whole = [trial.config for trial in news if trial.state in _WHOLE and trial.config is not None]
        for config in whole:
            self._observed.learn(space.params, config)
        if whole or space is not self.space:
            space = space.under(self._observed.conditions(space.params))
        if space is not self.space:
            self.space, self._columns, self._keys = space, None, None

    # -- trials ------------------------------------------------------------------------------------------------------

    def trial(self, number: int) -> Trial:
        """The trial of this number; raises `InvalidStudy` if there is none."""
        if not 0 <= number < len(self.trials):
            has = f"its trials are 0 to {len(self.trials) - 1}" if self.trials else "it has none yet"
            raise InvalidStudy(f"Study {self.spec.name!r} has no trial {number}; {has}.")
        return self.trials[number]

    def of(self, *states: State) -> list[Trial]:
        """Trials in any of the states, by number."""
        return [trial for trial in self.trials if trial.state in states]

    def has(self, config: Config) -> bool:
        """Whether some trial has been asked with exactly this configuration."""
        if self._origin is not None:
            return self._origin.has(config)
        if self._keys is None:
            self._keys = _Keys()
            self._keys.learn(self.space, self.trials)
        number = self._keys.numbers.get(self.space.key(config))
        return number is not None and number < len(self.trials) and self.trials[number].config is not None

    # -- curves ------------------------------------------------------------------------------------------------------

    def curve(self, number: int, metric: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps and values, both of shape (s,), that a trial has reported of a metric."""
        return self._curves.curve(number, metric, self.seq)

    def times(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps of a trial, shape (s,), and when they were reported, in seconds since 1970."""
        return self._curves.times(number, self.seq)

    def at_step(self, metric: str, step: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Numbers and values, both of shape (r,), of the trials that reported a metric at exactly this step."""
        return self._curves.at_step(metric, step, self.seq)

    def means_at_step(self, metric: str, step: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """As `at_step`, with each trial's mean over all its finite values up to the step."""
        return self._curves.at_step(metric, step, self.seq, mean=True)

    def metrics(self, number: int) -> tuple[str, ...]:
        """Names of the metrics that a trial has reported."""
        return self._curves.metrics(number)

    # -- columns -----------------------------------------------------------------------------------------------------

    @property
    def columns(self) -> Columns:
        """All trials as columns; computed when first wanted, and carried from view to view."""
        if self._origin is not None:
            return self._origin.columns
        if self._columns is None:
            self._columns = self._rows(self.trials)
        elif self._stale:
            self._columns = self._patched(self._columns, sorted(self._stale))
        self._stale = frozenset()
        return self._columns

    def _rows(self, trials: Sequence[Trial]) -> Columns:
        spec = self.spec
        X, active = self.space.codec().encode([trial.config or {} for trial in trials])
        Y = np.array([values_of(trial, (o.metric for o in spec.objectives)) for trial in trials], float)
        latest = np.array([_latest_of(trial, (o.metric for o in spec.objectives)) for trial in trials], float)
        limits = np.array([_latest_of(trial, (limit.metric for limit in spec.limits)) for trial in trials], float)
        return Columns(
            X=X,
            active=active,
            Y=Y.reshape(len(trials), len(spec.objectives)),
            latest=latest.reshape(len(trials), len(spec.objectives)),
            limits=limits.reshape(len(trials), len(spec.limits)),
            state=np.array([_STATE_CODE[trial.state] for trial in trials], np.int8),
            failure=np.array([_FAILURE_CODE[t.failure.kind] if t.failure else 0 for t in trials], np.int8),
            cost=np.array([cost_of(trial) for trial in trials], float),
            step=np.array([trial.last.step if trial.last else 0 for trial in trials], np.int64),
        )

    def _patched(self, old: Columns, numbers: Sequence[int]) -> Columns:
        rows = self._rows([self.trials[number] for number in numbers])
        grown = len(self.trials) - len(old.state)
        columns: list[Any] = []
        pairs: Any = zip(old, rows, strict=True)
        for before, now in pairs:
            column = np.concatenate([before, np.empty((grown, *before.shape[1:]), before.dtype)])
            column[numbers] = now
            columns.append(column)
        return Columns(*columns)

    @property
    def losses(self) -> NDArray[np.float64]:
        """(n, m) objectives with the sign that makes smaller better; NaN where there is no value."""
        losses: NDArray[np.float64] = self.columns.Y * self._signs
        return losses

    @property
    def latest_losses(self) -> NDArray[np.float64]:
        """As `losses`; of trials that have not ended, by their last reports."""
        losses: NDArray[np.float64] = self.columns.latest * self._signs
        return losses

    @property
    def _signs(self) -> NDArray[np.float64]:
        return np.array([objective.sign for objective in self.spec.objectives])

    @property
    def pending(self) -> NDArray[np.bool_]:
        """(n,) trials that have a config and no outcome yet."""
        waiting = [_STATE_CODE[state] for state in (State.READY, State.RUNNING, State.PAUSED)]
        return np.isin(self.columns.state, waiting)


def _lies_in(space: Space, trial: Trial) -> bool:
    if trial.config is None:
        return True
    try:
        space.check(trial.config)
    except InvalidConfig:
        return False
    return True


def _remaining_trials(spec: StudySpec, opened: int) -> Remaining:
    return Remaining() if spec.budget.trials is None else Remaining(trials=spec.budget.trials - opened)


def _longest(spec: StudySpec, trials: Iterable[Trial]) -> int | None:
    return spec.steps if spec.steps is not None else max(_lengths(trials), default=None)


def _lengths(trials: Iterable[Trial]) -> list[int]:
    return [trial.last.step for trial in trials if trial.state is State.DONE and trial.last and trial.last.step > 0]


def values_of(trial: Trial, metrics: Iterable[str]) -> list[float]:
    """The trial's outcome for each metric; NaN where it has none, or failed."""
    if trial.state is State.FAILED:
        return [np.nan for _ in metrics]
    return [trial.values.get(metric, np.nan) for metric in metrics]


def _latest_of(trial: Trial, metrics: Iterable[str]) -> list[float]:
    if trial.state.ended or trial.last is None:
        return values_of(trial, metrics)
    return [trial.last.metrics.get(metric, np.nan) for metric in metrics]


def cost_of(trial: Trial) -> float:
    """The metric `cost` if the trial reported it, else its seconds of training."""
    reported: Mapping[str, float] = trial.values or (trial.last.metrics if trial.last else {})
    return reported.get("cost", trial.spent)


@final
class _Keys:
    """Which trial was the first with a configuration. Shared by successive views, like the curves."""

    def __init__(self) -> None:
        self.numbers: dict[Hashable, int] = {}
        self._known: set[int] = set()

    def learn(self, space: Space, trials: Iterable[Trial]) -> None:
        for trial in trials:
            if trial.config is not None and (trial.number not in self._known or trial.params):
                self._known.add(trial.number)
                self.numbers.setdefault(space.key(trial.config), trial.number)
