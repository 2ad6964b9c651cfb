"""Whether a rule for wider models holds for this one: how much activations move in a few steps, against the width."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.errors import InvalidStudy
from tunesmith.training.framework import torch
from tunesmith.training.scale_up import scale_up
from tunesmith.training.snapshot import preserved, seed_all
from tunesmith.training.sweep import chosen_loss

_FLAT: Final = 0.25
"""The steepest that a movement may grow or shrink, as a power of the width: half way to the powers of a half that a wrong
rule gives."""


@final
@dataclass(frozen=True)
class CoordinateCheck:
    """How far activations move, by width."""

    widths: tuple[int, ...]
    moved: Mapping[str, NDArray[np.float64]]
    """By the name of a module, (widths,): how far its output has moved after the last step, the mean over coordinates, data
    and seeds."""
    slopes: Mapping[str, float]
    """By module, the power of the width with which that grows among the larger half of the widths; 0 if the rule holds."""

    @property
    def holds(self) -> bool:
        """Whether the best learning rate can be expected to stay where it is, whatever the width."""
        return max(map(abs, self.slopes.values())) <= _FLAT

    @property
    def why(self) -> str:
        """What was seen, in a sentence."""
        name, slope = max(self.slopes.items(), key=lambda each: abs(each[1]))
        where = f"{name or 'the output'}, where it goes with the width to the power of {slope:.2f}"
        if self.holds:
            return f"from width {self.widths[0]} to {self.widths[-1]} all activations move about as far; the most uneven is {where}"
        does = "grows" if slope > 0 else "shrinks"
        return f"how far activations move {does} with the width in {where}: the rule does not hold there"


def coordinate_check(
    make: Callable[[int], Any],
    batches: Iterable[Any],
    criterion: Callable[[Any, Any], Any] | None = None,
    *,
    widths: Sequence[int],
    lr: float,
    optimizer: type | None = None,
    batch_loss: Callable[[Any, Any], Any] | None = None,
    steps: int = 4,
    seeds: int = 3,
    rule: bool = True,
) -> CoordinateCheck:
    """Train models of some widths for a few steps, and see how far their activations move (Yang et al. 2022, appendix D.1).

    `make(width)` gives a fresh model; `batches` are pairs of inputs and targets for `criterion(model(inputs), targets)`, or
    anything for `batch_loss(model, batch)`. The first of `widths` is the tuned one, with the learning rate `lr` of
    `optimizer`, a class such as `torch.optim.AdamW` (the default). Without `rule` all layers get this rate, as they would
    without `scale_up`. Global randomness is left as it was.
    """
    if len(set(widths)) < 2 or min(widths) < 1 or steps < 1 or seeds < 1:
        raise InvalidStudy(
            f"coordinate_check(widths={list(widths)}, steps={steps}, seeds={seeds}): give at least two widths, one step, one seed."
        )
    loss = chosen_loss(criterion, batch_loss)
    chosen = list(islice(cycle(islice(batches, steps)), steps))
    if not chosen:
        raise InvalidStudy("coordinate_check: there is no batch to train on.")
    made = optimizer or torch.optim.AdamW
    moves = []
    with preserved((), ()):
        for seed in range(seeds):
            for width in widths:
                seed_all(seed)
                model = make(width)
                groups = scale_up(make(widths[0]), model, lr=lr, optimizer=made).groups if rule else model.parameters()
                moves.append(_moved(model, made(groups, lr=lr), loss, chosen))
    names = [name for name in moves[0] if all(move[name] > 0 for move in moves)]
    if not names:
        raise InvalidStudy("coordinate_check: no activation moved in any step; check that the model trains at all.")
    table = {name: np.array([m[name] for m in moves]).reshape(seeds, len(widths)).mean(axis=0) for name in names}
    # The rule is about large widths: small models have too few coordinates for their sums to be what they are in the mean.
    large = slice(-(len(widths) // 2 + 1), None)
    slopes = {n: float(np.polyfit(np.log(widths[large]), np.log(row[large]), 1)[0]) for n, row in table.items()}
    return CoordinateCheck(tuple(widths), table, slopes)


def _moved(model: Any, optimizer: Any, loss: Callable[[Any, Any], Any], batches: list[Any]) -> dict[str, float]:
    """By module, the mean distance over which the coordinates of its output move on the first batch."""
    before = _outputs(model, loss, batches[0])
    model.train()
    for batch in batches:
        optimizer.zero_grad()
        loss(model, batch).backward()
        optimizer.step()
    after = _outputs(model, loss, batches[0])
    return {name: float((after[name] - value).abs().mean()) for name, value in before.items()}


def _outputs(model: Any, loss: Callable[[Any, Any], Any], batch: Any) -> dict[str, Any]:
    model.eval()
    with torch.no_grad(), _listening(model) as heard:
        loss(model, batch)
    return heard


@contextmanager
def _listening(model: Any) -> Iterator[dict[str, Any]]:
    """What comes out of each module that computes something itself, and of the model."""
    heard: dict[str, Any] = {}

    def hook(name: str) -> Callable[[Any, Any, Any], None]:
        def hear(module: Any, inputs: Any, output: Any) -> None:  # noqa: ARG001  what PyTorch calls
            first = output[0] if isinstance(output, tuple | list) else output
            if isinstance(first, torch.Tensor) and first.is_floating_point():
                heard[name] = first.detach().clone()

        return hear

    listening = [
        module.register_forward_hook(hook(name))
        for name, module in model.named_modules()
        if name == ""
        or next(module.children(), None) is None
        or next(module.parameters(recurse=False), None) is not None
    ]
    try:
        yield heard
    finally:
        for each in listening:
            each.remove()
