"""Importance by Optuna's evaluators: a document with trials on standard input, importances and seconds on standard output."""

import json
import sys
import time

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator, get_param_importances

optuna.logging.set_verbosity(optuna.logging.ERROR)


def distribution(param):
    if param["kind"] == "choice":
        return CategoricalDistribution(param["options"])
    kind = IntDistribution if param["kind"] == "int" else FloatDistribution
    return kind(param["low"], param["high"], log=param.get("log", False))


def main():
    given = json.load(sys.stdin)
    space = {name: distribution(param) for name, param in given["space"].items()}
    study = optuna.create_study()
    study.add_trials(
        optuna.trial.create_trial(params=config, distributions={name: space[name] for name in config}, value=value)
        for config, value in zip(given["configs"], given["values"], strict=True)
    )
    fanova = given["method"] == "fanova"
    evaluator = FanovaImportanceEvaluator(seed=given["seed"]) if fanova else PedAnovaImportanceEvaluator()
    began = time.process_time()
    found = get_param_importances(study, evaluator=evaluator)
    seconds = time.process_time() - began
    json.dump({"importance": found, "seconds": seconds, "version": optuna.__version__}, sys.stdout)


if __name__ == "__main__":
    main()
