"""One attempt at a trial: calls the training function and turns what it does into facts. The same for all executors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeAlias, final

from tunesmith.errors import InvalidObjective
from tunesmith.run.context import Context, Exchange, Said, StopTrial, checked_metrics, metrics_from
from tunesmith.run.executor import Job, Signal
from tunesmith.run.failure import UNTRACED, failure_from
from tunesmith.run.randomness import seed_everything
from tunesmith.space.hints import Binding
from tunesmith.trials.facts import Failed, Finished

Spoken: TypeAlias = Said | Finished | Failed | None
"""What an attempt says; the end is the last thing, None if the trial was told to end."""


@final
@dataclass(frozen=True)
class Target:
    """A training function and how its arguments are made from a configuration."""

    function: Callable[..., Any]
    binding: Binding


def run_attempt(target: Target, job: Job, exchange: Exchange) -> Finished | Failed | None:
    """Train to the end, asking `exchange` after each report whether to go on; None if the trial was told to end."""
    with closing(attempt_steps(target, job, exchange)) as steps:
        said = next(steps)
        while not (said is None or isinstance(said, Finished | Failed)):
            said = steps.send(exchange(said))
        return said


def attempt_steps(target: Target, job: Job, exchange: Exchange) -> Generator[Spoken, Signal | None, None]:
    """The attempt as a generator: yields what a generator objective says and is sent the answers; yields the end last.

    `exchange` serves what the function says through its context while it runs.
    """
    context = Context(job, exchange)
    try:
        seed_everything(job.seed)
        arguments = target.binding.arguments(job.config, seed=job.seed, context=context)
        result = target.function(**arguments)
        if inspect.isgenerator(result):
            result = yield from _reports(result, context)
        elif inspect.iscoroutine(result):
            result.close()
            raise InvalidObjective("The training function is async; make it a plain function or a generator.")
        values = {} if result is None else {**context.kept, **checked_metrics(metrics_from(result, job.metrics))}
        yield from context.ending()
        yield Finished(values, job.attempt)
    except StopTrial:
        yield None
    except Exception as error:  # noqa: BLE001  whatever the user's code raises is this trial's failure, not ours
        yield failure_from(error, job.attempt)
    except SystemExit as error:
        yield Failed("error", f"the training function called exit({error.code!r})", job.attempt, UNTRACED)


def _reports(generator: Generator[Any, Any, Any], context: Context) -> Generator[Said, Signal, Any]:
    """Pass on each yield as a report; returns the generator's own result."""
    try:
        while True:
            try:
                given = next(generator)
            except StopIteration as end:
                return end.value
            yield from context.reporting(given, {}, None)
    finally:
        generator.close()
