"""Summary: what a study found, in a few values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, final

from tunesmith.analysis.best import Best, best_of, front_of
from tunesmith.analysis.looks import Look, looks
from tunesmith.analysis.ranking import why_ended
from tunesmith.space.params import Config
from tunesmith.surrogates.estimates import Estimate
from tunesmith.trials.order import feasible, losses_of
from tunesmith.trials.spec import Objective, Pick
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View


@final
@dataclass(frozen=True)
class Outcome:
    """What became of one trial."""

    number: int
    state: Literal["open", "ready", "running", "paused", "done", "stopped", "failed"]
    config: Config
    values: dict[str, float]
    """All its metrics by name; empty until it ends, and for failures."""
    feasible: bool
    by: str
    why: str
    reason: str
    """Why it was stopped, or how it failed."""


class Standing(NamedTuple):
    """What one of the best configurations came to on fresh seeds, by the first objective."""

    number: int
    promised: float
    """What the search had found."""
    mean: float
    low: float
    high: float
    """The 95 % interval of the mean; infinite where nothing is known of the noise."""
    repeats: int
    failures: int


def standings_of(best: Best | None) -> list[Standing]:
    """The configurations that were repeated, the best first; empty as long as none was, or where seeds change nothing."""
    again = best.confirmed if best else None
    if again is None or again.deterministic:
        return []
    return [
        Standing(one.trial.number, worth.promised, worth.mean, worth.low, worth.high, one.repeats, one.failures)
        for one in again.field
        if (worth := one.worth.get(again.metric)) is not None
    ]


@final
@dataclass(frozen=True)
class Summary:
    """What a study found; `dataclasses.asdict` makes plain dicts of it."""

    study: str
    objectives: tuple[Objective, ...]
    params: int
    """How many parameters vary."""
    limits: list[str]
    """Limits on metrics, as text."""
    pick: Pick
    """Which report is a trial's value: the last one, or the best by the first objective."""
    best: Outcome | None
    """The best trial: feasible, and with the best first objective, or where noise is large the best one expected."""
    expected: Estimate | None
    """Where noise is large, the first objective that is expected of it."""
    caveat: str
    """The same in words, with the trial that has a better value by luck if there is one; else empty."""
    confirmed: str
    """What came out when the best ones were trained again on fresh seeds, in words; empty as long as they were not."""
    standings: list[Standing]
    """Where the best ones were trained again on fresh seeds, what each came to; the winner first."""
    front: list[Outcome]
    """With several objectives all feasible trials that no other one beats in each of them, by number; else the best."""
    default: Outcome | None
    """The trial of the default configuration."""
    trials: int
    states: dict[str, int]
    """Trials by state; states without a trial are left out."""
    failures: dict[str, int]
    """Failed trials by kind, the most frequent first."""
    common_failure: Outcome | None
    """The latest failure of the most frequent kind."""
    valued: int
    """Trials with a finite value of each objective."""
    infeasible: int
    """Those among them that break a limit on metrics."""
    seconds: float
    """Seconds of training over all trials and attempts; what is running now counts from its next pause or end."""
    stopped_early: int
    """Trials that were stopped after their training had begun."""
    steps: int
    """The steps that all trials have trained, by their last reports."""
    steps_saved: int | None
    """The steps that early stopping and pausing saved, if each such trial had otherwise trained as far as the longest
    finished one; None if there was none, or no finished trial reported steps."""
    looks: list[Look]
    """What was seen of the test set."""
    retrained: int
    """The steps that were trained again since what a paused trial held was gone and its checkpoint was older."""


def summary(view: View, best: Best | None = None) -> Summary:
    """What the study found so far."""
    spec, trials = view.spec, view.trials
    best = best_of(view) if best is None else best
    default = next((trial for trial in trials if trial.by == "default" and trial.twin is None), None)
    valued = [trial for trial in trials if losses_of(spec, trial) is not None]
    kinds = Counter(trial.failure.kind for trial in trials if trial.failure)
    stopped = [trial for trial in view.of(State.STOPPED) if trial.started is not None]
    common = kinds.most_common(1)[0][0] if kinds else None
    failed = [trial for trial in trials if trial.failure and trial.failure.kind == common]
    return Summary(
        study=spec.name,
        objectives=spec.objectives,
        params=sum(param.size != 1 for param in view.space.codec().params),
        limits=[str(limit) for limit in spec.limits],
        pick=spec.pick,
        best=_outcome(view, best.trial if best else None),
        expected=best.expected if best else None,
        caveat=best.caveat if best else "",
        confirmed=best.confirmed.sentence if best and best.confirmed else "",
        standings=standings_of(best),
        front=[outcome for trial in front_of(view, best) if (outcome := _outcome(view, trial))],
        default=_outcome(view, default),
        trials=len(trials),
        states=dict(Counter(trial.state.value for trial in trials)),
        failures=dict(kinds.most_common()),
        common_failure=_outcome(view, failed[-1] if failed else None),
        valued=len(valued),
        infeasible=sum(not feasible(spec, trial) for trial in valued),
        seconds=sum(trial.spent for trial in trials),
        stopped_early=len(stopped),
        steps=sum(trial.last.step for trial in trials if trial.last),
        steps_saved=_steps_saved(view.of(State.DONE), [*stopped, *view.of(State.PAUSED)]),
        looks=looks(view),
        retrained=sum(int(trial.notes.get("retrained", 0)) for trial in trials),
    )


def _outcome(view: View, trial: Trial | None) -> Outcome | None:
    if trial is None:
        return None
    failed = trial.state is State.FAILED
    return Outcome(
        number=trial.number,
        state=trial.state.value,
        config=dict(trial.config or {}),
        values={} if failed else dict(trial.values),
        feasible=not failed and feasible(view.spec, trial),
        by=trial.by,
        why=trial.why,
        reason=why_ended(trial),
    )


def _steps_saved(finished: Sequence[Trial], stopped: Sequence[Trial]) -> int | None:
    lengths = [trial.last.step for trial in finished if trial.last]
    if not lengths or not stopped:
        return None
    longest = max(lengths)
    return sum(max(0, longest - (trial.last.step if trial.last else 0)) for trial in stopped)
