"""The models of one ask: a process for each objective, each outcome limit, and each kind of failure."""

from __future__ import annotations

from typing import Final, NamedTuple, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.surrogates.dominance import front_ranks
from tunesmith.surrogates.earlier import Expectations
from tunesmith.surrogates.evidence import Evidence
from tunesmith.surrogates.features import Features, WithProgress
from tunesmith.surrogates.fit import Hyper, default_hyper, fit
from tunesmith.surrogates.posterior import Posterior, Process
from tunesmith.surrogates.prior import WithPrior, learned_prior
from tunesmith.surrogates.rows import FITTED, modelled, stage
from tunesmith.surrogates.transform import around_zero, warped

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

_FEWEST: Final = 3
"""Length scales are fitted from so many rows on."""
_MOST_FAILURES: Final = 60
_NOISY: Final = 0.02
"""Variance of an observation, in parts of that of all, from which on noise may hide what matters;"""
_TELLING: Final = 15
"""once there are so many of them, and it is more than what a model begins with."""
_LEAST_LEFT: Final = 0.3
"""Variance of what earlier studies do not explain, whatever the first few trials say: there are always surprises left."""


class Data(NamedTuple):
    """Rows of features with their targets, mean about 0 and deviation about 1, and relative variances of noise."""

    features: Floats
    y: Floats
    noise: Floats


class Chance(NamedTuple):
    """A process whose value must stay below `bound` for a trial to be of use."""

    process: Posterior
    bound: float
    least: float
    """A trial with a smaller probability of that is hardly worth making."""


class Models(NamedTuple):
    """What is believed after r observations; all values are in the scale of the models."""

    rows: Rows
    """(r',) rows of the evidence that the objectives are modelled on."""
    features: Floats
    """(r', q) features of these rows, as at the end of their trainings."""
    y: Floats
    """(r', m) warped losses of these rows."""
    objectives: tuple[Process, ...]
    chances: tuple[Chance, ...]
    """Limits on outcomes, and kinds of failure."""


def is_noisy(noise: float, outcomes: int) -> bool:
    """Whether noise of this variance, learned from so many outcomes, may hide what matters."""
    return noise > _NOISY and outcomes >= _TELLING


