"""What a figure shows, in a sentence: its title, and what it leaves out. Plain text; escaped where it is shown."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.axes import IDLE
from tunesmith.analysis.figures import Ablation, Curves, History, Importance, Parallel
from tunesmith.plots.texts import clip, count_text, join_text, number_text, percent_text

_NAME: Final = 40


def history_finding(data: History) -> str:
    """The title of the history."""
    count, metric = len(data.numbers), clip(data.metric, _NAME)
    if not count:
        return "No trial has ended yet"
    if data.best is not None:
        ended = "1 trial has ended" if count == 1 else f"{count:,} trials have ended"
        return f"Best {metric}: {number_text(data.best_value)}, in trial {data.best}; {ended}"
    if all(state == "failed" for state in data.states):
        return "The only trial failed" if count == 1 else f"All {count:,} trials failed"
    if data.limited and np.isfinite(data.values).any():
        return f"None of {count_text(count, 'trial')} keeps the limits"
    return f"No trial has a finite {metric}"


def history_remarks(data: History) -> list[str]:
    """What must be known to read the history."""
    remarks = []
    if data.standings:
        remarks.append("Diamonds: what the best ones came to on fresh seeds, with 95 % intervals.")
    if data.caveat:
        remarks.append(f"Noise is large: {data.caveat}.")
    outside = _outside(data.values, data.near) if not data.log else 0
    if outside:
        remarks.append(f"{count_text(outside, 'value')} far off the others: double-click the figure to see all.")
    if data.log:
        remarks.append("The axis is logarithmic.")
    return remarks


def curves_finding(data: Curves) -> str:
    """The title of the learning curves."""
    if not data.lines:
        return f"No trial reported {clip(data.metric, _NAME)} step by step"
    if data.total == 1:
        return f"Trial {data.lines[0].number} was {'' if data.stopped else 'not '}stopped early"
    stopped = f"{data.stopped:,} of {data.total:,} trials" if data.stopped else "no trial"
    was = "were" if data.stopped > 1 else "was"
    best = f"Trial {data.best} is best; " if data.best is not None else ""
    finding = f"{best}{stopped} {was} stopped early"
    if data.paused:
        paused = f"{data.paused:,} of {data.total:,} trials {'is' if data.paused == 1 else 'are'} paused"
        finding = f"{best}{paused}" + (f", {data.stopped:,} {was} stopped early" if data.stopped else "")
    return finding[0].upper() + finding[1:]


def curves_remarks(data: Curves) -> list[str]:
    """What the learning curves leave out."""
    remarks = []
    if len(data.lines) < data.total:
        remarks.append(
            f"{len(data.lines):,} of {data.total:,} curves are shown: the best ones and an even spread of the others."
        )
    if data.points is not None:
        remarks.append(f"Longer curves are drawn with {data.points:,} of their points, extremes kept.")
    if data.rungs:
        steps = join_text([f"{step:,}" for step in data.rungs])
        remarks.append(f"Trials are compared at step{'s' if len(data.rungs) > 1 else ''} {steps} (dotted).")
    counts: Counter[str] = Counter(each.kind for each in data.decided)
    words = {"pause": "pause", "promote": "promotion", "fork": "fork"}
    decided = [count_text(counts[kind], word) for kind, word in words.items() if counts[kind]]
    if decided:
        remarks.append(f"With {join_text(decided)}; each mark has its reason.")
    if data.log:
        remarks.append("The axis is logarithmic.")
    elif data.near is not None and any(_outside(line.values, data.near) for line in data.lines):
        remarks.append("Some values lie far off the others: double-click the figure to see all.")
    return remarks


def parallel_finding(data: Parallel) -> str:
    """The title of the parallel coordinates."""
    if not data.objectives:
        return "No trial has a value to compare"
    if not data.axes:
        return "No parameter varies in this study"
    where = data.gathered
    by = f" by {clip(data.objectives[0].name, _NAME)}" if len(data.objectives) > 1 else ""
    if where is None:
        return f"{count_text(data.total, 'trial')}; trial {data.best} is best{by}"
    name = clip(where.name, _NAME)
    if where.option is not None:
        place = f"{name} = {clip(where.option, _NAME)}"
    else:
        low, high = (number_text(end or 0.0) for end in (where.low, where.high))
        place = f"{name} between {low} and {high}" if low != high else f"{name} = {low}"
    return f"The best {where.count:,} of {data.total:,} trials{by} have {place}"


def parallel_remarks(data: Parallel) -> list[str]:
    """What the parallel coordinates leave out."""
    remarks = []
    if len(data.numbers) < data.total:
        remarks.append(
            f"{len(data.numbers):,} of {data.total:,} trials are shown: the best ones and an even spread of the others."
        )
    left_out = [
        f"{count:,} {what}"
        for count, what in (
            (data.failed, "failed"),
            (data.waiting, "not ended"),
            (data.valueless, "without a finite value"),
        )
        if count
    ]
    if left_out:
        remarks.append(f"Left out: {join_text(left_out)}.")
    if data.hidden:
        remarks.append(
            f"{count_text(len(data.hidden), 'further parameter')} did not fit, "
            f"from {clip(data.hidden[0], _NAME)} on; the table has all."
        )
    if any(axis.idle is not None for axis in data.axes):
        remarks.append(f"“{IDLE}” on an axis: the parameter took no part in that trial.")
    return remarks


def _outside(values: NDArray[np.float64], near: tuple[float, float] | None) -> int:
    if near is None:
        return 0
    finite = values[np.isfinite(values)]
    return int(((finite < near[0]) | (finite > near[1])).sum())


def importance_finding(data: Importance) -> str:
    """The title of the importances."""
    metric = clip(data.metric, _NAME)
    first = data.params[0]
    if not first.real:
        return f"What {metric} depends on cannot be told from chance yet"
    where = "" if data.region == "whole" else " among good configurations"
    most = f"{clip(first.name, _NAME)} matters most for {metric}{where}"
    if data.method != "fanova":
        return most
    low, share, high = (percent_text(part) for part in (first.low, first.share, first.high))
    return f"{most}: {share} of its variance ({low} to {high})"


def importance_remarks(data: Importance) -> list[str]:
    """How the importances are meant, and when not to believe them."""
    remarks = list(data.remarks)
    if data.pairs:
        pair = data.pairs[0]
        names = join_text([clip(name, _NAME) for name in pair.names])
        remarks.append(f"{names} act together: {percent_text(pair.share)} of the variance beyond what each does alone.")
    if any(not param.real for param in data.params):
        remarks.append("Grey: next to nothing, or chance.")
    return remarks


def ablation_finding(data: Ablation) -> str:
    """The title of the way from the default configuration to the winner."""
    if not data.steps:
        return "The default configuration won"
    best = max((step for step in data.steps if step.low > 0), key=lambda step: step.gain, default=None)
    if best is None:
        return "No single change from the default configuration to the winner is known to have helped"
    return (
        f"The change of {clip(best.name, _NAME)} brought most: {clip(data.metric, _NAME)} better by "
        f"{number_text(best.gain)} ({number_text(best.low)} to {number_text(best.high)})"
    )
