"""The story of a guided search: what each stage has learned, and what it changed. Pure."""

from __future__ import annotations

from typing import NamedTuple

from tunesmith.analysis.confirm import confirmed
from tunesmith.recipes.guided.findings import OUTCOMES_TO_NARROW, RATES_TO_NARROW, Findings
from tunesmith.recipes.guided.outcomes import Outcome, best_outcome, outcomes_of
from tunesmith.recipes.guided.plan import Plan, Stage
from tunesmith.recipes.guided.roles import having
from tunesmith.run.words import number, value_text
from tunesmith.space.params import Fixed, Param, describe
from tunesmith.trials.view import View


class Chapter(NamedTuple):
    """One stage in words."""

    stage: str
    state: str
    """ "skipped", "over", "now" or "to come"."""
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.stage}: {'; '.join(self.sentences)}."


def story(view: View) -> list[Chapter]:
    """What the stages of a guided search have come to so far, one chapter each; its confirmation is the last."""
    plan = Plan(view)
    chapters = [Chapter(stage.name, stage.state, tuple(_sentences(plan.findings, stage))) for stage in plan.stages]
    found = confirmed(view) if any(trial.twin not in (None, 0) for trial in view.trials) else None
    if found is not None and found.choice.repeats:
        chapters.append(Chapter("confirmation", "over", (found.sentence.removeprefix("confirmed: "),)))
    return chapters


def roles_sentence(view: View) -> str:
    """Which parameter has which role; those that were guessed from a name are marked."""
    roles = Findings(view).roles
    parts = []
    for role in dict.fromkeys(assigned.role for assigned in roles.values()):
        names = [name if roles[name].declared else f"{name}*" for name in having(roles, role)]
        parts.append(f"{role}: {', '.join(names)}")
    guessed = any(not assigned.declared for assigned in roles.values())
    return "; ".join(parts) + (" (* guessed from the name; role= says otherwise)" if guessed else "")


def _sentences(known: Findings, stage: Stage) -> list[str]:
    if stage.state == "skipped":
        return [f"skipped, since {stage.why}"]
    if stage.state == "to come" or not stage.trials:
        return ["nothing yet"]
    if stage.name == "baseline":
        return _baseline(known, stage)
    said = _gain(known, stage)
    if stage.name == "learning rate":
        said += _rates(known)
    if stage.name == "fine-tuning":
        said = [_narrowed(known), *said]
    return said


def _baseline(known: Findings, stage: Stage) -> list[str]:
    default = best_outcome(outcomes_of(known.view, stage.trials))
    if default is None:
        return ["the default configuration has no result"]
    said = [f"the default configuration comes to {_loss(known, default.loss)}"]
    noise = known.noise
    if noise.repeats and not noise.deviation:
        return [*said, "repeats come out the same, so there is no noise"]
    if noise.repeats:
        return [
            *said,
            f"trainings of one configuration differ by {number(noise.deviation)} (standard deviation, from {_count(noise.repeats, 'repeat')})",
        ]
    return [*said, "it was not repeated, so how large noise is, is not known"]


def _rates(known: Findings) -> list[str]:
    said = []
    if known.probe is not None:
        said.append(f"a range test has narrowed it to {_range(known.probe)} before")
    found = known.rates
    if found is None:
        return [*said, f"not narrowed further, since fewer than {RATES_TO_NARROW} rates have an outcome"]
    if found.good == found.tried:
        return [*said, "no rate is worse than noise explains, so that it is searched as widely as before"]
    assert known.rate is not None
    assert known.rate_range is not None
    said.append(
        f"{found.good} of {found.tried} rates are as good as the best as far as noise tells; from now on {known.rate} is searched "
        f"in {_range(known.rate_range)}"
    )
    if found.edge:
        said.append("the best rate is at the edge of those that were tried: a wider range may hold a better one")
    return said


def _gain(known: Findings, stage: Stage) -> list[str]:
    """What became better in a stage, and by what change."""
    before = best_outcome(outcomes_of(known.view, known.before(stage.name)))
    after = best_outcome(outcomes_of(known.view, [*known.before(stage.name), *stage.trials]))
    tried = _count(len(stage.trials), "trial")
    if after is None:
        return [f"{tried} without a result"]
    if before is None:
        return [f"{tried}, the best with {_loss(known, after.loss)}"]
    if after.config == before.config:
        return [f"{tried}, none better than {_loss(known, before.loss)}"]
    said = [f"{tried}; {_loss(known, before.loss)} became {_loss(known, after.loss)} with {_changes(before, after)}"]
    if before.loss - after.loss <= known.noise.margin:
        said.append("noise alone explains as much")
    return said


def _changes(before: Outcome, after: Outcome) -> str:
    changed = [name for name, value in after.config.items() if before.config.get(name) != value]
    return ", ".join(
        f"{name} {value_text(before.config[name])} → {value_text(after.config[name])}"
        if name in before.config
        else f"{name} {value_text(after.config[name])}"
        for name in changed
    )


def _narrowed(known: Findings) -> str:
    count = len(outcomes_of(known.view, known.before("fine-tuning")))
    if not known.fine:
        enough = count >= OUTCOMES_TO_NARROW
        return "all parameters over their whole ranges" + (
            ""
            if enough
            else f", since {_count(count, 'outcome')} are fewer than the {OUTCOMES_TO_NARROW} that narrowing takes"
        )
    ranges = ", ".join(f"{name} in {_range(param)}" for name, param in known.fine.items())
    return f"all parameters, narrowed by the best of {count} outcomes: {ranges}"


def _range(param: Param) -> str:
    if isinstance(param, Fixed):
        return value_text(param.value)
    low, high = getattr(param, "low", None), getattr(param, "high", None)
    return describe(param) if low is None or high is None else f"{value_text(low)} to {value_text(high)}"


def _loss(known: Findings, loss: float) -> str:
    objective = known.view.spec.objectives[0]
    return f"{objective.metric} {number(objective.sign * loss)}"


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
