"""Does the learning rate of a small model serve a wider one?"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

import tunesmith as ts
from inside.nets import Batches, Data

EPOCHS = 6
BATCH = 100
RATES = 2.0 ** np.arange(-12, 3)


def mlp(width: int) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)
    )


class Rows(nn.Module):
    """A transformer of two layers with heads of 16 that reads an image row by row."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Linear(8, width)
        self.place = nn.Parameter(torch.randn(8, width) * 0.1)
        layer = nn.TransformerEncoderLayer(width, width // 16, 2 * width, 0.0, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.body(self.embed(x[:, 0]) + self.place).mean(1))


NETS: dict[str, tuple[Callable[[int], nn.Module], tuple[int, ...]]] = {
    "mlp": (mlp, (64, 256, 1024)),
    "transformer": (Rows, (32, 128, 256)),
}
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def trained(
    make: Callable[[int], nn.Module], base: int, width: int, optimizer: str, lr: float, rule: bool, data: Data
) -> float:
    """The mean training loss of the last epoch; infinite for one that has diverged."""
    torch.manual_seed(0)
    model = make(width)
    groups = ts.scale_up(make(base), model, lr=lr, optimizer=optimizer).groups if rule else model.parameters()
    optim = OPTIMIZERS[optimizer](groups, lr=lr)
    batches = Batches(data.train, BATCH, 0)
    losses: list[float] = []
    for _ in range(EPOCHS):
        losses = []
        for x, y in batches:
            optim.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            if not torch.isfinite(loss):
                return math.inf
            loss.backward()
            optim.step()
            losses.append(loss.item())
    return float(np.mean(losses))


def run(sets: dict[str, Data], full: bool) -> Iterator[dict[str, Any]]:
    """Digits; the wider models with the rule and without."""
    del full  # one size
    for net, (make, widths) in NETS.items():
        for optimizer in OPTIMIZERS:
            rows = {}
            for width in widths:
                for rule in (True, False) if width > widths[0] else (False,):
                    losses = [
                        trained(make, widths[0], width, optimizer, float(lr), rule, sets["digits"]) for lr in RATES
                    ]
                    rows[f"{width} {'with' if rule else 'without'}"] = losses
                    best = RATES[int(np.argmin(losses))]
                    print(net, optimizer, width, rule, f"{best:.1e}", file=sys.stderr)
            yield {"setting": f"digits {net} {optimizer}", "widths": widths, "losses": rows}


def summary(results: list[dict[str, Any]]) -> list[str]:
    """Lines of the table."""
    lines = [
        "| training | width | best rate: with the rule | without | loss at the small model's rate, over that at the best: with | without |",
        "|---|---|---|---|---|---|",
    ]
    for one in results:
        small = one["losses"][f"{one['widths'][0]} without"]
        place = int(np.argmin(small))
        for width in one["widths"][1:]:
            both = [one["losses"][f"{width} {how}"] for how in ("with", "without")]
            rates = " | ".join(_times(RATES[int(np.argmin(losses))] / RATES[place]) for losses in both)
            lost = " | ".join(f"{losses[place] / min(map(min, both)):.2f}x" for losses in both)
            lines.append(f"| {one['setting']} | {one['widths'][0]} to {width} | {rates} | {lost} |")
    return lines


def _times(ratio: float) -> str:
    return "the same" if ratio == 1 else f"{ratio:g}x" if ratio > 1 else f"1/{1 / ratio:g}"
