"""A small neural network in numpy, tuned by yielding its validation loss once per epoch.

    python examples/numpy_network.py

The type hints of `train` are the search space, its defaults are the first trial, and `train()` still runs on its own.
The study is kept in tunesmith.db in the current directory: run the script again and it has nothing left to do; raise
`trials` and it goes on from where it is.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np

import tunesmith as ts

EPOCHS = 30


def two_moons(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (count, 2) on two interleaved half circles, and which half circle each belongs to."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, np.pi, count)
    upper = rng.integers(0, 2, count)
    points = np.column_stack([np.cos(angle) + (1 - upper), np.where(upper, np.sin(angle), 0.5 - np.sin(angle))])
    return points + rng.normal(0, 0.25, points.shape), upper


def train(
    lr: Annotated[float, ts.Float(1e-3, 3.0, log=True)] = 0.03,
    width: Annotated[int, ts.Int(4, 64, log=True)] = 16,
    batch_size: Literal[16, 32, 64] = 32,
    activation: Literal["relu", "tanh"] = "relu",
    weight_decay: Annotated[float, ts.Float(1e-6, 1e-1, log=True)] = 1e-4,
    seed: int = 0,
) -> Iterator[dict[str, float]]:
    """One hidden layer, plain stochastic gradient descent."""
    X, y = two_moons(400, seed=1)
    X_val, y_val = two_moons(400, seed=2)
    rng = np.random.default_rng(seed)
    W1, b1 = rng.normal(0, 1, (2, width)), np.zeros(width)
    W2, b2 = rng.normal(0, 1 / np.sqrt(width), width), 0.0

    def hidden(points: np.ndarray) -> np.ndarray:
        before = points @ W1 + b1
        return np.maximum(before, 0) if activation == "relu" else np.tanh(before)

    def probability(points: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-np.clip(hidden(points) @ W2 + b2, -30, 30)))

    for _ in range(EPOCHS):
        order = rng.permutation(len(X))
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            h = hidden(X[rows])
            error = (probability(X[rows]) - y[rows]) / len(rows)
            slope = (h > 0) if activation == "relu" else 1 - h**2
            back = np.outer(error, W2) * slope
            W2 -= lr * (h.T @ error + weight_decay * W2)
            b2 -= lr * error.sum()
            W1 -= lr * (X[rows].T @ back + weight_decay * W1)
            b1 -= lr * back.sum(axis=0)
        p = probability(X_val)
        loss = -np.mean(np.log(np.where(y_val == 1, p, 1 - p) + 1e-12))
        yield {"val_loss": loss, "val_accuracy": np.mean((p > 0.5) == y_val)}


if __name__ == "__main__":
    study = ts.tune(train, minimize="val_loss", trials=40, seed=0, name="numpy-network")
    print(study.best.config, dict(study.best.values))
