"""Syne Tune's asynchronous successive halving, which stops, with its samplers. It has no conditions: the space is flat."""

import datetime as dt
import logging
import warnings
from importlib.metadata import version

import numpy as np
from steps import Start, serve
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import choice, lograndint, loguniform, randint, uniform
from syne_tune.optimizer.baselines import ASHA, ASHABORE, ASHACQR, BOHB
from syne_tune.optimizer.scheduler import SchedulerDecision

logging.disable(logging.WARNING)
warnings.filterwarnings("ignore")
METHODS = {"asha": ASHA, "asha-cqr": ASHACQR, "asha-bore": ASHABORE, "bohb": BOHB}


class SyneTune:
    version = version("syne-tune")

    def __init__(self, setting):
        np.random.seed(setting.seed)  # noqa: NPY002  its brackets draw from the global generator
        space = {param.name: _domain(param) for param in setting.space}
        self.steps = setting.steps
        self.scheduler = METHODS[setting.method](
            space,
            metric="loss",
            time_attr="step",
            max_t=setting.steps,
            grace_period=1,
            reduction_factor=3,
            random_seed=setting.seed,
        )
        self.trials = []
        self.smallest = []  # of each trial, on any step

    def next(self):
        suggestion = self.scheduler.suggest()
        trial = Trial(len(self.trials), suggestion.config, dt.datetime.now(tz=dt.UTC))
        self.trials.append(trial)
        self.smallest.append(float("inf"))
        self.scheduler.on_trial_add(trial)
        return Start(suggestion.config, self.steps)

    def report(self, trial, step, value):
        self.smallest[trial] = min(value, self.smallest[trial])
        result = {"loss": value, "step": step}
        stopped = self.scheduler.on_trial_result(self.trials[trial], result) == SchedulerDecision.STOP
        if stopped:
            self.scheduler.on_trial_remove(self.trials[trial])
        return stopped

    def best(self):
        """As `Tuner.best_config`: the smallest value that any trial reported at any step."""
        found = min(self.smallest, default=float("inf"))
        return self.smallest.index(found) if found < float("inf") else None


def _domain(param):
    if param.kind == "choice":
        return choice(param.choices)
    if param.kind == "float":
        return (loguniform if param.log else uniform)(param.low, param.high)
    return (lograndint if param.log else randint)(int(param.low), int(param.high))


if __name__ == "__main__":
    serve(SyneTune)
