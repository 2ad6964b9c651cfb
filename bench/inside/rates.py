"""Does the range of a range test hold the learning rate that a dense sweep finds best?"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import tunesmith as ts
from inside.nets import IMAGE_NETS, OPTIMIZERS, Batches, Data, loss_and_error, make

GRID = 10.0 ** np.arange(-5, 1.01, 0.5)
START = 1e-3
FINDERS = Path(__file__).resolve().parent.parent / ".envs" / "finders" / "bin" / "python"


def trained(net: str, optimizer: str, data: Data, lr: float, size: int, epochs: int, seed: int) -> float:
    """The lowest validation loss of a training with a cosine schedule."""
    model = make(net, data, seed)
    optim = OPTIMIZERS[optimizer](model.parameters(), lr)
    batches = Batches(data.train, size, seed)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optim, epochs * len(batches))
    best = math.inf
    for _ in range(epochs):
        for x, y in batches:
            optim.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            if not torch.isfinite(loss):
                return best
            loss.backward()
            optim.step()
            schedule.step()
        best = min(best, loss_and_error(model, data.val)[0])
    return best


def setting(net: str, optimizer: str, name: str, data: Data, size: int, epochs: int, seeds: int) -> dict[str, Any]:
    """The range, and the validation loss at every rate of a grid with two per decade, means over seeds."""
    model = make(net, data, 100)
    optim = OPTIMIZERS[optimizer](model.parameters(), START)
    found = ts.lr_range(model, Batches(data.train, size, 100), nn.CrossEntropyLoss(), optim)
    means = [
        float(np.mean([trained(net, optimizer, data, float(lr), size, epochs, seed) for seed in range(seeds)]))
        for lr in GRID
    ]
    return {
        "setting": f"{name} {net} {optimizer}",
        "clear": found.clear,
        "low": found.low,
        "high": found.high,
        "suggested": found.suggested,
        "why": found.why,
        "best": float(GRID[int(np.nanargmin(means))]),
        "losses": [round(mean, 5) if math.isfinite(mean) else None for mean in means],
        **finder(net, optimizer, name, size),
    }


def finder(net: str, optimizer: str, name: str, size: int) -> dict[str, Any]:
    """Lightning's suggestion, from an environment of its own; nothing if there is none."""
    if not FINDERS.exists() or name != "digits":
        return {}
    command = [str(FINDERS), str(Path(__file__).with_name("lightning_finder.py")), net, optimizer, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    last = done.stdout.strip().splitlines()[-1:] or ["failed"]
    return {"lightning": float(last[0]) if done.returncode == 0 and last[0] != "None" else None}


def run(sets: dict[str, Data], full: bool) -> Iterator[dict[str, Any]]:
    """All settings; few of the larger data, and one seed, unless `full`."""
    nets = {"digits": IMAGE_NETS, "fashion": ("mlp", "cnn"), "text": ("letters",)}
    for name, data in sets.items():
        large = name != "digits"
        size, epochs = (50, 3) if large else (100, 20)
        for net in nets[name]:
            for optimizer in OPTIMIZERS if full or not large else ("momentum", "adamw", "rmsprop"):
                found = setting(net, optimizer, name, data, size, epochs, 3 if full else 1)
                print(found["setting"], *(f"{found[key]:.1e}" for key in ("low", "best", "high")), file=sys.stderr)
                yield found


def summary(results: list[dict[str, Any]]) -> list[str]:
    """Lines of the table."""
    held = [one["clear"] and one["low"] <= one["best"] <= one["high"] for one in results]
    widths = [math.log10(one["high"] / one["low"]) for one in results if one["clear"]]
    lines = [
        "| what | figure |",
        "|---|---|",
        f"| settings whose range holds the best rate of a dense sweep | {sum(held)} of {len(held)} |",
        f"| width of the range, mean (and widest), decades | {np.mean(widths):.1f} ({max(widths):.1f}) |",
        _off("suggestion", [one["suggested"] for one in results], results),
        _lost("suggestion", [one["suggested"] for one in results], results),
    ]
    beside = [one for one in results if "lightning" in one]
    if beside:
        nothing = sum(one["lightning"] is None for one in beside)
        told = [one for one in beside if one["lightning"] is not None]
        lines += [
            _off(
                f"Lightning's suggestion ({len(told)} settings; none in {nothing})",
                [o["lightning"] for o in told],
                told,
            ),
            _lost("Lightning's suggestion, same settings", [o["lightning"] for o in told], told),
            _off("ours, same settings", [one["suggested"] for one in told], told),
            _lost("ours, same settings", [one["suggested"] for one in told], told),
        ]
    return lines


def _off(what: str, rates: list[float | None], results: list[dict[str, Any]]) -> str:
    off = [abs(math.log10(lr / one["best"])) for lr, one in zip(rates, results, strict=True) if lr]
    return f"| {what}: distance from the best rate, median (and largest), decades | {np.median(off):.1f} ({max(off):.1f}) |"


def _lost(what: str, rates: list[float | None], results: list[dict[str, Any]]) -> str:
    """Validation loss at the grid's rate nearest to the suggestion, over that of the best."""
    ratios = []
    for lr, one in zip(rates, results, strict=True):
        if lr:
            at = one["losses"][int(np.abs(np.log10(GRID / lr)).argmin())]
            ratios.append(at / min(v for v in one["losses"] if v is not None) if at is not None else math.inf)
    return f"| {what}: validation loss there over that at the best, median | {np.median(ratios):.2f}x |"
