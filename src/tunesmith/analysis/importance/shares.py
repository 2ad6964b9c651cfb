"""What an analysis of importance says: shares of parameters and of pairs, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, final

Method: TypeAlias = Literal["fanova", "ped-anova"]
Region: TypeAlias = Literal["whole", "top"]

METHODS: Final[tuple[Method, ...]] = ("fanova", "ped-anova")
REGIONS: Final[tuple[Region, ...]] = ("whole", "top")


@final
@dataclass(frozen=True)
class Share:
    """How much one parameter matters."""

    name: str
    share: float
    """From 0 to 1. "fanova": the part of the variance that would be gone if only this parameter were known not to vary,
    alone and together with others, so that shares may add up to more than 1. "ped-anova": shares add up to 1."""
    low: float
    high: float
    """A 95 % interval from resampled trials."""
    alone: float | None
    """The part that does not depend on other parameters; None with "ped-anova", and in the top region."""
    active: float
    """The part of the trials in which the parameter took part."""
    real: bool
    """Whether more than chance is needed to explain the share."""
    ahead: float
    """The part of the resamples in which its share is above that of the next parameter in the list; 1 for the last."""


@final
@dataclass(frozen=True)
class PairShare:
    """How much two parameters matter together, beyond what each of them does alone."""

    names: tuple[str, str]
    share: float
    low: float
    high: float


@final
@dataclass(frozen=True)
class Importance:
    """Which parameters an objective depends on."""

    metric: str
    method: Method
    region: Region
    trials: int
    """Trials with a value that it is learned from; repeats of a configuration count as one."""
    params: tuple[Share, ...]
    """The most important one first."""
    pairs: tuple[PairShare, ...]
    """The strongest pairs first; empty with "ped-anova", and in the top region."""
    explained: float | None
    """The part of the variance of trials it has not seen that the model explains, at most 1 and below 0 where it is
    worse than the mean; None with "ped-anova", which has no model."""
    remarks: tuple[str, ...]
    """When not to believe it, in sentences."""
