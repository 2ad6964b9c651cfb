"""PB2: forks get the configuration from which a model expects the next interval to gain most (Parker-Holder et al. 2020)."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Final, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.schedulers.explore import Perturb, perturbed
from tunesmith.space.params import Config
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points
from tunesmith.surrogates.features import Features, distances
from tunesmith.surrogates.fit import fit
from tunesmith.surrogates.posterior import Posterior
from tunesmith.surrogates.transform import warped
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

_FEWEST: Final = 6
_MOST: Final = 200
_CANDIDATES: Final = 300
_WIDTH: Final = 1.8


@final
class Bandit:
    """An upper confidence bound on the gain of an interval, by a Gaussian process over configuration, time and present value.

    Time is an input with a length scale of its own, so that what paid early counts for less later: it stands in for the
    paper's time-varying kernel. Members that train now count as if they had turned out as predicted. Until there are six
    intervals to learn from, forks are perturbed.
    """

    def __call__(self, view: View, donor: Trial, frozen: Collection[str], rng: Generator) -> tuple[Config, str]:
        rows = _intervals(view)[-_MOST:]
        if len(rows) < _FEWEST or donor.last is None:
            return Perturb()(view, donor, frozen, rng)
        process = _Process(view.space, view, rows, donor)
        config = donor.config or {}
        candidates = [perturbed(view.space, config, frozen, rng, anew=i % 2 == 0) for i in range(_CANDIDATES)]
        allowed = [candidate for candidate in candidates if view.space.allows(candidate)]
        if not allowed:
            return config, "unchanged, since no neighbour keeps the limits"
        return allowed[int(np.argmin(process.bound(allowed)))], "where most is gained, as intervals so far tell"


def _intervals(view: View) -> list[tuple[Trial, float, float, float]]:
    """Of each trial, between reports: the trial, the step and the loss before, and what became of the loss."""
    objective = view.spec.objectives[0]
    found = []
    for trial in view.trials:
        if trial.config is None or not trial.reports:
            continue
        steps, values = view.curve(trial.number, objective.metric)
        losses = objective.sign * values
        apart = max(1, len(losses) // 4)
        for i in range(0, len(losses) - apart, apart):
            before, after = float(losses[i]), float(losses[i + apart])
            if math.isfinite(before) and math.isfinite(after):
                found.append((trial, float(steps[i]), before, after - before))
    return found


@final
class _Process:
    """The change of the loss over an interval that begins where the donor stands now."""

    def __init__(self, space: Space, view: View, rows: list[tuple[Trial, float, float, float]], donor: Trial) -> None:
        self._codec, self._features = space.codec(), Features(space)
        self._longest = max(step for _, step, _, _ in rows) or 1.0
        losses = np.array([loss for _, _, loss, _ in rows])
        self._low, self._range = float(losses.min()), float(np.ptp(losses)) or 1.0
        objective = view.spec.objectives[0]
        assert donor.last is not None
        now = objective.sign * donor.last.metrics.get(objective.metric, self._low)
        self._here = np.array([donor.last.step / self._longest, (now - self._low) / self._range])
        times = np.array([[step / self._longest, (loss - self._low) / self._range] for _, step, loss, _ in rows])
        observed = np.column_stack([self._of([trial.config or {} for trial, *_ in rows]), times])
        running = [trial.config for trial in view.of(State.RUNNING) if trial.config is not None]
        features = np.concatenate([observed, self._at_present(running)])
        columns = np.concatenate([self._features.column, self._features.width + np.arange(2)])
        y = warped(np.array([[gain] for *_, gain in rows]))[:, 0]
        hyper = fit(distances(observed, columns), y, np.ones(len(y)))
        self._posterior = Posterior(features, y, np.ones(len(features)), hyper, columns)

    def _of(self, configs: list[Config]) -> Floats:
        return self._features.of(Points(*self._codec.encode(configs)))

    def _at_present(self, configs: list[Config]) -> Floats:
        return np.column_stack([self._of(configs), np.tile(self._here, (len(configs), 1))])

    def bound(self, configs: list[Config]) -> Floats:
        """The loss's change that each may bring at best, shape (n,)."""
        mean, deviation = self._posterior.predict(self._at_present(configs))
        return mean - _WIDTH * deviation
