"""Guided tuning: a small network on digits, tuned in stages, with a range test in the first trial.

    python examples/guided.py

Needs PyTorch and scikit-learn: pip install 'tunesmith[torch,sklearn]'. Prints what each stage has learned. Run it again and it has
nothing left to do; raise `trials` and it goes on.
"""

from typing import Annotated, Literal

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import tunesmith as ts

torch.set_num_threads(1)
bunch = load_digits()
order = torch.randperm(len(bunch.target), generator=torch.Generator().manual_seed(0))
x = torch.tensor(bunch.data / 16, dtype=torch.float32)[order]
y = torch.tensor(bunch.target)[order]
train_set, val_set = TensorDataset(x[:600], y[:600]), (x[600:1200], y[600:1200])


def train(
    ctx: ts.Context,
    lr: Annotated[float, ts.Float(1e-5, 1.0, log=True)] = 1e-3,
    batch_size: Literal[32, 64, 128] = 32,
    width: Annotated[int, ts.Int(16, 128, log=True)] = 32,
    dropout: Annotated[float, ts.Float(0.0, 0.5)] = 0.0,
    weight_decay: Annotated[float, ts.Float(1e-6, 1e-1, log=True)] = 1e-4,
):
    """One training of ten epochs."""
    model = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 10))
    optimizer = torch.optim.AdamW(model.parameters(), lr, weight_decay=weight_decay)
    loader = DataLoader(train_set, batch_size, shuffle=True)
    ts.probe_lr(ctx, lambda: ts.lr_range(model, loader, nn.CrossEntropyLoss(), optimizer))
    for _ in range(10):
        model.train()
        for inputs, targets in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            scores = model(val_set[0])
            yield {
                "val_loss": float(nn.functional.cross_entropy(scores, val_set[1])),
                "val_error": float((scores.argmax(1) != val_set[1]).float().mean()),
            }


if __name__ == "__main__":
    with ts.guided(train, minimize="val_loss", trials=24, seed=0, progress="quiet") as study:
        for chapter in ts.story(study.view):
            print(chapter)
        print("best:", study.best.config)
