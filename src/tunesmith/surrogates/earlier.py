"""Models of earlier studies: what each of them would expect anywhere in the space of the later one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from tunesmith.space.carry import carried, extended_unit
from tunesmith.space.params import Config
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points
from tunesmith.surrogates.features import Features
from tunesmith.surrogates.fit import fit
from tunesmith.surrogates.posterior import Posterior
from tunesmith.trials.earlier import Earlier

Floats = NDArray[np.float64]

_FEWEST: Final = 3
"""A study with fewer outcomes in the space tells nothing."""


class Carrying(NamedTuple):
    """One earlier study in the later space: r configurations, m objectives."""

    configs: list[Config]
    points: Points
    """(r, d), beyond 0 and 1 where a number is outside of its range."""
    inside: NDArray[np.bool_]
    """(r,) which of them the later study may try."""
    scores: Floats
    """(r, m) normal scores of the losses, small for good ones; NaN for objectives that the study did not have."""


def carrying(earlier: Earlier, space: Space) -> Carrying:
    """What of an earlier study is of use in a space."""
    found = [(carried(config, space), losses) for config, losses in zip(earlier.configs, earlier.losses, strict=True)]
    known = [(one, losses) for one, losses in found if one is not None]
    configs = [one.config for one, _ in known]
    losses = np.array([row for _, row in known], float).reshape(len(known), len(earlier.losses[0]) if known else 1)
    return Carrying(
        configs, _points(configs, space), np.array([one.inside for one, _ in known], bool), normal_scores(losses)
    )


def normal_scores(losses: Floats) -> Floats:
    """Quantiles of the standard normal distribution by rank, each column by itself, ties sharing theirs; (r, m).

    A scale that all studies have in common (Salinas et al. 2020). NaN, a failure, is the worst rank; a column of
    nothing else stays NaN.
    """
    scores = np.full(losses.shape, np.nan)
    for j, column in enumerate(losses.T):
        if np.isfinite(column).any():
            ranks = rankdata(np.where(np.isnan(column), np.inf, column))
            scores[:, j] = ndtri((ranks - 0.5) / len(ranks))
    return scores


def _points(configs: Sequence[Config], space: Space) -> Points:
    codec = space.codec()
    X = np.full((len(configs), codec.width), 0.5)
    active = np.zeros(X.shape, bool)
    for row, config in enumerate(configs):
        for column, (name, param) in enumerate(zip(codec.names, codec.params, strict=True)):
            if name in config:
                X[row, column], active[row, column] = extended_unit(param, config[name]), True
    return Points(X, active)


@final
class Expectations:
    """What s earlier studies expect of an objective; made once for a space."""

    def __init__(self, earlier: Sequence[Earlier], space: Space, features: Features) -> None:
        self._features = features
        studies = [carrying(one, space) for one in earlier]
        objectives = max((one.scores.shape[1] for one in studies), default=0)
        self._models = [
            [self._model(one, j) for one in studies if j < one.scores.shape[1] and _tells(one.scores[:, j])]
            for j in range(objectives)
        ]

    def _model(self, one: Carrying, objective: int) -> Posterior:
        features = self._features.of(one.points)
        scores = one.scores[:, objective] - one.scores[:, objective].mean()
        noise = np.ones(len(scores))
        hyper = fit(self._features.distances(features), scores, noise)
        return Posterior(features, scores, noise, hyper, self._features.column)

    def of(self, objective: int, features: Floats) -> Floats:
        """Normal scores that the studies expect of points with these features (n, q'), shape (n, s); q' is q or more."""
        models = self._models[objective] if objective < len(self._models) else []
        plain = features[:, : len(self._features.column)]
        return np.column_stack([np.zeros((len(plain), 0)), *(model.mean(plain) for model in models)])


def _tells(scores: Floats) -> bool:
    return len(scores) >= _FEWEST and bool(np.isfinite(scores).all()) and float(np.ptp(scores)) > 0
