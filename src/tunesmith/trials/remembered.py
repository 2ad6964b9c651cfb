"""What is kept of an earlier study for a later one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.space.space import Space
from tunesmith.trials.earlier import Earlier
from tunesmith.trials.spec import Objective
from tunesmith.trials.trial import State
from tunesmith.trials.view import STATES, View

Floats = NDArray[np.float64]

_MOST: Final = 100
"""So many configurations of a study are kept at most: half of them the best ones, the others evenly from the rest."""
_OVER: Final = [STATES.index(state) for state in (State.DONE, State.STOPPED, State.PAUSED)]
_FAILED: Final = STATES.index(State.FAILED)


def remembered(
    study: str, view: View, space: Space, objectives: Sequence[Objective], renamed: Mapping[str, str]
) -> Earlier:
    """An earlier study as evidence for one of `space` and `objectives`.

    `renamed` maps names of the earlier study's parameters to those of the later one. Objectives are matched by the name
    of their metric, else by their place. Repeats of a configuration are one, with their mean.
    """
    state = view.columns.state
    losses = _matched(view, objectives)
    valued = np.isin(state, _OVER) & np.isfinite(view.latest_losses).all(axis=1)
    numbers = np.flatnonzero(valued | (state == _FAILED))
    losses[~valued] = np.nan
    first, group = _groups([view.space.key(view.trials[number].config or {}) for number in numbers.tolist()])
    means = _means(losses[numbers], group, len(first))
    kept = _kept(means)
    known = set(space.params) if not space.grows else None
    return Earlier(
        study,
        len(numbers),
        tuple(_named(view.trials[number].config or {}, renamed, known) for number in numbers[first[kept]].tolist()),
        tuple(tuple(None if np.isnan(loss) else float(loss) for loss in row) for row in means[kept]),
    )


def _matched(view: View, objectives: Sequence[Objective]) -> Floats:
    """(n, m) losses of the earlier trials for the later objectives; NaN for those that there are none for."""
    names = [objective.metric for objective in view.spec.objectives]
    losses = np.full((len(view.trials), len(objectives)), np.nan)
    for place, objective in enumerate(objectives):
        column = names.index(objective.metric) if objective.metric in names else place
        if column < len(names):
            losses[:, place] = view.latest_losses[:, column]
    return losses


def _groups(keys: Sequence[object]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first of each distinct key, and for each key which of these it equals."""
    seen: dict[object, int] = {}
    group = np.array([seen.setdefault(key, len(seen)) for key in keys], np.intp)
    return np.unique(group, return_index=True)[1], group


def _means(losses: Floats, group: NDArray[np.intp], count: int) -> Floats:
    """Mean of each group, over those that did not fail."""
    known = np.isfinite(losses)
    sums, counts = np.zeros((2, count, losses.shape[1]))
    np.add.at(counts, group, known)
    # Shares are added, since the sum of huge values may overflow.
    np.add.at(sums, group, np.where(known, losses, 0.0) / np.maximum(counts[group], 1))
    return np.where(counts > 0, sums, np.nan)


def _kept(losses: Floats) -> NDArray[np.intp]:
    """Rows to keep, in their order; failures count as the worst."""
    if len(losses) <= _MOST:
        return np.arange(len(losses))
    known = np.isfinite(losses).any(axis=0)
    order = np.argsort(losses[:, int(np.argmax(known))], kind="stable")
    best = _MOST // 2
    others = np.linspace(best, len(order) - 1, _MOST - best).astype(int)
    return np.sort(order[np.concatenate([np.arange(best), others])])


def _named(config: Mapping[str, Any], renamed: Mapping[str, str], known: set[str] | None) -> dict[str, Any]:
    named = {renamed.get(name, name): value for name, value in config.items()}
    return named if known is None else {name: value for name, value in named.items() if name in known}
