"""Metrics from what a program prints: lines of text to reports. Pure.

Understood are `loss=0.3`, `loss: 0.3`, several of them in a line, `{'loss': 0.3}`, JSON objects (groups become dotted
names), and the step as `epoch=3`, `Epoch 3/50`, `step: 3`. Everything else is passed over.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NamedTuple, final

from tunesmith.trials.facts import Reported

_UNITS: Final = ("step", "epoch", "iteration")
_LARGEST_STEP: Final = 2**53
_MOST_ASIDE: Final = 200
_DEEPEST: Final = 20
_LONGEST_NAME: Final = 200

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*+[A-Za-z]")
# Possessive quantifiers keep the time linear in the length of the line, whatever a program prints.
_NUMBER: Final = r"(?i:[+-]?(?:(?:\d++(?:\.\d*+)?|\.\d++)(?:e[+-]?\d++)?|nan|inf(?:inity)?))"
_NAME: Final = rf"[A-Za-z_][\w./@-]{{0,{_LONGEST_NAME - 1}}}+"
_PAIR: Final = (
    r"(?:(?<=[\s,;|(\[{\"'])|^)(?P<name>NAMES)[\"']?\s*+[=:]\s*+[\"']?"
    rf"(?P<number>{_NUMBER})(?=[\s,;|)\]}}%\"']|\.(?:\s|$)|$)"
)
_STEP: Final = re.compile(
    r"(?<![\w./-])(?P<unit>step|epoch|iteration)[\"']?\s*+[=:#\[(]?\s*+(?P<number>\d++)(?!\.\d|\w|%)", re.IGNORECASE
)


class _Step(NamedTuple):
    unit: str
    number: int


@final
class Meter:
    """Turns the lines of one attempt at a trial into its reports.

    A line counts as a report if it holds an objective or a new step; other numbers wait for the next report. Steps
    always grow: an objective that comes again without a larger step belongs to the next one. Reports up to step `after`
    are known from before the trial was paused, and dropped.
    """

    def __init__(self, objectives: tuple[str, ...], attempt: int, after: int = 0) -> None:
        self._objectives = frozenset(objectives)
        self._attempt = attempt
        self._after = after
        # Objectives are looked for by their own names, which may hold spaces and other signs.
        names = [re.escape(name) for name in sorted(self._objectives, key=len, reverse=True)]
        self._pair = re.compile(_PAIR.replace("NAMES", "|".join([*names, _NAME])))
        self._unit: str | None = None
        self._step = 0
        self._seen: set[str] = set()
        """The metrics that were reported for the present step."""
        self._ahead: int | None = None
        """A step that stood alone in a line, for the next objective."""
        self._aside: dict[str, float] = {}

    def read(self, line: str) -> Reported | None:
        """The report that a line makes, if it makes one."""
        text = _COLOUR.sub("", line).rstrip().rpartition("\r")[2].strip()
        numbers, steps = self._parse(text)
        told = self._own_step(numbers, steps)
        judged = not self._objectives.isdisjoint(numbers)
        if not numbers:
            self._ahead = told.number if told else self._ahead
            return None
        wanted = told.number if told else self._ahead if judged else None
        place = self._place(wanted, numbers, judged)
        if place is None:
            self._keep_aside(numbers)
            return None
        if told:
            self._unit = told.unit
        return self._report(place, numbers)

    def _parse(self, text: str) -> tuple[dict[str, float], dict[str, int]]:
        document = _json_object(text)
        if document is not None:
            return document, {}
        steps: dict[str, int] = {}
        for match in _STEP.finditer(text):
            number = float(match["number"])
            if number <= _LARGEST_STEP:
                steps.setdefault(match["unit"].lower(), int(number))
        return {match["name"]: float(match["number"]) for match in self._pair.finditer(text)}, steps

    def _own_step(self, numbers: dict[str, float], steps: dict[str, int]) -> _Step | None:
        """The step that the line names, taken out of its numbers. The unit that is used first holds for the attempt."""
        for unit in (self._unit,) if self._unit else _UNITS:
            named = [name for name in numbers if name.lower() == unit and name not in self._objectives]
            whole = [int(numbers[name]) for name in named if _is_step(numbers[name])]
            found = whole[0] if whole else steps.get(unit)
            if found is not None and unit not in self._objectives:
                for name in named:
                    del numbers[name]
                return _Step(unit, found)
        return None

    def _place(self, wanted: int | None, numbers: dict[str, float], judged: bool) -> int | None:
        """The step that the numbers belong to; None if they must wait."""
        if wanted is not None and wanted > self._step:
            return wanted
        again = self._objectives & numbers.keys() & self._seen
        is_here = bool(self._seen) and wanted in (None, self._step) and not again and not numbers.keys() <= self._seen
        if is_here and (judged or wanted is not None):
            return self._step
        return self._step + 1 if judged else None

    def _report(self, step: int, numbers: dict[str, float]) -> Reported | None:
        if step > self._step:
            self._step, self._seen = step, set()
        metrics = {name: number for name, number in (self._aside | numbers).items() if name not in self._seen}
        self._seen |= metrics.keys()
        self._aside, self._ahead = {}, None
        return Reported(step, metrics, self._attempt) if step > self._after else None

    def _keep_aside(self, numbers: dict[str, float]) -> None:
        for name, number in numbers.items():
            if name in self._aside or len(self._aside) < _MOST_ASIDE:
                self._aside[name] = number


def _is_step(number: float) -> bool:
    return 0 <= number <= _LARGEST_STEP and number == int(number)


def _json_object(text: str) -> dict[str, float] | None:
    """The numbers in a line that is a JSON object."""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    numbers: dict[str, float] = {}
    _collect(document, "", _DEEPEST, numbers)
    return numbers


def _collect(value: Any, name: str, depth: int, numbers: dict[str, float]) -> None:
    if isinstance(value, dict) and depth:
        for key, item in value.items():
            _collect(item, f"{name}.{key}" if name else key, depth - 1, numbers)
    elif isinstance(value, int | float) and not isinstance(value, bool) and _is_name(name):
        try:
            numbers[name] = float(value)
        except OverflowError:
            numbers[name] = math.inf if value > 0 else -math.inf


def _is_name(text: str) -> bool:
    """JSON can spell names that no store and no terminal takes, such as half of a surrogate pair."""
    return 0 < len(text) <= _LONGEST_NAME and text.isprintable()
