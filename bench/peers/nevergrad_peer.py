"""Nevergrad's NGOpt, which chooses an algorithm by the space and the budget. It has no conditions: the space is flat."""

import nevergrad as ng
from protocol import serve


class Nevergrad:
    version = ng.__version__

    def __init__(self, setting):
        space = ng.p.Dict(**{param.name: _parameter(param) for param in setting.space})
        space.random_state.seed(setting.seed)
        self.optimizer = ng.optimizers.NGOpt(space, budget=setting.trials, num_workers=setting.workers)
        self.optimizer.num_objectives = setting.objectives

    def ask(self):
        candidate = self.optimizer.ask()
        return candidate, candidate.value

    def tell(self, token, values):
        self.optimizer.tell(token, values if len(values) > 1 else values[0])


def _parameter(param):
    if param.kind == "choice":
        return ng.p.Choice(param.choices)
    if param.log:
        number = ng.p.Log(lower=param.low, upper=param.high)
    else:
        number = ng.p.Scalar(lower=param.low, upper=param.high)
    return number if param.kind == "float" else number.set_integer_casting()


if __name__ == "__main__":
    serve(Nevergrad)
