"""Does the gradient noise scale tell where larger batches cease to pay?"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

import tunesmith as ts
from inside.nets import OPTIMIZERS, Batches, Data, make
from tunesmith.training.noise import bend

SIZES = (4, 8, 16, 32, 64, 128, 256, 512)
MOST_EXAMPLES = 40_000


def target_of(data: Data, net: str, share: float) -> float:
    """A training loss on the way: `share` of what a fresh network has."""
    model = make(net, data, 0)
    with torch.no_grad():
        return share * float(nn.functional.cross_entropy(model(data.train[0]), data.train[1]))


def steps_to(net: str, optimizer: str, data: Data, size: int, lr: float, target: float, seed: int, most: int) -> float:
    """Steps until the loss on the training data is at the target; infinite after `most` steps."""
    model = make(net, data, seed)
    optim = OPTIMIZERS[optimizer](model.parameters(), lr)
    source = _endless(Batches(data.train, size, seed))
    for step in range(1, most + 1):
        x, y = next(source)
        optim.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optim.step()
        if step % max(1, step // 25) == 0:
            with torch.no_grad():
                loss = float(nn.functional.cross_entropy(model(data.train[0]), data.train[1]))
            if loss <= target:
                return step
            if not math.isfinite(loss):
                return math.inf
    return math.inf


def _endless(batches: Batches) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    while True:
        yield from batches


def predicted(net: str, optimizer: str, data: Data, lr: float, target: float, size: int) -> list[ts.NoiseScale]:
    """The noise scale at ten times between the beginning of a training and the target."""
    steps = int(steps_to(net, optimizer, data, size, lr, target, 0, 2000))
    model = make(net, data, 0)
    optim = OPTIMIZERS[optimizer](model.parameters(), lr)
    source = _endless(Batches(data.train, size, 0))
    found = []
    for step in range(1, steps + 1):
        x, y = next(source)
        optim.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optim.step()
        if step in {max(1, round(steps * share / 10)) for share in range(1, 11)}:
            found.append(ts.noise_scale(model, Batches(data.train, 8, 1), nn.CrossEntropyLoss(), batches=120))
    return found


def setting(name: str, net: str, optimizer: str, data: Data, share: float, full: bool) -> dict[str, Any]:
    """Steps to the target at each batch's own best rate, the bend of that curve, and the noise scale on the way."""
    target = target_of(data, net, share)
    rates = 10.0 ** np.arange(-2, 0.51, 0.25)
    sizes = SIZES if full else SIZES[1:]
    counts, bests = [], []
    for size in sizes:
        most = max(100, MOST_EXAMPLES // size)
        tried = {}
        for lr in rates:
            tried[float(lr)] = float(
                np.median(
                    [
                        steps_to(net, optimizer, data, size, float(lr), target, seed, most)
                        for seed in range(5 if full else 3)
                    ]
                )
            )
            most = int(min(most, *tried.values()))  # what takes longer is not the best
        best = min(tried, key=tried.__getitem__)
        counts.append(tried[best])
        bests.append(best)
    measured = bend(*zip(*((s, c) for s, c in zip(sizes, counts, strict=True) if math.isfinite(c)), strict=True))
    middle = len(sizes) // 2
    scales = predicted(net, optimizer, data, bests[middle], target, sizes[middle])
    # Noise and signal averaged apart, as the paper does (its appendix A.1): single ratios are far noisier.
    guess = sum(one.noise for one in scales) / sum(one.signal for one in scales)
    result = {
        "setting": f"{name} {net} {optimizer}, loss to {share:.0%}",
        "sizes": list(sizes),
        "steps": counts,
        "rates": bests,
        "bend": round(measured.critical, 1),
        "noise": [round(one.critical, 1) for one in scales],
        "predicted": round(guess, 1),
    }
    print(result, file=sys.stderr)
    return result


def run(sets: dict[str, Data], full: bool) -> Iterator[dict[str, Any]]:
    """Two trainings on digits, and with `full` one on fashion images too."""
    for net in ("mlp", "mlp-norm"):
        yield setting("digits", net, "sgd", sets["digits"], 0.2, full)
    if full and "fashion" in sets:
        yield setting("fashion", "mlp", "sgd", sets["fashion"], 0.25, full)


def summary(results: list[dict[str, Any]]) -> list[str]:
    """Lines of the table."""
    lines = [
        "| training | steps to target by batch | measured bend | noise scale on the way | ratio |",
        "|---|---|---|---|---|",
    ]
    for one in results:
        steps = ", ".join(f"{s}: {c:.0f}" for s, c in zip(one["sizes"], one["steps"], strict=True))
        noise = ", ".join(f"{n:.0f}" for n in one["noise"])
        ratio = one["predicted"] / one["bend"] if one["bend"] else math.inf
        lines.append(
            f"| {one['setting']} | {steps} | {one['bend']:.0f} | {noise}; of the means {one['predicted']:.0f} | {ratio:.1f}x |"
        )
    return lines
