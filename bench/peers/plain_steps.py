"""Two methods that anybody can write, which others have to beat.

`random` trains random configurations to the end. `epochs-i` trains random ones for i steps each, then the best few to the
end, the best first: three of them, or one or two if the budget has no place for more. It is told its budget.
"""

import math
import random

from steps import Resume, Start, serve


class Plain:
    version = "2"

    def __init__(self, setting):
        name, _, first = setting.method.partition("-")
        self.space, self.steps = setting.space, setting.steps
        self.first = int(first) if name == "epochs" else setting.steps
        few = min(3, max(1, int(setting.budget / 2)))
        self.screening = (setting.budget - few) * setting.steps if name == "epochs" else math.inf
        self.rng = random.Random(setting.seed)
        self.started = 0
        self.last = []  # value of each trial after its last step
        self.waiting = []  # trials that have left after the first steps

    def next(self):
        if self.started * self.first < self.screening:
            self.started += 1
            self.last.append(math.inf)
            return Start(draw(self.space, self.rng), self.first)
        if not self.waiting or math.inf in self.last:  # some have not reported yet
            return None
        chosen = min(self.waiting, key=self.last.__getitem__)
        self.waiting.remove(chosen)
        return Resume(chosen, self.steps)

    def report(self, trial, step, value):
        self.last[trial] = value
        if step == self.first < self.steps:
            self.waiting.append(trial)
        return False

    def best(self):
        """The smallest last value, of trials under way too."""
        return min(range(self.started), key=self.last.__getitem__, default=None)


def draw(space, rng):
    config = {}
    for param in space:
        if param.active(config):
            config[param.name] = _value(param, rng)
    return config


def _value(param, rng):
    if param.kind == "choice":
        return rng.choice(param.choices)
    if param.log:
        value = math.exp(rng.uniform(math.log(param.low), math.log(param.high)))
        return value if param.kind == "float" else round(value)
    return rng.uniform(param.low, param.high) if param.kind == "float" else rng.randint(int(param.low), int(param.high))


if __name__ == "__main__":
    serve(Plain)
