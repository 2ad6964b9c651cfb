"""Ray Tune as it is by default: configurations from its space, resolved at random, and the best last result wins."""

import warnings

import numpy as np
import ray
from protocol import serve
from ray import tune
from ray.tune.search.variant_generator import generate_variants

warnings.filterwarnings("ignore")


class Ray:
    version = ray.__version__

    def __init__(self, setting):
        self.space = {param.name: domain(param) for param in setting.space}
        self.random = np.random.RandomState(setting.seed)

    def ask(self):
        _, config = next(generate_variants(self.space, random_state=self.random))
        return None, config

    def tell(self, token, values):
        pass


def domain(param):
    if param.kind == "choice":
        return tune.choice(param.choices)
    if param.kind == "float":
        return (tune.loguniform if param.log else tune.uniform)(param.low, param.high)
    return (tune.lograndint if param.log else tune.randint)(int(param.low), int(param.high) + 1)


if __name__ == "__main__":
    serve(Ray)
