"""The first trials of a study: whether their failures are mistakes in its set-up, which no configuration can avoid."""

from __future__ import annotations

from typing import Final, final

from tunesmith.errors import InvalidObjective
from tunesmith.run.words import without_numbers
from tunesmith.space.names import did_you_mean
from tunesmith.trials.facts import Draft, Fact, Failed, Lost
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_ALIKE: Final = 5
"""So many first failures, all alike but for numbers, will not teach anything more."""
_REPORTS: Final = 2
"""After so many reports an objective that was in none of them may be misspelt."""


@final
class EarlyFailures:
    """Holds back failures of kind "error" while no trial has succeeded.

    If they turn out to be one mistake, made again and again, their trials are set back instead of being recorded as
    failures: once the mistake is corrected, the same command tries them again, the default configuration first.
    """

    def __init__(self) -> None:
        self.held: list[Draft] = []
        self.verdict: InvalidObjective | None = None
        self._remarked = False

    @property
    def numbers(self) -> list[int]:
        """The trials that are held back."""
        return [draft.trial for draft in self.held if draft.trial is not None]

    def take(self, view: View, draft: Draft) -> bool:
        """Whether this end of a trial is held back. Sets `verdict` once it is clear that nothing can succeed."""
        fact = draft.fact
        if not isinstance(fact, Failed) or fact.kind != "error" or _has_ended(view):
            return False
        self.held.append(draft)
        failures = [held.fact for held in self.held if isinstance(held.fact, Failed)]
        if not fact.trace:
            # The message is Tunesmith's own: what the function takes or gives does not fit the study.
            self.verdict = InvalidObjective(fact.message)
        elif len(failures) >= _ALIKE and all(_is_alike(fact, failure) for failure in failures):
            self.verdict = InvalidObjective(
                f"The first {len(failures)} trials all failed with {fact.message}. Correct the training and run again; "
                f"they will be tried once more. The traceback of the last one:\n{fact.trace}"
            )
        return True

    def told(self) -> str:
        """The last failure in words, with its traceback unless the one before was alike."""
        *before, last = [held for held in self.held if isinstance(held.fact, Failed)]
        assert isinstance(last.fact, Failed)
        said = f"Trial {last.trial} failed: {last.fact.message}"
        if before and _is_alike(before[-1].fact, last.fact):
            return said
        return f"{said}\n{last.fact.trace}".rstrip()

    def remark(self, view: View, trial: Trial) -> str | None:
        """What to tell of the first reports at all if they lack an objective: a training may take hours to its end."""
        if self._remarked or trial.reports < _REPORTS:
            return None
        self._remarked = True
        if _has_ended(view):
            return None
        seen = view.metrics(trial.number)
        missing = next((objective for objective in view.spec.objectives if objective.metric not in seen), None)
        if missing is None:
            return None
        return (
            f"Trial {trial.number} has reported {', '.join(seen)}, and not yet {missing.metric!r}, which the study "
            f"{missing.direction}s{did_you_mean(missing.metric, seen)}"
        )

    def release(self) -> list[Draft]:
        """What is to be recorded of the trials that were held back."""
        held, self.held = self.held, []
        if self.verdict is None:
            return held
        return [draft._replace(fact=Lost(draft.fact.attempt)) for draft in held if isinstance(draft.fact, Failed)]


def _has_ended(view: View) -> bool:
    return any(trial.state in (State.DONE, State.STOPPED, State.FAILED) for trial in view.trials)


def _is_alike(first: Fact, second: Fact) -> bool:
    """Whether both are failures whose messages differ in numbers only."""
    return (
        isinstance(first, Failed)
        and isinstance(second, Failed)
        and without_numbers(first.message) == without_numbers(second.message)
    )
