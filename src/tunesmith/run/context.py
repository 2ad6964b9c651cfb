"""Context: what a training function may ask of Tunesmith while it runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, final

import numpy as np

from tunesmith.errors import InvalidObjective
from tunesmith.run.checkpointing import Checkpointing, Keeping
from tunesmith.run.devices import torch_device
from tunesmith.run.executor import Job, Parked, Signal
from tunesmith.run.fingerprint import fingerprint
from tunesmith.run.folder import load_checkpoint, save_checkpoint
from tunesmith.space.params import Choice, Float, Int, Ordinal, Param, not_a_list
from tunesmith.trials.facts import Noted, Reported, Suggested

T = TypeVar("T")
Said: TypeAlias = Reported | Suggested | Noted | Parked
Exchange: TypeAlias = Callable[[Said], Signal]
"""Passes on what a training says and returns the answer. To what needs none it is "continue"."""


class StopTrial(BaseException):
    """Raised inside `Context.report` when the trial must end now.

    Not an `Exception`, so that `except Exception` in training code does not swallow it; `finally` blocks run.
    """


@final
class Context:
    """One trial, seen from inside its training function: `def train(lr: ..., ctx: ts.Context)`."""

    number: int
    seed: int
    attempt: int
    """1, and one more for every time that its worker was lost."""
    config: dict[str, Any]
    step: int
    """The last step that was reported; after `load`, the step of the checkpoint."""

    def __init__(self, job: Job, exchange: Exchange) -> None:
        self.number = job.trial
        self.seed = job.seed
        self.attempt = job.attempt
        self.config = dict(job.config)
        self.step = 0
        self._job = job
        self._exchange = exchange
        self.kept: dict[str, float] = {}
        """What belongs to every report from now on."""
        self._best = math.inf
        self._is_best = True
        self._saved = 0
        """The step of the checkpoint; 0 while there is none."""
        self._promised = False
        """Whether a checkpoint follows upon each report, sooner or later."""
        self._pausing = False
        """Whether it was told to pause, and goes on only to the checkpoint that it is about to save."""
        self._data: dict[str, str] = {}
        self._retrained = 0
        """Steps that the study knew already, not told yet."""

    # -- reports -----------------------------------------------------------------------------------------------------

    def report(
        self, metrics: Mapping[str, float] | float | None = None, *, step: int | None = None, **named: float
    ) -> None:
        """Report metrics, `ctx.report(val_loss=0.3)`. The trial ends inside this call if the study decides so.

        `step` says how far the training is, a whole number that grows; without it, one more than the last.
        """
        self._exchange_all(self.reporting(metrics, named, step))

    def reporting(self, metrics: Any, named: Mapping[str, float], step: int | None) -> Generator[Said, Signal, None]:
        """A report as an exchange: yields what there is to say and is sent the answers.

        Raises `StopTrial` if the trial must end.
        """
        if self._pausing:
            yield from self._parking()
        before = self.step
        reported = self._reported(metrics, named, step)
        if reported.step <= self._job.after:
            self._retrained += reported.step - before
            return
        yield from self._confessing()
        answer = yield reported
        if answer == "pause" and (self._promised or 0 < self._saved == before):
            # It is about to save, as after the last report; from there it could go on in any process.
            self._pausing = True
        elif answer == "pause":
            yield from self._parking()
        elif answer != "continue":
            raise StopTrial

    def keep(self, metrics: Mapping[str, float]) -> None:
        """Numbers that belong to the trial as a whole, such as what was measured before it trained: part of every later report."""
        self.kept |= checked_metrics(metrics)

    def ending(self) -> Generator[Said, Signal, None]:
        """What there is to say when the training has come to its end, as `reporting` does."""
        if self._pausing:
            yield from self._parking()
        yield from self._confessing()

    def _parking(self) -> Generator[Said, Signal, None]:
        self._pausing = False
        if (yield Parked(self.step, 0 < self._saved == self.step)) != "continue":
            raise StopTrial

    def _confessing(self) -> Generator[Said, Signal, None]:
        steps, self._retrained = self._retrained, 0
        if steps:
            yield Noted("retrained", steps)

    def _exchange_all(self, saying: Generator[Said, Signal, None]) -> None:
        try:
            said = next(saying)
            while True:
                said = saying.send(self._exchange(said))
        except StopIteration:
            return

    def _reported(self, metrics: Any, named: Mapping[str, float], step: int | None) -> Reported:
        given = {**metrics_from(metrics, self._job.metrics), **named} if metrics is not None else dict(named)
        checked = {**self.kept, **checked_metrics(given)}
        self.step = self._checked_step(step)
        first = checked.get(self._job.metrics[0], math.nan) * self._job.signs[0]
        self._is_best = first <= self._best
        if self._is_best:
            self._best = first
        return Reported(self.step, checked, self.attempt)

    def _checked_step(self, step: int | None) -> int:
        if step is None:
            return self.step + 1
        if isinstance(step, bool) or not hasattr(step, "__index__") or int(step) < self.step or int(step) < 0:
            raise InvalidObjective(
                f"report(step={step!r}): steps are whole numbers that grow; the last one was {self.step}."
            )
        return int(step)

    # -- checkpoints -------------------------------------------------------------------------------------------------

    def save(self, state: object) -> None:
        """Keep a state of the training, as it is after the last report; the last and the best one are kept.

        Written atomically. Any object that pickles will do, such as `{"model": model.state_dict(), "epoch": 3}`.
        """
        if self._job.folder is not None:
            if self._job.rank == 0:
                save_checkpoint(self._job.folder, self.step, state, best=self._is_best)
            self._saved = self.step
        if self._pausing:
            self._exchange_all(self._parking())

    def load(self) -> Any:
        """The state that was saved last, by an earlier attempt or by the trial that this one is forked from, or None.

        Steps go on from there.
        """
        checkpoint = load_checkpoint(self._job.folder) if self._job.folder is not None else None
        if checkpoint is None:
            return None
        self.step = self._saved = checkpoint.step
        before = [loss for step, loss in self._job.losses.items() if step <= checkpoint.step and not math.isnan(loss)]
        self._best = min(before, default=math.inf)
        return checkpoint.state

    def checkpoint(self, *parts: Any, every: int = 1) -> Checkpointing:
        """Keep models, optimizers, schedulers and the like, and put back what was saved of them.

            for epoch in ctx.checkpoint(model, optimizer, schedule).steps(50):
                ...
                ctx.report(val_loss=loss)

        The loop begins where the last checkpoint ends: that of an earlier attempt, of the time before a pause, or of the
        trial that this one is forked from. It saves at the end of each step that reported, of `every` so many, and before a
        pause: whatever has `state_dict` and `load_state_dict`, generators, and the global random generators. What the trial's
        configuration changes in an optimizer, such as the learning rate of a fork, stays changed.
        """
        keeping = Keeping(
            self.number,
            save=self.save,
            load=self.load,
            step=lambda: self.step,
            promise=self._promise,
            is_due=lambda: self._pausing,
        )
        return Checkpointing(parts, keeping, every)

    def _promise(self) -> None:
        self._promised = self._job.folder is not None

    @property
    def folder(self) -> Path:
        """A directory of this trial's own, for files that shall stay."""
        if self._job.folder is None:
            raise InvalidObjective(
                "ctx.folder: this study keeps no files; open it with a store such as sqlite:///tunesmith.db."
            )
        self._job.folder.mkdir(parents=True, exist_ok=True)
        return self._job.folder

    def data(self, **parts: object) -> None:
        """Note fingerprints of the data that is trained on, so that `tunesmith rerun` can tell when it has changed.

        `ctx.data(train=X_train, labels=y_train, test=Path("test.csv"))`: arrays, tensors, tables, paths of files or
        directories, bytes, numbers, text, and lists and dicts of them. Of arrays and files beyond 64 MiB an even part is looked at.
        """
        self._data |= {name: fingerprint(part, name) for name, part in parts.items()}
        self._exchange(Noted("data", dict(self._data)))

    @property
    def device(self) -> str:
        """ "cuda" if this trial may use a GPU and PyTorch can, else "cpu"; "cuda:1" for a rank under torchrun."""
        return torch_device()

    # -- define-by-run -----------------------------------------------------------------------------------------------

    def float(
        self,
        name: str,
        low: float,
        high: float,
        *,
        log: bool = False,
        step: float | None = None,
        default: float | None = None,
    ) -> float:
        """A real number in [low, high]."""
        value: float = self._ask(name, Float(low, high, log=log, step=step, default=default))
        return value

    def int(
        self, name: str, low: int, high: int, *, log: bool = False, step: int = 1, default: int | None = None
    ) -> int:
        """A whole number in [low, high], both included."""
        value: int = self._ask(name, Int(low, high, log=log, step=step, default=default))
        return value

    def choice(self, name: str, *options: T, default: T | None = None) -> T:
        """One of several values without an order."""
        return self._one_of(name, Choice(*options, default=default), options)

    def ordinal(self, name: str, *levels: T, default: T | None = None) -> T:
        """One of several values in a meaningful order."""
        return self._one_of(name, Ordinal(*levels, default=default), levels)

    def _one_of(self, name: str, param: Choice | Ordinal, options: tuple[T, ...]) -> T:
        not_a_list(param, f"ctx.{param.kind}({name!r})")
        value = self._ask(name, param)
        return options[[option is value or option == value for option in param.options].index(True)]

    def _ask(self, name: str, param: Param) -> Any:
        if name in self.config:
            return param.check(self.config[name], name)
        if self._job.hints is None:
            known = ", ".join(self.config) or "none"
            raise InvalidObjective(f"ctx asks for {name!r}, which the study's space does not have; it has: {known}.")
        value = self._propose(name, param)
        self.config[name] = value
        self._exchange(Suggested(name, param, value, self.attempt))
        return value

    def _propose(self, name: str, param: Param) -> Any:
        """The sampler's value if it fits this trial's range, the default in the first trial, else a random one."""
        hints = self._job.hints or {}
        if name in hints:
            try:
                return param.check(hints[name], name)
            except ValueError:
                pass  # the range has moved since
        if self._job.by == "default" and param.default is not None:
            return param.default
        rng = np.random.default_rng([self.seed, *name.encode()])
        return param.from_unit(float(rng.random()))


