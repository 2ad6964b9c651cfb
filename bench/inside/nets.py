"""The trainings on which the tools for one training are measured: data, networks, optimizers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn


class Data(NamedTuple):
    """Three disjoint parts, each of inputs (n, 1, s, s) in [0, 1] and classes (n,), or of characters (n, s) and the next ones."""

    train: tuple[torch.Tensor, torch.Tensor]
    val: tuple[torch.Tensor, torch.Tensor]
    test: tuple[torch.Tensor, torch.Tensor]


def digits(_folder: Path | None = None) -> Data:
    """1,797 images of 8x8, inside scikit-learn: 1,000 to train, 397 to choose by, 400 to test."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return _parts(bunch.images[:, None] / 16.0, bunch.target, 1000, 397)


def fashion(folder: Path | None) -> Data:
    """12,000 images of 28x28 from a folder of benchmark tasks: 8,000, 2,000 and 2,000."""
    assert folder is not None, "fashion needs --tasks-from"
    sys.path.insert(0, str(folder))
    import nn_data

    x, y, xv, yv = nn_data.load("fashion12k")
    images = np.concatenate([x, xv]).reshape(-1, 1, 28, 28) / 255.0
    return _parts(images, np.concatenate([y, yv]), 8000, 2000)


def text(folder: Path | None) -> Data:
    """Shakespeare, by characters, from a folder of benchmark tasks: 3,000, 500 and 500 pieces of 32; the next one of each."""
    assert folder is not None, "text needs --tasks-from"
    sys.path.insert(0, str(folder))
    import nn_data

    codes = nn_data.load("shakespeare")[0]
    starts = np.random.default_rng(0).permutation(len(codes) // 33)[:4000] * 33
    pieces = torch.tensor(np.stack([codes[start : start + 33] for start in starts]))
    cuts = (slice(0, 3000), slice(3000, 3500), slice(3500, None))
    return Data(*((pieces[cut, :-1], pieces[cut, 1:]) for cut in cuts))


def _parts(images: np.ndarray, classes: np.ndarray, train: int, val: int) -> Data:
    order = np.random.default_rng(0).permutation(len(classes))
    x = torch.tensor(images[order], dtype=torch.float32)
    y = torch.tensor(classes[order], dtype=torch.int64)
    cuts = (slice(0, train), slice(train, train + val), slice(train + val, None))
    return Data(*((x[cut], y[cut]) for cut in cuts))


DATA: dict[str, Callable[[Path | None], Data]] = {"digits": digits, "fashion": fashion, "text": text}


def mlp(side: int) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(side * side, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)
    )


def mlp_norm(side: int) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(side * side, 64), nn.BatchNorm1d(64), nn.ReLU(),
        nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(64, 10),
    )  # fmt: skip


def cnn(side: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * (side // 4) ** 2, 10),
    )  # fmt: skip


class Rows(nn.Module):
    """A transformer of one layer that reads an image row by row."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.embed = nn.Linear(side, 32)
        self.place = nn.Parameter(torch.randn(side, 32) * 0.02)
        self.layer = nn.TransformerEncoderLayer(32, 2, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.out = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.layer(self.embed(x[:, 0]) + self.place).mean(1))


class Letters(nn.Module):
    """A transformer of one layer that reads characters from left to right."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(128, 32)
        self.place = nn.Parameter(torch.randn(length, 32) * 0.02)
        self.layer = nn.TransformerEncoderLayer(32, 2, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.out = nn.Linear(32, 128)
        self.mask = nn.Transformer.generate_square_subsequent_mask(length)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        read = self.layer(self.embed(x) + self.place, src_mask=self.mask, is_causal=True)
        return self.out(read).transpose(1, 2)


IMAGE_NETS = ("mlp", "mlp-norm", "cnn", "transformer")

NETS: dict[str, Callable[[int], nn.Module]] = {
    "mlp": mlp,
    "mlp-norm": mlp_norm,
    "cnn": cnn,
    "transformer": Rows,
    "letters": Letters,
}

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "momentum": lambda p, lr: torch.optim.SGD(p, lr, momentum=0.9, nesterov=True),
    "adam": torch.optim.Adam,
    "adamw": lambda p, lr: torch.optim.AdamW(p, lr, weight_decay=0.05),
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
}


def make(net: str, data: Data, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return NETS[net](data.train[0].shape[-1])


class Batches:
    """The training part in shuffled batches; another order in each pass."""

    def __init__(self, part: tuple[torch.Tensor, torch.Tensor], size: int, seed: int) -> None:
        self.part, self.size = part, size
        self.generator = torch.Generator().manual_seed(seed)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        order = torch.randperm(len(self.part[1]), generator=self.generator)
        for rows in order.split(self.size)[: len(order) // self.size]:
            yield self.part[0][rows], self.part[1][rows]

    def __len__(self) -> int:
        return len(self.part[1]) // self.size


def loss_and_error(model: nn.Module, part: tuple[torch.Tensor, torch.Tensor]) -> tuple[float, float]:
    """Mean cross entropy and share of wrong answers; infinite and 1 for a network that has diverged."""
    model.eval()
    with torch.no_grad():
        scores = model(part[0])
        loss = float(nn.functional.cross_entropy(scores, part[1]))
        error = float((scores.argmax(1) != part[1]).float().mean())
    model.train()
    return (loss, error) if np.isfinite(loss) else (float("inf"), 1.0)
