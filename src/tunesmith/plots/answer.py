"""The answer that a report begins with: what was found, in sentences and in a small table. Plain text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from tunesmith.analysis.axes import IDLE
from tunesmith.analysis.figures import Outcome, Standing, Summary
from tunesmith.plots.texts import capital, clip, count_text, cut, duration_text, join_text, number_text, value_text
from tunesmith.space.params import Json
from tunesmith.trials.spec import Objective, Pick

_NAME: Final = 60
_VALUE: Final = 120
_MESSAGE: Final = 240
_MOST_JSON: Final = 20_000
_MOST_FRONT: Final = 50
_SIDE_BY_SIDE: Final = 4
"""More trials than that are lines of the table, not columns: a page is longer than it is wide."""
STANDING: Final = ("as the search found it", "mean on fresh seeds", "95 % interval", "repeats")


class Row(NamedTuple):
    """A line of the answer's table: a name and one text per column; `differs` if two columns do not agree."""

    name: str
    cells: list[str]
    differs: bool = False


class Answer(NamedTuple):
    """What a study found."""

    question: str
    headline: str
    remarks: list[str]
    doubts: list[str]
    """How sure it is."""
    standings: list[Row]
    """What the best ones came to on fresh seeds: the columns `STANDING`."""
    failures: list[str]
    """What failed, and why."""
    columns: list[str]
    """The heads of the table: one trial each; with `many` trials one metric or parameter each."""
    metrics: list[Row]
    """Its lines: one metric each; with `many` trials one trial each."""
    params: list[Row]
    """Its further lines: one parameter each."""
    many: bool
    number: int | None
    """The best trial."""
    config: str
    """Its config as JSON; empty if there is none."""
    facts: list[tuple[str, str]]


def answer(found: Summary) -> Answer:
    """The beginning of a report."""
    trials = _columns(found)
    columns = [_head(found, outcome) for outcome in trials]
    metrics, params = _metric_rows(found, trials), _param_rows(trials)
    many = len(trials) > _SIDE_BY_SIDE
    if many:
        columns, metrics, params = [row.name for row in (*metrics, *params)], _turned(columns, [*metrics, *params]), []
    return Answer(
        question=_question(found),
        headline=_headline(found),
        remarks=list(filter(None, _remarks(found))),
        doubts=list(filter(None, _doubts(found))),
        standings=[_standing(one) for one in found.standings],
        failures=list(filter(None, [_failure(found)])),
        columns=columns,
        metrics=metrics,
        params=params,
        many=many,
        number=found.best.number if found.best else None,
        config=_as_json(found.best),
        facts=[fact for fact in _facts(found) if fact[1]],
    )


def _turned(columns: list[str], rows: list[Row]) -> list[Row]:
    """The table the other way round: a line for each column."""
    return [Row(head, [row.cells[place] for row in rows]) for place, head in enumerate(columns)]


def _columns(found: Summary) -> list[Outcome]:
    """The trials of the table: the best or the front, and the default configuration for comparison."""
    if found.best is None:
        return []
    sign = found.objectives[0].sign
    metric = found.objectives[0].metric
    columns = sorted(found.front, key=lambda outcome: sign * outcome.values[metric])[:_MOST_FRONT]
    default = found.default
    known = default is None or any(outcome.number == default.number for outcome in columns)
    return columns if known or default is None else [*columns, default]


def _head(found: Summary, outcome: Outcome) -> str:
    words = []
    if found.best is not None and outcome.number == found.best.number and len(found.objectives) == 1:
        words.append("best")
    if found.default is not None and outcome.number == found.default.number:
        words.append("default")
    return f"{' = '.join(words)}: trial {outcome.number}" if words else f"trial {outcome.number}"


def _headline(found: Summary) -> str:
    first = found.objectives[0]
    if found.best is None:
        return _no_best(found)
    if len(found.objectives) > 1:
        ways = join_text([f"{_way(o)} {clip(o.metric, _NAME)}" for o in found.objectives])
        if len(found.front) == 1:
            return f"Trial {found.best.number} beats all others: {ways}."
        return f"{count_text(len(found.front), 'trial')} that no other one beats: {ways}."
    metric = clip(first.metric, _NAME)
    if found.standings:
        winner = found.standings[0]
        seeds = f"as the mean of {winner.repeats} fresh seeds" if winner.repeats > 1 else "on a fresh seed"
        return f"{metric} {number_text(winner.mean)} {seeds}, with trial {found.best.number}."
    return f"{metric} {number_text(found.best.values[first.metric])}, with trial {found.best.number}."


