"""Define-by-run: the training function asks for its parameters as it runs, with `ctx.float`, `ctx.int`, `ctx.choice`.

    python examples/define_by_run.py

Handy when what is asked for depends on what was drawn before. The price: the space is only known as trials run, so that
`sampler="auto"` draws at random here, and duplicates are not excluded.
"""

import math

import tunesmith as ts


def train(ctx: ts.Context) -> float:
    """A made-up loss of a network whose layers have widths of their own."""
    lr = ctx.float("lr", 1e-5, 1.0, log=True, default=1e-2)
    layers = ctx.int("layers", 1, 4, default=2)
    widths = [ctx.int(f"width_{index}", 8, 256, log=True, default=64) for index in range(layers)]
    if ctx.choice("optimizer", "adam", "sgd") == "sgd":
        momentum = ctx.float("momentum", 0.0, 0.99, default=0.9)
    else:
        momentum = 0.9
    loss = (math.log10(lr) + 2.5) ** 2 + abs(layers - 3) + (momentum - 0.9) ** 2
    return loss + sum(abs(math.log2(width) - 6) for width in widths) / layers


if __name__ == "__main__":
    study = ts.tune(train, minimize="loss", trials=60, seed=0, store=None)
    print(study.best.config)
    print("asked for so far:", ", ".join(study.view.space.params))
