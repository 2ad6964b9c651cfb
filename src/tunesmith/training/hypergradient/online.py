"""The learning rate by hypergradient descent. Baydin et al. 2018, arXiv:1703.04782."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, final

from tunesmith.errors import InvalidStudy
from tunesmith.training.framework import torch
from tunesmith.training.sweep import check_rates, set_lr


class Rate(NamedTuple):
    """A step of the training: the learning rate of the first group, and the cosine that changed it."""

    step: int
    lr: float
    cosine: float


@final
class HypergradientDescent:
    """Raises the learning rate while steps go on in one direction, and lowers it when they turn back.

        control = ts.HypergradientDescent(optimizer)
        for batch in batches:
            optimizer.zero_grad()
            loss(batch).backward()
            control.step()                  # in place of optimizer.step()

    With g the gradient and u the optimizer's previous step, rates are multiplied by exp(-rate · cos(g, u)), the
    multiplicative form, which is free of scale. u is seen from outside, so that any optimizer will do: SGD, momentum, Adam.
    Each group's rate stays within a factor of `cap` of where it began, and there is no change in the first `warmup` steps.
    A refinement of a rate from a search, not a replacement: what helps the next step is not what helps the last one. Not
    to be combined with a learning-rate schedule.
    """

    def __init__(self, optimizer: Any, *, rate: float = 0.02, cap: float = 10.0, warmup: int = 0) -> None:
        if rate <= 0 or cap <= 1 or warmup < 0:
            raise InvalidStudy(
                f"HypergradientDescent(rate={rate}, cap={cap}, warmup={warmup}): give rate > 0, cap > 1, warmup >= 0."
            )
        check_rates(optimizer)
        self.optimizer = optimizer
        self.path: list[Rate] = []
        self._rate, self._cap, self._warmup = rate, cap, warmup
        self._start = [float(group["lr"]) for group in optimizer.param_groups]
        self._factors = [1.0] * len(self._start)
        self._moved: list[list[Any]] | None = None

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Adjusts the learning rates to the present gradients, and steps the optimizer."""
        if self._moved is not None and len(self.path) >= self._warmup:
            cosines = [self._adjust(index, moved) for index, moved in enumerate(self._moved)]
        else:
            cosines = [math.nan]
        before = [[p.detach().clone() for p in group["params"]] for group in self.optimizer.param_groups]
        result = self.optimizer.step() if closure is None else self.optimizer.step(closure)
        with torch.no_grad():
            self._moved = [
                [p.detach() - old for p, old in zip(group["params"], olds, strict=True)]
                for group, olds in zip(self.optimizer.param_groups, before, strict=True)
            ]
        self.path.append(Rate(len(self.path) + 1, float(self.optimizer.param_groups[0]["lr"]), cosines[0]))
        return result

    def _adjust(self, index: int, moved: list[Any]) -> float:
        group = self.optimizer.param_groups[index]
        pairs = [(p.grad, step) for p, step in zip(group["params"], moved, strict=True) if p.grad is not None]
        if not pairs:
            return math.nan
        inner = sum(float((g * step).sum()) for g, step in pairs)
        norms = math.sqrt(
            sum(float(g.square().sum()) for g, _ in pairs) * sum(float(s.square().sum()) for _, s in pairs)
        )
        if not (norms > 0 and math.isfinite(inner)):
            return math.nan
        cosine = inner / norms
        factor = self._factors[index] * math.exp(-self._rate * cosine)
        self._factors[index] = min(max(factor, 1 / self._cap), self._cap)
        set_lr(group, self._start[index] * self._factors[index])
        return cosine
