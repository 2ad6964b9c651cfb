"""The training steps of a range test: the learning rate grows from step to step, and the loss is written down."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.errors import InvalidStudy
from tunesmith.training.framework import torch


@final
@dataclass(frozen=True)
class Stepper:
    """One training step of a model as the user trains it."""

    model: Any
    optimizer: Any
    loss: Callable[[Any, Any], Any]
    """Of the model and a batch, to a scalar tensor."""
    accumulate: int = 1
    dtype: Any = None
    """For mixed precision: `torch.bfloat16` or `torch.float16`; None trains in the model's own precision."""
    scaler: Any = None

    def __call__(self, batches: Iterator[Any]) -> float:
        """Train one step; the loss before it, the mean over `accumulate` batches."""
        micro = [moved(next(batches), device_of(self.model)) for _ in range(self.accumulate)]
        first: list[float] = []

        def closure() -> Any:
            self.optimizer.zero_grad(set_to_none=True)
            total = 0.0
            for batch in micro:
                with self._autocast():
                    loss = self.loss(self.model, batch) / self.accumulate
                (loss if self.scaler is None else self.scaler.scale(loss)).backward()
                total += float(loss.detach())
            first.append(total)
            return torch.tensor(total)

        with torch.enable_grad():
            if self.scaler is not None:
                closure()
                self.scaler.step(self.optimizer)
                self.scaler.update()
            elif takes_closure(self.optimizer):
                self.optimizer.step(closure)
            else:
                closure()
                self.optimizer.step()
        return first[0]

    def _autocast(self) -> Any:
        if self.dtype is None:
            return nullcontext()
        return torch.autocast(device_of(self.model).type, dtype=self.dtype)


def sweep(
    step: Callable[[Iterator[Any]], float], optimizer: Any, loader: Iterable[Any], rates: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Losses, of shape (t,), of steps with the learning rates `rates`, (t,), which grow; NaN after it has diverged.

    With several parameter groups a rate is that of the fastest group, and the others keep their ratio to it.
    """
    base = [float(group["lr"]) for group in optimizer.param_groups]
    batches = endless(loader)
    losses = np.full(len(rates), math.nan)
    best = math.inf
    for index, rate in enumerate(rates):
        for group, lr in zip(optimizer.param_groups, base, strict=True):
            set_lr(group, rate * lr / max(base))
        losses[index] = step(batches)
        if not math.isfinite(losses[index]):
            break
        best = min(best, losses[index])
        # Far beyond any noise, so that what comes later would only cost time.
        if losses[index] - best > 10 * (abs(losses[0] - best) + abs(losses[0]) + 1e-12):
            break
    return losses


def check_rates(optimizer: Any) -> None:
    """Raises `InvalidStudy` for an optimizer whose learning rates cannot be swept."""
    groups = getattr(optimizer, "param_groups", None)
    if not groups or any("lr" not in group for group in groups):
        raise InvalidStudy(
            f"{type(optimizer).__name__} has no learning rate in each of its parameter groups (param_groups[i]['lr']), "
            "so that there is nothing to sweep."
        )
    if max(float(group["lr"]) for group in groups) <= 0:
        raise InvalidStudy(
            "All learning rates of the optimizer are 0, so that the ratios of its parameter groups are unknown; "
            "make it with the rates that you would train with."
        )


def set_lr(group: dict[str, Any], rate: float) -> None:
    """In place where the rate is a tensor, because compiled steps hold on to it."""
    if isinstance(group["lr"], torch.Tensor):
        group["lr"].fill_(rate)
    else:
        group["lr"] = rate


def takes_closure(optimizer: Any) -> bool:
    """Whether `optimizer.step` can evaluate the loss itself."""
    try:
        return "closure" in inspect.signature(optimizer.step).parameters
    except (TypeError, ValueError):
        return False


def endless(loader: Iterable[Any]) -> Iterator[Any]:
    """The batches of a loader again and again.

    A loader that keeps its workers keeps its place too; the batches come from a copy of it.
    """
    if isinstance(loader, torch.utils.data.DataLoader):
        loader = copy.copy(loader)
        vars(loader)["_iterator"] = None
    while True:
        count = 0
        for batch in loader:
            yield batch
            count += 1
        if count == 0:
            raise InvalidStudy("The loader gives no batch; give one that holds data.")


def device_of(model: Any) -> Any:
    """Where a model's parameters lie."""
    tensor = next(iter(model.parameters()), None)
    return torch.device("cpu") if tensor is None else tensor.device


def moved(batch: Any, device: Any) -> Any:
    """A batch with all its tensors on `device`."""
    if isinstance(batch, torch.Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, dict):
        return {name: moved(value, device) for name, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(moved(value, device) for value in batch))
    if isinstance(batch, list | tuple):
        return type(batch)(moved(value, device) for value in batch)
    return batch


def chosen_loss(
    loss: Callable[[Any, Any], Any] | None, batch_loss: Callable[[Any, Any], Any] | None
) -> Callable[[Any, Any], Any]:
    """The loss of model and batch, from the one of the two ways of giving it that was used."""
    if (loss is None) == (batch_loss is None):
        raise InvalidStudy(
            "Give either loss=, a criterion of prediction and target, or batch_loss=, a function of model and batch."
        )
    return batch_loss if batch_loss is not None else of_pairs(loss)  # type: ignore[arg-type]  # one of them is given


def of_pairs(criterion: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The loss of a model and a batch, from a criterion of prediction and target."""

    def loss(model: Any, batch: Any) -> Any:
        if not isinstance(batch, list | tuple) or len(batch) != 2:
            raise InvalidStudy(
                f"A batch is {type(batch).__name__} rather than a pair of inputs and targets; "
                "give batch_loss=, a function of model and batch that returns the loss."
            )
        return criterion(model(batch[0]), batch[1])

    return loss
