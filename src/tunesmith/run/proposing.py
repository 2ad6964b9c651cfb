"""How a trial gets its configuration: the rules that make every proposal repeatable. Pure."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from tunesmith.samplers.base import Proposal
from tunesmith.schedulers.base import New
from tunesmith.trials.facts import Asked
from tunesmith.trials.view import View


def trial_rng(view: View) -> Generator:
    """The random generator with which a sampler is asked for trial `view.next`, whoever asks and however often."""
    return np.random.default_rng([view.spec.seed, view.next])


def trial_seed(rng: Generator) -> int:
    """The seed of the trial itself, from the same root as its generator, however far that has been drawn from."""
    root = rng.bit_generator.seed_seq
    return int(root.generate_state(1)[0])


def asked_fact(view: View, proposal: Proposal, order: New, seed: int) -> Asked:
    """The fact that gives trial `view.next` its configuration and its seed."""
    config, hints = proposal.config, None
    if view.spec.space.grows:
        # What the objective really asks for is only known as it runs; until then these are hints.
        hints = {name: value for name, value in config.items() if name not in view.spec.space.params}
        config = {name: value for name, value in config.items() if name in view.spec.space.params}
    return Asked(config, proposal.by, proposal.why, seed, view.seq, hints, order.parent, order.twin, order.budget)


def config_key(view: View, asked: Asked) -> str | None:
    """Makes the store refuse a configuration, or a repeat, that another worker asked for in the same moment."""
    if asked.twin is not None:
        return f"repeat/{asked.twin}/{sum(trial.twin == asked.twin for trial in view.trials)}"
    if view.spec.space.grows or asked.parent is not None:
        return None
    return f"config/{asked.config!r}"
