"""The space as a ConfigurationSpace, which SMAC, DEHB and HpBandSter share."""

from ConfigSpace import (
    AndConjunction,
    CategoricalHyperparameter,
    ConfigurationSpace,
    InCondition,
    UniformFloatHyperparameter,
    UniformIntegerHyperparameter,
)


def config_space(setting):
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
