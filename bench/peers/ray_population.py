"""Ray Tune's population-based training, as its users run it: python ray_population.py NET SEED POPULATION INTERVAL.

Prints one JSON line: the history and the last metrics of the best member, and how many epochs were trained in all.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ |= {"RAY_AIR_NEW_OUTPUT": "0", "RAY_worker_niceness": "0"}  # else its workers starve beside others
os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)  # of its workers
sys.path.insert(0, os.environ["PYTHONPATH"])

import numpy as np
import ray
import torch
from ray import tune
from ray.tune.schedulers import PopulationBasedTraining

from inside.member import DECAYS, EPOCHS, RATES, Member


class Training(tune.Trainable):
    def setup(self, config):
        torch.set_num_threads(1)
        self.member = Member(config["net"], config["member_seed"])

    def step(self):
        return self.member.epoch(self.config["rate"], self.config["decay"]) | {"history": list(self.member.history)}

    def save_checkpoint(self, checkpoint_dir):
        torch.save(self.member.state(), Path(checkpoint_dir) / "state.pt")

    def load_checkpoint(self, checkpoint_dir):
        self.member.load(torch.load(Path(checkpoint_dir) / "state.pt", weights_only=False))

    def reset_config(self, new_config):
        self.config = new_config
        return True


def main():
    net, seed, population, interval = sys.argv[1], *map(int, sys.argv[2:])
    np.random.seed(seed)  # noqa: NPY002  what Ray draws from
    ray.init(num_cpus=population, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    ranges = {"rate": tune.loguniform(*RATES), "decay": tune.loguniform(*DECAYS)}
    with tempfile.TemporaryDirectory() as folder:
        found = tune.Tuner(
            Training,
            param_space={**ranges, "net": net, "member_seed": tune.randint(0, 10**6)},
            tune_config=tune.TuneConfig(
                metric="val_loss",
                mode="min",
                num_samples=population,
                reuse_actors=True,
                scheduler=PopulationBasedTraining(
                    time_attr="training_iteration", perturbation_interval=interval, hyperparam_mutations=ranges
                ),
            ),
            run_config=tune.RunConfig(stop={"training_iteration": EPOCHS}, storage_path=folder, verbose=0),
        ).fit()
        best = found.get_best_result("val_loss", "min", scope="last")
        metrics = {name: best.metrics[name] for name in ("val_loss", "held_out_loss", "held_out_error")}
        epochs = sum(len(result.metrics_dataframe) for result in found)
    ray.shutdown()
    print(json.dumps({"version": ray.__version__, "history": best.metrics["history"], "epochs": epochs, **metrics}))


main()
