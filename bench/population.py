"""Population-based training against a search at the same compute, and against Ray Tune's, on real trainings.

    python bench/population.py run --seeds 3        # what is not there yet; Ray Tune's only if `make bench-setup` installed it
    python bench/population.py report               # the table to bench/README.md

Eight members train for `EPOCHS` epochs each; a search gets as many epochs in all, on the same number of places, and a fixed
learning rate, or one that falls along a cosine. Results are lines in bench/results/population.jsonl.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import time
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np
import torch

import tunesmith as ts
from inside.member import DECAYS, EPOCHS, RATES, Member, held_out_losses
from race.page import renew, table

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "population.jsonl"
PAGE = HERE / "README.md"
RAY = HERE / ".envs" / "ray" / "bin" / "python"
NETS = ("mlp", "cnn")
POPULATION, PLACES, FRESH = 8, 2, 3
INTERVAL = EPOCHS // 20
SPACE = {"rate": ts.Float(*RATES, log=True), "decay": ts.Float(*DECAYS, log=True)}


def level(_epoch: int) -> float:
    return 1.0


def cosine(epoch: int) -> float:
    return 0.5 * (1 + math.cos(math.pi * epoch / EPOCHS))


def training(net: str, course=level):
    """A training function of which the rate follows a course, a factor for each epoch."""

    def train(ctx: ts.Context, rate: float, decay: float):
        member = Member(net, ctx.seed)
        if (state := ctx.load()) is not None:
            member.load(state)
        for epoch in range(ctx.step, EPOCHS):
            yield member.epoch(rate * course(epoch), decay)
            ctx.save(member.state())

    return train


def tune(train, seed: int, **options) -> ts.Study:
    """A study on a virtual clock, of which an epoch is a second."""
    return ts.tune(
        train,
        space=ts.Space(SPACE),
        minimize="val_loss",
        steps=EPOCHS,
        seed=seed,
        executor=ts.simulated(seconds=1.0),
        store=None,
        progress="quiet",
        confirm=0,
        **{"parallel": PLACES, **options},
    )


def epochs_of(study: ts.Study) -> int:
    metric = study.spec.objectives[0].metric
    return sum(len(study.view.curve(trial.number, metric)[0]) for trial in study.trials)


def population(net: str, seed: int, scheduler) -> dict:
    study = tune(training(net), seed, trials=400, scheduler=scheduler)
    best = study.best
    course = study.schedule(best.number)
    replayed = tune(training(net), seed + 1000, trials=400, scheduler=ts.Replay(course, times=FRESH), name="replay")
    ends = [trial.values["held_out_loss"] for trial in replayed.trials if trial.state is ts.State.DONE]
    return {
        **best.values,
        "fresh": ends,
        "epochs": epochs_of(study),
        "forks": sum(trial.parent is not None for trial in study.trials),
        "schedule": [[part.begins, part.ends, part.config] for part in course],
    }


def search(net: str, seed: int, course=level) -> dict:
    study = tune(training(net, course), seed, time=POPULATION * EPOCHS / PLACES)
    best = study.best
    history = [(best.config["rate"] * course(epoch), best.config["decay"]) for epoch in range(EPOCHS)]
    fresh = held_out_losses(net, history, fresh_seeds(seed))
    return {**best.values, "fresh": fresh, "epochs": epochs_of(study), "config": best.config}


def ray(net: str, seed: int, interval: int) -> dict:
    words = [RAY, HERE / "peers" / "ray_population.py", net, seed, POPULATION, interval]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return found | {"fresh": held_out_losses(net, found["history"], fresh_seeds(seed))}


def fresh_seeds(seed: int) -> list[int]:
    return [10_000 * (seed + 1) + i for i in range(FRESH)]


METHODS = {
    "PBT": lambda net, seed: population(net, seed, ts.PBT(population=POPULATION)),
    "PB2": lambda net, seed: population(net, seed, ts.PBT(population=POPULATION, explore=ts.Bandit())),
    "Ray Tune's PBT": lambda net, seed: ray(net, seed, INTERVAL),
    "`auto`, fixed rate": search,
    "`auto`, cosine": lambda net, seed: search(net, seed, cosine),
}


def known() -> list[dict]:
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


def run(given: argparse.Namespace) -> None:
    done = {(found["method"], found["net"], found["seed"]) for found in known()}
    for seed in range(given.seeds):
        for net in given.net or NETS:
            for name, method in METHODS.items():
                if (
                    (name, net, seed) in done
                    or given.only not in name
                    or (name.startswith("Ray") and (given.skip_ray or not RAY.exists()))
                ):
                    continue
                began = time.perf_counter()
                found = {"method": name, "net": net, "seed": seed} | method(net, seed)
                found["seconds"] = round(time.perf_counter() - began, 1)
                with RESULTS.open("a") as file:
                    file.write(json.dumps(found) + "\n")
                print(
                    f"{name:<24} {net} seed {seed}: val {found['val_loss']:.3f} test {found['held_out_loss']:.3f} "
                    f"fresh {np.mean(found['fresh']):.3f}, {found['epochs']} epochs, {found['seconds']} s",
                    flush=True,
                )


def report(_given: argparse.Namespace) -> None:
    rows = []
    for net in NETS:
        for name in METHODS:
            found = [record for record in known() if (record["method"], record["net"]) == (name, net)]
            if found:
                means = [np.mean([record[key] for record in found]) for key in ("val_loss", "held_out_loss")]
                fresh = [value for record in found for value in record["fresh"]]
                shown = [*(f"{value:.3f}" for value in means), f"{np.mean(fresh):.3f} ± {np.std(fresh):.3f}"]
                rows.append(
                    [net, name, *shown, f"{np.mean([record['epochs'] for record in found]):.0f}", str(len(found))]
                )
    head = ["network", "method", "chosen by", "held out", "held out, fresh seeds", "epochs", "races"]
    renew(PAGE, "<!-- population -->", [table(head, rows)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "report"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--skip-ray", action="store_true", help="without Ray Tune")
    parser.add_argument("--net", action="append", choices=NETS)
    parser.add_argument("--only", default="", help="methods with this text in their name")
    given = parser.parse_args()
    torch.set_num_threads(1)
    {"run": run, "report": report}[given.what](given)


if __name__ == "__main__":
    main()
