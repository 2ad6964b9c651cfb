"""Optuna, define-by-run as its users write it."""

import warnings

import optuna
import torch  # noqa: F401  what the Gaussian process would load at its first proposal, on the clock
from optuna.samplers import GPSampler, NSGAIISampler, RandomSampler, TPESampler
from protocol import serve

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


class Optuna:
    version = optuna.__version__

    def __init__(self, setting):
        samplers = {"random": RandomSampler, "tpe": TPESampler, "gp": GPSampler, "nsga2": NSGAIISampler}
        sampler = samplers[setting.sampler](seed=setting.seed)
        self.space = setting.space
        self.study = optuna.create_study(directions=["minimize"] * setting.objectives, sampler=sampler)

    def ask(self):
        trial = self.study.ask()
        config = {}
        for param in self.space:
            if param.active(config):
                config[param.name] = suggest(trial, param)
        return trial, config

    def tell(self, token, values):
        self.study.tell(token, values)


def suggest(trial, param):
    if param.kind == "choice":
        return trial.suggest_categorical(param.name, param.choices)
    if param.kind == "float":
        return trial.suggest_float(param.name, param.low, param.high, log=param.log)
    return trial.suggest_int(param.name, int(param.low), int(param.high), log=param.log)


if __name__ == "__main__":
    serve(Optuna)
