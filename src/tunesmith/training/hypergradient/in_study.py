"""Some parameters of a study tuned inside of each trial by gradients, while the search does the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, final

from tunesmith.errors import InvalidStudy
from tunesmith.space.params import Config, Float
from tunesmith.space.space import Space
from tunesmith.training.hypergradient.implicit import METRIC, HyperGrad
from tunesmith.trials.trial import Trial


@final
class Hypergradient:
    """Names the parameters that gradients tune inside of a trial; the values of its configuration are where they begin.

        inner = ts.Hypergradient(["weight_decay"])

        def train(width=..., weight_decay=..., ctx: ts.Context):
            hyper = inner.begin(ctx.config, model.parameters(), train_loss, val_loss)
            for epoch in range(20):
                ...                                      # hyper.loss(batch).backward(), hyper.step(batch, val_batch)
                yield {"val_loss": ..., **hyper.metrics()}

    The path becomes part of the trial's curves, as the metrics `hyper.<name>`, and the last values part of its outcome;
    `found(trial)` is its configuration with them in place.
    """

    def __init__(self, names: Sequence[str], *, space: Space | Mapping[str, object] | None = None) -> None:
        """`space`: the study's, or its parameters by name, from which the bounds are taken."""
        if isinstance(names, str) or not names:
            raise InvalidStudy(f"Hypergradient({names!r}): give a list of parameter names.")
        self.names = tuple(names)
        params = space.params if isinstance(space, Space) else space or {}
        self._bounds = {
            name: (param.low, param.high)
            for name in self.names
            if isinstance(param := params.get(name), Float) and param.low > 0
        }

    def begin(
        self,
        config: Mapping[str, Any],
        parameters: Iterable[Any],
        train_loss: Callable[[Mapping[str, Any], Any], Any],
        val_loss: Callable[[Any], Any],
        **options: Any,
    ) -> HyperGrad:
        """The tuning of one trial; `options` are those of `ts.HyperGrad`."""
        missing = [name for name in self.names if name not in config]
        if missing:
            raise InvalidStudy(
                f"Hypergradient: {missing[0]!r} is not in the trial's configuration, which has {', '.join(config) or 'nothing'}."
            )
        start = {name: config[name] for name in self.names}
        return HyperGrad(parameters, start, train_loss, val_loss, **{"bounds": self._bounds, **options})

    def found(self, trial: Trial) -> Config:
        """A trial's configuration with the final values in place of those that it began with, to train again with them."""
        missing = [name for name in self.names if METRIC + name not in trial.values]
        if missing:
            raise InvalidStudy(
                f"Trial {trial.number} has no {METRIC}{missing[0]} among its values; report hyper.metrics() at each step."
            )
        return {**(trial.config or {}), **{name: trial.values[METRIC + name] for name in self.names}}
