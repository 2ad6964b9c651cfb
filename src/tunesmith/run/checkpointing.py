"""Checkpointing: what a training is made of, saved after its steps and put back when it goes on."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias, final

import numpy as np

from tunesmith.errors import InvalidObjective
from tunesmith.run.randomness import Randomness, present_randomness

Groups: TypeAlias = list[dict[str, Any]]


class Training(NamedTuple):
    """A training as it stood after some steps."""

    trial: int
    """Which one it was: a fork begins with the training of another one."""
    done: int
    parts: list[Any]
    settings: list[Groups]
    """Of each part that has parameter groups: what it was made with."""
    randomness: Randomness


class Keeping(NamedTuple):
    """How a trial keeps files."""

    trial: int
    save: Callable[[object], None]
    load: Callable[[], Any]
    step: Callable[[], int]
    """The last step that was reported."""
    promise: Callable[[], None]
    """Says that what is reported will be saved soon after."""
    is_due: Callable[[], bool]
    """Whether the trial was told to pause, which waits for its checkpoint."""


@final
class Checkpointing:
    """The parts of a training, as `Context.checkpoint` keeps them."""

    done: int
    """Steps of the loop that are behind it; 0 at the beginning."""

    def __init__(self, parts: tuple[Any, ...], keeping: Keeping, every: int) -> None:
        if every < 1:
            raise InvalidObjective(f"ctx.checkpoint(every={every}): it saves after every step at most; give 1 or more.")
        for place, part in enumerate(parts, 1):
            _check(part, place)
        self.done = 0
        self._parts = parts
        self._keeping = keeping
        self._every = every
        self._settings = [_settings(part) for part in parts]
        self._restore(keeping.load())

    def steps(self, total: int) -> Iterator[int]:
        """`range(total)`, without the steps that are done already; saves at the end of each step that reported."""
        for index in range(self.done, total):
            self._keeping.promise()
            before = self._keeping.step()
            yield index
            self.done = index + 1
            is_last = self.done == total
            if self._keeping.step() > before and (self.done % self._every == 0 or is_last or self._keeping.is_due()):
                self.save()

    def save(self) -> None:
        """Save now; for loops of your own, after each report."""
        states = [_on_cpu(_state(part)) for part in self._parts]
        self._keeping.save(Training(self._keeping.trial, self.done, states, self._settings, present_randomness()))

    def _restore(self, saved: Any) -> None:
        if saved is None:
            return
        if not isinstance(saved, Training) or len(saved.parts) != len(self._parts):
            raise InvalidObjective(
                "ctx.checkpoint: the trial's last checkpoint has other parts than these; it was saved by other code, so "
                "begin a new study."
            )
        for part, state, ours, theirs in zip(self._parts, saved.parts, self._settings, saved.settings, strict=True):
            _put_back(part, state)
            _settle(part, ours, theirs)
        self.done = saved.done
        if saved.trial == self._keeping.trial:  # a fork draws numbers of its own
            saved.randomness.restore()


# -- parts -----------------------------------------------------------------------------------------------------------


def _check(part: Any, place: int) -> None:
    pairs = (("state_dict", "load_state_dict"), ("get_state", "set_state"))
    if isinstance(part, np.random.Generator) or any(all(hasattr(part, name) for name in pair) for pair in pairs):
        return
    raise InvalidObjective(
        f"ctx.checkpoint: argument {place} is {type(part).__name__}, which has no state_dict(); give models, optimizers, "
        "schedulers and the like, and keep other things with ctx.save(...)."
    )


def _state(part: Any) -> Any:
    if isinstance(part, np.random.Generator):
        return part.bit_generator.state
    return part.state_dict() if hasattr(part, "state_dict") else part.get_state()


def _put_back(part: Any, state: Any) -> None:
    if isinstance(part, np.random.Generator):
        part.bit_generator.state = state
    elif hasattr(part, "load_state_dict"):
        part.load_state_dict(state)
    else:
        part.set_state(state)


def _on_cpu(state: Any) -> Any:
    """The same with its tensors in main memory, so that it can be loaded where there is no such device."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(state, torch.Tensor):
        return state.detach().cpu()
    if isinstance(state, dict):
        kept = copy.copy(state)  # models have dicts of their own kind, with attributes
        kept.update({key: _on_cpu(value) for key, value in state.items()})
        return kept
    if type(state) in (list, tuple):
        return type(state)(_on_cpu(value) for value in state)
    return state


# -- settings of optimizers ------------------------------------------------------------------------------------------
#
# A state dict of an optimizer holds its learning rate too. A fork of a population goes on with its parent's momentum, but
# with the learning rate of its own configuration.


def _settings(part: Any) -> Groups:
    if hasattr(part, "param_groups"):
        return [_without_params(group) for group in part.param_groups]
    return [{"base_lrs": list(part.base_lrs)}] if hasattr(part, "base_lrs") else []


def _without_params(group: Mapping[str, Any]) -> dict[str, Any]:
    return {name: copy.deepcopy(value) for name, value in group.items() if name not in ("params", "param_names")}


def _settle(part: Any, ours: Groups, theirs: Groups) -> None:
    """Let what this trial made otherwise than the one that saved stand, along the same schedule."""
    if hasattr(part, "base_lrs") and ours and ours != theirs:
        part.base_lrs = list(ours[0]["base_lrs"])
    if not hasattr(part, "param_groups"):
        return
    for group, mine, other in zip(part.param_groups, ours, theirs, strict=True):
        for name, value in mine.items():
            if name in other and value != other[name]:
                group[name] = _moved(group[name], other[name], value)


def _moved(now: Any, began: Any, ours: Any) -> Any:
    """Our value, moved as far as a schedule has moved theirs since it began."""
    is_scheduled = isinstance(began, int | float) and not isinstance(began, bool) and began not in (0, now)
    return ours * (now / began) if is_scheduled else ours
