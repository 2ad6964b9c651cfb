"""Ax with the strategy that its client chooses: the centre, Sobol points, then BoTorch. The space is flat."""

import logging
from importlib.metadata import version

from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from protocol import serve

logging.disable(logging.WARNING)


class Ax:
    version = version("ax-platform")

    def __init__(self, setting):
        self.metrics = [f"f{place}" for place in range(setting.objectives)]
        self.client = Client(random_seed=setting.seed)
        self.client.configure_experiment([_parameter(param) for param in setting.space])
        self.client.configure_optimization(", ".join(f"-{metric}" for metric in self.metrics))

    def ask(self):
        ((index, config),) = self.client.get_next_trials(1).items()
        return index, dict(config)

    def tell(self, token, values):
        self.client.complete_trial(token, dict(zip(self.metrics, values, strict=True)))


def _parameter(param):
    if param.kind == "choice":
        return ChoiceParameterConfig(name=param.name, values=param.choices, parameter_type="str", is_ordered=False)
    scaling = "log" if param.log else "linear"
    if param.kind == "float":
        return RangeParameterConfig(
            name=param.name, bounds=(param.low, param.high), parameter_type="float", scaling=scaling
        )
    bounds = (int(param.low), int(param.high))
    return RangeParameterConfig(name=param.name, bounds=bounds, parameter_type="int", scaling=scaling)


if __name__ == "__main__":
    serve(Ax)
