"""Ray Tune's schedulers: ASHA, which stops, with random configurations, and BOHB, which pauses and resumes.

They are called as its controller calls them, of which `Ray` has the part that they see: the real one trains in real time.
"""

import random
import warnings

import numpy as np
import ray
from config_space import config_space
from plain_steps import draw
from ray.tune.experiment import Trial as States
from ray.tune.schedulers import ASHAScheduler, HyperBandForBOHB, TrialScheduler
from ray.tune.search.bohb import TuneBOHB
from steps import Resume, Start, serve

warnings.filterwarnings("ignore")


class Trial:
    """What schedulers look at."""

    is_saving = False

    def __init__(self, number):
        self.number = number
        self.trial_id = f"{number:06}"
        self.status = States.PENDING
        self.last_result = {}


class Random:
    """Random configurations, as Ray's default searcher proposes them."""

    def __init__(self, setting):
        self.space, self.rng = setting.space, random.Random(setting.seed)

    def suggest(self, _):
        return draw(self.space, self.rng)

    def on_trial_result(self, trial_id, result):
        pass

    def on_trial_complete(self, trial_id, result=None):
        pass


class Ray:
    version = ray.__version__

    def __init__(self, setting):
        random.seed(setting.seed)
        np.random.seed(setting.seed)  # noqa: NPY002  both methods draw from the global generator
        given = {"time_attr": "step", "metric": "loss", "mode": "min", "max_t": setting.steps, "reduction_factor": 3}
        if setting.method == "asha":
            self.searcher, self.scheduler = Random(setting), ASHAScheduler(**given, grace_period=1)
        else:
            self.searcher = TuneBOHB(config_space(setting), metric="loss", mode="min", seed=setting.seed)
            self.scheduler = HyperBandForBOHB(**given)
        self.steps = setting.steps
        self.trials = []
        self.search_alg = self  # where its schedulers find the searcher

    def get_trials(self):
        return self.trials

    def stop_trial(self, trial):
        if trial.status == States.TERMINATED:
            return
        if trial.status == States.RUNNING:
            self.scheduler.on_trial_complete(self, trial, trial.last_result)
        else:
            self.scheduler.on_trial_remove(self, trial)
        self.searcher.on_trial_complete(trial.trial_id)
        trial.status = States.TERMINATED

    def next(self):
        trial = self.scheduler.choose_trial_to_run(self) if self.trials else None
        if trial is not None:
            trial.status = States.RUNNING
            return Resume(trial.number, self.steps)
        trial = Trial(len(self.trials))
        config = self.searcher.suggest(trial.trial_id)
        self.trials.append(trial)
        self.scheduler.on_trial_add(self, trial)
        trial.status = States.RUNNING
        return Start(config, self.steps)

    def report(self, trial, step, value):
        trial = self.trials[trial]
        result = {"loss": value, "step": step}
        decision = self.scheduler.on_trial_result(self, trial, result)
        if decision != TrialScheduler.STOP:
            self.searcher.on_trial_result(trial.trial_id, result)
        trial.last_result = result
        if decision == TrialScheduler.STOP:
            self.stop_trial(trial)
        elif decision == TrialScheduler.PAUSE:
            trial.status = States.PAUSED
        return decision != TrialScheduler.CONTINUE

    def best(self):
        """As `ResultGrid.get_best_result`: the smallest last value."""
        reported = [trial for trial in self.trials if trial.last_result]
        return min(reported, key=lambda trial: trial.last_result["loss"]).number if reported else None


if __name__ == "__main__":
    serve(Ray)
