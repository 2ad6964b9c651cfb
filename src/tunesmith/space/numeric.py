"""Numbers: real ones and whole ones, on a linear or a logarithmic scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Final, final

from tunesmith.errors import InvalidConfig, InvalidSpace
from tunesmith.space.beliefs import Around, checked_around
from tunesmith.space.values import Json, Role, as_float, check_default, check_role, drop_none, is_number

FEW_LEVELS: Final = 50


def _check_bounds(kind: str, low: Any, high: Any, log: bool) -> None:
    for name, bound in (("low", low), ("high", high)):
        if not is_number(bound) or not math.isfinite(bound):
            raise InvalidSpace(f"{kind}({low!r}, {high!r}): {name} = {bound!r} is not a finite number.")
    if low > high:
        raise InvalidSpace(f"{kind}({low!r}, {high!r}): the bounds are reversed; write {kind}({high!r}, {low!r}).")
    if log and low <= 0:
        raise InvalidSpace(
            f"{kind}({low!r}, {high!r}, log=True): a logarithmic scale needs low > 0; "
            f"raise the lower bound to a small positive number, or drop log=True."
        )


def _decimals(*numbers: float) -> int:
    """Digits after the point that are needed to write all the numbers."""
    exponents = [Decimal(repr(number)).normalize().as_tuple().exponent for number in numbers]
    return max(0, *(-e for e in exponents if isinstance(e, int)))


@final
@dataclass(frozen=True)
class Float:
    """A real number in [low, high].

    `log=True` spreads trials evenly over orders of magnitude. `step` allows only low, low + step, low + 2 step, ...
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    default: float | None = None
    role: Role | None = None
    belief: Around | None = None
    kind: ClassVar[str] = "float"

    def __post_init__(self) -> None:
        _check_bounds("Float", self.low, self.high, self.log)
        check_role(self, self.role)
        object.__setattr__(self, "belief", checked_around("Float", self.low, self.high, self.log, self.belief))
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))
        if self.step is not None:
            if self.log:
                raise InvalidSpace(
                    "Float(..., log=True, step=...): a step on a logarithmic scale is ambiguous; drop one."
                )
            if not is_number(self.step) or not 0 < self.step <= self.high - self.low:
                raise InvalidSpace(
                    f"Float({self.low}, {self.high}, step={self.step!r}): the step must be positive and at most "
                    f"{self.high - self.low}, the width of the range."
                )
        if self.default is not None:
            object.__setattr__(self, "default", check_default(self, self.default))

    @property
    def size(self) -> int | None:
        if self.low == self.high:
            return 1
        if self.step is None:
            return None
        return math.floor((self.high - self.low) / self.step + 1e-9) + 1

    def _level(self, index: int) -> float:
        assert self.step is not None
        return round(self.low + index * self.step, _decimals(self.low, self.step))

    def check(self, value: Any, path: str) -> float:
        number = as_float(value, path)
        if not self.low <= number <= self.high:
            raise InvalidConfig(
                f"{path} = {value!r} is outside [{self.low}, {self.high}]; choose a value inside or widen it."
            )
        if self.step is None:
            return number
        index = round((number - self.low) / self.step)
        level = self._level(index)
        if abs(level - number) > 1e-9 * max(1.0, abs(number)) or index >= (self.size or 1):
            nearest = self._level(min(index, (self.size or 1) - 1))
            raise InvalidConfig(
                f"{path} = {value!r} is not one of {self.low}, {self._level(1)}, ...; the nearest is {nearest}."
            )
        return level

    def to_unit(self, value: float) -> float:
        if self.low == self.high:
            return 0.5
        if self.step is not None:
            return (round((value - self.low) / self.step) + 0.5) / (self.size or 1)
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            unit = (math.log(value) - low) / (high - low) if value > 0 else 0.0
        else:
            # Halves, since the width of the widest ranges is infinite in floating point.
            unit = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return min(max(unit, 0.0), 1.0)

    def from_unit(self, unit: float) -> float:
        if self.step is not None:
            size = self.size or 1
            return self._level(min(int(unit * size), size - 1))
        if unit <= 0.0:
            return self.low
        if unit >= 1.0:
            return self.high
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            value = math.exp(low + unit * (high - low))
        else:
            value = self.low * (1.0 - unit) + self.high * unit
        return min(max(value, self.low), self.high)

    def levels(self, count: int) -> list[float]:
        if self.size is not None and self.size <= max(count, FEW_LEVELS):
            return [self._level(i) for i in range(self.size)] if self.step is not None else [self.low]
        return _distinct([self.from_unit(i / (count - 1) if count > 1 else 0.5) for i in range(count)])

    def to_json(self) -> Json:
        return drop_none(
            kind=self.kind,
            low=self.low,
            high=self.high,
            log=self.log or None,
            step=self.step,
            default=self.default,
            role=self.role,
            belief=self.belief and self.belief.to_json(),
        )


