"""HEBO: a warped Gaussian process and three acquisition functions at once. It has no conditions: the space is flat."""

import random
import warnings
from importlib.metadata import version

import numpy as np
import torch
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.hebo import HEBO
from protocol import serve

warnings.filterwarnings("ignore")
torch.set_num_threads(1)


class Hebo:
    version = version("HEBO")

    def __init__(self, setting):
        random.seed(setting.seed)
        np.random.seed(setting.seed)  # noqa: NPY002  HEBO draws from the global generator
        torch.manual_seed(setting.seed)
        space = DesignSpace().parse([_parameter(param) for param in setting.space])
        self.optimizer = HEBO(space, scramble_seed=setting.seed)

    def ask(self):
        proposal = self.optimizer.suggest(n_suggestions=1)
        return proposal, dict(proposal.iloc[0])

    def tell(self, token, values):
        self.optimizer.observe(token, np.array([[values[0]]]))


def _parameter(param):
    if param.kind == "choice":
        return {"name": param.name, "type": "cat", "categories": param.choices}
    if param.kind == "float":
        return {"name": param.name, "type": "pow" if param.log else "num", "lb": param.low, "ub": param.high}
    return {"name": param.name, "type": "pow_int" if param.log else "int", "lb": int(param.low), "ub": int(param.high)}


if __name__ == "__main__":
    serve(Hebo)
