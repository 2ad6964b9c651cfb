"""SMAC3's facade for several fidelities. It trains anew at every budget; from a checkpoint here."""

import tempfile
from importlib.metadata import version

from config_space import config_space
from smac import MultiFidelityFacade, Scenario
from smac.runhistory.dataclasses import TrialValue
from steps import Resume, Start, serve


class Smac:
    version = version("smac")

    def __init__(self, setting):
        brackets = 1
        while 3**brackets <= setting.steps:
            brackets += 1
        scenario = Scenario(
            config_space(setting),
            deterministic=True,
            # As many runs as Hyperband makes of this budget: each rung of a bracket costs the same.
            n_trials=int(setting.budget * brackets),
            min_budget=1,
            max_budget=setting.steps,
            seed=setting.seed,
            output_directory=tempfile.mkdtemp(prefix="smac-"),
        )
        self.facade = MultiFidelityFacade(scenario, _unused, logging_level=False, overwrite=True)
        self.trial_of = {}  # by configuration
        self.under_way = {}
        self.exhausted = False

    def next(self):
        if self.exhausted:
            return None
        try:
            info = self.facade.ask()
        except StopIteration:
            self.exhausted = True
            return None
        to = max(1, round(info.budget))
        trial = self.trial_of.get(info.config)
        if trial is not None and trial not in self.under_way:
            self.under_way[trial] = info
            return Resume(trial, to)
        self.trial_of[info.config] = len(self.trial_of)
        self.under_way[len(self.trial_of) - 1] = info
        return Start(dict(info.config), to)

    def report(self, trial, step, value):
        info = self.under_way[trial]
        if step == max(1, round(info.budget)):
            del self.under_way[trial]
            self.facade.tell(info, TrialValue(cost=value), save=False)
        return False

    def best(self):
        incumbent = self.facade.intensifier.get_incumbent()
        return None if incumbent is None else self.trial_of[incumbent]


def _unused(config, seed=0, budget=0):
    """The facade wants a function although it is asked and told."""
    raise NotImplementedError(config, seed, budget)


if __name__ == "__main__":
    serve(Smac)
