"""The plan: which stages a guided search has, which one it is in, and why. Pure.

Everything follows from the trials of a View. A trial's stage is the first part of what proposed it, "learning rate/line"; a
stage is over when it has used its share of what the stages before it left, or has nothing more to try; and what it has
learned (`findings.py`) is computed again from its trials whenever somebody asks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Final, Literal, NamedTuple, final

from tunesmith.recipes.guided.findings import Findings
from tunesmith.recipes.guided.shares import shares
from tunesmith.recipes.guided.stages import NAMES, WEIGHTS, Name
from tunesmith.schedulers.auto import confirmation
from tunesmith.trials.repeats import is_deterministic, repeats_of
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

_REPEATS: Final = 2
"""Repeats of the default configuration that show how large noise is. Its confirmation needs as many, and so they cost nothing."""
_PART: Final = 3
"""They are at most one in so many of all repeats."""
FEWEST: Final = 15
"""Trials below which a search has no stages."""
_HALF: Final = 0.5
_LEAST: Final = 3
"""Trials that a stage has at least, as long as it begins in the first half of the budget."""


class Stage(NamedTuple):
    """One stage, as it stands."""

    name: Name
    state: Literal["skipped", "over", "now", "to come"]
    why: str
    """Why it is skipped or over; else empty."""
    trials: tuple[Trial, ...]


@final
class Plan:
    """The stages of a study as a View shows it."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.findings = Findings(view)
        self._share = shares(view)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """All stages in their order; at most one is "now"."""
        found: list[Stage] = []
        left, reached = 1.0, False
        for index, name in enumerate(NAMES):
            trials = tuple(self.findings.members[name])
            why = self._skipped(name)
            if why and not trials:
                found.append(Stage(name, "skipped", why, ()))
                continue
            weights = [WEIGHTS[later] for later in NAMES[index:] if not self._skipped(later)]
            allotted = left * WEIGHTS[name] / max(sum(weights), WEIGHTS[name])
            used = self._share(trials)
            begun = any(self.findings.members[later] for later in NAMES[index + 1 :])
            over = (
                ""
                if reached
                else self._over(name, trials, used >= allotted and self._has_least(trials, left), begun=begun)
            )
            found.append(Stage(name, "to come" if reached else "over" if over else "now", over, trials))
            reached = reached or not over
            left -= used
        return tuple(found)

    @property
    def now(self) -> Name:
        """The stage that the next trial belongs to."""
        return next(stage.name for stage in self.stages if stage.state == "now")

    def _has_least(self, trials: Sequence[Trial], left: float) -> bool:
        return len(trials) >= _LEAST or left < _HALF

    def _skipped(self, name: Name) -> str:
        """Why a stage has nothing to do, if so."""
        total = self.view.spec.budget.trials
        if name in ("baseline", "fine-tuning"):
            return ""
        if total is not None and total < FEWEST:
            return f"{total} trials are too few for stages"
        if name == "learning rate" and self.findings.rate is None:
            return "no parameter is the learning rate"
        if name == "batch and schedule" and not self.findings.scheduling:
            return "no parameter is the batch size or belongs to the schedule"
        if name == "architecture and regularization" and not self.findings.searched:
            return "no parameter is scientific or nuisance"
        return ""

    def _over(self, name: Name, trials: Sequence[Trial], spent: bool, *, begun: bool) -> str:
        """Why a stage is over, if so."""
        if name == "fine-tuning":
            return ""
        if name == "baseline":
            return self._baseline_over(trials)
        if not begun and name == "learning rate" and not self.findings.next_rates():
            return "its rates have been tried"
        if not begun and name != "learning rate" and self.findings.is_finished(self.findings.part(name)):
            return "all of its configurations have been tried"
        return "its share of the budget is used" if spent else "the next stage has begun" if begun else ""

    def _baseline_over(self, trials: Sequence[Trial]) -> str:
        spec = self.view.spec
        repeats = repeats_of(self.view.trials).get(0, [])
        if not trials:
            return ""
        if not confirmation(spec):
            return "nothing is repeated in so small a budget" if spec.confirm else "no repeats were wanted"
        if trials[0].failure is not None:
            return "the defaults fail"
        if is_deterministic(spec, repeats and self.view.trials):
            return "a repeat came out the same"
        affordable = math.inf if spec.budget.trials is None else spec.confirm * spec.budget.trials
        return "it was repeated" if len(repeats) >= min(_REPEATS, max(1, affordable // _PART)) else ""
