"""The story of a guided search: what each stage has learned, and what it changed. Pure."""

from __future__ import annotations

from typing import NamedTuple

from tunesmith.analysis.confirm import confirmed
from tunesmith.run.words import number, value_text
from tunesmith.space.params import Fixed, Param, describe
from tunesmith.space.roles import having
from tunesmith.stages.findings import Findings, changes_text
from tunesmith.stages.outcomes import Abreast, best_outcome, noise_of
from tunesmith.stages.plan import Plan, Stage
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
    if not stage.trials:
        return [f"no trial, since {stage.why}" if stage.why else "nothing yet"]
    if stage.name == "baseline":
        return _baseline(known, stage)
    if stage.name == "learning rate":
        return [*_gain(known, stage), *_rates(known)]
    if stage.name == "fine-tuning":
        count = _count(len(known.before("fine-tuning")), "trial")
        within = f", {known.rate} within {_range(known.probe)}" if known.probe is not None else ""
        said = f"all parameters over their whole ranges{within}, by a model that knows the {count} before it, too"
        return [said, *_gain(known, stage)]
    return [*_gain(known, stage), *_answers(known, stage)]


def _baseline(known: Findings, stage: Stage) -> list[str]:
    default = best_outcome(known.view, stage.trials)
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
    """Where the best learning rate lies, with all else as in the defaults."""
    said = [f"a range test has told to look in {_range(known.probe)}"] if known.probe is not None else []
    found = known.rates
    if found is None or known.rate is None:
        return said
    if found.good == found.tried:
        return [*said, "no rate is worse than noise explains"]
    param = known.space.params[known.rate]
    low, high = (value_text(param.from_unit(unit)) for unit in (found.low, found.high))
    said.append(f"{_at(known.rates_tried)}the best {known.rate} lies between {low} and {high}")
    if found.edge:
        said.append("the best rate is the last one that was tried on its side: a wider range may hold a better one")
    return said


def _answers(known: Findings, stage: Stage) -> list[str]:
    """Which changes are better, which are worse, and which are neither, as far as noise tells."""
    seen, answers = known.answers(stage.name)
    margin = noise_of(known.view, seen.step).margin
    kinds = {
        "better": [answer.changes for answer in answers if answer.by > margin],
        "worse": [answer.changes for answer in answers if answer.by < -margin],
        "no different as far as noise tells": [answer.changes for answer in answers if abs(answer.by) <= margin],
    }
    said = [f"{kind}: {', '.join(changes)}" for kind, changes in kinds.items() if changes]
    return [f"{_at(seen)}{said[0]}", *said[1:]] if said else []


def _at(seen: Abreast) -> str:
    return "" if seen.step is None else f"at step {seen.step}, "


def _gain(known: Findings, stage: Stage) -> list[str]:
    """What became better in a stage, and by what change."""
    before = known.best_before(stage.name)
    after = best_outcome(known.view, [*known.before(stage.name), *stage.trials])
    tried = _count(len(stage.trials), "trial")
    if after is None:
        return [f"{tried} without a result"]
    if before is None:
        return [f"{tried}, the best with {_loss(known, after.loss)}"]
    if after.config == before.config:
        return [f"{tried}, none better than {_loss(known, before.loss)}"]
    said = [
        f"{tried}; {_loss(known, before.loss)} became {_loss(known, after.loss)} with {changes_text(before.config, after.config)}"
    ]
    if before.loss - after.loss <= known.noise.margin:
        said.append("noise alone explains as much")
    return said


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
