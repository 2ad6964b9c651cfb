"""Checkpoints: a trial whose process dies goes on from what it saved last.

    python examples/checkpoints.py

The training below kills its own process in the middle of its first attempt, as an out-of-memory killer would. The trial
is tried once more, `ctx.load()` gives back the last saved state, and the training continues at the next step.
"""

import os
import signal
import tempfile
from pathlib import Path

import tunesmith as ts


def train(ctx: ts.Context) -> None:
    """Ten steps of gradient descent on a parabola."""
    lr = ctx.float("lr", 0.05, 0.4, default=0.1)
    state = ctx.load() or {"w": 1.0}
    print(f"attempt {ctx.attempt} of trial {ctx.number} begins after step {ctx.step} with w = {state['w']:.4f}")
    while ctx.step < 10:
        state["w"] -= lr * 2 * state["w"]
        ctx.report(loss=state["w"] ** 2)
        ctx.save(state)
        if ctx.step == 5 and ctx.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        ts.tune(
            train, minimize="loss", trials=2, executor="processes", seed=0, store=Path(folder) / "checkpoints.db"
        ) as study,
    ):
        for trial in study.trials:
            print(
                f"trial {trial.number}: {trial.state.value} in attempt {trial.attempt}, loss {trial.values['loss']:.2g}"
            )
            output = study.folder / f"trial-{trial.number:05d}" / "stdout.txt"
            print(output.read_text(), end="")