def _no_best(found: Summary) -> str:
    if not found.trials:
        return "No trial yet."
    if found.valued:
        limits = join_text([clip(limit, _NAME) for limit in found.limits])
        return f"No trial keeps the limits ({limits}); {count_text(found.infeasible, 'trial')} ended beyond them."
    failed = found.states.get("failed", 0)
    if failed == found.trials:
        return "The only trial failed." if failed == 1 else f"All {failed:,} trials failed."
    metric = join_text([clip(o.metric, _NAME) for o in found.objectives])
    return f"No trial has a value of {metric} yet."


def _way(objective: Objective) -> str:
    return "smaller" if objective.direction == "minimize" else "larger"


def _question(found: Summary) -> str:
    """What was searched, for what."""
    goals = join_text([f"{_most(o)} {clip(o.metric, _NAME)}" for o in found.objectives])
    limits = f", keeping {join_text([clip(limit, _NAME) for limit in found.limits])}" if found.limits else ""
    return f"Which configuration of {count_text(found.params, 'parameter')} gives the {goals}{limits}?"


def _most(objective: Objective) -> str:
    return "smallest" if objective.direction == "minimize" else "largest"


def _remarks(found: Summary) -> list[str]:
    return [
        _against_default(found),
        f"It was stopped early: {cut(found.best.reason, _MESSAGE)}." if _was_stopped(found) and found.best else "",
        _left_out_of_front(found),
    ]


def _doubts(found: Summary) -> list[str]:
    looked = count_text(len(found.looks), "time")
    return [
        f"{capital(found.confirmed)}." if found.confirmed else _flattery(found),
        *(f"Test set, looked at {looked}: trial {look.trial} came to {look.sentence}." for look in found.looks),
    ]


def _standing(one: Standing) -> Row:
    interval = f"{number_text(one.low)} to {number_text(one.high)}" if math.isfinite(one.high - one.low) else IDLE
    failed = f", {one.failures} failed" if one.failures else ""
    cells = [number_text(one.promised), number_text(one.mean), interval, f"{one.repeats}{failed}"]
    return Row(f"trial {one.number}", cells)


def _was_stopped(found: Summary) -> bool:
    return found.best is not None and found.best.state == "stopped" and len(found.objectives) == 1


def _against_default(found: Summary) -> str:
    """How much was gained over what the user had."""
    best, default = found.best, found.default
    if default is None:
        return "The default configuration was not tried, so that there is nothing to compare with." if best else ""
    if default.state == "failed":
        return f"The default configuration (trial {default.number}) failed: {cut(default.reason, _MESSAGE)}."
    if default.state not in ("done", "stopped"):
        return f"The default configuration (trial {default.number}) has not ended yet."
    if best is None:
        return ""
    if len(found.objectives) > 1:
        return _front_against(found, default)
    if best.number == default.number:
        return "No trial was better than the default configuration."
    first = found.objectives[0]
    # What fresh seeds say of the winner is not flattered by the choice. The default was not chosen, but may be repeated too.
    value = found.standings[0].mean if found.standings else best.values[first.metric]
    before = next((one.mean for one in found.standings if one.number == default.number), None)
    gained = _gain(value, default.values.get(first.metric, math.nan) if before is None else before, first)
    stopped = ", stopped early" if default.state == "stopped" else ""
    limits = "" if default.feasible else ", beyond the limits"
    return f"{gained} (trial {default.number}{stopped}{limits})."


def _front_against(found: Summary, default: Outcome) -> str:
    """With several objectives."""
    which = f"the default configuration (trial {default.number})"
    if any(outcome.number == default.number for outcome in found.front):
        return f"{capital(which)} is one of them."
    before = [o.sign * default.values.get(o.metric, math.nan) for o in found.objectives]
    better = sum(
        all(o.sign * outcome.values[o.metric] < was for o, was in zip(found.objectives, before, strict=True))
        for outcome in found.front
    )
    beat = "beats" if better == 1 else "beat"
    return f"{better:,} of them {beat} {which} in every objective." if better else ""


def _gain(best: float, before: float, objective: Objective) -> str:
    if not math.isfinite(before):
        return f"The default configuration has no finite {clip(objective.metric, _NAME)}"
    shown = f"{number_text(before)} of the default configuration"
    gain = objective.sign * (before - best)
    if gain <= 0:
        return f"Not better than the {shown}"
    # A percentage means something only between numbers of one sign.
    share = abs(gain / before) if before * best > 0 else math.inf
    return f"{100 * share:.3g} % {_way(objective)} than the {shown}" if share <= 10 else f"Better than the {shown}"


