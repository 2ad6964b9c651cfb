"""Every sampler keeps the laws of samplers: one line for each."""

from collections.abc import Callable

from tunesmith.samplers.auto import choose_sampler
from tunesmith.samplers.base import Sampler
from tunesmith.samplers.cmaes import CMAES
from tunesmith.samplers.evolution import DifferentialEvolution, RegularizedEvolution
from tunesmith.samplers.gp.price import Price
from tunesmith.samplers.gp.sampler import GaussianProcess
from tunesmith.samplers.grid import Grid
from tunesmith.samplers.nsga2 import NSGA2
from tunesmith.samplers.sobol import Sobol
from tunesmith.samplers.tpe.sampler import TPE
from tunesmith.samplers.uniform import Uniform
from tunesmith.samplers.wrap import Distinct, Seeded
from tunesmith.surrogates.rung import evidence_at_rung
from tunesmith.testing.histories import spec_of
from tunesmith.testing.samplers import SPACES, SamplerConformance

METHODS: dict[str, Callable[[], Sampler]] = {
    "Uniform": Uniform,
    "Sobol": Sobol,
    "Grid": Grid,
    "GaussianProcess": GaussianProcess,
    "GaussianProcessPerCost": lambda: GaussianProcess(price=Price()),
    "CMAES": CMAES,
    "DifferentialEvolution": DifferentialEvolution,
    "RegularizedEvolution": RegularizedEvolution,
    "NSGA2": NSGA2,
    "TPE": TPE,
    "BOHB": lambda: TPE(evidence=evidence_at_rung),
    "DEHB": lambda: DifferentialEvolution(evidence=evidence_at_rung),
    "Seeded": lambda: Seeded(Uniform()),
    "Distinct": lambda: Distinct(Sobol()),
    "DistinctSeededGrid": lambda: Distinct(Seeded(Grid())),
    "Auto": lambda: choose_sampler(spec_of(SPACES["mixed"])).sampler,
}


def _suite(name: str, make: Callable[[], Sampler]) -> type:
    class Suite(SamplerConformance):
        declines = ("wide",) if "Grid" in name else ()

        def sampler(self) -> Sampler:
            return make()

    return Suite


for _name, _make in METHODS.items():
    globals()[f"Test{_name}"] = _suite(_name, _make)
