"""The largest batch that fits into memory, tested at the size that is returned."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Protocol, final

from tunesmith.errors import InvalidStudy
from tunesmith.run.failure import kind_of
from tunesmith.space.narrower import among, bounded, with_param
from tunesmith.space.params import Choice, Int, Ordinal
from tunesmith.space.space import Space

_MOST: Final = 2**20
_CONFIRMATIONS: Final = 2
"""How often the returned size must run: the second step has the optimizer's state and the gradients beside it."""


class Memory(Protocol):
    """A device whose memory can be looked at. All figures are in bytes."""

    @property
    def total(self) -> int: ...

    def begin(self) -> None:
        """Give back what is not in use, and begin to watch for a new peak."""
        ...

    def peak(self) -> int:
        """The most that was in use since `begin`."""
        ...


@final
@dataclass(frozen=True)
class Attempt:
    """One size that was tried; `peak` is in bytes, None where memory cannot be measured."""

    size: int
    outcome: Literal["fits", "tight", "oom"]
    """"tight" ran, but left less than the head-room."""
    peak: int | None = None


@final
@dataclass(frozen=True)
class BatchFit:
    """What fits. `size` has itself been run; 0 if not even the smallest size fits."""

    size: int
    too_large: int | None
    """The smallest size known not to fit (or to leave too little room); None if everything up to `most` fits."""
    attempts: tuple[Attempt, ...]
    why: str

    def narrow(self, space: Space, name: str) -> Space:
        """`space` with the parameter `name` limited to sizes that fit; unchanged if they all do."""
        param = space.params.get(name)
        if self.too_large is None:
            return space
        match param:
            case Int() if param.low <= self.size:
                high = param.low + (min(param.high, self.size) - param.low) // param.step * param.step
                default = None if param.default is None else min(param.default, high)
                return with_param(space, name, replace(bounded(param, param.low, high), default=default))
            case Ordinal() | Choice() if kept := [option for option in param.options if self._holds(option)]:
                return with_param(space, name, among(param, kept))
            case Int() | Ordinal() | Choice():
                raise InvalidStudy(f"No value of {name} fits into memory: {self.why}; allow smaller ones.")
            case _:
                what = "does not exist" if param is None else f"is a {type(param).__name__}"
                raise InvalidStudy(f"narrow({name!r}): the parameter {what}; name one that counts examples.")

    def _holds(self, option: Any) -> bool:
        return isinstance(option, int | float) and option <= self.size


def largest_batch(
    try_step: Callable[[int], object],
    *,
    start: int = 1,
    most: int = _MOST,
    multiple_of: int = 1,
    headroom: float = 0.1,
    memory: Memory | None = None,
) -> BatchFit:
    """The largest size for which `try_step(size)` runs without running out of memory.

    `try_step` trains one whole step (forward, backward, optimizer) with a batch of that many examples. Sizes double from
    `start` until one fails, then the gap is halved, in multiples of `multiple_of`. `headroom` is the share of memory that
    must stay free: of the device, where its memory can be measured (a GPU, by default), else of the size.
    The result was itself run, twice, and memory is given back between attempts. Any other error of `try_step` is raised.
    """
    if start < 1 or multiple_of < 1 or most < start or not 0 <= headroom < 1:
        raise InvalidStudy(
            f"largest_batch(start={start}, most={most}, multiple_of={multiple_of}, headroom={headroom}): "
            "sizes must be at least 1, most not below start, and headroom in [0, 1)."
        )
    probe = _Probe(try_step, _cuda() if memory is None else memory, headroom)
    unit = multiple_of
    fits, fails = 0, most // unit + 1
    size = max(1, -(-start // unit))
    while size < fails:
        if probe.runs(size * unit):
            fits, size = size, min(2 * size, fails - 1) if size < fails - 1 else fails
        else:
            fails = size
    while fails - fits > 1:
        middle = (fits + fails) // 2
        fits, fails = (middle, fails) if probe.runs(middle * unit) else (fits, middle)
    if not probe.measures and fails <= most // unit:
        fits = int(fits * (1 - headroom))
    while fits and not all(probe.runs(fits * unit) for _ in range(_CONFIRMATIONS)):
        fails, fits = fits, fits - max(1, fits // 16)
    return _result(fits * unit, fails * unit if fails <= most // unit else None, probe, headroom)


def _result(size: int, too_large: int | None, probe: _Probe, headroom: float) -> BatchFit:
    spare = f"{headroom:.0%} of {'the memory' if probe.measures else 'the size'} kept free"
    if not size:
        why = f"a batch of {too_large} does not fit with {spare}"
    elif too_large is None:
        why = f"every size up to {size} fits"
    else:
        why = f"a batch of {size} ran {_CONFIRMATIONS} times with {spare}, one of {too_large} does not fit"
    return BatchFit(size, too_large, tuple(probe.attempts), why)


@final
class _Probe:
    """Tries sizes, and leaves nothing behind."""

    def __init__(self, try_step: Callable[[int], object], memory: Memory | None, headroom: float) -> None:
        self._try_step = try_step
        self._memory = memory
        self._headroom = headroom
        self.attempts: list[Attempt] = []

    @property
    def measures(self) -> bool:
        return self._memory is not None

    def runs(self, size: int) -> bool:
        """Whether a step of this size runs and leaves the head-room."""
        if self._memory is not None:
            self._memory.begin()
        try:
            self._try_step(size)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            # The frames of the failed step hold its tensors.
            traceback.clear_frames(error.__traceback__)
            error.__traceback__ = None
            self.attempts.append(Attempt(size, "oom", self._peak()))
            gc.collect()
            return False
        peak = self._peak()
        tight = self._memory is not None and peak is not None and peak > (1 - self._headroom) * self._memory.total
        if self._memory is not None:
            self._memory.begin()
        self.attempts.append(Attempt(size, "tight" if tight else "fits", peak))
        return not tight

    def _peak(self) -> int | None:
        return None if self._memory is None else self._memory.peak()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that memory, the host's or a device's, is used up."""
    return kind_of(error) == "oom"


def _cuda() -> Memory | None:
    """The current GPU, if PyTorch is there and has one."""
    from tunesmith.training.cuda_memory import CudaMemory  # noqa: PLC0415  needs PyTorch

    return CudaMemory.current()
