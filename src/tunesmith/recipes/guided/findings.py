"""Findings: what the trials of a guided search say, and where each stage searches because of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final, final

from tunesmith.recipes.guided.batches import coupled_batches
from tunesmith.recipes.guided.outcomes import Noise, Outcome, best_outcome, noise_of, outcomes_of
from tunesmith.recipes.guided.ranges import Bracket, bracket, cut, far_values, fixed_at, narrowed, part_of, spanned
from tunesmith.recipes.guided.rates import probed, spread_rates
from tunesmith.recipes.guided.roles import having, roles_of
from tunesmith.recipes.guided.stages import NAMES, Name, members_of
from tunesmith.run.words import value_text
from tunesmith.space.params import Choice, Config, Fixed, Float, Param
from tunesmith.space.space import Space
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

_MOST_RATES: Final = 8
_MOST_PROBED: Final = 4
_MOST_LINES: Final = 8
RATES_TO_NARROW: Final = 4
OUTCOMES_TO_NARROW: Final = 12
_TOP: Final = 4
_FEWEST_TOP: Final = 5


@final
class Findings:
    """What is known of a study as a View shows it."""

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
        self.fixed = having(self.roles, "fixed")
        self.members = members_of(view)
        """The trials of each stage."""

    @cached_property
    def noise(self) -> Noise:
        return noise_of(self.view)

    def before(self, name: Name) -> list[Trial]:
        """All trials of the stages before one."""
        return [trial for earlier in NAMES[: NAMES.index(name)] for trial in self.members[earlier]]

    def best_before(self, name: Name) -> Config:
        """The best configuration of the stages before one; the default one as long as there is none."""
        best = best_outcome(outcomes_of(self.view, self.before(name)))
        return self.space.default() if best is None else best.config

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
        if self.rate is None:
            return None
        found = outcomes_of(self.view, [*self.members["baseline"], *self.members["learning rate"]])
        points = [(outcome.config[self.rate], outcome.loss) for outcome in found if self.rate in outcome.config]
        seen = bracket(self.space.params[self.rate], points, self.noise.margin)
        return seen if seen is not None and seen.tried >= RATES_TO_NARROW else None

    @cached_property
    def rate_range(self) -> Param | None:
        """Where the learning rate is searched after its own stage.

        Within the range of the probe, too, unless whole trainings have found the best rate elsewhere.
        """
        if self.rate is None:
            return None
        param = self.space.params[self.rate]
        if self.rates is None or isinstance(param, Choice | Fixed):
            return self.probe or param
        found = cut(param, self.rates.low, self.rates.high)
        if isinstance(param, Float) and isinstance(found, Float) and isinstance(self.probe, Float):
            low, high = max(found.low, self.probe.low), min(found.high, self.probe.high)
            if low <= param.from_unit(self.rates.best) <= high:
                return cut(param, param.to_unit(low), param.to_unit(high))
        return found

    # -- where the stages search -------------------------------------------------------------------------------------

    def next_rates(self) -> list[Config]:
        """What the stage of the learning rate still wants to try."""
        assert self.rate is not None
        tried = [*self.members["baseline"], *self.members["learning rate"]]
        most = _MOST_RATES if self.probe is None else _MOST_PROBED
        left = most - len(self.members["learning rate"])
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
        left = _MOST_LINES - len(self.members["architecture and regularization"])
        return self._elsewhere("architecture and regularization", names)[: max(left, 0)]

    def _elsewhere(self, stage: Name, names: Sequence[str]) -> list[tuple[Config, str]]:
        base = self.best_before(stage)
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
        base = self.best_before("batch and schedule")
        if self.batch is None or self.batch not in base:
            return []
        trials = self.members["batch and schedule"]
        tried = {trial.config.get(self.batch) for trial in trials if trial.config}
        found = coupled_batches(self.view, self.batch, self.rate, base)
        return [(config, why) for config, why in found if config[self.batch] not in tried]

    def part(self, name: Name) -> Space:
        """The part of the space that a stage searches; what it does not vary stays as the best configuration has it."""
        if name in ("baseline", "fine-tuning"):
            kept = fixed_at(self.space, self.space.default(), self.fixed)
            fine = part_of(self.space, {**kept, **self.fine})
            return part_of(self.space, kept) if self.is_finished(fine) else fine
        idle = {
            "learning rate": (*self.searched, *self.scheduling),
            "batch and schedule": self.searched,
            "architecture and regularization": self.scheduling,
        }[name]
        params = fixed_at(self.space, self.incumbent, (*self.fixed, *idle))
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
        top = sorted((outcome for outcome in earlier if outcome.finished), key=lambda outcome: outcome.loss)
        if len(top) < _FEWEST_TOP:
            return {}
        best = best_outcome(self.known)
        leading = [*([best] if best else []), *top[: max(_FEWEST_TOP, len(earlier) // _TOP)]]
        narrow = {
            name: narrowed(name, self.space.params[name], leading, earlier)
            for name in self.roles
            if name not in self.fixed
        }
        return {name: param for name, param in narrow.items() if param != self.space.params[name]}

    def is_finished(self, part: Space) -> bool:
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
