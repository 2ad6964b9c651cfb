"""Rules that tell bad trials from good ones: a threshold on a parameter, or on a product or quotient of two."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final, Literal, NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from tunesmith.analysis.words import number_text
from tunesmith.errors import InvalidSpace
from tunesmith.space.limits import Relation
from tunesmith.space.params import Float, Int, Ordinal
from tunesmith.space.space import Space
from tunesmith.trials.trial import Trial

Floats = NDArray[np.float64]

_FEWEST: Final = 3
"""So many bad trials at least, and so many others."""
_CHANCE: Final = 1e-3
"""How likely chance may be to bring forth as good a rule, all rules that were tried considered."""
_MISSED: Final = 0.2
"""A rule may miss this part of the bad trials, and this part of those beyond it may be good."""


class Formula(NamedTuple):
    """What is compared with a threshold, as text for `Space(limits=...)`, and its value in n trials."""

    text: str
    values: Floats
    """(n,) NaN where a parameter takes no part."""
    params: int


@final
class Rule(NamedTuple):
    """Bad trials lie beyond a threshold, and others do not."""

    text: str
    """The formula: "width", "batch * width"."""
    side: Literal[">", "<"]
    threshold: float
    bad: int
    beyond: int
    """How many trials lie beyond the threshold, and how many of them are bad."""
    missed: int
    """Bad trials that lie on the good side."""
    within: int
    """All trials on the good side."""

    @property
    def keeps(self) -> str:
        """The limit that keeps out what is bad: "batch * width <= 4096"."""
        return f"{self.text} {'<=' if self.side == '>' else '>='} {self.threshold:.12g}"


def numbers_of(space: Space, trials: Sequence[Trial], *, log: bool = False) -> list[Formula]:
    """Each parameter whose values are positive numbers; with `log`, only those on a logarithmic scale."""
    found = []
    for name, param in space.params.items():
        match param:
            case Float() | Int():
                fits = param.low > 0 and (param.log or not log)
            case Ordinal():
                fits = not log and all(_is_positive(option) for option in param.options)
            case _:
                fits = False
        if fits and param.size != 1:
            values = [(trial.config or {}).get(name, math.nan) for trial in trials]
            found.append(Formula(name, np.array(values, float), 1))
    return found


def _is_positive(option: object) -> bool:
    return isinstance(option, int | float) and not isinstance(option, bool) and option > 0


def pairs_of(singles: Sequence[Formula]) -> Iterator[Formula]:
    """Products and quotients of two parameters."""
    for a, b in combinations(singles, 2):
        with np.errstate(over="ignore"):
            yield Formula(f"{a.text} * {b.text}", a.values * b.values, 2)
            yield Formula(f"{a.text} / {b.text}", a.values / b.values, 2)
            yield Formula(f"{b.text} / {a.text}", b.values / a.values, 2)


def learned(
    formulas: Sequence[Formula], bad: NDArray[np.bool_], sides: Sequence[Literal[">", "<"]] = (">",)
) -> Rule | None:
    """The rule that tells the bad of n trials best, `bad` (n,); a simpler one if it does as well; None if none does well."""
    if bad.sum() < _FEWEST or (~bad).sum() < _FEWEST:
        return None
    found: tuple[int, int, Rule] | None = None
    for formula in formulas:
        for side in sides:
            best = _threshold(formula, side, bad)
            if best is not None and (found is None or (best[1], formula.params) < found[:2]):
                found = best[1], formula.params, best[0]
    if found is None:
        return None
    tried = sum(len(np.unique(formula.values)) for formula in formulas) * len(sides)
    return found[2] if _holds(found[2], int(bad.sum()), tried) else None


def _threshold(formula: Formula, side: Literal[">", "<"], bad: NDArray[np.bool_]) -> tuple[Rule, int] | None:
    """The threshold with the fewest errors, and how many these are; None where all values are the same."""
    known = np.isfinite(formula.values)
    sign = 1.0 if side == ">" else -1.0
    order = np.argsort(sign * formula.values[known], kind="stable")
    values, labels = formula.values[known][order], bad[known][order]
    places = np.flatnonzero(np.diff(values) != 0) + 1  # what comes from such a place on is beyond
    if not len(places):
        return None
    missed = np.cumsum(labels)[places - 1]
    caught = labels.sum() - missed
    errors = missed + (len(values) - places - caught)
    best = int(errors.argmin())
    place = int(places[best])
    unknown = int(bad[~known].sum())
    rule = Rule(
        text=formula.text,
        side=side,
        threshold=_between(float(values[place - 1]), float(values[place])),
        bad=int(caught[best]),
        beyond=len(values) - place,
        missed=int(missed[best]) + unknown,
        within=place + int((~known).sum()),
    )
    return rule, int(errors[best]) + unknown


def _between(inside: float, outside: float) -> float:
    """A number of few digits from `inside` (included) to `outside` (excluded), near the former."""
    if inside.is_integer():
        return inside
    low, high = sorted((inside, outside))
    for digits in range(2, 12):
        number = float(f"{inside:.{digits}g}")
        if low <= number <= high and number != outside:
            return number
    return inside


def _holds(rule: Rule, bad: int, tried: int) -> bool:
    """Whether a rule misses little, and chance would hardly bring forth its like (hypergeometric tail, Bonferroni)."""
    if rule.missed > _MISSED * bad or rule.beyond - rule.bad > _MISSED * rule.beyond:
        return False
    chance = float(hypergeom.sf(rule.bad - 1, rule.beyond + rule.within, bad, rule.beyond))
    return tried * chance <= _CHANCE


def rule_text(rule: Rule) -> str:
    """How many are bad on either side, in words."""
    where = f"{rule.text} {rule.side} {number_text(rule.threshold)}"
    return f"{rule.bad:,} of the {rule.beyond:,} with {where}, and {rule.missed:,} of the {rule.within:,} others"


def keep_out(space: Space, rule: Rule) -> str:
    """What keeps the trials beyond it out of a search, in words."""
    if rule.text in space.params:
        bound = "upper" if rule.side == ">" else "lower"
        return f"Search a space in which the {bound} bound of {rule.text} is {number_text(rule.threshold)}"
    try:
        limit = str(Relation(rule.keeps))
    except InvalidSpace:  # a name that is no Python name
        return f"Search a space in which {rule.keeps}"
    return f"Search a space with limits=[{limit!r}]"
