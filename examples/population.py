"""Population-based training: a learning rate that becomes a schedule, of a PyTorch network on handwritten digits.

    python examples/population.py            needs torch and scikit-learn

Four networks train side by side. Every five epochs the worst one is replaced by a copy of the best, weights and optimizer
included, with a slightly different learning rate. What the winner's schedule is worth shows when it is trained again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import torch
from sklearn.datasets import load_digits
from torch import nn

import tunesmith as ts

EPOCHS = 20


def train(ctx: ts.Context, lr: Annotated[float, ts.Float(1e-3, 1.0, log=True)] = 0.01) -> Iterator[dict[str, float]]:
    """One network; it goes on from its last checkpoint, or from that of the network which it is a fork of."""
    digits = load_digits()
    X = torch.tensor(digits.data / 16, dtype=torch.float32)
    y = torch.tensor(digits.target)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    saved = ctx.load()
    if saved is not None:
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        for group in optimizer.param_groups:
            group["lr"] = lr  # the fork's own
    for _ in range(ctx.step, EPOCHS):
        for batch in torch.randperm(1200).split(100):
            loss = nn.functional.cross_entropy(model(X[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            val_loss = nn.functional.cross_entropy(model(X[1200:]), y[1200:])
        yield {"val_loss": val_loss.item()}
        ctx.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()})


def main() -> None:
    """A population, the schedule of its winner, and that schedule on fresh seeds."""
    torch.set_num_threads(1)
    rule = ts.PBT(population=4, interval=5)
    study = ts.tune(
        train, minimize="val_loss", trials=12, steps=EPOCHS, scheduler=rule, seed=0, store=None, progress="quiet"
    )
    best = study.best
    print(
        f"best: trial {best.number}, val_loss {best.values['val_loss']:.3f}; {len(study.trials)} trials, forks included"
    )
    segments = study.schedule(best.number)
    for part in segments:
        print(f"  epochs {part.begins + 1} to {part.ends}: lr {part.config['lr']:.4f}")
    again = ts.tune(
        train,
        minimize="val_loss",
        trials=3 * len(segments),
        scheduler=ts.Replay(segments, times=3),
        seed=1,
        store=None,
        name="replay",
        progress="quiet",
    )
    ends = [trial.values["val_loss"] for trial in again.trials if trial.state is ts.State.DONE]
    print(f"the same schedule on {len(ends)} fresh seeds: " + ", ".join(f"{value:.3f}" for value in sorted(ends)))


if __name__ == "__main__":
    main()
