"""Stop when nothing is gained any more, and keep the best state."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any, Literal, final

from tunesmith.errors import InvalidStudy


@final
class EarlyStopping:
    """Watches a metric within one training.

        keeper = EarlyStopping(patience=10)
        for epoch in range(1000):
            ...
            if keeper.update(val_loss, model.state_dict):
                break
        model.load_state_dict(keeper.state)

    `patience` is how many updates without an improvement of more than `least` end the training; smaller ones add up. Works
    with any framework.
    """

    best: float | None
    """The best value so far; None before the first finite one."""
    best_step: int | None
    """The number of its update, from 1."""
    state: Any
    """A copy of the state at the best value."""

    def __init__(
        self, *, patience: int, least: float = 0.0, direction: Literal["minimize", "maximize"] = "minimize"
    ) -> None:
        if patience < 1 or least < 0 or direction not in ("minimize", "maximize"):
            raise InvalidStudy(
                f"EarlyStopping(patience={patience}, least={least}, direction={direction!r}): patience is at least 1, "
                "least at least 0, and the direction 'minimize' or 'maximize'."
            )
        self.best = None
        self.best_step = None
        self.state = None
        self._patience = patience
        self._least = least
        self._sign = 1.0 if direction == "minimize" else -1.0
        self._step = 0
        self._improved = 0
        """The step of the last improvement that counted,"""
        self._standard = math.inf
        """and its value, signed so that smaller is better: what the next one must better by more than `least`."""

    def update(self, value: float, state: Callable[[], object] | object = None) -> bool:
        """Take note of a value; True if the training should end. `state`, or what it returns, is copied at each best."""
        self._step += 1
        loss = self._sign * value
        if math.isfinite(loss) and loss < self._standard - self._least:
            self._improved, self._standard = self._step, loss
        if math.isfinite(loss) and (self.best is None or loss < self._sign * self.best):
            self.best, self.best_step = float(value), self._step
            self.state = copy.deepcopy(state() if callable(state) else state)
        return self._step - self._improved >= self._patience

    def state_dict(self) -> dict[str, Any]:
        """What it knows, for `ctx.checkpoint(model, optimizer, keeper)`."""
        return {
            "best": self.best,
            "best_step": self.best_step,
            "state": self.state,
            "step": self._step,
            "improved": self._improved,
            "standard": self._standard,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.best, self.best_step, self.state = state["best"], state["best_step"], state["state"]
        self._step, self._improved, self._standard = state["step"], state["improved"], state["standard"]
