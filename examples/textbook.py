"""Three claims of the textbooks, on real trainings: small networks on scikit-learn's handwritten digits.

    pip install scikit-learn
    python examples/textbook.py            # minutes: 20 seeds, 4 searches each
    python examples/textbook.py --quick    # seconds: one seed and few trials, to see that it works

Random search beats a grid where few parameters matter; a model beats random search; one wrong learning rate ruins what the
right one makes. Each seed has other data, other weights and another range of learning rates, since where the lines of a
grid fall is luck. docs/concepts/why-search.md tells what came out.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import tunesmith as ts

Floats = NDArray[np.float64]

PARAMETERS: Final = ("lr", "momentum", "alpha", "width")
RETRAININGS: Final = 3
"""How often a winner is trained anew, to learn what it is worth."""


class Scale(NamedTuple):
    """How much is run: a grid with `levels` of each of the four parameters, and as many trials of the others."""

    seeds: int
    levels: int
    epochs: int

    @property
    def trials(self) -> int:
        return self.levels ** len(PARAMETERS)


FULL: Final = Scale(seeds=20, levels=3, epochs=10)
QUICK: Final = Scale(seeds=1, levels=2, epochs=3)


def space_of(shift: float) -> ts.Space:
    """Four parameters; the range of the learning rate begins `shift` decades above 0.0001. The defaults are usual ones."""
    return ts.Space(
        {
            "lr": ts.Float(10 ** (-4 + shift), 10 ** (1 + shift), log=True, default=1e-3),
            "momentum": ts.Float(0.0, 0.99, default=0.9),
            "alpha": ts.Float(1e-6, 1.0, log=True, default=1e-4),
            "width": ts.Int(8, 128, log=True, default=100),
        }
    )


class Task:
    """Digits of one seed: 300 to train on, 500 to choose by, 997 to learn the truth from."""

    def __init__(self, seed: int, epochs: int) -> None:
        rng = np.random.default_rng(seed)
        X, y = load_digits(return_X_y=True)
        order = rng.permutation(len(X))
        self.parts = [(X[part] / 16, y[part]) for part in np.split(order, [300, 800])]
        self.space = space_of(rng.uniform(-1, 1))
        self.epochs = epochs

    def errors(self, lr: float, momentum: float, alpha: float, width: int, seed: int) -> tuple[float, float]:
        """Percent of wrong answers after a training, on the part to choose by and on the one for the truth."""
        (X, y), choosing, truth = self.parts
        model = MLPClassifier([width], solver="sgd", learning_rate_init=lr, random_state=seed)
        model.set_params(momentum=momentum, alpha=alpha, batch_size=32)
        with np.errstate(all="ignore"):  # what overflows ends in a ValueError, and in a failed trial
            for _ in range(self.epochs):
                model.partial_fit(X, y, classes=range(10))
            return 100 * (1 - model.score(*choosing)), 100 * (1 - model.score(*truth))

    def search(self, sampler: str, trials: int, seed: int) -> ts.Study:
        """The defaults, and so many trials besides."""

        def train(lr: float, momentum: float, alpha: float, width: int, seed: int) -> dict[str, float]:
            return {"error": self.errors(lr, momentum, alpha, width, seed)[0]}

        return ts.tune(
            train, space=self.space, minimize="error", trials=trials + 1, sampler=sampler, seed=seed, store=None,
            progress="quiet",
        )  # fmt: skip

    def worth(self, config: dict[str, float]) -> float:
        """The true error of a configuration, over fresh seeds."""
        return float(np.mean([self.errors(**config, seed=seed)[1] for seed in range(RETRAININGS)]))

    def moved(self, config: dict[str, float]) -> Floats:
        """True errors with one parameter moved from end to end of its range, shape (4, 5)."""
        return np.array(
            [
                [self.true_error({**config, name: level}) for level in self.space.params[name].levels(5)]
                for name in PARAMETERS
            ]
        )

    def true_error(self, config: dict[str, float]) -> float:
        """Of one training; one that breaks has learned nothing."""
        try:
            return self.errors(**config, seed=0)[1]
        except ValueError:
            return 100.0


def best_so_far(study: ts.Study) -> Floats:
    """The least error after each trial; a training that broke counts as all wrong."""
    errors = [100.0 if trial.failure else trial.values["error"] for trial in study.trials]
    return np.minimum.accumulate(errors)


def counted(ours: Floats, theirs: Floats) -> str:
    """In how many seeds one search has a lower error than another one, the same, or a higher."""
    return f"{(ours < theirs).sum()} - {(ours == theirs).sum()} - {(ours > theirs).sum()}"


def main(scale: Scale, said: Callable[[str], None] = print) -> None:
    samplers = {"grid": f"grid:{scale.levels}", "random": "random", "sobol": "sobol", "auto": "auto"}
    curves = {name: np.empty((scale.seeds, scale.trials + 1)) for name in samplers}
    worths = {name: np.empty(scale.seeds) for name in ("defaults", *samplers)}
    moved = []
    for seed in range(scale.seeds):
        task = Task(seed, scale.epochs)
        worths["defaults"][seed] = task.worth(task.space.default())
        for name, sampler in samplers.items():
            study = task.search(sampler, scale.trials, seed)
            curves[name][seed] = best_so_far(study)
            worths[name][seed] = task.worth(study.best.config)
        moved.append(task.moved(study.best.config))  # the last one, auto

    seeds, trials = scale.seeds, scale.trials
    columns = sorted({max(trials // 9, 1), max(trials // 3, 1), trials})
    said(f"Mean error of {seeds} seeds in %: the best so far, and what the winner is worth on the other part")
    said(row("", [f"{count} trials" for count in columns] + ["worth"]))
    said(row("defaults", [""] * len(columns) + [f"{worths['defaults'].mean():.2f}"]))
    for name in samplers:
        errors = [curves[name][:, count].mean() for count in columns] + [worths[name].mean()]
        said(row(name, [f"{error:.2f}" for error in errors]))

    said("\nSeeds in which the best error so far is lower - equal - higher")
    for ours, theirs in (("random", "grid"), ("auto", "random")):
        said(row(f"{ours} than {theirs}", [counted(curves[ours][:, n], curves[theirs][:, n]) for n in columns]))
    reached = curves["auto"] <= curves["random"][:, -1:]
    after = [int(n) for n in reached.argmax(axis=1)[reached.any(axis=1)]]
    said(f"What random had after {trials} trials, auto had after: {', '.join(map(str, sorted(after)))}")
    said(f"and in {seeds - len(after)} of {seeds} seeds not at all")

    said("\nMedian error of the seeds in %: one parameter of auto's winner moved from end to end of its range")
    said(row("", ["low end", "1/4", "middle", "3/4", "high end"]))
    for name, errors in zip(PARAMETERS, np.median(moved, axis=0), strict=True):
        said(row(name, [f"{error:.2f}" for error in errors]))


def row(name: str, cells: Sequence[str]) -> str:
    """A line of a table."""
    return f"{name:20}" + "".join(f"{cell:>13}" for cell in cells)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="one seed and few trials")
    with threadpool_limits(1):
        main(QUICK if parser.parse_args().quick else FULL)
