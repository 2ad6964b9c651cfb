"""SMAC3's facade for hyperparameters: random forest, Sobol points first."""

import tempfile
from importlib.metadata import version

from ConfigSpace import (
    AndConjunction,
    CategoricalHyperparameter,
    ConfigurationSpace,
    InCondition,
    UniformFloatHyperparameter,
    UniformIntegerHyperparameter,
)
from protocol import Exhausted, serve
from smac import HyperparameterOptimizationFacade, Scenario
from smac.runhistory.dataclasses import TrialValue


class Smac:
    version = version("smac")

    def __init__(self, setting):
        scenario = Scenario(
            _space(setting),
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


def _space(setting):
    space = ConfigurationSpace(seed=setting.seed)
    made = {param.name: _hyperparameter(param) for param in setting.space}
    space.add(list(made.values()))
    for param in setting.space:
        conditions = [InCondition(made[param.name], made[parent], labels) for parent, labels in param.condition]
        if conditions:
            space.add(conditions[0] if len(conditions) == 1 else AndConjunction(*conditions))
    return space


def _hyperparameter(param):
    if param.kind == "choice":
        return CategoricalHyperparameter(param.name, param.choices)
    if param.kind == "float":
        return UniformFloatHyperparameter(param.name, param.low, param.high, log=param.log)
    return UniformIntegerHyperparameter(param.name, int(param.low), int(param.high), log=param.log)


if __name__ == "__main__":
    serve(Smac)
