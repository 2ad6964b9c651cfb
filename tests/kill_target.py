"""The study of test_kill.py: run as a program, killed, and run again."""

import sys
from pathlib import Path
from typing import Annotated

import tunesmith as ts
from tunesmith.tuning import tune


def train(x: Annotated[float, ts.Float(0, 1)] = 0.5, ctx: ts.Context = None, seed: int = 0):
    state = ctx.load() or {"epoch": 0}
    for epoch in range(state["epoch"], 4):
        ctx.report(loss=(x - 0.3) ** 2 + 1 / (epoch + 1))
        ctx.save({"epoch": epoch + 1})


if __name__ == "__main__":
    where, trials, parallel, scheduler = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    tune(
        train,
        minimize="loss",
        trials=trials,
        parallel=parallel,
        executor="processes" if parallel > 1 else "auto",
        scheduler=scheduler,
        name="killed",
        store=where,
        seed=3,
        progress="quiet",
    )
