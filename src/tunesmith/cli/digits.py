"""The demo's training: a neural network on scikit-learn's digits, epoch by epoch. Also an example of a training function."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from tunesmith.space.params import Float, Int

EPOCHS = 25
_CLASSES = np.arange(10)


class Part(NamedTuple):
    """Images (n, 64) in [0, 1] and their digits (n,)."""

    X: NDArray[np.float64]
    y: NDArray[np.int64]


def train(
    learning_rate: Annotated[float, Float(1e-4, 1e-1, log=True)] = 1e-3,
    batch_size: Annotated[int, Int(32, 256, log=True)] = 200,
    layers: Annotated[int, Int(1, 3)] = 1,
    width: Annotated[int, Int(16, 160, log=True)] = 100,
    activation: Literal["relu", "tanh", "logistic"] = "relu",
    weight_decay: Annotated[float, Float(1e-6, 1e-1, log=True)] = 1e-4,
    seed: int = 0,
) -> Iterator[dict[str, float]]:
    """Train on the training part and report the error on the validation part, once per epoch.

    The defaults are those of scikit-learn's `MLPClassifier`.
    """
    config = {
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "layers": layers,
        "width": width,
        "activation": activation,
        "weight_decay": weight_decay,
    }
    train_part, validation, _ = parts()
    for model in epochs(config, train_part, seed):
        yield scores(model, validation)


def epochs(config: dict[str, Any], part: Part, seed: int) -> Iterator[MLPClassifier]:
    """The network after each epoch of training."""
    model = MLPClassifier(
        hidden_layer_sizes=(config["width"],) * config["layers"],
        activation=config["activation"],
        learning_rate_init=config["learning_rate"],
        batch_size=config["batch_size"],
        alpha=config["weight_decay"],
        random_state=seed,
    )
    for _ in range(EPOCHS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a diverging network overflows; its loss says so
            model.partial_fit(part.X, part.y, classes=_CLASSES)
        yield model


def scores(model: MLPClassifier, part: Part) -> dict[str, float]:
    """Error rate and cross-entropy on a part of the data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probabilities = np.nan_to_num(model.predict_proba(part.X), nan=0.1)
    return {
        "val_error": float(np.mean(probabilities.argmax(axis=1) != part.y)),
        "val_loss": float(log_loss(part.y, probabilities, labels=_CLASSES)),
    }


def test_error(config: dict[str, Any], seed: int) -> float:
    """Error rate on the test part, after training on the training part."""
    train_part, _, test = parts()
    *_, model = epochs(config, train_part, seed)
    return scores(model, test)["val_error"]


@cache
def parts() -> tuple[Part, Part, Part]:
    """Training, validation and test parts of the data: 797, 400 and 600 images."""
    digits = load_digits()
    X, y = digits.data / 16.0, digits.target
    X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=600, random_state=0, stratify=y)
    X_train, X_val, y_train, y_val = train_test_split(X_rest, y_rest, test_size=400, random_state=0, stratify=y_rest)
    return Part(X_train, y_train), Part(X_val, y_val), Part(X_test, y_test)
