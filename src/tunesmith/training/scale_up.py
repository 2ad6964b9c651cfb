"""From a tuned small model to a larger one: the same learning rate, by factors for each layer."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, final

from tunesmith.errors import InvalidStudy
from tunesmith.training.framework import torch
from tunesmith.training.width import Family, Growth, Kind, decouples, family_of

_SURE: Final = 4.0
"""Deviations by which that of initial weights must be off to be put right."""


class Layer(NamedTuple):
    """A parameter of the larger model, and what the rule makes of it."""

    name: str
    kind: Kind
    growth: Growth
    rate: float
    """The factor of its learning rate."""
    rescaled: float
    """The factor by which its initial weights were multiplied; 1 where they were right."""


@final
@dataclass(frozen=True)
class ScaledUp:
    """How to train the larger model."""

    groups: list[dict[str, Any]]
    """Parameter groups with their learning rates (and weight decays), for its optimizer."""
    layers: tuple[Layer, ...]
    remarks: tuple[str, ...]
    """What the rule cannot see to."""

    @property
    def why(self) -> str:
        """What was done, in a sentence for each kind of layer."""
        told = []
        for kind in ("input", "hidden", "output", "vector", "fixed"):
            layers = [layer for layer in self.layers if layer.kind == kind]
            if layers:
                rates = sorted({f"{layer.rate:.3g}" for layer in layers})
                scales = sorted({f"{layer.rescaled:.3g}" for layer in layers if layer.rescaled != 1})
                told.append(
                    f"{len(layers)} {kind}: learning rate × {' or '.join(rates)}"
                    + (f", initial weights × {' to '.join(scales[:: max(1, len(scales) - 1)])}" if scales else "")
                )
        return "; ".join([*told, *self.remarks])


def scale_up(
    small: Any, large: Any, *, lr: float, optimizer: str | type = "adamw", weight_decay: float | None = None
) -> ScaledUp:
    """Make `large` train with the learning rate that is best for `small`, as far as only its width is another one.

    Both are fresh models with the same parameters but for their widths. The initial weights of `large` are rescaled in
    place; its optimizer is to be made of the `groups`:

        plan = ts.scale_up(make(64), large := make(1024), lr=study.best.config["lr"], optimizer=torch.optim.AdamW)
        optimizer = torch.optim.AdamW(plan.groups)

    `optimizer` is its name or class. The rule is that of Yang et al. (2022, arXiv:2203.03466, table 3). `weight_decay` of AdamW
    is made such that its product with the learning rate stays. Not transferred are depth, dropout, batch size and the
    number of steps. Raises `InvalidStudy` if the models do not belong together. `coordinate_check` says whether the rule holds.
    """
    name = optimizer if isinstance(optimizer, str) else optimizer.__name__
    family = family_of(name)
    if not lr > 0:
        raise InvalidStudy(f"scale_up(lr={lr}): the learning rate of the small model is a positive number.")
    layers = [_scaled(family, *pair) for pair in _pairs(small, large)]
    groups: dict[tuple[float, float], list[Any]] = {}
    parameters = dict(large.named_parameters())
    for layer in layers:
        slower = layer.growth.fan_in if decouples(name) else 1.0
        groups.setdefault((layer.rate, slower), []).append(parameters[layer.name])
    return ScaledUp(
        [
            {"params": members, "lr": lr * rate}
            | ({} if weight_decay is None else {"weight_decay": weight_decay * slower})
            for (rate, slower), members in groups.items()
        ],
        tuple(layers),
        tuple(_remarks(small, large)),
    )


def _pairs(small: Any, large: Any) -> Iterable[tuple[str, Any, Any, Any]]:
    """Name, module, and the parameter in either model."""
    ours, theirs = dict(small.named_parameters()), dict(large.named_parameters())
    alone = sorted(ours.keys() ^ theirs.keys())
    if alone:
        where = "larger" if alone[0] in theirs else "smaller"
        raise InvalidStudy(
            f"scale_up: only the {where} model has {alone[0]}; the models must differ in width alone, so make both of the "
            "same depth."
        )
    modules = dict(large.named_modules())
    for name, parameter in theirs.items():
        if ours[name].dim() != parameter.dim():
            raise InvalidStudy(
                f"scale_up: {name} has {ours[name].dim()} dimensions in the small model and {parameter.dim()} in the large one; "
                "the models must differ in width alone."
            )
        yield name, modules[name.rpartition(".")[0]], ours[name], parameter


def _scaled(family: Family, name: str, module: Any, ours: Any, theirs: Any) -> Layer:
    growth = _growth(module, ours, theirs)
    return Layer(name, growth.kind, growth, growth.rate(family), _rescale(growth, ours, theirs))


def _growth(module: Any, ours: Any, theirs: Any) -> Growth:
    """How a parameter grows along its inputs and outputs."""
    ratios = [after / before for before, after in zip(ours.shape, theirs.shape, strict=True)]
    grown = [ratio for ratio in ratios if ratio != 1]
    weighs = isinstance(module, torch.nn.Linear | torch.nn.modules.conv._ConvNd | torch.nn.Bilinear)  # noqa: SLF001  has no public name
    if len(ratios) >= 2 and weighs:
        is_turned = isinstance(module, torch.nn.modules.conv._ConvTransposeNd)  # noqa: SLF001
        return Growth(ratios[0], ratios[1]) if is_turned else Growth(ratios[1], ratios[0])
    if len(grown) >= 2:  # a matrix of a module that we do not know, such as that of attention: outputs first
        return Growth(grown[-1], grown[0])
    # Embeddings, biases, gains, tokens: nothing of growing width is summed up in them.
    return Growth(1.0, grown[0] if grown else 1.0, is_vector=not isinstance(module, torch.nn.Embedding))


def _rescale(growth: Growth, ours: Any, theirs: Any) -> float:
    """Give initial weights the deviation that they shall have, and return the factor."""
    if growth.kind not in ("hidden", "output", "input") or min(ours.numel(), theirs.numel()) < 2:
        return 1.0
    before, after = float(ours.detach().std()), float(theirs.detach().std())
    if before == 0 or after == 0:
        return 1.0
    factor = before * growth.deviation / after
    noise = math.sqrt(0.5 / ours.numel() + 0.5 / theirs.numel())
    if abs(math.log(factor)) < _SURE * noise:
        return 1.0
    with torch.no_grad():
        theirs.mul_(factor)
    return factor


def _remarks(small: Any, large: Any) -> Iterable[str]:
    """What is known to break the rule."""
    owners: dict[int, list[Any]] = {}
    for module in large.modules():
        for parameter in module._parameters.values():  # noqa: SLF001  `parameters()` leaves out what is shared
            if parameter is not None:
                owners.setdefault(id(parameter), []).append(module)
    kinds = [{type(module).__name__ for module in shared} for shared in owners.values() if len(shared) > 1]
    if any({"Embedding", "Linear"} <= names for names in kinds):
        yield "the output shares its weights with the embedding: divide its logits by how much wider the model is"
    heads = torch.nn.MultiheadAttention
    before = [module.head_dim for module in small.modules() if isinstance(module, heads)]
    after = [module.head_dim for module in large.modules() if isinstance(module, heads)]
    if before != after:
        yield "attention heads became wider: use more heads of the same width instead"
