"""Tunesmith itself, through the same door as its peers."""

import subprocess
from pathlib import Path

from protocol import Exhausted, serve

import tunesmith as ts
from tunesmith.errors import BudgetSpent, SpaceExhausted


class Tunesmith:
    def __init__(self, setting):
        self.version = version()
        self.levels = {param.name: param.choices for param in setting.space if param.kind == "ordinal"}
        self.metrics = [f"f{place}" for place in range(setting.objectives)]
        self.study = ts.Study.open(
            "quality",
            space=ts.Space({param.name: declared(param) for param in setting.space}),
            minimize=self.metrics,
            store=None,
            seed=setting.seed,
            trials=setting.trials,
            sampler=setting.sampler,
        )

    def ask(self):
        try:
            trial = self.study.ask()
        except (BudgetSpent, SpaceExhausted) as error:
            raise Exhausted(str(error)) from error
        config = {
            name: self.levels[name].index(value) if name in self.levels else value
            for name, value in trial.config.items()
        }
        return trial, config

    def tell(self, token, values):
        self.study.tell(token, dict(zip(self.metrics, values, strict=True)))


def version():
    """With the commit of the checkout that runs, where it is one."""
    command = ["git", "describe", "--always", "--dirty"]
    found = subprocess.run(command, cwd=Path(ts.__file__).parent, capture_output=True, text=True, check=False)
    return f"{ts.__version__} {found.stdout}".strip()


def declared(param):
    if param.kind == "choice":
        declared = ts.Choice(*param.choices)
    elif param.kind == "ordinal":
        declared = ts.Ordinal(*param.choices)
    elif param.kind == "int":
        declared = ts.Int(int(param.low), int(param.high), log=param.log)
    else:
        declared = ts.Float(param.low, param.high, log=param.log)
    return ts.when(dict(param.condition), declared) if param.condition else declared


if __name__ == "__main__":
    serve(Tunesmith)
