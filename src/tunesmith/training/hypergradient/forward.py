"""Learning rate and weight decay of an optimizer, by forward-mode derivatives through a window of its steps.

Forward mode carries dw/dλ along with the weights (Franceschi et al. 2017, arXiv:1703.01785): memory does not grow with the
window, and each hyperparameter costs about one more pass. That suits a few scalars. A short window prefers small learning
rates (Wu et al. 2018, arXiv:1803.02021): make it as long as you can afford.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, final

import numpy as np

from tunesmith.errors import InvalidStudy
from tunesmith.training.framework import load_torch, torch
from tunesmith.training.hypergradient.rules import TUNABLE, Slot, check_optimizer, slot_of, updated
from tunesmith.training.hypergradient.steering import Bounds, Move, Steering, Values
from tunesmith.training.sweep import chosen_loss, set_lr


@final
class ForwardGrad:
    """Tunes `lr` and `weight_decay` of SGD, Adam or AdamW on validation data.

        forward = ts.ForwardGrad(model, optimizer, criterion, ["lr", "weight_decay"])
        while training:
            window = [next(train_batches) for _ in range(20)]
            forward.step(window, val_batch)            # looks 20 steps ahead and sets the optimizer
            ...                                        # train on the window as usual

    loss, batch_loss: as for `ts.lr_range`. Groups of parameters keep the ratios of their values. Dropout is drawn anew, and
    BatchNorm keeps its running averages out of the derivative. rate, bounds: see `Steering`.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        loss: Callable[[Any, Any], Any] | None = None,
        names: Sequence[str] = ("lr",),
        *,
        batch_loss: Callable[[Any, Any], Any] | None = None,
        rate: float = 0.1,
        bounds: Bounds | None = None,
    ) -> None:
        load_torch()
        if not names or any(name not in TUNABLE for name in names):
            raise InvalidStudy(f"ForwardGrad({list(names)}): name some of {' and '.join(TUNABLE)}.")
        check_optimizer(optimizer)
        self._model, self._optimizer = model, optimizer
        self._loss = chosen_loss(loss, batch_loss)
        self._names = tuple(names)
        first = optimizer.param_groups[0]
        self._steering = Steering({name: float(first[name]) for name in names}, rate=rate, bounds=bounds)
        self._ratios = [
            {name: float(group[name]) / float(first[name]) for name in names} for group in optimizer.param_groups
        ]

    @property
    def path(self) -> list[Move]:
        """All steps so far."""
        return self._steering.path

    @property
    def final(self) -> dict[str, float]:
        """The present values, of the first group."""
        return {name: float(value) for name, value in self._steering.values.items()}

    def step(self, train_batches: Sequence[Any], val_batch: Any) -> Move:
        """One step of the hyperparameters; sets them in the optimizer. Weights and optimizer state are not touched."""
        loss, gradients = self.gradients(train_batches, val_batch)
        move = self._steering.move(gradients, loss)
        for group, ratios in zip(self._optimizer.param_groups, self._ratios, strict=True):
            for name, value in self.final.items():
                if name == "lr":
                    set_lr(group, value * ratios[name])
                else:
                    group[name] = value * ratios[name]
        return move

    def gradients(self, train_batches: Sequence[Any], val_batch: Any) -> tuple[float, Values]:
        """The validation loss after training on the batches from here, and its gradients by the hyperparameters' logs."""
        held = {name: p for name, p in self._model.named_parameters() if p.requires_grad}
        weights = [p.detach().clone() for p in held.values()]
        place = _Place(
            weights,
            [slot_of(self._optimizer, p) for p in held.values()],
            {name: [_Derivative.zero(weight) for weight in weights] for name in self._names},
        )
        values = {
            name: torch.as_tensor(value, dtype=weights[0].dtype, device=weights[0].device)
            for name, value in self.final.items()
        }
        with without_running_averages(self._model), warnings.catch_warnings(), torch.enable_grad():
            # PyTorch's forward mode begins with a call that PyTorch itself calls deprecated.
            warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
            for batch in train_batches:
                place = self._after(held, place, batch, values)
            loss, gradients = self._loss_at(held, place.weights, val_batch, create_graph=False)
        found = {
            name: np.asarray(sum(float((g * one.weight).sum()) for g, one in zip(gradients, ones, strict=True)))
            for name, ones in place.derivatives.items()
        }
        return loss, found

    def _after(self, held: Mapping[str, Any], place: _Place, batch: Any, values: Mapping[str, Any]) -> _Place:
        """Weights, optimizer and their derivatives after one more step."""
        _, gradients = self._loss_at(held, place.weights, batch, create_graph=True)
        rules = [self._rule(p, slot) for p, slot in zip(held.values(), place.slots, strict=True)]
        now = [(w.detach(), g.detach(), s) for w, g, s in zip(place.weights, gradients, place.slots, strict=True)]
        derivatives = {}
        for name, ones in place.derivatives.items():
            turned = _products(gradients, place.weights, [one.weight for one in ones])
            derivatives[name] = [
                _carry(rule, at, one, change, values, name)
                for rule, at, one, change in zip(rules, now, ones, turned, strict=True)
            ]
        moved = [rule(w, g, slot.first, slot.second, values) for rule, (w, g, slot) in zip(rules, now, strict=True)]
        return _Place([weight for weight, _ in moved], [slot for _, slot in moved], derivatives)

    def _rule(self, parameter: Any, slot: Slot) -> Callable[..., tuple[Any, Slot]]:
        """The optimizer's step of one parameter, as a function of tensors."""
        group, ratios = next(
            (group, ratios)
            for group, ratios in zip(self._optimizer.param_groups, self._ratios, strict=True)
            if any(parameter is one for one in group["params"])
        )

        def step(weight: Any, gradient: Any, first: Any, second: Any, hyper: Mapping[str, Any]) -> tuple[Any, Slot]:
            values = {key: hyper[key] * ratios[key] if key in hyper else group[key] for key in TUNABLE}
            return updated(self._optimizer, group, weight, gradient, Slot(slot.steps, first, second), values)

        return step

    def _loss_at(
        self, held: Mapping[str, Any], weights: list[Any], batch: Any, *, create_graph: bool
    ) -> tuple[float, Sequence[Any]]:
        """The loss of a batch and its gradient at other weights than the model's."""
        for weight in weights:
            weight.requires_grad_()
        named = dict(zip(held, weights, strict=True))

        def model(*inputs: Any, **options: Any) -> Any:
            return torch.func.functional_call(self._model, named, inputs, options)

        loss = self._loss(model, batch)
        gradients = torch.autograd.grad(loss, weights, create_graph=create_graph, materialize_grads=True)
        return float(loss.detach()), gradients


