"""Tasks and their spaces, in words that no optimizer owns."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

RANDOM_POINTS = 200  # random configurations that tell how good a random one is


@dataclass(frozen=True)
class Param:
    """One parameter. It takes part where all of its conditions hold: each names a choice and the values it needs."""

    name: str
    kind: str  # 'float', 'int', 'choice' (no order) or 'ordinal' (ordered choices)
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    choices: tuple[Any, ...] = ()
    condition: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    def active(self, config: Mapping[str, Any]) -> bool:
        return all(parent in config and config[parent] in values for parent, values in self.condition)

    def draw(self, rng: np.random.Generator) -> Any:
        if self.kind in {"choice", "ordinal"}:
            return self.choices[int(rng.integers(len(self.choices)))]
        if self.log:
            value = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        elif self.kind == "int":
            value = rng.integers(int(self.low), int(self.high) + 1)
        else:
            value = rng.uniform(self.low, self.high)
        return self.fit(value)

    def fit(self, value: Any) -> Any:
        """A number of the right type between the bounds."""
        inside = min(max(float(value), self.low), self.high)
        return round(inside) if self.kind == "int" else inside


def real(name, low, high, *, log=False, when=()):
    return Param(name, "float", float(low), float(high), log, (), tuple(when))


def whole(name, low, high, *, log=False, when=()):
    return Param(name, "int", int(low), int(high), log, (), tuple(when))


def choice(name, *choices, when=()):
    return Param(name, "choice", choices=choices, condition=tuple(when))


def ordinal(name, *choices, when=()):
    return Param(name, "ordinal", choices=choices, condition=tuple(when))


class Space:
    """Parameters, parents before children.

    Optimizers see plain names, texts for choices and the index of ordinals: `wire` is the space as they get it, and
    `decode` reads what they propose.
    """

    def __init__(self, params: Sequence[Param]) -> None:
        self.params = _parents_first(params)
        self._wire_name = {param.name: re.sub(r"\W", "_", param.name) for param in self.params}
        if len(set(self._wire_name.values())) < len(self.params):
            self._wire_name = {param.name: f"p{place}" for place, param in enumerate(self.params)}

    def sample(self, rng: np.random.Generator) -> dict[str, Any]:
        config: dict[str, Any] = {}
        for param in self.params:
            if param.active(config):
                config[param.name] = param.draw(rng)
        return config

    def wire(self) -> list[dict[str, Any]]:
        labels = {param.name: _labels(param.choices) for param in self.params}
        return [
            {
                "name": self._wire_name[param.name],
                "kind": param.kind,
                "low": param.low if param.kind != "ordinal" else 0,
                "high": param.high if param.kind != "ordinal" else len(param.choices) - 1,
                "log": param.log,
                "choices": labels[param.name] if param.kind == "choice" else list(param.choices),
                "condition": [
                    [self._wire_name[parent], [_label(self[parent], value) for value in values]]
                    for parent, values in param.condition
                ],
            }
            for param in self.params
        ]

    def __getitem__(self, name: str) -> Param:
        return next(param for param in self.params if param.name == name)

    def decode(self, proposed: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration that an optimizer means: values of active parameters only."""
        config: dict[str, Any] = {}
        for param in self.params:
            if not param.active(config):
                continue
            value = proposed[self._wire_name[param.name]]
            if param.kind == "choice":
                config[param.name] = param.choices[_labels(param.choices).index(value)]
            elif param.kind == "ordinal":
                config[param.name] = param.choices[min(max(round(value), 0), len(param.choices) - 1)]
            else:
                config[param.name] = param.fit(value)
        return config


@dataclass
class Task:
    """Something to minimise: one value, or one per objective.

    `best` is the smallest value there is, where that is known. Tasks with two objectives are measured by the area that
    their points dominate below `corner`; `best` is then minus the greatest such area.
    """

    name: str
    group: str
    space: Space
    evaluate: Callable[[dict[str, Any]], float | list[float]]
    best: float | None = None
    corner: tuple[float, ...] = ()

    @property
    def objectives(self) -> int:
        return len(self.corner) or 1

    def random_values(self) -> list[float | list[float]]:
        """What random configurations give; the same ones whenever this is called."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        return [self.evaluate(self.space.sample(rng)) for _ in range(RANDOM_POINTS)]


def _parents_first(params: Sequence[Param]) -> list[Param]:
    ordered: list[Param] = []
    left = list(params)
    while left:
        waiting = {param.name for param in left}
        ready = [param for param in left if not any(parent in waiting for parent, _ in param.condition)]
        assert ready, "conditions form a circle"
        ordered += ready
        left = [param for param in left if param not in ready]
    return ordered


def _labels(choices: Sequence[Any]) -> list[str]:
    texts = [str(value) for value in choices]
    return texts if len(set(texts)) == len(texts) else [f"{place}: {text}" for place, text in enumerate(texts)]


def _label(param: Param, value: Any) -> str:
    assert param.kind == "choice", "conditions on numbers are not needed so far"
    return _labels(param.choices)[param.choices.index(value)]
