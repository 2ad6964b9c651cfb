"""Optimizers as functions of tensors, so that gradients pass through their steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tunesmith.errors import InvalidStudy
from tunesmith.training.framework import torch

TUNABLE = ("lr", "weight_decay")


class Slot(NamedTuple):
    """What an optimizer keeps for one parameter: the number of steps, and its running averages."""

    steps: int
    first: Any
    second: Any


def check_optimizer(optimizer: Any) -> None:
    """Raises `InvalidStudy` unless the rule of this optimizer is known here."""
    kinds = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)
    unusual = [name for name in ("amsgrad", "maximize") if any(group.get(name) for group in optimizer.param_groups)]
    if not isinstance(optimizer, kinds) or unusual:
        what = f"{type(optimizer).__name__}({unusual[0]}=True)" if unusual else type(optimizer).__name__
        raise InvalidStudy(f"ForwardGrad knows the steps of SGD, Adam and AdamW, not those of {what}; use one of them.")


def slot_of(optimizer: Any, parameter: Any) -> Slot:
    """The optimizer's present state for a parameter."""
    state = optimizer.state.get(parameter, {})
    zero = torch.zeros_like(parameter)
    if isinstance(optimizer, torch.optim.SGD):
        buffer = state.get("momentum_buffer")
        return Slot(0 if buffer is None else 1, zero if buffer is None else buffer.detach().clone(), zero)
    first, second = state.get("exp_avg", zero), state.get("exp_avg_sq", zero)
    return Slot(int(state.get("step", 0)), first.detach().clone(), second.detach().clone())


def updated(
    optimizer: Any, group: Mapping[str, Any], parameter: Any, gradient: Any, slot: Slot, hyper: Mapping[str, Any]
) -> tuple[Any, Slot]:
    """A parameter and its slot after one step, with the `lr` and `weight_decay` of `hyper`."""
    lr, decay = hyper["lr"], hyper["weight_decay"]
    if isinstance(optimizer, torch.optim.SGD):
        return _sgd(group, parameter, gradient + decay * parameter, slot, lr)
    decoupled = isinstance(optimizer, torch.optim.AdamW) or group.get("decoupled_weight_decay", False)
    if decoupled:
        parameter = parameter * (1 - lr * decay)
    else:
        gradient = gradient + decay * parameter
    return _adam(group, parameter, gradient, slot, lr)


def _sgd(group: Mapping[str, Any], parameter: Any, gradient: Any, slot: Slot, lr: Any) -> tuple[Any, Slot]:
    momentum = group["momentum"]
    if not momentum:
        return parameter - lr * gradient, slot
    kept = (1 - group["dampening"]) * gradient if slot.steps else gradient
    first = momentum * slot.first + kept
    step = gradient + momentum * first if group["nesterov"] else first
    return parameter - lr * step, Slot(slot.steps + 1, first, slot.second)


def _adam(group: Mapping[str, Any], parameter: Any, gradient: Any, slot: Slot, lr: Any) -> tuple[Any, Slot]:
    slow, fast = group["betas"]
    steps = slot.steps + 1
    first = slow * slot.first + (1 - slow) * gradient
    second = fast * slot.second + (1 - fast) * gradient * gradient
    mean = first / (1 - slow**steps)
    # The root's derivative is infinite at 0, where a parameter has had no gradient yet.
    size = (second / (1 - fast**steps) + 1e-30).sqrt() + group["eps"]
    return parameter - lr * mean / size, Slot(steps, first, second)
