"""What must change when a model becomes wider: learning rates, weight decay and initial weights, layer by layer. Pure.

Maximal update parametrization (µP): Yang et al. 2022, "Tensor Programs V", arXiv:2203.03466, table 3. All of its rows follow
from how much wider the inputs and the outputs of a layer become (Yang, Simon & Bernstein 2023, arXiv:2310.17813).
"""

from __future__ import annotations

import math
from typing import Final, Literal, NamedTuple, TypeAlias, final

from tunesmith.errors import InvalidStudy
from tunesmith.stages.scaling import plain_name

Kind: TypeAlias = Literal["input", "hidden", "output", "vector", "fixed"]
Family: TypeAlias = Literal["sgd", "adam"]

_SGD: Final = ("sgd", "momentum", "nesterov")
_ADAM: Final = ("adam", "adamw", "nadam", "radam", "adamax", "rmsprop", "adagrad", "lion")
_DECOUPLED: Final = ("adamw", "lion")
"""Their weight decay is multiplied by the learning rate."""


def family_of(optimizer: str) -> Family:
    """Which row of the rule holds for an optimizer, by its name: whether its steps are as large as gradients are."""
    name = plain_name(optimizer)
    if name not in _SGD + _ADAM:
        known = ", ".join(_SGD + _ADAM)
        raise InvalidStudy(f"optimizer={optimizer!r}: no rule is known for it; say the nearest of {known}.")
    return "sgd" if name in _SGD else "adam"


def decouples(optimizer: str) -> bool:
    """Whether an optimizer's weight decay is multiplied by its learning rate, as AdamW's is."""
    return plain_name(optimizer) in _DECOUPLED


@final
class Growth(NamedTuple):
    """How many times as wide the inputs and the outputs of a parameter are; 1 where they stay, or where there are none."""

    fan_in: float
    fan_out: float
    is_vector: bool = False
    """A bias, a gain, or another parameter along the outputs alone."""

    @property
    def kind(self) -> Kind:
        """Which kind of layer it belongs to."""
        if self.fan_in == self.fan_out == 1:
            return "fixed"
        if self.is_vector:
            return "vector"
        if self.fan_in == 1:
            return "input"
        return "output" if self.fan_out == 1 else "hidden"

    def rate(self, family: Family) -> float:
        """The factor of the learning rate: each step then changes what comes out of the layer as much as in the small model."""
        return self.fan_out / self.fan_in if family == "sgd" else 1 / self.fan_in

    @property
    def deviation(self) -> float:
        """The factor of the initial weights' deviation: no activation grows with the width, and those at the output vanish."""
        return math.sqrt(min(1.0, self.fan_out / self.fan_in) / self.fan_in)
