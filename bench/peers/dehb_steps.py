"""DEHB, asked and told. It trains anew at every fidelity; promoted configurations go on from their checkpoint here."""

import tempfile
from importlib.metadata import version

from config_space import config_space
from dehb import DEHB
from steps import Resume, Start, serve


class Dehb:
    version = version("dehb")

    def __init__(self, setting):
        self.dehb = DEHB(
            cs=config_space(setting),
            min_fidelity=1,
            max_fidelity=setting.steps,
            eta=3,
            n_workers=1,  # more would be workers of its own; asking while others run is allowed
            seed=setting.seed,
            save_freq="end",
            output_path=tempfile.mkdtemp(prefix="dehb-"),
        )
        self.jobs = []  # the job of each trial under way, None where it has left
        self.reached = []  # step and value of each trial
        self.trial_of = {}  # by DEHB's number of the configuration
        self.incumbent = None

    def next(self):
        while True:
            job = self.dehb.ask()
            to = max(1, round(job["fidelity"]))
            trial = self.trial_of.get(job["config_id"])
            if trial is not None and self.jobs[trial] is None:
                step, value = self.reached[trial]
                if step == to:  # proposed again
                    self._tell(trial, job, value)
                    continue
                if step < to:
                    self.jobs[trial] = job
                    return Resume(trial, to)
            self.trial_of[job["config_id"]] = len(self.jobs)
            self.jobs.append(job)
            self.reached.append((0, None))
            return Start(dict(job["config"]), to)

    def report(self, trial, step, value):
        self.reached[trial] = step, value
        job = self.jobs[trial]
        if step == max(1, round(job["fidelity"])):
            self.jobs[trial] = None
            self._tell(trial, job, value)
        return False

    def _tell(self, trial, job, value):
        before = self.dehb.inc_score
        self.dehb.tell(job, {"fitness": value, "cost": self.reached[trial][0]})
        if self.dehb.inc_score < before:
            self.incumbent = trial

    def best(self):
        """The smallest value on any fidelity."""
        return self.incumbent


if __name__ == "__main__":
    serve(Dehb)
