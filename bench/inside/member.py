"""A training whose learning rate and weight decay may change with each epoch: the member of a population.

Its labels are partly wrong, so that a rate which is large at first and small at the end does better than any fixed one.
"""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import torch
from torch import nn

from inside import nets
from inside.nets import Batches, Data, loss_and_error, make

EPOCHS = 40
SIZE = 32
WRONG = 0.3
"""Share of the training labels that are drawn at random."""
RATES = (1e-4, 1.0)
DECAYS = (1e-6, 1e-1)
"""Both on a logarithmic scale."""


@cache
def data() -> Data:
    clean = nets.digits()
    x, y = clean.train[0], clean.train[1].clone()
    generator = torch.Generator().manual_seed(0)
    rows = torch.randperm(len(y), generator=generator)[: int(WRONG * len(y))]
    y[rows] = torch.randint(10, (len(rows),), generator=generator)
    return Data((x, y), clean.val, clean.test)


class Member:
    """A network on the way; `history` are the rate and decay of each epoch behind it."""

    def __init__(self, net: str, seed: int) -> None:
        self.model = make(net, data(), seed)
        self.batches = Batches(data().train, SIZE, seed)
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1, momentum=0.9)
        self.history: list[tuple[float, float]] = []

    def epoch(self, rate: float, decay: float) -> dict[str, float]:
        """Train for one more epoch; losses on the part to choose by and on one held out, and the error there."""
        for group in self.optimizer.param_groups:
            group["lr"], group["weight_decay"] = rate, decay
        for x, y in self.batches:
            self.optimizer.zero_grad()
            nn.functional.cross_entropy(self.model(x), y).backward()
            self.optimizer.step()
        self.history.append((rate, decay))
        test_loss, test_error = loss_and_error(self.model, data().test)
        return {
            "val_loss": loss_and_error(self.model, data().val)[0],
            "held_out_loss": test_loss,
            "held_out_error": test_error,
        }

    def state(self) -> dict[str, Any]:
        parts = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "history": self.history}
        return copy.deepcopy(parts)

    def load(self, state: dict[str, Any]) -> None:
        state = copy.deepcopy(state)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.history = state["history"]


def held_out_losses(net: str, history: list[tuple[float, float]], seeds: list[int]) -> list[float]:
    """What trainings along a schedule end with, one for each seed."""
    ends = []
    for seed in seeds:
        member, last = Member(net, seed), {"held_out_loss": float("nan")}
        for rate, decay in history:
            last = member.epoch(rate, decay)
        ends.append(last["held_out_loss"])
    return ends
