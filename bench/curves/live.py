"""Two real trainings on tables that come with scikit-learn. Validation losses after each step, and the seconds in all."""

from __future__ import annotations

import time
import warnings

import numpy as np

from race import learning
from race.space import Space, choice, real, whole

NETWORK = Space(
    [
        real("learning_rate_init", 1e-4, 1, log=True),
        real("alpha", 1e-6, 10, log=True),
        real("momentum", 0, 0.99),
        whole("batch_size", 8, 256, log=True),
        whole("hidden_layer_sizes", 4, 128, log=True),
        choice("solver", "adam", "sgd"),
        choice("activation", "relu", "tanh"),
    ]
)

BOOSTING = Space(
    [
        real("learning_rate", 1e-3, 1, log=True),
        whole("max_leaf_nodes", 2, 32, log=True),
        whole("min_samples_leaf", 1, 60, log=True),
        real("l2_regularization", 1e-6, 1e3, log=True),
        real("max_features", 0.1, 1),
    ]
)


def network_digits(config: dict) -> tuple[list[float], float]:
    """One epoch per step of a small network: log loss."""
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    (X, y), (valid_X, valid_y) = _halves("digits")
    model = MLPClassifier(**config, random_state=0)
    classes = np.unique(np.concatenate([y, valid_y]))
    losses: list[float] = []
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(27):
            try:
                model.partial_fit(X, y, classes=classes)
                losses.append(float(log_loss(valid_y, model.predict_proba(valid_X), labels=classes)))
            except ValueError:  # its weights have overflowed
                losses.append(np.inf)
    return losses, time.process_time() - began


def boosting_diabetes(config: dict) -> tuple[list[float], float]:
    """One tree per step: squared error."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    (X, y), (valid_X, valid_y) = _halves("diabetes")
    began = time.process_time()
    model = HistGradientBoostingRegressor(**config, max_iter=81, max_bins=32, early_stopping=False, random_state=0)
    model.fit(X, y)
    losses = [float(np.mean((guess - valid_y) ** 2)) for guess in model.staged_predict(valid_X)]
    return losses, time.process_time() - began


def _halves(table: str):
    X, y = learning.rows(table)
    half = len(y) // 2
    return (X[:half], y[:half]), (X[half:], y[half:])
