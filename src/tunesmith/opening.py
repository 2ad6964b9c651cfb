"""Opening a study: begin it, or continue it if what is wanted is the same search."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, final

from tunesmith.errors import DuplicateStudy, InvalidConfig, InvalidStudy, StudyChanged, UnknownStudy
from tunesmith.samplers.auto import describe_sampler
from tunesmith.samplers.base import Sampler
from tunesmith.schedulers.auto import describe_scheduler
from tunesmith.schedulers.base import Scheduler
from tunesmith.space.names import did_you_mean
from tunesmith.space.space import Space
from tunesmith.stores.base import Store
from tunesmith.stores.sqlite import SqliteStore
from tunesmith.trials.facts import Draft, Revised
from tunesmith.trials.spec import CONFIRM, Budget, MetricLimit, Objective, Pick, StudySpec
from tunesmith.warm_start import Source, with_earlier

_SIX_DIGITS: Final = 1_000_000


@final
@dataclass(frozen=True)
class Wanted:
    """What a user asks of a study; None, or nothing, leaves it as it is."""

    space: Space | None
    objectives: tuple[Objective, ...]
    limits: tuple[MetricLimit, ...] | None
    budget: Budget
    seed: int | None
    pick: Pick | None
    sampler: str | Sampler | None
    scheduler: str | Scheduler | None
    points: Sequence[Mapping[str, Any]]
    steps: int | None = None
    confirm: float | None = None
    stop: Literal["budget", "auto"] | None = None
    warm_start: Sequence[Source] = ()

    def spec(self, name: str) -> StudySpec:
        """The definition of a new study."""
        return StudySpec(
            name=name,
            space=Space(grows=True) if self.space is None else self.space,
            objectives=self.objectives,
            limits=self.limits or (),
            budget=self.budget,
            seed=secrets.randbelow(_SIX_DIGITS) if self.seed is None else self.seed,
            pick=self.pick or "last",
            sampler=describe_sampler(self.sampler or "auto", _checked(self.points, self.space)),
            scheduler=describe_scheduler(self.scheduler or "auto"),
            steps=self.steps,
            confirm=CONFIRM if self.confirm is None else self.confirm,
            stop=self.stop or "budget",
        )


def settle(store: Store, name: str, wanted: Wanted) -> None:
    """Make the store hold the wanted study. Raises `StudyChanged` if it holds another search under this name."""
    names = [study.name for study in store.studies()]
    if name not in names:
        if not wanted.objectives and wanted.space is None:
            raise _not_found(store, name, names)
        spec = wanted.spec(name)
        spec = replace(spec, earlier=with_earlier(spec, wanted.warm_start, store))
        try:
            store.create(spec)
        except DuplicateStudy:
            pass  # another process began it in this moment
        else:
            return
    known = store.spec(name)
    changed = _differences(known, wanted)
    if changed:
        trials = store.changes(name, reports=False).trials
        if any(trial.state.ended for trial in trials):
            raise _changed_study(store, name, changed)
        # Nothing has come out yet, so nothing can be mixed up: what was mistyped is corrected.
        known = _corrected(known, wanted, has_trials=bool(trials))
        changed = _differences(known, wanted)
        if changed:
            raise _changed_study(store, name, changed)
    revised = _revised(known, wanted)
    revised = replace(revised, earlier=with_earlier(revised, wanted.warm_start, store))
    if revised != store.spec(name):
        store.append(name, [Draft(None, Revised(revised))])


def _corrected(known: StudySpec, wanted: Wanted, *, has_trials: bool) -> StudySpec:
    """The study with what may change before it has a result; space and seed only before it has a configuration."""
    spec = replace(
        known,
        objectives=wanted.objectives or known.objectives,
        limits=known.limits if wanted.limits is None else wanted.limits,
        pick=wanted.pick or known.pick,
    )
    if has_trials:
        return spec
    return replace(spec, space=wanted.space or known.space, seed=known.seed if wanted.seed is None else wanted.seed)


def _differences(known: StudySpec, wanted: Wanted) -> list[str]:
    """What makes the wanted study another search than the known one."""
    changed = [] if wanted.space is None or known.space.grows else known.space.differences(wanted.space)
    if wanted.objectives and wanted.objectives != known.objectives:
        was = ", ".join(f"{objective.direction} {objective.metric}" for objective in known.objectives)
        changed.append(f"its objectives were: {was}")
    if wanted.limits is not None and wanted.limits != known.limits:
        changed.append("its limits on metrics were: " + (", ".join(map(str, known.limits)) or "none"))
    if wanted.seed is not None and wanted.seed != known.seed:
        changed.append(f"its seed was {known.seed}")
    if wanted.pick is not None and wanted.pick != known.pick:
        changed.append(known.counts)
    return changed


def _not_found(store: Store, name: str, names: Sequence[str]) -> UnknownStudy:
    where = store.path if isinstance(store, SqliteStore) else "this store, which is in memory"
    meant = did_you_mean(name, names) or (f", only {', '.join(names[:10])}" if names else "")
    return UnknownStudy(
        f"There is no study {name!r} in {where}{meant}; begin it with minimize='val_loss' or maximize='accuracy', "
        f"or name the store that has it, as in store='tunesmith.db'."
    )


def _changed_study(store: Store, name: str, changed: list[str]) -> StudyChanged:
    where = f" --store {store.path}" if isinstance(store, SqliteStore) else ""
    return StudyChanged(
        f"Study {name!r} exists and is another search: {'; '.join(changed)}. "
        f"Give the new search its own name (name={name + '-2'!r} or --name {name}-2), or remove the old one "
        f"(tunesmith delete {name}{where})."
    )


def _revised(known: StudySpec, wanted: Wanted) -> StudySpec:
    """The study with what may change while it runs: budgets, sampler, scheduler, points and defaults."""
    given = {name: amount for name, amount in vars(wanted.budget).items() if amount is not None}
    revised = replace(
        known,
        budget=replace(known.budget, **given),
        steps=known.steps if wanted.steps is None else wanted.steps,
        confirm=known.confirm if wanted.confirm is None else wanted.confirm,
        stop=wanted.stop or known.stop,
    )
    if wanted.space is not None and not known.space.grows:
        revised = replace(revised, space=wanted.space)
    if wanted.sampler is not None or wanted.points:
        kept = known.sampler if isinstance(known.sampler, dict) else {"name": known.sampler, "points": []}
        points = _checked(wanted.points, wanted.space or known.space) if wanted.points else kept["points"]
        sampler = {**kept, "points": points} if wanted.sampler is None else describe_sampler(wanted.sampler, points)
        revised = replace(revised, sampler=sampler)
    if wanted.scheduler is not None:
        revised = replace(revised, scheduler=describe_scheduler(wanted.scheduler))
    return revised


def _checked(points: Sequence[Mapping[str, Any]], space: Space | None) -> list[Mapping[str, Any]]:
    if isinstance(points, Mapping) or not all(isinstance(point, Mapping) for point in points):
        raise InvalidStudy(f"points={points!r}: give a list of configurations, as in points=[{{'lr': 0.1}}].")
    if space is None or space.grows:
        return list(points)
    return [_checked_point(point, f"points[{index}]", space) for index, point in enumerate(points)]


def _checked_point(point: Mapping[str, Any], where: str, space: Space) -> Mapping[str, Any]:
    try:
        return space.check(point, partial=True)
    except InvalidConfig as error:
        raise InvalidConfig(f"{where}: {error}") from None
