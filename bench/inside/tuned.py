"""Trainings with all that people tune in them: a space, defaults, and what became of a configuration on test data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import nn

from inside.nets import Batches, Data, digits, fashion, loss_and_error
from race.space import Param

SHARED = (
    Param("lr", "float", 1e-5, 1.0, log=True),
    Param("batch_size", "int", 16, 256, log=True),
    Param("optimizer", "choice", choices=("adam", "sgd")),
    Param("momentum", "float", 0.0, 0.99),
    Param("weight_decay", "float", 1e-6, 0.1, log=True),
    Param("dropout", "float", 0.0, 0.6),
    Param("schedule", "choice", choices=("constant", "cosine")),
)
DEFAULTS: Mapping[str, Any] = {
    "lr": 1e-3, "batch_size": 32, "optimizer": "adam", "momentum": 0.9, "weight_decay": 1e-5, "dropout": 0.0,
    "schedule": "constant", "width": 64, "layers": 2, "channels": 8,
}  # fmt: skip


class Task:
    """A training of some epochs, on a part of the data so small that what it generalises to depends on how it is trained."""

    def __init__(self, name: str, data: Data, epochs: int, own: tuple[Param, ...]) -> None:
        self.name, self.epochs, self.data = name, epochs, data
        self.space = (*SHARED, *own)
        self.defaults = {param.name: DEFAULTS[param.name] for param in self.space}

    def train(self, config: Mapping[str, Any], seed: int) -> Iterator[tuple[float, float, nn.Module]]:
        """Loss and error on the validation data, and the network, after each epoch."""
        torch.manual_seed(seed)
        model = _network(config, self.data.train[0].shape[-1])
        optimizer = _optimizer(model, config)
        rate = config["lr"]
        batches = Batches(self.data.train, config["batch_size"], seed)
        total, step = self.epochs * len(batches), 0
        for _ in range(self.epochs):
            model.train()
            for inputs, targets in batches:
                if config["schedule"] == "cosine":
                    optimizer.param_groups[0]["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / total))
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(inputs), targets).backward()
                optimizer.step()
                step += 1
            yield *loss_and_error(model, self.data.val), model

    def test(self, config: Mapping[str, Any], seeds: range) -> tuple[float, float]:
        """Loss and error on the test data, means over trainings."""
        found = []
        for seed in seeds:
            *_, (_, _, model) = self.train(config, seed)
            found.append(loss_and_error(model, self.data.test))
        losses, errors = zip(*found, strict=True)
        return sum(losses) / len(found), sum(errors) / len(found)


def _network(config: Mapping[str, Any], side: int) -> nn.Module:
    drop = nn.Dropout(config["dropout"])
    if "channels" in config:
        channels = config["channels"]
        return nn.Sequential(
            nn.Conv2d(1, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(channels, 2 * channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), drop, nn.Linear(2 * channels * (side // 4) ** 2, 10),
        )  # fmt: skip
    sizes = [side * side, *[config["width"]] * config["layers"]]
    hidden = [part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU(), drop)]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(sizes[-1], 10))


def _optimizer(model: nn.Module, config: Mapping[str, Any]) -> torch.optim.Optimizer:
    if config["optimizer"] == "sgd":
        return torch.optim.SGD(
            model.parameters(), config["lr"], config["momentum"], weight_decay=config["weight_decay"]
        )
    betas = (config["momentum"], 0.999)
    return torch.optim.Adam(model.parameters(), config["lr"], betas, weight_decay=config["weight_decay"])


def _smaller(data: Data, train: int, val: int) -> Data:
    """What is not trained on any more, or chosen by, is for the test."""
    (x, y), (xv, yv), (xt, yt) = data
    spare = torch.cat([x[train:], xv[val:], xt]), torch.cat([y[train:], yv[val:], yt])
    return Data((x[:train], y[:train]), (xv[:val], yv[:val]), spare)


def tasks(folder: Path | None) -> dict[str, Task]:
    """By name; fashion images only with the folder that holds them."""
    few = _smaller(digits(), 300, 200)
    channels = Param("channels", "int", 4, 16, log=True)
    widths = (Param("width", "int", 16, 256, log=True), Param("layers", "int", 1, 3))
    found = [Task("mlp on digits", few, 15, widths), Task("cnn on digits", few, 15, (channels,))]
    if folder is not None:
        found.append(
            Task(
                "cnn on fashion", _smaller(fashion(folder), 1000, 400), 10, (Param("channels", "int", 4, 16, log=True),)
            )
        )
    return {task.name: task for task in found}