@final
@dataclass(frozen=True)
class Int:
    """A whole number in [low, high], both included."""

    low: int
    high: int
    log: bool = False
    step: int = 1
    default: int | None = None
    role: Role | None = None
    belief: Around | None = None
    kind: ClassVar[str] = "int"

    def __post_init__(self) -> None:
        _check_bounds("Int", self.low, self.high, self.log)
        object.__setattr__(self, "belief", checked_around("Int", self.low, self.high, self.log, self.belief))
        check_role(self, self.role)
        for name in ("low", "high", "step"):
            bound = getattr(self, name)
            if int(bound) != bound:
                raise InvalidSpace(
                    f"Int({self.low!r}, {self.high!r}): {name} = {bound!r} is not a whole number; use Float."
                )
            object.__setattr__(self, name, int(bound))
        if self.step < 1:
            raise InvalidSpace(f"Int({self.low}, {self.high}, step={self.step}): the step must be at least 1.")
        if self.log and self.step != 1:
            raise InvalidSpace("Int(..., log=True, step=...): a step on a logarithmic scale is ambiguous; drop one.")
        if self.default is not None:
            object.__setattr__(self, "default", check_default(self, self.default))

    @property
    def size(self) -> int:
        return (self.high - self.low) // self.step + 1

    def check(self, value: Any, path: str) -> int:
        number = as_float(value, path)
        if not math.isfinite(number) or int(number) != number:
            raise InvalidConfig(f"{path} = {value!r} is not a whole number; give an int.")
        whole = int(value)
        if not self.low <= whole <= self.high:
            raise InvalidConfig(
                f"{path} = {value!r} is outside [{self.low}, {self.high}]; choose a value inside or widen it."
            )
        if (whole - self.low) % self.step:
            raise InvalidConfig(
                f"{path} = {value!r} is not one of {self.low}, {self.low + self.step}, ...; choose one of them."
            )
        return whole

    def to_unit(self, value: int) -> float:
        """Each whole number owns a cell of the (logarithmic) scale; its image is the centre of the cell."""
        if self.log:
            low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
            return min(max((math.log(value) - low) / (high - low), 0.0), 1.0)
        return ((value - self.low) // self.step + 0.5) / self.size

    def from_unit(self, unit: float) -> int:
        if self.log:
            low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
            return min(max(round(math.exp(low + unit * (high - low))), self.low), self.high)
        return self.low + self.step * min(max(int(unit * self.size), 0), self.size - 1)

    def levels(self, count: int) -> list[int]:
        if self.size <= max(count, FEW_LEVELS):
            return list(range(self.low, self.high + 1, self.step))
        return _distinct([self.from_unit(i / (count - 1) if count > 1 else 0.5) for i in range(count)])

    def to_json(self) -> Json:
        return drop_none(
            kind=self.kind,
            low=self.low,
            high=self.high,
            log=self.log or None,
            step=self.step if self.step != 1 else None,
            default=self.default,
            role=self.role,
            belief=self.belief and self.belief.to_json(),
        )


def _distinct(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