def _flattery(found: Summary) -> str:
    """Promise nothing: the best of many noisy values is too good on average."""
    if found.best is None or found.valued < 2:
        return ""
    if found.caveat:
        return f"Noise is large: {found.caveat}. Train it again on fresh seeds to see what it is worth."
    picked = f"Picked from {found.valued:,} values,"
    if len(found.front) > 1:
        return f"{picked} they tend to look better than they are: train them again on fresh seeds."
    return f"{picked} it tends to look better than it is: train it again on fresh seeds to see what it is worth."


def _left_out_of_front(found: Summary) -> str:
    if len(found.objectives) == 1 or len(found.front) <= _MOST_FRONT:
        return ""
    metric = clip(found.objectives[0].metric, _NAME)
    return f"The table shows the {_MOST_FRONT} of {len(found.front):,} trials that are best by {metric}."


def _failure(found: Summary) -> str:
    example, failed = found.common_failure, found.states.get("failed", 0)
    if example is None or not failed:
        return ""
    most = f", most often by {next(iter(found.failures))}" if len(found.failures) > 1 else ""
    which = "It was" if failed == 1 else "The latest such was"
    return (
        f"{count_text(failed, 'trial')} failed{most}. {which} trial {example.number}: {cut(example.reason, _MESSAGE)}"
    )


def _metric_rows(found: Summary, columns: list[Outcome]) -> list[Row]:
    objectives = {o.metric: f"{clip(o.metric, _NAME)} ({_way(o)} is better)" for o in found.objectives}
    names = dict.fromkeys([*objectives, *(name for outcome in columns for name in outcome.values)])
    rows = [
        Row(
            objectives.get(name, clip(name, _NAME)),
            [number_text(o.values[name]) if name in o.values else _no_value(o) for o in columns],
        )
        for name in names
        if columns
    ]
    again = {one.number: number_text(one.mean) for one in found.standings}
    if rows and again:  # what was found and what it is worth stand one below the other
        rows.insert(1, Row("on fresh seeds", [again.get(o.number, IDLE) for o in columns]))
    return rows


def _no_value(outcome: Outcome) -> str:
    return outcome.state if outcome.state != "done" else IDLE


def _param_rows(columns: list[Outcome]) -> list[Row]:
    names = dict.fromkeys(name for outcome in columns for name in outcome.config)
    rows = []
    for name in names:
        cells = [_exact(o.config[name]) if name in o.config else IDLE for o in columns]
        rows.append(Row(clip(name, _NAME), cells, differs=len(cells) == 2 and cells[0] != cells[1]))
    return rows


def _exact(value: Json) -> str:
    """A value to be typed in again: all digits of a number."""
    return repr(value) if isinstance(value, float) else value_text(value, _VALUE)


def _as_json(best: Outcome | None) -> str:
    if best is None:
        return ""
    text = json.dumps(best.config, indent=2, ensure_ascii=False)
    return cut(text, _MOST_JSON)


_VALUES: Final[Mapping[Pick, str]] = {
    "last": "the last report",
    "best": "the best report, by the first objective",
    "mean": "the mean of all reports",
}


def _facts(found: Summary) -> list[tuple[str, str]]:
    value = _VALUES[found.pick]
    return [
        ("Trials", _states(found)),
        ("Failures", join_text([f"{count:,} {kind}" for kind, count in found.failures.items()])),
        ("Training", duration_text(found.seconds) if found.seconds else ""),
        ("Early stopping", _saved(found)),
        ("Limits", join_text([clip(limit, _NAME) for limit in found.limits])),
        ("Value of a trial", value),
    ]


def _states(found: Summary) -> str:
    words = {"done": "finished", "stopped": "stopped", "failed": "failed"}
    order = ("done", "stopped", "failed", "running", "paused", "ready", "open")
    parts = [f"{found.states[state]:,} {words.get(state, state)}" for state in order if state in found.states]
    beyond = f"; {found.infeasible:,} beyond the limits" if found.infeasible else ""
    return f"{found.trials:,} in all: {join_text(parts)}{beyond}" if found.trials else "none"


def _saved(found: Summary) -> str:
    paused = found.states.get("paused", 0)
    told = [(found.stopped_early, "stopped"), (paused, "paused")]
    ended = " and ".join(f"{count_text(count, 'trial')} {how}" for count, how in told if count)
    if found.steps_saved is None or not ended:
        return ended
    all_steps = found.steps + found.steps_saved
    share = f" ({100 * found.steps_saved / all_steps:.0f} %)" if all_steps else ""
    again = f"; {found.retrained:,} steps were trained again" if found.retrained else ""
    return f"{ended}, which saved about {found.steps_saved:,} of {all_steps:,} training steps{share}{again}"
