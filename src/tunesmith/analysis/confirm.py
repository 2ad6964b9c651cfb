"""Confirmation: what the leading configurations came to when they were trained again on fresh seeds.

The value that a search shows for its winner is partly luck, since it is the best of many. Repeats were made after the
choice, so that their mean has no such bias. What is expected of the winner is shrunk further, towards what a model of all
trials makes of its neighbours: who wins the race is the luckiest of a few, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, final

import numpy as np

from tunesmith.surrogates.dominance import front_ranks
from tunesmith.surrogates.estimates import Expected
from tunesmith.trials.order import best_trial
from tunesmith.trials.repeats import is_deterministic, repeats_of
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_LEVEL: Final = 0.95
_FREEDOM: Final = 2
"""Degrees of freedom below which repeats do not say how large noise is."""


@final
@dataclass(frozen=True)
class Worth:
    """One metric of one configuration, by its repeats."""

    mean: float
    low: float
    high: float
    """The 95 % interval of the mean; infinite where nothing is known of the noise."""
    promised: float
    """The value that the search had found for it."""


@final
@dataclass(frozen=True)
class Repeated:
    """A configuration that was trained again, on other seeds."""

    trial: Trial
    """The one that was repeated."""
    repeats: int
    """Repeats that were trained to their end."""
    failures: int
    """Repeats that failed."""
    worth: Mapping[str, Worth]
    """By objective; empty while no repeat has a value."""


@final
@dataclass(frozen=True)
class Confirmed:
    """What the winner is really worth."""

    choice: Repeated
    """The winner; with several objectives the one that is best by the first one."""
    metric: str
    """The first objective."""
    expected: float
    """What one more training of it is expected to come to: its mean, shrunk by what else is known."""
    noise: float
    """Standard deviation between trainings of one configuration."""
    deterministic: bool
    """Whether repeats came to exactly the same values."""
    default: Repeated | None
    """The default configuration, if it was trained to its end; its first training counts too, since it was not chosen."""
    beats_default: float | None
    """Probability that the winner is better than the default; None if there is no default, or it is the winner."""
    field: tuple[Repeated, ...]
    """All that took part, the best first; with several objectives those on the front of means before the others."""

    @property
    def trial(self) -> Trial:
        """The trial whose configuration won."""
        return self.choice.trial

    @property
    def worth(self) -> Worth:
        """The first objective of the winner."""
        return self.choice.worth[self.metric]

    @property
    def over_promised(self) -> float:
        """By how much the search's value was better than what the winner is expected to come to, in units of the metric."""
        return abs(self.worth.promised - self.expected)

    @property
    def sentence(self) -> str:
        """All of it in words."""
        worth, count = self.worth, self.choice.repeats
        if self.deterministic:
            return "confirmed: a repeat on another seed came to exactly the same value, so there is no luck in values"
        seeds = "another seed" if count == 1 else f"{count} fresh seeds"
        interval = f" (95 % of means in {worth.low:.4g} to {worth.high:.4g})" if math.isfinite(worth.low) else ""
        said = f"confirmed: {self.metric} {worth.mean:.4g} on {seeds}{interval}; the search had promised {worth.promised:.4g}"
        if self.beats_default is not None:
            said += f"; better than the default with probability {_percent(self.beats_default)}"
        return said


def confirmed(view: View) -> Confirmed | None:
    """What repeats say of the best configurations; None as long as none has come to its end."""
    repeats = repeats_of(view.trials)
    if not any(trial.state is State.DONE for found in repeats.values() for trial in found):
        return None
    return _Confirmation(view, repeats).result()


class _Spread(NamedTuple):
    """Noise of one metric between trainings of one configuration."""

    deviation: float
    freedom: float

    def half_width(self, count: int) -> float:
        """How far the 95 % interval of a mean of so many values reaches to either side."""
        if math.isnan(self.deviation):
            return math.inf
        from scipy.special import stdtrit  # noqa: PLC0415  scipy takes a while to load

        return float(stdtrit(self.freedom, 0.5 + _LEVEL / 2)) * self.deviation / math.sqrt(count)

    def probability(self, ahead: float, count: int, of_other: int) -> float:
        """That a mean of `count` values, which is `ahead` of one of `of_other`, is really the better one."""
        from scipy.special import stdtr  # noqa: PLC0415

        deviation = self.deviation * math.sqrt(1 / count + 1 / of_other)
        if math.isnan(deviation) or deviation == 0:
            return 0.5 if ahead == 0 or math.isnan(deviation) else float(ahead > 0)
        return float(stdtr(self.freedom, ahead / deviation))


