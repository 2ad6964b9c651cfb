"""The plan: which stages a guided search has, which one it is in, in which part of the space, and why. Pure.

Everything follows from the trials of a View. A trial's stage is the first part of what proposed it, "learning rate/grid"; a
stage is over when it has used its share of what the stages before it left, or has nothing more to try; and what it has
learned is computed again from its trials whenever somebody asks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple, TypeAlias, final

from tunesmith.recipes.guided.batches import coupled_batches
from tunesmith.recipes.guided.outcomes import Noise, Outcome, best_outcome, noise_of, outcomes_of
from tunesmith.recipes.guided.ranges import Bracket, bracket, cut, far_values, fixed_at, narrowed, part_of, spanned
from tunesmith.recipes.guided.rates import probed, spread_rates
from tunesmith.recipes.guided.roles import having, roles_of
from tunesmith.recipes.guided.shares import shares
from tunesmith.run.words import value_text
from tunesmith.schedulers.auto import confirmation
from tunesmith.space.params import Choice, Config, Fixed, Param
from tunesmith.space.space import Space
from tunesmith.trials.repeats import is_deterministic, repeats_of
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

Name: TypeAlias = Literal[
    "baseline", "learning rate", "batch and schedule", "architecture and regularization", "fine-tuning"
]

WEIGHTS: Final[Mapping[Name, float]] = {
    "baseline": 0.08,
    "learning rate": 0.12,
    "batch and schedule": 0.10,
    "architecture and regularization": 0.30,
    "fine-tuning": 0.40,
}
"""The stages in their order, with the share of the budget of each; that of a stage which is skipped goes to those after it."""
NAMES: Final = tuple(WEIGHTS)
_REPEATS: Final = 2
"""Repeats of the default configuration that show how large noise is. Its confirmation needs as many, and so they cost nothing."""
_PART: Final = 3
"""They are at most one in so many of all repeats."""
FEWEST: Final = 15
"""Trials below which a search has no stages."""
_MOST_RATES: Final = 8
_MOST_PROBED: Final = 4
_MOST_LINES: Final = 8
_LEAST: Final = 3
"""Trials that a stage has at least, as long as it begins in the first half of the budget."""
RATES_TO_NARROW: Final = 4
OUTCOMES_TO_NARROW: Final = 12
_TOP: Final = 4
_FEWEST_TOP: Final = 5


class Stage(NamedTuple):
    """One stage, as it stands."""

    name: Name
    state: Literal["skipped", "over", "now", "to come"]
    why: str
    """Why it is skipped or over; else empty."""
    trials: tuple[Trial, ...]


@final
class Plan:
    """The stages of a study as a View shows it."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.space = view.space
        self.roles = roles_of(view.space)
        rates, batches = having(self.roles, "learning rate"), having(self.roles, "batch size")
        self.rate = rates[0] if rates else None
        """The parameter that is the learning rate."""
        self.batch = batches[0] if batches else None
        self.scheduling = (*batches, *having(self.roles, "schedule"))
        self.searched = having(self.roles, "scientific", "nuisance")
        self._members = _members(view)
        self._share = shares(view)
        self._fixed = having(self.roles, "fixed")

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """All stages in their order; at most one is "now"."""
        found: list[Stage] = []
        left, reached = 1.0, False
        for index, name in enumerate(NAMES):
            trials = tuple(self._members[name])
            why = self._skipped(name)
            if why and not trials:
                found.append(Stage(name, "skipped", why, ()))
                continue
            weights = [WEIGHTS[later] for later in NAMES[index:] if not self._skipped(later)]
            allotted = left * WEIGHTS[name] / max(sum(weights), WEIGHTS[name])
            used = self._share(trials)
            begun = any(self._members[later] for later in NAMES[index + 1 :])
            over = (
                ""
                if reached
                else self._over(name, trials, used >= allotted and self._has_least(trials, left), begun=begun)
            )
            found.append(Stage(name, "to come" if reached else "over" if over else "now", over, trials))
            reached = reached or not over
            left -= used
        return tuple(found)

    @property
    def now(self) -> Name:
        """The stage that the next trial belongs to."""
        return next(stage.name for stage in self.stages if stage.state == "now")

    def _has_least(self, trials: Sequence[Trial], left: float) -> bool:
        return len(trials) >= _LEAST or left < 0.5

    def _skipped(self, name: Name) -> str:
        """Why a stage has nothing to do, if so."""
        total = self.view.spec.budget.trials
        if name in ("baseline", "fine-tuning"):
            return ""
        if total is not None and total < FEWEST:
            return f"{total} trials are too few for stages"
        if name == "learning rate" and self.rate is None:
            return "no parameter is the learning rate"
        if name == "batch and schedule" and not self.scheduling:
            return "no parameter is the batch size or belongs to the schedule"
        if name == "architecture and regularization" and not self.searched:
            return "no parameter is scientific or nuisance"
        return ""

    def _over(self, name: Name, trials: Sequence[Trial], spent: bool, *, begun: bool) -> str:
        """Why a stage is over, if so."""
        if name == "fine-tuning":
            return ""
        if name == "baseline":
            return self._baseline_over(trials)
        if not begun and name == "learning rate" and not self.next_rates():
            return "its rates have been tried"
        if not begun and name != "learning rate" and self._is_finished(self.part(name)):
            return "all of its configurations have been tried"
        return "its share of the budget is used" if spent else "the next stage has begun" if begun else ""

    def _baseline_over(self, trials: Sequence[Trial]) -> str:
        spec = self.view.spec
        repeats = repeats_of(self.view.trials).get(0, [])
        if not trials:
            return ""
        if not confirmation(spec):
            return "nothing is repeated in so small a budget" if spec.confirm else "no repeats were wanted"
        if trials[0].failure is not None:
            return "the defaults fail"
        if is_deterministic(spec, repeats and self.view.trials):
            return "a repeat came out the same"
        affordable = math.inf if spec.budget.trials is None else spec.confirm * spec.budget.trials
        return "it was repeated" if len(repeats) >= min(_REPEATS, max(1, affordable // _PART)) else ""

    # -- what is known -----------------------------------------------------------------------------------------------

    @cached_property
    def noise(self) -> Noise:
        return noise_of(self.view)

    def before(self, name: Name) -> list[Trial]:
        """All trials of the stages before one."""
        return [trial for earlier in NAMES[: NAMES.index(name)] for trial in self._members[earlier]]

    @cached_property
    def known(self) -> list[Outcome]:
        """All configurations with an outcome."""
        return outcomes_of(self.view, self.view.trials)

    @cached_property
    def incumbent(self) -> Config:
        """The best configuration so far; the default one as long as there is none."""
        best = best_outcome(self.known)
        return self.space.default() if best is None else best.config

    @cached_property
    def probe(self) -> Param | None:
        """The learning rate as a range test has narrowed it."""
        return None if self.rate is None else probed(self.view, self.rate)

    @cached_property
    def rates(self) -> Bracket | None:
        """What the stage of the learning rate has found; None without a learning rate, or with too few outcomes."""
        if self.rate is None or self._skipped("learning rate"):
            return None
        found = outcomes_of(self.view, [*self._members["baseline"], *self._members["learning rate"]])
        points = [(outcome.config[self.rate], outcome.loss) for outcome in found if self.rate in outcome.config]
        seen = bracket(self.space.params[self.rate], points, self.noise.margin)
        return seen if seen is not None and seen.tried >= RATES_TO_NARROW else None

    @cached_property
    def rate_range(self) -> Param | None:
        """Where the learning rate is searched after its own stage."""
        if self.rate is None:
            return None
        param = self.space.params[self.rate]
        within = self.probe or param
        if self.rates is None or isinstance(param, Choice | Fixed):
            return within
        ends: Any = cut(param, self.rates.low, self.rates.high).levels(2)
        return cut(within, within.to_unit(ends[0]), within.to_unit(ends[-1]))

    # -- where the stages search -------------------------------------------------------------------------------------

    def next_rates(self) -> list[Config]:
        """What the stage of the learning rate still wants to try."""
        assert self.rate is not None
        tried = [*self._members["baseline"], *self._members["learning rate"]]
        most = _MOST_RATES if self.probe is None else _MOST_PROBED
        left = most - len(self._members["learning rate"])
        within = self.probe or self.space.params[self.rate]
        return list(spread_rates(self.view, self.rate, within, self.incumbent, tried))[: max(left, 0)]

    def next_schedules(self) -> list[tuple[Config, str]]:
        """Each other option of the schedule, with all else as in the best configuration before the stage."""
        options = [name for name in having(self.roles, "schedule") if isinstance(self.space.params[name], Choice)]
        return self._elsewhere("batch and schedule", options)

    def next_lines(self) -> list[tuple[Config, str]]:
        """One parameter after the other somewhere else, with all else as in the best configuration before the stage.

        Near the best one, a model would learn little of the others; scientific parameters come first.
        """
        names = (*having(self.roles, "scientific"), *having(self.roles, "nuisance"))
        left = _MOST_LINES - len(self._members["architecture and regularization"])
        return self._elsewhere("architecture and regularization", names)[: max(left, 0)]

    def _elsewhere(self, stage: Name, names: Sequence[str]) -> list[tuple[Config, str]]:
        best = best_outcome(outcomes_of(self.view, self.before(stage)))
        base = self.space.default() if best is None else best.config
        why = "with all else as in the best configuration so far"
        others = [
            ({**base, name: value}, f"{name} {value_text(value)}, {why}")
            for name in names
            if name in base
            for value in far_values(self.space.params[name], base[name])
        ]
        # A value that brings other parameters with it is no configuration like this; the sampler tries it.
        return [(config, why) for config, why in others if _holds(self.space, config) and not self.view.has(config)]

    def next_batches(self) -> list[tuple[Config, str]]:
        """A few other batch sizes than that of the best configuration before the stage, each with the rate that goes with it."""
        if self.batch is None or self.batch not in self._base:
            return []
        trials = self._members["batch and schedule"]
        tried = {trial.config.get(self.batch) for trial in trials if trial.config}
        found = coupled_batches(self.view, self.batch, self.rate, self._base)
        return [(config, why) for config, why in found if config[self.batch] not in tried]

    @cached_property
    def _base(self) -> Config:
        """The best configuration before batch and schedule are looked at."""
        best = best_outcome(outcomes_of(self.view, self.before("batch and schedule")))
        return self.space.default() if best is None else best.config

    def part(self, name: Name) -> Space:
        """The part of the space that a stage searches; what it does not vary stays as the best configuration has it."""
        if name in ("baseline", "fine-tuning"):
            kept = fixed_at(self.space, self.space.default(), self._fixed)
            fine = part_of(self.space, {**kept, **self.fine})
            return part_of(self.space, kept) if self._is_finished(fine) else fine
        idle = {
            "learning rate": (*self.searched, *self.scheduling),
            "batch and schedule": self.searched,
            "architecture and regularization": self.scheduling,
        }[name]
        params = fixed_at(self.space, self.incumbent, (*self._fixed, *idle))
        if name == "architecture and regularization":
            params |= self.undecided
        if self.rate is not None and self.rate_range is not None:
            params[self.rate] = self.rate_range
        return part_of(self.space, params)

    @cached_property
    def undecided(self) -> dict[str, Param]:
        """Batch and schedule, as far as noise leaves open which of the values that were tried is the best."""
        found = outcomes_of(self.view, self.before("architecture and regularization"))
        best = best_outcome(found)
        if best is None:
            return {}
        good = [outcome.config for outcome in found if outcome.loss <= best.loss + self.noise.margin]
        params = {name: spanned(name, self.space.params[name], good) for name in self.scheduling}
        return {name: param for name, param in params.items() if not isinstance(param, Fixed)}

    @cached_property
    def fine(self) -> dict[str, Param]:
        """The parameters that fine-tuning narrows; none if too few outcomes tell."""
        earlier = outcomes_of(self.view, self.before("fine-tuning"))
        if len(earlier) < OUTCOMES_TO_NARROW:
            return {}
        best = [best] if (best := best_outcome(self.known)) else []
        top = sorted((outcome for outcome in earlier if outcome.finished), key=lambda outcome: outcome.loss)
        leading = [*best, *top[: max(_FEWEST_TOP, len(earlier) // _TOP)]]
        if len(top) < _FEWEST_TOP:
            return {}
        narrow = {
            name: narrowed(name, self.space.params[name], leading, earlier)
            for name in self.roles
            if name not in self._fixed
        }
        return {name: param for name, param in narrow.items() if param != self.space.params[name]}

    def _is_finished(self, part: Space) -> bool:
        """Whether all configurations of a part of the space have been tried."""
        size = part.count(len(self.view.trials))
        if size is None:
            return False
        configs = {part.key(trial.config) for trial in self.view.restricted(part).trials if trial.config is not None}
        return size <= len(configs)


def _holds(space: Space, config: Config) -> bool:
    try:
        return space.check(config) == config
    except ValueError:
        return False


def _members(view: View) -> dict[Name, list[Trial]]:
    """The trials of each stage. One that no stage has proposed, such as a person's, belongs to the stage in which it came."""
    members: dict[Name, list[Trial]] = {name: [] for name in NAMES}
    now: Name = "baseline"
    for trial in view.trials:
        stage, found, _ = trial.by.partition("/")
        if found and stage in members:
            now = stage
        elif trial.twin is not None:
            continue  # a repeat of the confirmation
        members[now].append(trial)
    return members
