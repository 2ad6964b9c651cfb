"""Findings: what the trials of a guided search say, and what each stage tries because of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple, final

from tunesmith.run.words import value_text
from tunesmith.samplers.probed import probed
from tunesmith.space.params import Choice, Config, Param
from tunesmith.space.roles import having, roles_of
from tunesmith.space.space import Space
from tunesmith.stages.batches import coupled_batches
from tunesmith.stages.order import NAMES, Name, members_of
from tunesmith.stages.outcomes import Abreast, Noise, Outcome, abreast, best_outcome, noise_of
from tunesmith.stages.ranges import Bracket, bracket, far_values, fixed_at, part_of
from tunesmith.stages.rates import Place, first_step, next_places
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_MOST_RATES: Final = 6
_MOST_LINES: Final = 8
_MOST_BATCHES: Final = 3
RATES_TO_TELL: Final = 3


class Question(NamedTuple):
    """A configuration that a stage wants to try, and why."""

    config: Config
    why: str


class Answer(NamedTuple):
    """What became of a question."""

    changes: str
    """What the trial has otherwise than the configuration that it was to better."""
    by: float
    """By how much it was better there; below 0 where it was worse, minus infinity where it failed."""


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

    def best_before(self, name: Name) -> Outcome | None:
        return best_outcome(self.view, self.before(name))

    def base(self, name: Name) -> Config:
        """What a stage changes: the best configuration of the stages before it; the default one as long as there is none.

        With several workers a stage may begin as trials of those before are under way. Then it is the best at the last step that
        all others have reached.
        """
        before = [trial for trial in self.before(name) if trial.twin is None and trial.config is not None]
        settled = [trial for trial in before if trial.state not in (State.READY, State.RUNNING)]
        best = self.best_before(name)
        found = best.config if best is not None else self.space.default()
        step = abreast(self.view, settled).step
        if step is None or len(settled) == len(before):
            return found
        reached = [
            trial for trial in before if trial in settled or (trial.last is not None and trial.last.step >= step)
        ]
        leader, loss = min(abreast(self.view, reached).losses, key=lambda pair: pair[1])
        return leader.config if leader.config is not None and math.isfinite(loss) else found

    # -- the learning rate -------------------------------------------------------------------------------------------

    @cached_property
    def probe(self) -> Param | None:
        """The learning rate as a range test has narrowed it."""
        return None if self.rate is None else probed(self.view, self.rate)

    @cached_property
    def rates_tried(self) -> Abreast:
        """The default configuration and those that differ from it in the learning rate."""
        trials = [*self.members["baseline"], *self.members["learning rate"]]
        return abreast(
            self.view, [trial for trial in trials if trial.twin is None and self.rate in (trial.config or {})]
        )

    @cached_property
    def rates(self) -> Bracket | None:
        """What the stage of the learning rate has found; None without a learning rate, or with too few outcomes."""
        if self.rate is None:
            return None
        tried = self.rates_tried
        points = [(trial.config[self.rate], loss) for trial, loss in tried.losses if trial.config is not None]
        seen = bracket(self.space.params[self.rate], points, noise_of(self.view, tried.step).margin)
        return seen if seen is not None and seen.tried >= RATES_TO_TELL else None

    # -- what the stages want to try ---------------------------------------------------------------------------------

    def questions(self, stage: Name) -> list[Question]:
        """What a stage still wants to try; nothing for those that ask no question of their own."""
        if stage == "learning rate":
            return self._rates()
        if stage == "batch and schedule":
            return [*self._schedules(), *self._batches()]
        if stage == "architecture and regularization":
            return self._lines()
        return []

    def _rates(self) -> list[Question]:
        stage: Name = "learning rate"
        base = self.base(stage)
        if self.rate is None or self.rate not in base or len(self.members[stage]) >= _MOST_RATES:
            return []
        param: Any = self.space.params[self.rate]
        within = self.probe or param
        low, high = (param.to_unit(within.from_unit(end)) for end in (0.0, 1.0))
        known = {trial.number: loss for trial, loss in self.rates_tried.losses}
        places = [
            Place(param.to_unit(trial.config[self.rate]), known.get(trial.number))
            for trial in [*self.members["baseline"], *self.members[stage]]
            if trial.twin is None and trial.config is not None and self.rate in trial.config
        ]
        wanted = next_places(places, low, high, first_step(param))
        why = "another learning rate, with all else as in the defaults"
        questions = [Question({**base, self.rate: param.from_unit(unit)}, why) for unit in wanted]
        return [question for question in questions if self._is_new(question.config)]

    def _schedules(self) -> list[Question]:
        """Each other option of the schedule."""
        options = [name for name in having(self.roles, "schedule") if isinstance(self.space.params[name], Choice)]
        return self._elsewhere("batch and schedule", options)

    def _batches(self) -> list[Question]:
        """A few other batch sizes, each with the rate that goes with it."""
        stage: Name = "batch and schedule"
        base = self.base(stage)
        if self.batch is None or self.batch not in base:
            return []
        tried = {
            trial.config[self.batch] for trial in self.members[stage] if trial.config and self.batch in trial.config
        }
        tried.discard(base[self.batch])
        found = coupled_batches(self.view, self.batch, self.rate, base)
        new = [Question(config, why) for config, why in found if config[self.batch] not in tried]
        return new[: max(0, _MOST_BATCHES - len(tried))]

    def _lines(self) -> list[Question]:
        """One parameter after the other somewhere else; scientific ones come first.

        Near the best configuration, a model would learn little of what none of its neighbours changes.
        """
        stage: Name = "architecture and regularization"
        names = (*having(self.roles, "scientific"), *having(self.roles, "nuisance"))
        return self._elsewhere(stage, names)[: max(0, _MOST_LINES - len(self.members[stage]))]

    def _elsewhere(self, stage: Name, names: Sequence[str]) -> list[Question]:
        base = self.base(stage)
        tried = [trial.config for trial in self.members[stage] if trial.config is not None]
        wanted = [
            Question(
                {**base, name: value}, f"{name} {value_text(value)}, with all else as in the best configuration so far"
            )
            for name in names
            if name in base
            for value in far_values(self.space.params[name], base[name])
            if all(config.get(name) != value for config in tried)
        ]
        # A value that brings other parameters with it is no configuration like this; fine-tuning tries it.
        return [question for question in wanted if self._is_new(question.config)]

    def answers(self, stage: Name) -> tuple[Abreast, list[Answer]]:
        """How the trials of a stage compare with the best one before it, at a step that all of them have reached."""
        base = self.best_before(stage)
        if base is None:
            return abreast(self.view, []), []
        found = abreast(self.view, [base.trial, *self.members[stage]])
        (_, before), *others = found.losses
        return found, [
            Answer(changes_text(base.config, trial.config, " with "), before - loss)
            for trial, loss in others
            if trial.config is not None
        ]

    def _is_new(self, config: Config) -> bool:
        try:
            complete = self.space.check(config) == config
        except ValueError:
            return False
        return complete and self.space.allows(config) and not self.view.has(config)

    @cached_property
    def searched_space(self) -> Space:
        """Where fine-tuning searches: everything, apart from what is to stay at its default."""
        return part_of(self.space, fixed_at(self.space, self.space.default(), self.fixed))


def changes_text(before: Config, after: Config, joint: str = ", ") -> str:
    """What one configuration has otherwise than another: "lr 0.001 → 0.01, batch_size 32 → 64"."""
    return joint.join(
        f"{name} {value_text(before[name])} → {value_text(value)}" if name in before else f"{name} {value_text(value)}"
        for name, value in after.items()
        if before.get(name) != value
    )
