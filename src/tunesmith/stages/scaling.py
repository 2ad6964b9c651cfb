"""What must change with the batch: learning rate, steps, momentum's memory, weight decay, accumulation. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, final

from tunesmith.errors import InvalidStudy

Rule: TypeAlias = Literal["linear", "sqrt"]

_LINEAR: Final = ("sgd", "momentum", "nesterov", "lars")
_SQRT: Final = (
    "adam", "adamw", "nadam", "radam", "adamax", "rmsprop", "adagrad", "adafactor", "lamb", "lion",
)  # fmt: skip


@final
@dataclass(frozen=True)
class Scaled:
    """A training with another batch. What was not given stays None."""

    batch: int
    """Examples per step of the optimizer: `micro_batch` times `accumulate`."""
    micro_batch: int
    accumulate: int
    lr: float
    steps: int | None
    betas: tuple[float, ...] | None
    weight_decay: float | None
    why: str


def scale_batch(
    batch: int,
    to: int,
    *,
    lr: float,
    optimizer: str = "adam",
    steps: int | None = None,
    betas: tuple[float, ...] | None = None,
    weight_decay: float | None = None,
    critical: float | None = None,
    fits: int | None = None,
) -> Scaled:
    """The settings for batches of `to` examples that train as those for `batch` do.

    With k = to / batch: the learning rate grows by k for SGD (Goyal et al. 2017, arXiv:1706.02677), by √k for Adam and its
    kin, whose averages then forget k times as fast per step, 1 - β by k (Malladi et al. 2022, arXiv:2205.10287). The
    number of steps falls by k; knowing the `critical` batch (`ts.noise_scale`), by the less that is true beyond it
    (McCandlish et al. 2018), and there the learning rate grows no further. Decoupled weight decay (AdamW) keeps its
    time-scale in epochs, 1 / (lr · weight_decay · steps per epoch) (Wang & Aitchison 2024, arXiv:2405.13698); for SGD the
    same formula leaves it as it is.

    `optimizer` is its name. `fits` is the largest batch that memory holds: what is larger is split into the fewest equal
    parts, to be accumulated; if no split is equal, the nearest smaller batch that has one is taken.
    """
    rule = _rule(optimizer)
    if min(batch, to) < 1 or lr <= 0 or (fits is not None and fits < 1) or (critical is not None and critical <= 0):
        raise InvalidStudy(
            f"scale_batch({batch}, {to}, lr={lr}, critical={critical}, fits={fits}): sizes and rates must be positive."
        )
    accumulate = 1 if fits is None else -(-to // fits)
    micro = to // accumulate
    size = micro * accumulate
    ratio = size / batch
    useful = _useful(batch, size, critical)
    rate = lr * (useful if rule == "linear" else math.sqrt(useful))
    return Scaled(
        batch=size,
        micro_batch=micro,
        accumulate=accumulate,
        lr=rate,
        steps=None if steps is None else max(1, round(steps * _fewer(batch, size, critical))),
        betas=None if betas is None else tuple(_remembering(beta, ratio, rule) for beta in betas),
        weight_decay=None if weight_decay is None else weight_decay * lr / rate * ratio,
        why=_why(batch, size, useful, rule, critical, accumulate),
    )


def plain_name(optimizer: str) -> str:
    """The name of an optimizer as the rules know it: "Adam_W" is "adamw"."""
    return optimizer.lower().replace("_", "")


def _rule(optimizer: str) -> Rule:
    name = plain_name(optimizer)
    if name not in _LINEAR + _SQRT:
        known = ", ".join(_LINEAR + _SQRT)
        raise InvalidStudy(
            f"scale_batch(optimizer={optimizer!r}): no rule is known for it; say the nearest of {known}."
        )
    return "linear" if name in _LINEAR else "sqrt"


def _useful(batch: int, size: int, critical: float | None) -> float:
    """The factor by which the batch grows, where all beyond the critical one counts as that."""
    most = math.inf if critical is None else critical
    return min(size, most) / min(batch, most)


def _fewer(batch: int, size: int, critical: float | None) -> float:
    """The factor of the number of steps to the same loss."""
    if critical is None or math.isinf(critical):
        return batch / size
    return (1 + critical / size) / (1 + critical / batch)


def _remembering(beta: float, ratio: float, rule: Rule) -> float:
    """A decay rate that forgets as much per example. SGD's momentum stays as it is, as the linear rule assumes."""
    return beta if rule == "linear" else max(0.0, 1 - ratio * (1 - beta))


def _why(batch: int, size: int, useful: float, rule: Rule, critical: float | None, accumulate: int) -> str:
    how = f"× {useful:.3g}" if rule == "linear" else f"× √{useful:.3g}"
    parts = [f"batch {batch} to {size}: learning rate {how} ({'linear' if rule == 'linear' else 'square-root'} rule)"]
    if critical is not None and max(batch, size) > critical:
        parts.append(f"beyond the critical batch of {critical:,.0f} the rate stays and steps fall by less")
    if accumulate > 1:
        parts.append(f"{accumulate} times {size // accumulate} examples are accumulated, since memory holds no more")
    return "; ".join(parts)
