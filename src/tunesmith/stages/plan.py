"""The plan: which stages a guided search has, which one it is in, and why. Pure.

Everything follows from the trials of a View. A trial's stage is the first part of what proposed it, "learning rate/line"; a
stage is over when its questions have been asked, or it has used its share of the budget; and what it has learned
(`findings.py`) is computed again from its trials whenever somebody asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final, Literal, NamedTuple, final

from tunesmith.schedulers.auto import confirmation
from tunesmith.stages.findings import Findings
from tunesmith.stages.order import MOST, NAMES, Name
from tunesmith.stages.shares import shares
from tunesmith.trials.repeats import is_deterministic, repeats_of
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

FEWEST: Final = 15
"""Trials below which a search has no stages."""


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
        """All stages in their order; exactly one is "now"."""
        found: list[Stage] = []
        reached = False
        for index, name in enumerate(NAMES):
            trials = tuple(self.findings.members[name])
            skipped = self._skipped(name)
            if skipped and not trials:
                found.append(Stage(name, "skipped", skipped, ()))
                continue
            begun = any(self.findings.members[later] for later in NAMES[index + 1 :])
            over = "" if reached else self._over(name, trials, begun=begun)
            found.append(Stage(name, "to come" if reached else "over" if over else "now", over, trials))
            reached = reached or not over
        return tuple(found)

    @property
    def now(self) -> Name:
        """The stage that the next trial belongs to."""
        return next(stage.name for stage in self.stages if stage.state == "now")

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

    def _over(self, name: Name, trials: Sequence[Trial], *, begun: bool) -> str:
        """Why a stage is over, if so."""
        if name == "fine-tuning":
            return ""
        if name == "baseline":
            return self._baseline_over(trials)
        if begun:
            return "the next stage has begun"
        if self._share(trials) >= MOST[name]:
            return "its share of the budget is used"
        return "" if self.findings.questions(name) else "its questions have been asked"

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
        return "it was repeated" if repeats else ""
