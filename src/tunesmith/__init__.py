"""Tunesmith finds good hyperparameters for models that people train.

    import tunesmith as ts

    study = ts.tune(train, minimize="val_loss", trials=60, parallel=2)
    study.best.config, study.best.values

Each name is loaded when it is first used, so that `import tunesmith` costs next to nothing.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from tunesmith.analysis.diagnosis import diagnose as diagnose
    from tunesmith.analysis.trainings import diagnose_trial as diagnose_trial
    from tunesmith.errors import TunesmithError as TunesmithError
    from tunesmith.recipes.guided import guided as guided
    from tunesmith.reproduce.ablate import ablate as ablate
    from tunesmith.reproduce.recipe import recipe as recipe
    from tunesmith.reproduce.rerun import rerun as rerun
    from tunesmith.run.context import Context as Context
    from tunesmith.run.simulated import simulated as simulated
    from tunesmith.samplers.base import Proposal as Proposal, Sampler as Sampler
    from tunesmith.samplers.cmaes import CMAES as CMAES
    from tunesmith.samplers.evolution import (
        DifferentialEvolution as DifferentialEvolution,
        RegularizedEvolution as RegularizedEvolution,
    )
    from tunesmith.samplers.gp.sampler import GaussianProcess as GaussianProcess
    from tunesmith.samplers.grid import Grid as Grid
    from tunesmith.samplers.nsga2 import NSGA2 as NSGA2
    from tunesmith.samplers.sobol import Sobol as Sobol
    from tunesmith.samplers.tpe.sampler import TPE as TPE
    from tunesmith.samplers.uniform import Uniform as Uniform
    from tunesmith.samplers.wrap import Distinct as Distinct, Seeded as Seeded
    from tunesmith.schedulers.bandit import Bandit as Bandit
    from tunesmith.schedulers.base import Continue as Continue, Pause as Pause, Scheduler as Scheduler, Stop as Stop
    from tunesmith.schedulers.combine import Any as Any
    from tunesmith.schedulers.divergence import Divergence as Divergence
    from tunesmith.schedulers.extrapolation import Extrapolation as Extrapolation
    from tunesmith.schedulers.finals import Finals as Finals
    from tunesmith.schedulers.folds import Folds as Folds
    from tunesmith.schedulers.growing import PASHA as PASHA
    from tunesmith.schedulers.halving import Halving as Halving
    from tunesmith.schedulers.hyperband import Hyperband as Hyperband
    from tunesmith.schedulers.median import Median as Median
    from tunesmith.schedulers.patience import Patience as Patience
    from tunesmith.schedulers.plain import NoStopping as NoStopping
    from tunesmith.schedulers.population import PBT as PBT
    from tunesmith.schedulers.promotion import Promotion as Promotion
    from tunesmith.schedulers.replay import Replay as Replay
    from tunesmith.space.beliefs import around as around
    from tunesmith.space.conditions import when as when
    from tunesmith.space.hints import arguments as arguments, space_of as space_of
    from tunesmith.space.limits import forbid as forbid
    from tunesmith.space.params import (
        Choice as Choice,
        Fixed as Fixed,
        Float as Float,
        Int as Int,
        Ordinal as Ordinal,
    )
    from tunesmith.space.space import Space as Space
    from tunesmith.stages.scaling import scale_batch as scale_batch
    from tunesmith.stages.story import story as story
    from tunesmith.study import Study as Study
    from tunesmith.training.coordinate_check import coordinate_check as coordinate_check
    from tunesmith.training.early_stopping import EarlyStopping as EarlyStopping
    from tunesmith.training.fitting import largest_batch as largest_batch
    from tunesmith.training.gradients import noise_scale as noise_scale
    from tunesmith.training.hypergradient.forward import ForwardGrad as ForwardGrad
    from tunesmith.training.hypergradient.implicit import HyperGrad as HyperGrad
    from tunesmith.training.hypergradient.in_study import Hypergradient as Hypergradient
    from tunesmith.training.hypergradient.online import HypergradientDescent as HypergradientDescent
    from tunesmith.training.lr_range import lr_range as lr_range
    from tunesmith.training.probe import probe_lr as probe_lr
    from tunesmith.training.scale_up import scale_up as scale_up
    from tunesmith.training.throughput import throughput as throughput
    from tunesmith.trials.trial import State as State, Trial as Trial
    from tunesmith.trials.view import View as View
    from tunesmith.tuning import tune as tune
    from tunesmith.warm_start import WarmStart as WarmStart
    from tunesmith.web.serve import ui as ui

__version__ = "0.1.0"

_HOMES: typing.Final = {
    "analysis.diagnosis": ("diagnose",),
    "analysis.trainings": ("diagnose_trial",),
    "errors": ("TunesmithError",),
    "recipes.guided": ("guided",),
    "reproduce.ablate": ("ablate",),
    "reproduce.recipe": ("recipe",),
    "reproduce.rerun": ("rerun",),
    "run.context": ("Context",),
    "run.simulated": ("simulated",),
    "samplers.base": ("Proposal", "Sampler"),
    "samplers.cmaes": ("CMAES",),
    "samplers.evolution": ("DifferentialEvolution", "RegularizedEvolution"),
    "samplers.gp.sampler": ("GaussianProcess",),
    "samplers.grid": ("Grid",),
    "samplers.nsga2": ("NSGA2",),
    "samplers.sobol": ("Sobol",),
    "samplers.tpe.sampler": ("TPE",),
    "samplers.uniform": ("Uniform",),
    "samplers.wrap": ("Distinct", "Seeded"),
    "schedulers.bandit": ("Bandit",),
    "schedulers.base": ("Continue", "Pause", "Scheduler", "Stop"),
    "schedulers.combine": ("Any",),
    "schedulers.divergence": ("Divergence",),
    "schedulers.extrapolation": ("Extrapolation",),
    "schedulers.finals": ("Finals",),
    "schedulers.folds": ("Folds",),
    "schedulers.growing": ("PASHA",),
    "schedulers.halving": ("Halving",),
    "schedulers.hyperband": ("Hyperband",),
    "schedulers.median": ("Median",),
    "schedulers.patience": ("Patience",),
    "schedulers.plain": ("NoStopping",),
    "schedulers.population": ("PBT",),
    "schedulers.promotion": ("Promotion",),
    "schedulers.replay": ("Replay",),
    "space.beliefs": ("around",),
    "space.conditions": ("when",),
    "space.hints": ("arguments", "space_of"),
    "space.limits": ("forbid",),
    "space.params": ("Choice", "Fixed", "Float", "Int", "Ordinal"),
    "space.space": ("Space",),
    "stages.scaling": ("scale_batch",),
    "stages.story": ("story",),
    "study": ("Study",),
    "training.coordinate_check": ("coordinate_check",),
    "training.early_stopping": ("EarlyStopping",),
    "training.fitting": ("largest_batch",),
    "training.gradients": ("noise_scale",),
    "training.hypergradient.forward": ("ForwardGrad",),
    "training.hypergradient.implicit": ("HyperGrad",),
    "training.hypergradient.in_study": ("Hypergradient",),
    "training.hypergradient.online": ("HypergradientDescent",),
    "training.lr_range": ("lr_range",),
    "training.probe": ("probe_lr",),
    "training.scale_up": ("scale_up",),
    "training.throughput": ("throughput",),
    "trials.trial": ("State", "Trial"),
    "trials.view": ("View",),
    "tuning": ("tune",),
    "warm_start": ("WarmStart",),
    "web.serve": ("ui",),
}
_HOME_OF: typing.Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605  the table above is the list, and a test compares it with the imports for type checkers


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'tunesmith' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"tunesmith.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
