"""A scikit-learn classifier, scored by cross-validation; two at a time, each in a process of its own.

    pip install scikit-learn
    python examples/sklearn_digits.py

A fold is a step: each `yield` is the mean over the folds so far, so that poor configurations end before the last fold.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

import tunesmith as ts


def train(
    C: Annotated[float, ts.Float(1e-2, 1e3, log=True)] = 1.0,
    gamma: Annotated[float, ts.Float(1e-5, 1e-1, log=True)] = 1e-3,
    shrinking: bool = True,
) -> Iterator[dict[str, float]]:
    """A support-vector machine on a fourth of the digits."""
    X, y = load_digits(return_X_y=True)
    X, y = X[::4], y[::4]
    scores = []
    for fit, held_out in StratifiedKFold(4).split(X, y):
        model = SVC(C=C, gamma=gamma, shrinking=shrinking).fit(X[fit], y[fit])
        scores.append(model.score(X[held_out], y[held_out]))
        yield {"accuracy": float(np.mean(scores))}


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        ts.tune(train, maximize="accuracy", trials=16, parallel=2, seed=0, store=Path(folder) / "digits.db") as study,
    ):
        default = study.trials[0]
        print(f"default: {default.values['accuracy']:.4f}   best: {study.best.values['accuracy']:.4f}")
        print(study.best.config)
