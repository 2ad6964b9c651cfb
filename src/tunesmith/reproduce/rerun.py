"""rerun: a recorded trial trained again, and the verdict: same, within seed noise, or different."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Final, final

from tunesmith.analysis.agreement import Agreement, Outcome, Verdict, compare
from tunesmith.analysis.records import Difference, data_differences, differences
from tunesmith.errors import InvalidFile, InvalidStudy, TunesmithError
from tunesmith.reproduce.recipe import open_recipe
from tunesmith.reproduce.recorded import Recorded
from tunesmith.reproduce.remember import remember
from tunesmith.reproduce.target import Given, directory_of, executor_of, origin_now
from tunesmith.reproduce.training import failed_again, last_step, train_again
from tunesmith.run.devices import devices_from
from tunesmith.run.failure import failure_from
from tunesmith.run.origin import load_function
from tunesmith.run.record import code_of, record_of, surroundings
from tunesmith.run.threads import one_thread
from tunesmith.study import Study
from tunesmith.trials.numbers import numbers_to_json
from tunesmith.trials.view import View

_UNSEEDED: Final = (
    "the training draws on something that its seed does not set: threads, a GPU, a clock, a generator of its own"
)
_UNTOLD: Final = "its data is otherwise, which only ctx.data(...) in the training function would tell"


@final
@dataclass(frozen=True)
class Rerun:
    """What came out when a trial was trained again."""

    study: str
    trial: int
    agreement: Agreement
    differences: tuple[Difference, ...]
    """What is not as it was: data, code, packages, interpreter, machine."""
    knows_data: bool
    """Whether both trainings have noted what data they had."""

    @property
    def verdict(self) -> Verdict:
        """ "same", to the last digit; "within seed noise"; or "different"."""
        return self.agreement.verdict

    @property
    def sentence(self) -> str:
        """The verdict, with the values then and now."""
        found = self.agreement.failures or "; ".join(map(_words, self.agreement.outcomes))
        return f"trial {self.trial} of {self.study}: {self.verdict}: {found}"

    def __str__(self) -> str:
        lines = [self.sentence, *self.agreement.remarks]
        if self.differences:
            lines.append("Here is what changed:" if self.verdict != "same" else "What changed made no difference:")
            lines += [f"  {difference}" for difference in self.differences]
        elif self.verdict != "same":
            causes = [_UNSEEDED] if self.knows_data else [_UNTOLD, _UNSEEDED]
            lines.append(f"Nothing that is recorded has changed, so {'; or '.join(causes)}.")
        return "\n".join(lines)


def rerun(
    study: Study | str | PathLike[str],
    number: int | None = None,
    target: Given | str | None = None,
    *,
    folder: str | Path | None = None,
) -> Rerun:
    """Train a trial again, with its configuration and its seed, as far as it was trained, and compare.

    `study` may also be the directory of a recipe, which holds one trial. The record knows what to train where the study was
    begun by the command line, or with a function that can be imported; otherwise `target` says it: the function, its place
    "train.py:train", or the words of a command line with values as `{lr}`. Checkpoints and output go to `folder`, which must be
    a new directory; by default it is a temporary one.

    The study is not changed, but for a note on the trial, `trial.notes["reruns"]`. Raises `InvalidStudy` for a trial that has
    not ended, or that cannot be replayed.
    """
    if not isinstance(study, Study):
        recorded = open_recipe(Path(study))
        if number not in (None, recorded.known_as):
            raise InvalidStudy(
                f"The recipe {study} holds trial {recorded.known_as}, and not {number}; leave the number out."
            )
        return _rerun(recorded, target, folder)
    if number is None:
        raise InvalidStudy(f"Which trial of study {study.name!r} shall be run again? Give its number.")
    found = _rerun(Recorded(study, number), target, folder)
    _note(study, number, found)
    return found


def _rerun(recorded: Recorded, named: Given | str | None, folder: str | Path | None) -> Rerun:
    study, number = recorded.study, recorded.number
    view = study.view
    last_step(view.trial(number))
    if folder is not None and Path(folder).exists():
        # What an earlier training left there, this one would go on from.
        raise InvalidFile(f"{folder} is there already; name a directory that is not, for what the training leaves.")
    target = load_function(named) if isinstance(named, str) else named
    record = record_of(study.store, study.name, view.trials[number])
    now = {**surroundings(devices_from("auto")), "code": code_of(origin_now(target, record))}
    again = _trained(view, number, target, record, None if folder is None else Path(folder).absolute())
    with one_thread():
        found = compare(view, number, again, recorded.noise)
    noted = [trial.notes.get("data") for trial in (view.trials[number], again.trials[0])]
    changed = (*data_differences(*noted), *differences(record, now))
    return Rerun(study.name, number if recorded.known_as is None else recorded.known_as, found, changed, all(noted))


def _trained(view: View, number: int, target: Given | None, record: Mapping[str, Any], folder: Path | None) -> View:
    with tempfile.TemporaryDirectory(prefix="tunesmith-") as scratch, directory_of(target, record):
        try:
            executor = executor_of(target, record, view.spec.space)
        except TunesmithError:
            raise
        except Exception as error:  # noqa: BLE001  importing the training code runs it
            return failed_again(view, number, failure_from(error, 1))
        with closing(executor):
            return train_again(view, number, executor, folder or Path(scratch))


def _words(outcome: Outcome) -> str:
    before, now = (f"{value:.6g}" for value in (outcome.before, outcome.now))
    if outcome.verdict == "same":
        return f"{outcome.metric} {now} again"
    if before == now:
        before, now = repr(outcome.before), repr(outcome.now)
    noise = "" if outcome.noise is None else f" (noise between seeds about {outcome.noise:.2g})"
    return f"{outcome.metric} {before} then, {now} now{noise}"


def _note(study: Study, number: int, found: Rerun) -> None:
    values = {outcome.metric: outcome.now for outcome in found.agreement.outcomes}
    note = {
        "at": time.time(),
        "verdict": found.verdict,
        "values": numbers_to_json(values),
        "differences": [str(difference) for difference in found.differences],
    }
    remember(study, number, "reruns", lambda known: [*(known or ()), note])
