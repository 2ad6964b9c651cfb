"""One attempt at a trial: calls the training function and turns what it does into facts. The same for all executors."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from tunesmith.errors import InvalidObjective
from tunesmith.run.context import Context, StopTrial, checked_metrics, metrics_from
from tunesmith.run.executor import Job, Signal
from tunesmith.run.failure import failure_from
from tunesmith.space.hints import Binding
from tunesmith.trials.facts import Failed, Finished, Reported, Suggested

Exchange = Callable[[Reported | Suggested], Signal]


@final
@dataclass(frozen=True)
class Target:
    """A training function and how its arguments are made from a configuration."""

    function: Callable[..., Any]
    binding: Binding


def run_attempt(target: Target, job: Job, exchange: Exchange) -> Finished | Failed | None:
    """Train to the end, asking `exchange` after each report whether to go on; None if the trial was told to end."""
    steps = attempt_steps(target, job, exchange)
    try:
        fact = next(steps)
        while isinstance(fact, Reported):
            fact = steps.send(exchange(fact))
    finally:
        steps.close()
    end: Finished | Failed | None = fact
    return end


def attempt_steps(target: Target, job: Job, exchange: Exchange) -> Any:
    """The attempt as a generator: yields each report of a generator objective and is sent the signal; yields the end last.

    `exchange` serves what the function says through its context while it runs.
    """
    context = Context(job, exchange)
    try:
        seed_everything(job.seed)
        arguments = target.binding.arguments(job.config, seed=job.seed, context=context)
        result = target.function(**arguments)
        if inspect.isgenerator(result):
            result = yield from _reports(result, context)
            if result is StopTrial:
                yield None
                return
        elif inspect.iscoroutine(result):
            result.close()
            raise InvalidObjective("The training function is async; make it a plain function or a generator.")
        values = {} if result is None else checked_metrics(metrics_from(result, job.metrics))
        yield Finished(values, job.attempt)
    except StopTrial:
        yield None
    except GeneratorExit:
        raise
    except Exception as error:  # noqa: BLE001  whatever the user's code raises is this trial's failure, not ours
        yield failure_from(error, job.attempt)
    except SystemExit as error:
        yield Failed("error", f"the training function called exit({error.code!r})", job.attempt, trace=" ")


def _reports(generator: Any, context: Context) -> Any:
    """Pass on each yield as a report; returns the generator's own result, or `StopTrial` if it was told to end."""
    try:
        while True:
            try:
                given = next(generator)
            except StopIteration as end:
                return end.value
            reported = context.reported(given, {}, None)
            if reported is not None and (yield reported) != "continue":
                return StopTrial
    finally:
        generator.close()


def seed_everything(seed: int) -> None:
    """Seed the global generators that training code uses, so that the same trial gives the same result."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  training code of others uses the global generator
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)