def metrics_from(given: Any, objectives: tuple[str, ...]) -> dict[str, Any]:
    """Metrics by name from what a training function returned, yielded or reported."""
    if isinstance(given, Mapping):
        return {str(name): value for name, value in given.items()}
    if hasattr(given, "__float__") and not isinstance(given, str):
        if len(objectives) == 1:
            return {objectives[0]: given}
        raise InvalidObjective(
            f"A bare number was reported, but the study has {len(objectives)} objectives; report a dict of {', '.join(objectives)}."
        )
    raise InvalidObjective(
        f"The training function gave {type(given).__name__} {str(given)[:80]!r}; return or yield a number or a dict of metrics, "
        f"such as {{{objectives[0]!r}: 0.3}}."
    )


def checked_metrics(given: Mapping[str, Any]) -> dict[str, float]:
    """All metrics as floats. One-element arrays and tensors count as numbers."""
    if not given:
        raise InvalidObjective("A report without metrics; name at least one, such as {'val_loss': 0.3}.")
    checked = {}
    for name, value in given.items():
        if type(value) is float:
            checked[name] = value
            continue
        try:
            if isinstance(value, str | bytes) or value is None:
                raise TypeError
            checked[name] = float(value)
        except (TypeError, ValueError):
            raise InvalidObjective(
                f"The metric {name!r} is {type(value).__name__} {str(value)[:80]!r}; report it as a number."
            ) from None
    return checked