@final
class Modeller:
    """Makes the models of one space, as its features show it. Keeps fitted length scales, which follow from the rows they were fitted to.

    `expected` is what earlier studies expect there, if there are any.
    """

    def __init__(self, features: Features | WithProgress, expected: Expectations | None = None) -> None:
        self.features = features
        self._expected = expected
        self._fitted: dict[str, tuple[bytes, Hyper]] = {}

    def models(self, evidence: Evidence, rng: Generator, *, doubting: bool = False) -> Models:
        """All models; `rng` decides which rows stand for the others where there are too many.

        With `doubting`, length scales of noisy objectives that are longer than usual are taken as usual: noise hides what a
        parameter does, and a search that believes that it does nothing never finds out.
        """
        ends = self.features.of(evidence.points)
        features = self.features.rows(evidence.points, evidence.progress)
        pending = self.features.of(evidence.pending)
        Y = warped(evidence.losses)
        rows = modelled(_badness(Y), features, rng)
        early = stage(len(features))
        Y_early = warped(evidence.losses[:early])
        fitted = modelled(_badness(Y_early), features[:early], np.random.default_rng(early), FITTED, FITTED)
        objectives = tuple(
            self._objective(
                i,
                Data(features[rows], Y[rows, i], evidence.noise[rows, i]),
                Data(features[fitted], Y_early[fitted, i], evidence.noise[fitted, i]),
                pending,
                doubting,
            )
            for i in range(Y.shape[1])
            if len(rows)
        )
        parts = rows, fitted
        limits = [
            self._limit(j, excess, ends, 1.0 / evidence.repeats, parts, pending)
            for j, excess in enumerate(evidence.excess.T)
        ]
        kinds = np.unique(evidence.kinds).tolist()
        failures = [self._failure(kind, evidence, ends, parts, pending) for kind in kinds]
        return Models(rows, ends[rows], Y[rows], objectives, (*(limit for limit in limits if limit), *failures))

    def _objective(self, i: int, train: Data, fitted: Data, pending: Floats, doubting: bool) -> Process:
        """The process of an objective, about what earlier studies expect of it as far as that holds."""
        prior = self._expected and learned_prior(
            self._expected, i, fitted.features, self.features.distances(fitted.features), fitted.y, fitted.noise
        )
        if prior is None:
            return self._process(f"objective {i}", train, fitted, pending, doubting=doubting)
        left, left_fitted = (data._replace(y=data.y - prior.at(data.features)) for data in (train, fitted))
        return WithPrior(self._process(f"objective {i}", left, left_fitted, pending, _LEAST_LEFT), prior)

    def _limit(
        self, j: int, excess: Floats, features: Floats, noise: Floats, rows: tuple[Rows, Rows], pending: Floats
    ) -> Chance | None:
        """A limit on an outcome, unless nothing is known of it yet."""
        known = [part[np.isfinite(excess[part])] for part in rows]
        if not all(len(part) for part in known):
            return None
        train, fitted = (Data(features[part], around_zero(excess[part]), noise[part]) for part in known)
        return Chance(self._process(f"limit {j}", train, fitted, pending), 0.0, 0.0)

    def _failure(
        self, kind: int, evidence: Evidence, features: Floats, rows: tuple[Rows, Rows], pending: Floats
    ) -> Chance:
        """Each kind of failure has its own region: what runs out of memory is not what diverges."""
        failed = self.features.of(evidence.failed.at(evidence.kinds == kind))
        early = failed[: stage(len(failed))]
        train, bound = _labelled(features[rows[0]], failed)
        fitted, _ = _labelled(features[rows[1]], early)
        # Rather not where failure is likelier than success; where most trials fail, than it is anywhere.
        least = min(0.5, 1.0 - len(failed) / (len(failed) + len(rows[0])))
        return Chance(self._process(f"failure {kind}", train, fitted, pending), bound, least)

    def _process(
        self, name: str, train: Data, fitted: Data, pending: Floats, least: float = 0.0, *, doubting: bool = False
    ) -> Posterior:
        """A process whose variance is `least` or more."""
        hyper = self._hyper(name, fitted)
        if doubting and is_noisy(hyper.noise, len(train.y)):
            usual = default_hyper(self.features.width).weights
            hyper = hyper._replace(weights=np.maximum(hyper.weights, usual))
        hyper = hyper._replace(signal=max(hyper.signal, least))
        features = np.concatenate([train.features, pending])
        noise = np.concatenate([train.noise, np.ones(len(pending))])
        return Posterior(features, train.y, noise, hyper, self.features.column)

    def _hyper(self, name: str, data: Data) -> Hyper:
        """Length scales for some data; those of the last time, if they were fitted to the same data."""
        if len(data.y) < _FEWEST or np.ptp(data.y) == 0:
            return default_hyper(self.features.width)
        key = b"".join(part.tobytes() for part in data)
        known = self._fitted.get(name)
        if known is None or known[0] != key:
            known = key, fit(self.features.distances(data.features), data.y, data.noise)
            self._fitted[name] = known
        return known[1]


def _badness(Y: Floats) -> Floats:
    """One number for each row, by which the better ones are kept."""
    return Y[:, 0] if Y.shape[1] == 1 else front_ranks(Y).astype(float)


def _labelled(succeeded: Floats, failed: Floats) -> tuple[Data, float]:
    """Failures as 1 and successes as -1, standardised about the rate of failure; and where 0 is on that scale."""
    failed = failed[-_MOST_FAILURES:]
    count = len(succeeded) + len(failed)
    rate = (len(failed) + 0.5) / (count + 2.0)
    mean, deviation = 2.0 * rate - 1.0, 2.0 * float(np.sqrt(rate * (1.0 - rate)))
    labels = np.repeat([-1.0, 1.0], [len(succeeded), len(failed)])
    return Data(np.concatenate([succeeded, failed]), (labels - mean) / deviation, np.ones(count)), -mean / deviation
