"""A training as it stands, put back exactly: weights, buffers, gradients, optimizer, randomness, place in the data."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import numpy as np

from tunesmith.errors import InvalidStudy
from tunesmith.run.randomness import present_randomness, seed_everything
from tunesmith.training.framework import torch

Restore: TypeAlias = Callable[[], None]

_PLAIN: Final = (bool, int, float, complex, str, bytes, type(None))
_PARTS: Final = ("sampler", "batch_sampler", "dataset", "collate_fn")
"""Where a data loader may keep generators of its own."""


@contextmanager
def preserved(modules: Iterable[Any], states: Iterable[Any], loader: Any = None) -> Iterator[Restore]:
    """Whatever happens inside, afterwards all is as it was. The value puts it back at once, for a second beginning.

    `modules` are PyTorch modules; `states` optimizers, schedulers, scalers and other objects whose attributes are their
    state; `loader` may hold generators.
    """
    kept = list({id(module): module for module in modules}.values())
    others = _with_inner(states)
    restores = [
        *(_module(part) for module in kept for part in module.modules()),
        *_attributes(others, [part for module in kept for part in module.modules()]),
        *(_generator(generator) for generator in generators([loader, *(p for m in kept for p in m.modules())])),
        *_stateful(loader),
        present_randomness().restore,
    ]

    def restore() -> None:
        for one in restores:
            one()

    try:
        yield restore
    finally:
        restore()


def _module(module: Any) -> Restore:
    """One module without its children. Tensors are written in place, since optimizers and views hold on to them."""
    parameters = {name: (p, _copied(p), _copied(p.grad)) for name, p in module._parameters.items() if p is not None}  # noqa: SLF001  all of them, also those that are shared
    buffers = {name: (b, _copied(b)) for name, b in module._buffers.items()}  # noqa: SLF001  `buffers()` leaves out None
    plain = {name: value for name, value in vars(module).items() if isinstance(value, _PLAIN)}

    def restore() -> None:
        with torch.no_grad():
            for parameter, value, gradient in parameters.values():
                parameter.data.copy_(value)
                parameter.grad = None if gradient is None else gradient.clone()
            for name, (buffer, value) in buffers.items():
                if buffer is not None:
                    buffer.copy_(value)
                module._buffers[name] = buffer  # noqa: SLF001
        for name in [name for name, value in vars(module).items() if isinstance(value, _PLAIN) and name not in plain]:
            delattr(module, name)
        vars(module).update(plain)

    return restore


def _copied(tensor: Any) -> Any:
    if tensor is None:
        return None
    if isinstance(tensor, torch.nn.parameter.UninitializedTensorMixin):
        raise InvalidStudy(
            "The model has lazy layers without weights, which could not be put back; run one batch through it first."
        )
    return tensor.detach().clone()


def _with_inner(states: Iterable[Any]) -> list[Any]:
    """The objects, and the optimizers that they wrap."""
    found: dict[int, Any] = {}
    waiting = [state for state in states if state is not None]
    while waiting:
        state = waiting.pop()
        if id(state) not in found:
            found[id(state)] = state
            waiting += [value for value in vars(state).values() if isinstance(value, torch.optim.Optimizer)]
    return list(found.values())


def _attributes(states: list[Any], modules: list[Any]) -> list[Restore]:
    """All attributes of some objects in one deep copy, so that what they share stays shared.

    Parameters, modules and the objects themselves are not copied: they are what the attributes refer to.
    """
    tensors = [t for module in modules for t in (*module._parameters.values(), *module._buffers.values())]  # noqa: SLF001
    grouped = [p for state in states for group in getattr(state, "param_groups", ()) for p in group.get("params", ())]
    hooks = [value for state in states for name, value in vars(state).items() if name.endswith("_hooks")]
    memo = {id(kept): kept for kept in (*states, *modules, *tensors, *grouped, *hooks) if kept is not None}
    attributes = [dict(vars(state)) for state in states]
    saved = copy.deepcopy(attributes, dict(memo))
    groups = [(state, state.param_groups) for state in states if hasattr(state, "param_groups")]

    def restore() -> None:
        fresh = copy.deepcopy(saved, dict(memo))
        for state, values in zip(states, fresh, strict=True):
            vars(state).clear()
            vars(state).update(values)
        for state, original in groups:  # schedulers and wrappers hold on to these very dicts
            for group, values in zip(original, state.param_groups, strict=True):
                fresh_values = dict(values)  # `values` may be `group` itself
                group.clear()
                group.update(fresh_values)
        for state, original in groups:
            state.param_groups = original

    return [restore]


def generators(owners: Iterable[Any]) -> list[Any]:
    """The random generators that objects hold as attributes, and those of a data loader's parts."""
    found: dict[int, Any] = {}
    waiting = [(owner, 0) for owner in owners if owner is not None]
    while waiting:
        owner, depth = waiting.pop()
        for name, value in getattr(owner, "__dict__", {}).items():
            if isinstance(value, torch.Generator | np.random.Generator | np.random.RandomState | random.Random):
                found[id(value)] = value
            elif name in _PARTS and depth < 3:
                waiting.append((value, depth + 1))
    return list(found.values())


def _generator(generator: Any) -> Restore:
    if isinstance(generator, np.random.Generator):
        inner = generator.bit_generator
        state = copy.deepcopy(inner.state)
        return lambda: setattr(inner, "state", copy.deepcopy(state))
    if isinstance(generator, random.Random):
        place = generator.getstate()
        return lambda: generator.setstate(place)
    numbers = generator.get_state()

    def restore() -> None:
        generator.set_state(numbers)

    return restore


def _stateful(loader: Any) -> list[Restore]:
    """A loader that knows its place, such as torchdata's."""
    if not hasattr(loader, "state_dict") or not hasattr(loader, "load_state_dict"):
        return []
    state = copy.deepcopy(loader.state_dict())
    return [lambda: loader.load_state_dict(copy.deepcopy(state))]


def seed_all(seed: int, loader: Any = None) -> None:
    """Every source of randomness that `preserved` puts back, set to `seed`."""
    seed_everything(seed)
    for generator in generators([loader]):
        if isinstance(generator, torch.Generator):
            generator.manual_seed(seed)
        elif isinstance(generator, np.random.Generator):
            generator.bit_generator.state = type(generator.bit_generator)(seed).state
        else:
            generator.seed(seed)