class _Confirmation:
    """The repeats of one view, sorted."""

    def __init__(self, view: View, repeats: Mapping[int, Sequence[Trial]]) -> None:
        self._view = view
        self._repeats = repeats
        self._signs = {objective.metric: objective.sign for objective in view.spec.objectives}
        self._metric = view.spec.objectives[0].metric
        self._default = next((t for t in view.of(State.DONE) if t.by == "default" and t.twin is None), None)
        self._fresh = {number: [t for t in found if t.state is State.DONE] for number, found in repeats.items()}
        """Trainings that nobody chose for their values."""
        if self._default is not None:
            self._fresh[self._default.number] = [self._default, *self._fresh.get(self._default.number, ())]
        self._deterministic = is_deterministic(view.spec, view.trials)
        self._model = None if self._deterministic else _model(view)
        self._spreads = {metric: self._spread(metric) for metric in self._signs}

    def result(self) -> Confirmed | None:
        if self._deterministic:
            best = best_trial(self._view.spec, self._view.trials)
            return None if best is None else self._confirmed([self._as_seen(best)])
        field = [self._repeated(number) for number in self._repeats if self._fresh[number]]
        sound = [repeated for repeated in field if not repeated.failures] or field
        return self._confirmed([*self._ranked(sound), *(repeated for repeated in field if repeated not in sound)])

    def _confirmed(self, ranked: Sequence[Repeated]) -> Confirmed:
        choice = ranked[0]
        default = None if self._default is None else self._repeated(self._default.number)
        return Confirmed(
            choice=choice,
            metric=self._metric,
            expected=self._signs[self._metric] * self._loss(choice),
            noise=self._spreads[self._metric].deviation,
            deterministic=self._deterministic,
            default=default,
            beats_default=None if default is None else self._beats(choice, default),
            field=tuple(ranked),
        )

    def _as_seen(self, trial: Trial) -> Repeated:
        """A configuration that need not be repeated, since it would come to the same."""
        values = {metric: trial.values[metric] for metric in self._signs}
        return Repeated(trial, 0, 0, {metric: Worth(value, value, value, value) for metric, value in values.items()})

    def _repeated(self, number: int) -> Repeated:
        again = self._repeats.get(number, ())
        return Repeated(
            trial=self._view.trials[number],
            repeats=sum(trial.state is State.DONE for trial in again),
            failures=sum(trial.state is State.FAILED for trial in again),
            worth={metric: self._worth(number, metric) for metric in self._signs},
        )

    def _worth(self, number: int, metric: str) -> Worth:
        values = [trial.values[metric] for trial in self._fresh[number]]
        mean, half = float(np.mean(values)), self._spreads[metric].half_width(len(values))
        return Worth(mean, mean - half, mean + half, self._view.trials[number].values[metric])

    def _spread(self, metric: str) -> _Spread:
        """Pooled over configurations; by the model, if that says more."""
        if self._deterministic:
            return _Spread(0.0, math.inf)
        groups = [[trial.values[metric] for trial in found] for found in self._fresh.values() if found]
        freedom = sum(len(values) - 1 for values in groups)
        if freedom >= _FREEDOM:
            squares = sum(float(np.sum((np.array(values) - np.mean(values)) ** 2)) for values in groups)
            return _Spread(math.sqrt(squares / freedom), freedom)
        modelled = self._model is not None and metric == self._metric
        return _Spread(self._model.noise if modelled and self._model else math.nan, math.inf)

    def _loss(self, repeated: Repeated) -> float:
        """What is expected of a configuration by the first objective; smaller is better."""
        known = self._model.estimates.get(repeated.trial.number) if self._model else None
        return self._signs[self._metric] * (known.mean if known else repeated.worth[self._metric].mean)

    def _ranked(self, field: Sequence[Repeated]) -> list[Repeated]:
        means = np.array([[sign * r.worth[metric].mean for metric, sign in self._signs.items()] for r in field])
        ranks = front_ranks(means) if len(self._signs) > 1 else np.zeros(len(field), np.int64)
        order = sorted(range(len(field)), key=lambda at: (ranks[at], self._loss(field[at]), field[at].trial.number))
        return [field[at] for at in order]

    def _beats(self, choice: Repeated, default: Repeated) -> float | None:
        if choice.trial is default.trial:
            return None
        ours, theirs = choice.worth[self._metric], default.worth[self._metric]
        ahead = self._signs[self._metric] * (theirs.mean - ours.mean)
        counts = [len(self._fresh.get(one.trial.number, ())) or 1 for one in (choice, default)]
        return self._spreads[self._metric].probability(ahead, *counts)


def _model(view: View) -> Expected | None:
    from tunesmith.surrogates.expected import expected  # noqa: PLC0415

    return expected(view)


def _percent(probability: float) -> str:
    if probability > 0.99:
        return "over 99 %"
    return "under 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"
