"""The batch size: other batches, with the learning rate that goes with each. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tunesmith.errors import InvalidStudy
from tunesmith.space.params import Config, Float, Int, Param
from tunesmith.stages.scaling import Scaled, scale_batch
from tunesmith.trials.view import View

_FACTORS: Final = (4.0, 0.25, 2.0, 0.5, 8.0, 0.125)
"""Other batches that are looked at, in parts of the present one."""
_MOST: Final = 3
_OPTIMIZERS: Final = ("optimizer", "optim", "opt", "solver")


def coupled_batches(view: View, name: str, rate: str | None, base: Config) -> Iterator[tuple[Config, str]]:
    """A few other batch sizes, each with the learning rate that is to train as well, and why."""
    for value in _others(view.space.params[name], base[name])[:_MOST]:
        config, why = {**base, name: value}, f"{name} {value}"
        if rate is not None and rate in base:
            scaled = _scaled(base, base[name], value, float(base[rate]))
            target: Any = view.space.params[rate]
            config[rate] = target.from_unit(target.to_unit(scaled.lr))
            why = scaled.why
        if not view.has(config) and view.space.allows(config):
            yield config, why


def _others(param: Param, batch: float) -> list[float]:
    """Other values of a parameter within its range."""
    if isinstance(param, Float | Int):
        wanted = [batch * factor for factor in _FACTORS if param.low <= batch * factor <= param.high]
        found = [param.from_unit(param.to_unit(round(value))) for value in wanted]
    else:
        found = [value for value in param.levels(0) if isinstance(value, int | float)]
    return list(dict.fromkeys(value for value in found if value != batch))


def _scaled(config: Config, batch: float, to: float, lr: float) -> Scaled:
    optimizer = next((str(v) for name, v in config.items() if name.rpartition(".")[2].lower() in _OPTIMIZERS), "adam")
    try:
        return scale_batch(int(batch), int(to), lr=lr, optimizer=optimizer)
    except InvalidStudy:  # an optimizer that no rule is known for
        return scale_batch(int(batch), int(to), lr=lr)
