"""Weight decay per layer and learning rate: hypergradients in few trainings against a search of many."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

import tunesmith as ts
from inside.nets import Batches, Data, loss_and_error, make

EPOCHS = 60
SIZE = 50
EXAMPLES, WRONG = 300, 0.2
"""Of the training part, and the share of them whose class is drawn at random: without regularization they are learned by heart."""
START_DECAY = 1e-4
START_LR = 1e-2


def small(data: Data) -> Data:
    x, y = data.train[0][:EXAMPLES], data.train[1][:EXAMPLES].clone()
    wrong = int(WRONG * EXAMPLES)
    y[:wrong] = torch.randint(10, (wrong,), generator=torch.Generator().manual_seed(0))
    return Data((x, y), data.val, data.test)


def halves(part):
    """Two disjoint halves of the validation part: one that hypergradients see, one that judges."""
    middle = len(part[1]) // 2
    return (part[0][:middle], part[1][:middle]), (part[0][middle:], part[1][middle:])


def layers(model: nn.Module) -> list[nn.Parameter]:
    return [p for p in model.parameters() if p.ndim > 1]


def penalized(model: nn.Module, decays: Any, batch: Any) -> torch.Tensor:
    x, y = batch
    penalty = sum(d * p.square().sum() for d, p in zip(decays, layers(model), strict=True))
    return nn.functional.cross_entropy(model(x), y) + 0.5 * penalty


def train(net: str, data: Data, lr: float, decays: list[float], seed: int, tune: bool = False) -> dict[str, Any]:
    """One training by Adam with a cosine schedule; with `tune` the decays follow hypergradients. Both losses at its end."""
    model = make(net, data, seed)
    batches = Batches(data.train, SIZE, seed)
    optim = torch.optim.Adam(model.parameters(), lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optim, EPOCHS * len(batches))
    seen, judged = halves(data.val)
    hyper = ts.HyperGrad(
        model.parameters(),
        {"decays": decays},
        lambda h, batch: penalized(model, h["decays"], batch),
        lambda batch: nn.functional.cross_entropy(model(batch[0]), batch[1]),
        every=2,
        rate=0.2,
        iterations=10,
        warmup=60,
        bounds={"decays": (1e-6, 1.0)},
    )
    for epoch in range(EPOCHS):
        for batch in batches:
            optim.zero_grad()
            hyper.loss(batch).backward()
            optim.step()
            schedule.step()
            if tune and epoch < EPOCHS / 2:  # later the learning rate is too low for weights to answer
                hyper.step(data.train, seen)
    return {
        "seen": loss_and_error(model, seen)[0],
        "judged": loss_and_error(model, judged)[0],
        "test": loss_and_error(model, data.test),
        "final": hyper.freeze()["decays"],
        "events": [move.event for move in hyper.path],
    }


def tuned_lr(net: str, data: Data, seed: int) -> float:
    """A learning rate by range test: the suggestion, over three since a cosine schedule begins with its highest."""
    model = make(net, data, seed)
    found = ts.lr_range(
        model, Batches(data.train, SIZE, seed), nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), START_LR)
    )
    return found.suggested / 3 if found.suggested else START_LR


def setting(name: str, net: str, data: Data, seeds: int, trials: int) -> dict[str, Any]:
    """Test loss and error of the defaults, of hypergradients with retraining, and of a search over rate and decays."""
    data = small(data)
    count = len(layers(make(net, data, 0)))
    space = {f"decay{i}": ts.Float(1e-6, 1.0, log=True, default=START_DECAY) for i in range(count)}
    space["lr"] = ts.Float(1e-4, 0.3, log=True, default=START_LR)
    rows: dict[str, list[Any]] = {"default": [], "hypergradient": [], "search": []}
    for seed in range(seeds):
        rows["default"].append(train(net, data, START_LR, [START_DECAY] * count, seed)["test"])
        lr = tuned_lr(net, data, seed)
        first = train(net, data, lr, [START_DECAY] * count, seed, tune=True)
        again = train(net, data, lr, first["final"], seed)
        rows["hypergradient"].append(again["test"])

        def objective(seed=seed, **config):
            decays = [config[f"decay{i}"] for i in range(count)]
            return {"loss": train(net, data, config["lr"], decays, seed)["seen"]}

        study = ts.tune(
            objective,
            space=space,
            minimize="loss",
            trials=trials,
            store=None,
            progress="quiet",
            seed=seed,
            name="decays",
        )
        best = study.best.config
        rows["search"].append(train(net, data, best["lr"], [best[f"decay{i}"] for i in range(count)], seed)["test"])
        study.close()
        print(
            name,
            net,
            seed,
            {k: v[-1] for k, v in rows.items()},
            lr,
            first["final"],
            first["events"].count("reverted"),
            best,
            file=sys.stderr,
        )
    return {"setting": f"{name} {net}", "trials": trials, "seeds": seeds, "results": rows}


def run(sets: dict[str, Data], full: bool) -> Iterator[dict[str, Any]]:
    """Two or three networks on digits."""
    for net in ("mlp", "cnn", "mlp-norm") if full else ("mlp", "cnn"):
        yield setting("digits", net, sets["digits"], 5 if full else 2, 50)


COST = {"default": "1", "hypergradient": "a range test, one with hypergradients, one", "search": "50, one"}


def summary(results: list[dict[str, Any]]) -> list[str]:
    """Lines of the table."""
    lines = [
        "| training | method | trainings | test loss, mean ± sd over seeds | test error |",
        "|---|---|---|---|---|",
    ]
    for one in results:
        for method, rows in one["results"].items():
            losses, errors = np.array(rows).T
            lines.append(
                f"| {one['setting']} | {method} | {COST[method]} | {losses.mean():.3f} ± {losses.std(ddof=1):.3f} "
                f"| {errors.mean():.1%} |"
            )
    return lines
