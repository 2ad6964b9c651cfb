"""The stages of a guided search: what follows from a history, whoever looks and however often."""

from __future__ import annotations

from tunesmith.recipes.guided.proposing import Staged
from tunesmith.recipes.guided.repeating import Repeating
from tunesmith.space.params import Choice, Float, Int
from tunesmith.space.space import Space
from tunesmith.testing.samplers import SamplerConformance
from tunesmith.testing.schedulers import SchedulerConformance

NETWORK = Space(
    {
        "lr": Float(1e-5, 1, log=True, default=1e-3),
        "batch_size": Int(16, 256, log=True, default=32),
        "width": Int(8, 256, log=True, default=32),
        "dropout": Float(0, 0.5, default=0.0),
        "activation": Choice("relu", "tanh", default="relu"),
    }
)


class TestStagedSampler(SamplerConformance):
    def sampler(self):
        return Staged()


class TestRepeatingScheduler(SchedulerConformance):
    def scheduler(self):
        return Repeating()
