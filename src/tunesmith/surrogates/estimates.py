"""Estimates: what is believed of trials, as values. How they are made: `expected.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

ENOUGH: Final = 40
"""Configurations below which a model may take for noise what it has not learned yet."""
_LARGE: Final = 0.2
"""Share of the variance between trials from which on luck decides which of the good ones has the best value.

Below it, what a model misses of a rugged function without noise counts for as much.
"""


@final
@dataclass(frozen=True)
class Estimate:
    """What one configuration is worth: the value of a metric that is expected, and how well that is known."""

    mean: float
    deviation: float
    """Standard deviation of the mean; that of one training is larger by the noise."""


@final
@dataclass(frozen=True)
class Expected:
    """What finished trials are worth by one objective, and the noise between trainings of one configuration."""

    metric: str
    estimates: Mapping[int, Estimate]
    """By number; repeats of a configuration have the same one."""
    noise: float
    """Standard deviation between trainings of one configuration, where the best ones are, in units of the metric."""
    repeated: bool
    """Whether repeats have shown it; else it is what the model cannot explain, by noise or otherwise."""
    share: float
    """Its share of the variance between trials, as the model sees them."""
    configs: int
    """How many configurations these are."""

    @property
    def large(self) -> bool:
        """Whether luck decides which of the good trials has the best value."""
        return self.share > _LARGE and self.configs >= ENOUGH