class _Derivative(NamedTuple):
    """Of one parameter and what the optimizer keeps for it, with respect to one hyperparameter's logarithm."""

    weight: Any
    first: Any
    second: Any

    @staticmethod
    def zero(weight: Any) -> _Derivative:
        return _Derivative(*(torch.zeros_like(weight) for _ in range(3)))


class _Place(NamedTuple):
    """Where a window stands: a list entry for each parameter, derivatives by hyperparameter."""

    weights: list[Any]
    slots: list[Slot]
    derivatives: dict[str, list[_Derivative]]


def _products(gradients: Sequence[Any], weights: list[Any], vectors: list[Any]) -> Sequence[Any]:
    """Of the Hessian and a vector, by a second backward pass: how the gradient changes along with the weights."""
    return torch.autograd.grad(  # type: ignore[no-any-return]
        gradients, weights, vectors, retain_graph=True, materialize_grads=True
    )


def _carry(
    rule: Callable[..., tuple[Any, Slot]],
    at: tuple[Any, Any, Slot],
    one: _Derivative,
    turned: Any,
    values: Mapping[str, Any],
    name: str,
) -> _Derivative:
    """The derivative after a step, by the chain rule in forward mode."""
    weight, gradient, slot = at

    def moved(weight: Any, gradient: Any, first: Any, second: Any, log: Any) -> tuple[Any, Any, Any]:
        new, after = rule(weight, gradient, first, second, {**values, name: log.exp()})
        return new, after.first, after.second

    primals = (weight, gradient, slot.first, slot.second, values[name].log())
    tangents = (one.weight, turned, one.first, one.second, torch.ones_like(values[name]))
    _, found = torch.func.jvp(moved, primals, tangents)
    return _Derivative(*found)


@contextmanager
def without_running_averages(model: Any) -> Iterator[None]:
    """BatchNorm by each batch alone: its running averages are updated in place, which a derivative cannot follow."""
    kept = [m for m in model.modules() if getattr(m, "track_running_stats", False)]
    buffers = [(m.running_mean, m.running_var) for m in kept]
    for module in kept:
        module.track_running_stats = False
        module.running_mean = module.running_var = None
    try:
        yield
    finally:
        for module, (mean, variance) in zip(kept, buffers, strict=True):
            module.track_running_stats = True
            module.running_mean, module.running_var = mean, variance
