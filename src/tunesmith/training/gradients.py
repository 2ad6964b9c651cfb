"""Per-batch gradients of a model, for the noise scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from tunesmith.errors import InvalidStudy
from tunesmith.training.framework import load_torch, torch
from tunesmith.training.noise import NoiseScale, noise_from_groups
from tunesmith.training.snapshot import preserved
from tunesmith.training.sweep import chosen_loss, device_of, endless, moved

_GROUPS: Final = 10


def noise_scale(
    model: Any,
    loader: Iterable[Any],
    loss: Callable[[Any, Any], Any] | None = None,
    *,
    batch_loss: Callable[[Any, Any], Any] | None = None,
    batches: int = 100,
) -> NoiseScale:
    """The gradient noise scale of a PyTorch model at its present weights; see `tunesmith.training.noise`.

    `loss(prediction, target)` is the criterion for batches that are pairs; `batch_loss(model, batch)` that for others. It
    must be a mean over the examples. The noise scale grows in training: measure it when the loss is about half way down.
    Takes `batches` forward and backward passes and the memory of ten more gradients; the model, its buffers, its
    gradients and all randomness are put back.
    """
    load_torch()
    chosen = chosen_loss(loss, batch_loss)
    parameters = [p for p in model.parameters() if p.requires_grad]
    per_group = max(batches // _GROUPS, 1)
    with preserved([m for m in (model, loss) if isinstance(m, torch.nn.Module)], [], loader):
        source = endless(loader)
        means, squares, sizes = [], [], set()
        for _ in range(_GROUPS):
            total: Any = 0.0
            square = 0.0
            for _ in range(per_group):
                batch = moved(next(source), device_of(model))
                gradient = _gradient(chosen(model, batch), parameters)
                square += float(gradient.square().sum(dtype=torch.float64)) / per_group
                total = total + gradient
                sizes.add(size_of(batch))
            means.append(total / per_group)
            squares.append(square)
        stacked = torch.stack(means).double()
        gram = (stacked @ stacked.T).cpu().numpy()
    # A shorter last batch is noisier; within a tenth it does not matter.
    return noise_from_groups(gram, squares, per_group, max(sizes))


def _gradient(loss: Any, parameters: list[Any]) -> Any:
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    return torch.cat(
        [
            torch.zeros_like(p).flatten() if g is None else g.detach().float().flatten()
            for p, g in zip(parameters, found, strict=True)
        ]
    )


def size_of(batch: Any) -> int:
    """The number of examples: the length of the first tensor."""
    if isinstance(batch, torch.Tensor):
        return len(batch)
    for part in batch.values() if isinstance(batch, dict) else batch:
        if isinstance(part, torch.Tensor | list | tuple | dict):
            return size_of(part)
    raise InvalidStudy(f"A batch of type {type(batch).__name__} holds no tensor whose examples could be counted.")
