"""What methods speak that also choose how far to train: one JSON line per message, over standard input and output.

    <- {"space": [...], "method": "asha", "seed": 0, "workers": 4, "steps": 52, "budget": 50}
    -> {"version": "5.0.0"}
    <- {"next": true}                            -> {"start": {...}, "to": 52} or {"resume": 3, "to": 9} or {}: wait
    <- {"report": 3, "step": 4, "value": 0.3}    -> {"leave": false}
    <- {"best": true}                            -> {"trial": 3}, or {"trial": null} as long as there is none
    <- {"end": true}                             -> {}, and the next race may begin

Trials are numbered in the order of their starts. A trial reports after each step, and leaves its place when it is told
to, or has come as far as was ordered; from there it can be resumed. All answers of methods at work have `cpu`, the
processor time of the call in seconds. This module runs in every peer's environment: standard library only.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from protocol import Param, cpu_seconds, plain, serve_races


@dataclass(frozen=True)
class Setting:
    """What a method is told at the beginning."""

    space: list[Param]  # parents before children
    method: str
    seed: int
    workers: int
    steps: int  # of a full training
    budget: float  # full trainings, over all workers


class Start(NamedTuple):
    """A new trial, up to and with step `to`."""

    config: dict[str, Any]
    to: int


class Resume(NamedTuple):
    """A trial that has left its place goes on from its last step."""

    trial: int
    to: int


class Method(Protocol):
    version: str

    def next(self) -> Start | Resume | None:
        """What to do with a free place; None: wait until something was reported."""

    def report(self, trial: int, step: int, value: float) -> bool:
        """Whether the trial shall leave its place, though it has not come as far as was ordered."""

    def best(self) -> int | None:
        """The trial that the method would hand over now."""


def serve(make) -> None:
    """Runs races until the input ends; `make(setting)` gives the method of one."""
    serve_races(lambda first, answer: _race(make, first, answer))


def _race(make, first, answer) -> None:
    first["space"] = [Param(**param) for param in first["space"]]
    method = make(Setting(**first))
    answer({"version": method.version})
    for line in iter(sys.stdin.readline, ""):
        message = json.loads(line)
        if "end" in message:
            answer({})
            return
        began = cpu_seconds()
        found = _answer(method, message)
        answer(found | {"cpu": cpu_seconds() - began})


def _answer(method, message) -> dict[str, Any]:
    if "best" in message:
        return {"trial": method.best()}
    if "report" in message:
        return {"leave": bool(method.report(message["report"], message["step"], message["value"]))}
    order = method.next()
    if order is None:
        return {}
    if isinstance(order, Resume):
        return {"resume": order.trial, "to": order.to}
    return {"start": {name: plain(value) for name, value in order.config.items()}, "to": order.to}
