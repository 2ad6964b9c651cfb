"""SMAC3's facade for hyperparameters: random forest, Sobol points first."""

import tempfile
from importlib.metadata import version

from config_space import config_space
from protocol import Exhausted, serve
from smac import HyperparameterOptimizationFacade, Scenario
from smac.runhistory.dataclasses import TrialValue


class Smac:
    version = version("smac")

    def __init__(self, setting):
        scenario = Scenario(
            config_space(setting),
            deterministic=True,
            n_trials=setting.trials,
            seed=setting.seed,
            output_directory=tempfile.mkdtemp(prefix="smac-"),
        )
        self.facade = HyperparameterOptimizationFacade(scenario, _unused, logging_level=False, overwrite=True)

    def ask(self):
        try:
            info = self.facade.ask()
        except StopIteration as error:
            raise Exhausted("SMAC has no further configuration") from error
        return info, dict(info.config)

    def tell(self, token, values):
        self.facade.tell(token, TrialValue(cost=values[0]), save=False)


def _unused(config, seed=0):
    """The facade wants a function although it is asked and told."""
    raise NotImplementedError(config, seed)


if __name__ == "__main__":
    serve(Smac)
