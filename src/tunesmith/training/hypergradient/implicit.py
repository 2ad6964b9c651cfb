"""Many hyperparameters of the training loss, tuned on validation data while the model trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, final

import numpy as np

from tunesmith.errors import InvalidStudy
from tunesmith.training.framework import load_torch, torch
from tunesmith.training.hypergradient.solvers import Method, implicit_gradient
from tunesmith.training.hypergradient.steering import Bounds, Move, Steering, Values

METRIC: Final = "hyper."


@final
class HyperGrad:
    """Tunes whatever enters the training loss: weight decay per layer, weights of losses or of examples, augmentation.

        hyper = ts.HyperGrad(model.parameters(), {"decay": 1e-3}, train_loss, val_loss)
        for batch in train_batches:
            optimizer.zero_grad()
            hyper.loss(batch).backward()
            optimizer.step()
            hyper.step(batch, next(val_batches))

    start: name to first value, a positive number or an array of them.
    train_loss: of the hyperparameters (tensors by name) and a batch. It must hold all that they do; what the optimizer does,
        such as its learning rate or its own weight decay, is invisible to it: see `ts.ForwardGrad`.
    val_loss: of a batch that is neither training nor test data.
    method: "cg" or "neumann", with `iterations` products of Hessian and vector. damping: added to the Hessian.
    every: calls of `step` per hyperparameter step, after `warmup` calls without any.
    rate, bounds: see `Steering`, which also says when values are taken back.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        start: Mapping[str, Any],
        train_loss: Callable[[Mapping[str, Any], Any], Any],
        val_loss: Callable[[Any], Any],
        *,
        method: Method = "cg",
        iterations: int = 10,
        damping: float = 1e-3,
        every: int = 10,
        warmup: int = 0,
        rate: float = 0.1,
        bounds: Bounds | None = None,
    ) -> None:
        load_torch()
        if method not in ("cg", "neumann") or iterations < 0 or every < 1 or warmup < 0 or damping < 0:
            raise InvalidStudy(
                f"HyperGrad(method={method!r}, iterations={iterations}, every={every}, warmup={warmup}, damping={damping})"
                ": the method is 'cg' or 'neumann', every at least 1, and the others at least 0."
            )
        self._parameters = [p for p in parameters if p.requires_grad]
        self._train_loss, self._val_loss = train_loss, val_loss
        self._method, self._iterations, self._damping = method, iterations, damping
        self._every, self._warmup = every, warmup
        self._calls = 0
        self._steering = Steering(
            {n: v.detach().cpu().numpy() if isinstance(v, torch.Tensor) else v for n, v in start.items()},
            rate=rate,
            bounds=bounds,
        )
        self.values = self._tensors(self._steering.values)

    values: dict[str, Any]
    """The hyperparameters as they are now, tensors by name, where the parameters lie."""

    @property
    def path(self) -> list[Move]:
        """All steps so far."""
        return self._steering.path

    def loss(self, batch: Any) -> Any:
        """The training loss of a batch at the present hyperparameters."""
        return self._train_loss(self.values, batch)

    def step(self, train_batch: Any, val_batch: Any) -> Move | None:
        """Every `every` calls one step of the hyperparameters; None in between, in the warm-up and when frozen."""
        self._calls += 1
        if self._calls <= self._warmup or self._calls % self._every or self._steering.frozen:
            return None
        loss, gradients = self.gradients(train_batch, val_batch)
        move = self._steering.move(gradients, loss)
        self.values = self._tensors(self._steering.values)
        return move

    def gradients(self, train_batch: Any, val_batch: Any) -> tuple[float, Values]:
        """The validation loss, and its gradients with respect to the logarithms of the hyperparameters."""
        logs = {name: value.log().requires_grad_() for name, value in self.values.items()}
        with torch.enable_grad():
            val_loss = self._val_loss(val_batch)
            train_loss = self._train_loss({name: log.exp() for name, log in logs.items()}, train_batch)
            found = implicit_gradient(
                self._parameters,
                list(logs.values()),
                train_loss,
                val_loss,
                method=self._method,
                iterations=self._iterations,
                damping=self._damping,
            )
        idle = [name for name, gradient in zip(logs, found, strict=True) if gradient is None]
        if idle:
            raise InvalidStudy(
                f"The training loss does not change with the hyperparameter {idle[0]!r}; use it in train_loss, or tune it "
                "by ts.ForwardGrad if it belongs to the optimizer."
            )
        return float(val_loss.detach()), {n: g.double().cpu().numpy() for n, g in zip(logs, found, strict=True)}

    def freeze(self) -> dict[str, Any]:
        """Ends the tuning; the final values as plain numbers and lists, for training again from the beginning."""
        self.values = self._tensors(self._steering.freeze())
        return self.final

    @property
    def final(self) -> dict[str, Any]:
        """The present values as plain numbers and lists."""
        return {name: np.asarray(value).tolist() for name, value in self._steering.values.items()}

    def metrics(self) -> dict[str, float]:
        """The present values as metrics to report, `hyper.decay` or, of several, `hyper.decay.0`, `hyper.decay.1`, ..."""
        named = {}
        for name, value in self._steering.values.items():
            if value.ndim == 0:
                named[METRIC + name] = float(value)
            else:
                named |= {f"{METRIC}{name}.{index}": float(one) for index, one in enumerate(value.ravel())}
        return named

    def _tensors(self, values: Values) -> dict[str, Any]:
        like = self._parameters[0]
        return {name: torch.as_tensor(value, dtype=like.dtype, device=like.device) for name, value in values.items()}
