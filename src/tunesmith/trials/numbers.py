"""Named numbers in JSON, which has no NaN and no infinity: those are written as text."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tunesmith.space.params import Json


def numbers_to_json(numbers: Mapping[str, float]) -> Json:
    """{"loss": nan} becomes {"loss": "nan"}."""
    return {name: number if math.isfinite(number) else repr(number) for name, number in numbers.items()}


def numbers_from_json(doc: Json) -> dict[str, float]:
    """The inverse of `numbers_to_json`."""
    return {name: float(number) for name, number in doc.items()}
