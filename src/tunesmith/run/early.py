"""The first failures of a study: whether they are mistakes in its set-up, which no configuration can avoid."""

from __future__ import annotations

import re
from typing import Final, final

from tunesmith.errors import InvalidObjective
from tunesmith.trials.facts import Draft, Failed, Lost
from tunesmith.trials.trial import State
from tunesmith.trials.view import View

_ALIKE: Final = 5
"""So many first failures, all alike but for numbers, will not teach anything more."""


@final
class EarlyFailures:
    """Holds back failures of kind "error" while no trial has succeeded.

    If they turn out to be one mistake, made again and again, their trials are set back instead of being recorded as
    failures: once the mistake is corrected, the same command tries them again, the default configuration first.
    """

    def __init__(self) -> None:
        self.held: list[Draft] = []
        self.verdict: InvalidObjective | None = None

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
        elif len(failures) >= _ALIKE and len({_without_numbers(failure.message) for failure in failures}) == 1:
            self.verdict = InvalidObjective(
                f"The first {len(failures)} trials all failed with {fact.message}. Correct the training and run again; "
                f"they will be tried once more. The traceback of the last one:\n{fact.trace}"
            )
        return True

    def release(self) -> list[Draft]:
        """What is to be recorded of the trials that were held back."""
        held, self.held = self.held, []
        if self.verdict is None:
            return held
        return [draft._replace(fact=Lost(draft.fact.attempt)) for draft in held if isinstance(draft.fact, Failed)]


def _has_ended(view: View) -> bool:
    return any(trial.state in (State.DONE, State.STOPPED, State.FAILED) for trial in view.trials)


def _without_numbers(message: str) -> str:
    return re.sub(r"\d+(\.\d+)?(e[-+]?\d+)?", "#", message)
