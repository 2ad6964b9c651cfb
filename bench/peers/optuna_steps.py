"""Optuna's TPE with its pruners. It stops trials and never resumes one; what was pruned is no result of a study."""

import optuna
from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner
from optuna.trial import TrialState
from optuna_peer import suggest
from steps import Start, serve

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Optuna:
    version = optuna.__version__

    def __init__(self, setting):
        pruners = {
            "tpe-hyperband": HyperbandPruner(min_resource=1, max_resource=setting.steps, reduction_factor=3),
            "tpe-median": MedianPruner(),
            "tpe": NopPruner(),
        }
        self.space, self.steps = setting.space, setting.steps
        sampler = optuna.samplers.TPESampler(seed=setting.seed)
        # Hyperband deals trials to its brackets by the study's name.
        self.study = optuna.create_study(
            study_name=f"race-{setting.seed}", sampler=sampler, pruner=pruners[setting.method]
        )
        self.trials = []

    def next(self):
        trial = self.study.ask()
        self.trials.append(trial)
        config = {}
        for param in self.space:
            if param.active(config):
                config[param.name] = suggest(trial, param)
        return Start(config, self.steps)

    def report(self, trial, step, value):
        trial = self.trials[trial]
        trial.report(value, step)
        if step == self.steps:
            self.study.tell(trial, value)
        elif trial.should_prune():
            self.study.tell(trial, state=TrialState.PRUNED)
            return True
        return False

    def best(self):
        try:
            return self.study.best_trial.number
        except ValueError:  # none is complete
            return None


if __name__ == "__main__":
    serve(Optuna)
