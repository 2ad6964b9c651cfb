"""Roles: what each parameter is to a person who tunes by hand. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from tunesmith.space.params import Choice, Param, Role
from tunesmith.space.space import Space

_NAMES: Final[Mapping[Role, frozenset[str]]] = {
    "learning rate": frozenset({"lr", "learning_rate", "learning_rate_init", "base_lr", "max_lr", "eta", "step_size"}),
    "batch size": frozenset({"batch", "batch_size", "batchsize", "bs", "train_batch_size", "minibatch_size"}),
}
"""Whole names, without the group that they are in."""
_WORDS: Final[Mapping[Role, frozenset[str]]] = {
    "schedule": frozenset({"schedule", "scheduler", "warmup", "anneal", "annealing", "epochs", "steps", "gamma", "cosine"}),
    "nuisance": frozenset(
        {
            "momentum", "beta", "beta1", "beta2", "betas", "eps", "epsilon", "decay", "wd", "l1", "l2", "dropout", "smoothing",
            "alpha", "lambda", "regularization", "penalty", "clip", "clipping", "noise", "mixup", "cutout", "nesterov", "reg",
        }
    ),
}  # fmt: skip
"""Words of which one in a name is enough."""


class Assigned(NamedTuple):
    """The role of a parameter, and whether the user gave it."""

    role: Role
    declared: bool


def roles_of(space: Space) -> dict[str, Assigned]:
    """The role of each parameter that varies, in the order of the space.

    A role that the user gave counts; else the name tells: learning rate, batch size and schedule have usual names, and so
    have optimizer settings and strengths of regularization, which are nuisance parameters; all else is scientific. There is
    one learning rate and one batch size, and they are numbers: more of them, and options, are nuisance parameters.
    """
    found: dict[str, Assigned] = {}
    for name, param in space.params.items():
        if param.size == 1:
            continue
        given = getattr(param, "role", None)
        found[name] = Assigned(given or _guessed(name), given is not None)
    for role in _NAMES:
        having_it = [name for name in found if found[name].role == role]
        fitting = [name for name in having_it if _fits(role, space.params[name])]
        kept = min(fitting, key=lambda name: not found[name].declared, default=None)
        found |= {name: Assigned("nuisance", found[name].declared) for name in having_it if name != kept}
    return found


def having(roles: Mapping[str, Assigned], *wanted: Role) -> tuple[str, ...]:
    """Names of the parameters that have one of the roles."""
    return tuple(name for name, assigned in roles.items() if assigned.role in wanted)


def _guessed(name: str) -> Role:
    leaf = name.rpartition(".")[2].lower()
    for role, names in _NAMES.items():
        if leaf in names:
            return role
    words = set(re.split(r"[^a-z0-9]+", leaf))
    return next((role for role, known in _WORDS.items() if words & known), "scientific")


def _fits(role: Role, param: Param) -> bool:
    """Whether the values can be a batch size, or a learning rate, which must have an order, too."""
    ordered = role == "batch size" or not isinstance(param, Choice)
    return ordered and all(isinstance(value, int | float) and not isinstance(value, bool) for value in param.levels(2))
