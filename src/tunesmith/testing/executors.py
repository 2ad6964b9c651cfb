"""Conformance of executors that run Python functions: the same training gives the same facts everywhere.

class TestMine(ExecutorConformance):
    def executor(self, target, **options):
        return MyExecutor(target, **options)
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tunesmith.run.attempt import Target
from tunesmith.run.context import Context
from tunesmith.run.executor import Executor, Job, Signal, Update
from tunesmith.space.hints import bind
from tunesmith.space.params import Float
from tunesmith.space.space import Space
from tunesmith.trials.facts import Failed, Finished, Reported

_SPACE = Space({"x": Float(0, 1)})


def returning(x: float) -> float:
    return x


def yielding(x: float) -> Iterator[float]:
    for epoch in range(3):
        yield x + epoch


def reporting(x: float, ctx: Context) -> None:
    for epoch in range(3):
        ctx.report(loss=x + epoch)


def yielding_and_returning(x: float) -> Generator[dict[str, float], None, dict[str, float]]:
    yield {"loss": x, "acc": 0.5}
    return {"loss": x / 2, "size": 7.0}


def saving(x: float, ctx: Context) -> None:
    start = ctx.load() or 0
    for epoch in range(start, 4):
        ctx.report(loss=x + epoch)
        ctx.save(epoch + 1)


def catching(x: float, ctx: Context) -> None:
    for epoch in range(100):
        try:
            ctx.report(loss=x + epoch)
        except Exception:  # noqa: BLE001, S112  as training code does
            continue


def out_of_memory(x: float) -> float:
    raise MemoryError(f"no room for {x}")


def cuda_out_of_memory(x: float) -> float:
    raise RuntimeError(f"CUDA out of memory. Tried to allocate {x} GiB")


def broken(x: float) -> float:
    return x / 0


def exiting(x: float) -> float:
    raise SystemExit(int(x) + 3)


def text_metric(x: float) -> dict[str, Any]:
    return {"loss": str(x)}


def text_result(x: float) -> str:
    return f"fine {x}"


def backwards(x: float, ctx: Context) -> None:
    ctx.report(loss=x, step=5)
    ctx.report(loss=x, step=4)


def wanting(x: float, ctx: Context) -> float:
    return x + ctx.float("y", 0, 1)


async def asynchronous(x: float) -> float:
    return x


class ExecutorConformance:
    """The laws of `tunesmith.run.executor.Executor`."""

    def executor(self, target: Target, **options: Any) -> Executor:
        raise NotImplementedError

    def run(
        self, function: Callable[..., Any], answer: Callable[[Reported], Signal] = lambda _: "continue", **job: Any
    ) -> list[Any]:
        """The facts of one trial."""
        executor = self.executor(Target(function, bind(function, _SPACE)))
        try:
            return run_one(executor, self.job(**job), answer)
        finally:
            executor.close()

    @staticmethod
    def job(**changes: Any) -> Job:
        fields: dict[str, Any] = {
            "study": "s", "trial": 0, "attempt": 1, "config": {"x": 0.25}, "seed": 5, "metrics": ("loss",), **changes
        }  # fmt: skip
        return Job(**fields)

    def test_a_returned_number_is_the_objective(self) -> None:
        assert self.run(returning) == [Finished({"loss": 0.25}, 1)]

    @pytest.mark.parametrize("function", [yielding, reporting])
    def test_generators_and_contexts_report_alike(self, function: Callable[..., Any]) -> None:
        reports = [Reported(step, {"loss": 0.25 + step - 1}, 1) for step in (1, 2, 3)]
        assert self.run(function) == [*reports, Finished({}, 1)]

    def test_a_generators_own_result_comes_last(self) -> None:
        facts = self.run(yielding_and_returning)
        assert facts == [Reported(1, {"loss": 0.25, "acc": 0.5}, 1), Finished({"loss": 0.125, "size": 7.0}, 1)]

    @pytest.mark.parametrize("function", [yielding, reporting, catching])
    @pytest.mark.parametrize("signal", ["stop", "pause", "release"])
    def test_a_trial_ends_when_it_is_told_to(self, function: Callable[..., Any], signal: Signal) -> None:
        """`except Exception` in training code does not swallow the end."""
        facts = self.run(function, lambda fact: signal if fact.step == 2 else "continue")
        assert [fact if fact is None else fact.step for fact in facts] == [1, 2, None]

    @pytest.mark.parametrize(
        ("function", "kind", "words"),
        [
            (out_of_memory, "oom", "no room for 0.25"),
            (cuda_out_of_memory, "oom", "CUDA out of memory"),
            (broken, "error", "ZeroDivisionError"),
            (exiting, "error", "exit"),
            (text_metric, "error", "'loss' is str '0.25'; report it as a number"),
            (text_result, "error", "return or yield a number or a dict of metrics"),
            (backwards, "error", "steps are whole numbers that grow"),
            (wanting, "error", "'y', which the study's space does not have"),
            (asynchronous, "error", "async"),
        ],
    )
    def test_failures_have_kinds_and_words(self, function: Callable[..., Any], kind: str, words: str) -> None:
        failure = self.run(function)[-1]
        assert isinstance(failure, Failed)
        assert failure.kind == kind
        assert words in failure.message

    def test_a_failures_traceback_begins_in_the_users_code(self) -> None:
        failure = self.run(broken)[-1]
        frames = [line for line in failure.trace.splitlines() if line.lstrip().startswith("File")]
        assert len(frames) == 1
        assert "in broken" in frames[0]

    def test_the_executor_serves_the_next_trial_after_a_failure(self) -> None:
        executor = self.executor(Target(broken, bind(broken, _SPACE)))
        for number in range(2):
            assert isinstance(run_one(executor, self.job(trial=number))[-1], Failed)
        executor.close()
        executor.close()

    def test_checkpoints_are_found_by_the_next_attempt(self, tmp_path: Path) -> None:
        folder = tmp_path / "trial"
        self.run(saving, lambda fact: "release" if fact.step == 3 else "continue", folder=folder)
        facts = self.run(saving, folder=folder, attempt=2)
        assert [fact.step for fact in facts if isinstance(fact, Reported)] == [3, 4]

    def test_reports_that_are_known_already_are_not_sent_again(self) -> None:
        assert [fact.step for fact in self.run(reporting, after=2) if isinstance(fact, Reported)] == [3]

    def test_the_same_seed_gives_the_same_random_numbers(self) -> None:
        first, second = self.run(drawing), self.run(drawing)
        assert first == second
        assert first != self.run(drawing, seed=6)


def drawing(x: float) -> float:
    import random  # noqa: PLC0415  what training code of others does

    import numpy as np  # noqa: PLC0415

    return x + random.random() + float(np.random.random())  # noqa: NPY002, S311


def run_one(executor: Executor, job: Job, answer: Callable[[Reported], Signal] = lambda _: "continue") -> list[Any]:
    """Run one job to its end; the facts that came, with None for "left as told"."""
    executor.submit(job)
    facts: list[Any] = []
    while True:
        for update in executor.poll(1.0):
            assert isinstance(update, Update)
            assert (update.trial, update.attempt) == (job.trial, job.attempt)
            facts.append(update.fact)
            if isinstance(update.fact, Reported):
                executor.signal(job.trial, answer(update.fact))
            else:
                return facts
