"""A union of dataclasses is a conditional choice; a list with a length is a variable number of layers.

    python examples/conditional_space.py

Only the parameters of the chosen branch take part: a trial with Adam has no momentum, and no trial is spent on varying it.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import tunesmith as ts


@dataclass
class Sgd:
    lr: Annotated[float, ts.Float(1e-3, 1.0, log=True)] = 0.1
    momentum: Annotated[float, ts.Float(0.0, 0.99)] = 0.9
    nesterov: bool = False


@dataclass
class Adam:
    lr: Annotated[float, ts.Float(1e-5, 1e-1, log=True)] = 1e-3
    beta2: Annotated[float, ts.Float(0.9, 0.9999)] = 0.999


Width = Annotated[int, ts.Int(16, 256, log=True)]


def train(
    optimizer: Sgd | Adam = Adam(),  # noqa: B008  a default is the first trial
    widths: Annotated[list[Width], ts.Int(1, 3)] = (64, 64),
    dropout: Annotated[float | None, ts.Float(0.05, 0.5)] = None,
) -> float:
    """A made-up loss; `optimizer` arrives as an instance, `widths` as a list, `dropout` as a number or None."""
    match optimizer:
        case Sgd(lr=lr, momentum=momentum):
            loss = (math.log10(lr) + 1) ** 2 + (momentum - 0.95) ** 2
        case Adam(lr=lr, beta2=beta2):
            loss = (math.log10(lr) + 3) ** 2 + 10 * (beta2 - 0.99) ** 2 + 0.1
    loss += sum(abs(math.log2(width) - 7) for width in widths) / 4
    return loss + (0.0 if dropout is None else abs(dropout - 0.2))


if __name__ == "__main__":
    for name, param in ts.space_of(train).params.items():
        print(name, param)
    study = ts.tune(train, minimize="loss", trials=80, seed=0, store=None)
    print(study.best.config)
