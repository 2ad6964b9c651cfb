"""What all optimizers speak: one JSON line per message, over standard input and output.

    <- {"space": [...], "sampler": "tpe", "seed": 0, "trials": 100, "workers": 1, "objectives": 1}
    -> {"version": "5.0.0"}
    <- {"ask": true}                      -> {"id": 0, "config": {...}, "cpu": 0.0012}  or  {"exhausted": "..."}
    <- {"tell": 0, "values": [0.3]}       -> {"cpu": 0.0001}
    <- {"end": true}                      -> {}, and the next race may begin

A choice is the text of its value, an ordinal the index of its level. `cpu` is the processor time of the call alone, in
seconds, that of child processes included. This module runs in every peer's environment: standard library only.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol


@dataclass(frozen=True)
class Param:
    name: str
    kind: str  # 'float', 'int', 'choice' or 'ordinal'
    low: float
    high: float
    log: bool
    choices: list[Any]  # texts of a choice; numbers behind an ordinal's levels
    condition: list[tuple[str, list[str]]]  # all of them must hold: the parent has one of these texts

    def active(self, config: dict[str, Any]) -> bool:
        return all(parent in config and config[parent] in labels for parent, labels in self.condition)


@dataclass(frozen=True)
class Setting:
    """What an optimizer is told at the beginning."""

    space: list[Param]  # parents before children
    sampler: str
    seed: int
    trials: int
    workers: int
    objectives: int


class Exhausted(Exception):
    """The optimizer says that there is nothing left to try."""


class Optimizer(Protocol):
    version: str

    def ask(self) -> tuple[Any, dict[str, Any]]:
        """A token that `tell` gets back, and the configuration."""

    def tell(self, token: Any, values: list[float]) -> None: ...


def serve(make) -> None:
    """Runs races until the input ends; `make(setting)` gives the optimizer of one."""
    serve_races(lambda first, answer: _race(make, first, answer))


def serve_races(race) -> None:
    """Calls `race(first message, answer)` for each race, until the input ends.

    Each race is a fork: races share what was imported, which takes longer than many of them, and nothing else.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not come between the answers
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            try:
                race(json.loads(line), partial(_answer, answers))
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            sys.exit(1)


def _answer(answers, message) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _race(make, first, answer) -> None:
    first["space"] = [Param(**param) for param in first["space"]]
    optimizer = make(Setting(**first))
    answer({"version": optimizer.version})
    tokens = []
    for line in iter(sys.stdin.readline, ""):
        message = json.loads(line)
        began = cpu_seconds()
        if "end" in message:
            answer({})
            return
        if "ask" in message:
            try:
                token, config = optimizer.ask()
            except Exhausted as error:
                answer({"exhausted": str(error)})
                continue
            spent = cpu_seconds() - began
            tokens.append(token)
            config = {name: plain(value) for name, value in config.items()}
            answer({"id": len(tokens) - 1, "config": config, "cpu": spent})
        else:
            optimizer.tell(tokens[message["tell"]], message["values"])
            answer({"cpu": cpu_seconds() - began})


def plain(value):
    """A number or text of Python's own, whatever array library it came from."""
    return value.item() if hasattr(value, "item") else value


def cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
