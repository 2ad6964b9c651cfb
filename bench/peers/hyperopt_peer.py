"""Hyperopt's TPE, driven as `fmin` drives it. Conditional parameters are nested in the branches of their parents."""

import math

import hyperopt
import numpy as np
from hyperopt import hp, tpe
from hyperopt.base import JOB_STATE_DONE, STATUS_OK, Domain, Trials
from protocol import serve


class Hyperopt:
    version = hyperopt.__version__

    def __init__(self, setting):
        self.space = _branch(setting.space, (), {})
        self.domain = Domain(_unused, self.space)
        self.trials = Trials()
        self.rng = np.random.default_rng(setting.seed)

    def ask(self):
        self.trials.refresh()
        ids = self.trials.new_trial_ids(1)
        documents = tpe.suggest(ids, self.domain, self.trials, int(self.rng.integers(2**31 - 1)))
        self.trials.insert_trial_docs(documents)
        self.trials.refresh()
        drawn = {name: values[0] for name, values in documents[0]["misc"]["vals"].items() if values}
        return ids[0], _flat(hyperopt.space_eval(self.space, drawn))

    def tell(self, token, values):
        document = next(kept for kept in self.trials._dynamic_trials if kept["tid"] == token)  # noqa: SLF001
        document["state"] = JOB_STATE_DONE
        document["result"] = {"status": STATUS_OK, "loss": values[0]}
        self.trials.refresh()


def _unused(config):
    """The domain wants a function although it is never called."""
    raise NotImplementedError(config)


def _branch(params, above, made):
    """The parameters that hang below the last of the choices above, each below the deepest parent that it names.

    `made` shares a parameter between the branches in which it takes part. Parents outside of the chain above are left
    aside: the parameter is drawn then, and does not count.
    """
    chosen = dict(above)
    below = above[-1][0] if above else None
    order = [param.name for param in params]
    level = {}
    for param in params:
        deepest = max((parent for parent, _ in param.condition), key=order.index, default=None)
        fulfilled = all(chosen.get(parent, labels[0]) in labels for parent, labels in param.condition)
        if deepest == below and fulfilled:
            if param.name not in made:
                made[param.name] = _expression(param, params, above, made)
            level[param.name] = made[param.name]
    return level


def _expression(param, params, above, made):
    if param.kind == "choice":
        branches = [
            {"label": label, "below": _branch(params, (*above, (param.name, label)), made)} for label in param.choices
        ]
        return hp.choice(param.name, branches)
    if param.kind == "float":
        if param.log:
            return hp.loguniform(param.name, math.log(param.low), math.log(param.high))
        return hp.uniform(param.name, param.low, param.high)
    if param.log:
        return hp.qloguniform(param.name, math.log(param.low), math.log(param.high), 1)
    return hp.uniformint(param.name, int(param.low), int(param.high))


def _flat(tree):
    config = {}
    for name, value in tree.items():
        config[name] = value["label"] if isinstance(value, dict) else value
        if isinstance(value, dict):
            config |= _flat(value["below"])
    return config


if __name__ == "__main__":
    serve(Hyperopt)
