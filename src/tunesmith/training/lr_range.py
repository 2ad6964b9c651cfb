"""The learning-rate range test, on a training that is left as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, TypeAlias

import numpy as np

from tunesmith.errors import InvalidStudy
from tunesmith.training.framework import load_torch, torch
from tunesmith.training.lr_curve import LrRange, read_curve
from tunesmith.training.snapshot import preserved, seed_all
from tunesmith.training.sweep import Stepper, check_rates, chosen_loss, sweep

Precision: TypeAlias = Literal["bf16", "fp16"]


def lr_range(
    model: Any,
    loader: Iterable[Any],
    loss: Callable[[Any, Any], Any] | None = None,
    optimizer: Any = None,
    *,
    batch_loss: Callable[[Any, Any], Any] | None = None,
    step: Callable[[Any], Any] | None = None,
    low: float = 1e-7,
    high: float = 10.0,
    steps: int = 100,
    seeds: int = 3,
    accumulate: int = 1,
    precision: Precision | None = None,
    scaler: Any = None,
    also: Iterable[Any] = (),
) -> LrRange:
    """Which learning rates are worth searching, from short trainings whose rate grows from `low` to `high`.

    model: a PyTorch module. optimizer: any `torch.optim.Optimizer` over it (AdamW by default) that has the settings and
        the parameter groups to train with; groups keep the ratios of their rates. One that takes a closure is given one.
    loader: a DataLoader, a list of batches, or anything else that can be iterated again and again.
    loss: a criterion of prediction and target, for batches that are pairs; or else `batch_loss(model, batch)`; or else
        `step(batch)`, a whole training step of your own (it steps the optimizer) that returns the loss before it.
    steps, seeds: length of a sweep, at least 20, and how many there are, each with another order of data and other dropout.
    accumulate: batches per step. precision: "bf16" or "fp16" for mixed precision; scaler: the GradScaler for "fp16".
    also: whatever else a step changes: schedulers, averaged models, other optimizers.

    Afterwards weights, buffers, gradients, the optimizer's state, all of `also`, the random generators (of Python, numpy,
    PyTorch and the loader) and the place in the data are exactly what they were. Costs about `seeds` x `steps` steps.
    """
    load_torch()
    _check(loader, low, high, steps, seeds, accumulate)
    if step is not None and optimizer is None:
        raise InvalidStudy("lr_range(step=...): give the optimizer, too, whose learning rate is to be swept.")
    optimizer = torch.optim.AdamW(model.parameters()) if optimizer is None else optimizer
    check_rates(optimizer)
    if scaler is None and precision == "fp16":
        scaler = torch.amp.GradScaler(next(model.parameters()).device.type)
    train: Callable[[Iterator[Any]], float]
    if step is None:
        dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision or "")
        train = Stepper(model, optimizer, chosen_loss(loss, batch_loss), accumulate, dtype, scaler)
    else:
        train = _own(step, loss, batch_loss)
    rates = np.geomspace(low, high, steps)
    given = [model, loss, optimizer, scaler, *also]
    modules = [one for one in given if isinstance(one, torch.nn.Module)]
    states = [one for one in given if one is not loss and not isinstance(one, torch.nn.Module)]
    curves = []
    with preserved(modules, states, loader) as restore:
        for seed in range(seeds):
            restore()
            seed_all(seed, loader)
            model.train()
            curves.append(sweep(train, optimizer, loader, rates))
    return read_curve(rates, curves)


def _own(step: Callable[[Any], Any], *losses: object) -> Callable[[Iterator[Any]], float]:
    if any(loss is not None for loss in losses):
        raise InvalidStudy(
            "lr_range: step= is a whole training step and knows its loss; leave out loss and batch_loss."
        )

    def train(batches: Iterator[Any]) -> float:
        loss = step(next(batches))
        return float(loss.detach() if isinstance(loss, torch.Tensor) else loss)

    return train


def _check(loader: Iterable[Any], low: float, high: float, steps: int, seeds: int, accumulate: int) -> None:
    if not 0 < low < high or steps < 20 or seeds < 1 or accumulate < 1:
        raise InvalidStudy(
            f"lr_range(low={low}, high={high}, steps={steps}, seeds={seeds}, accumulate={accumulate}): give 0 < low < "
            "high, at least 20 steps, and at least one seed and one batch per step."
        )
    if isinstance(loader, Iterator):
        raise InvalidStudy(
            "lr_range: the loader is an iterator, whose place could not be put back; give the DataLoader itself, or a "
            "list of batches."
        )
