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
from tunesmith.trials.facts import Failed, Finished, Noted, Reported, Suggested

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


def walking(x: float) -> Iterator[float]:
    import random  # noqa: PLC0415  what training code of others does

    import numpy as np  # noqa: PLC0415

    for _ in range(4):
        x += random.random() + float(np.random.standard_normal())  # noqa: NPY002, S311
        yield x


def walking_in_a_call(x: float, ctx: Context) -> None:
    for loss in walking(x):
        ctx.report(loss)


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

    # -- pausing -----------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("function", [yielding, reporting])
    def test_a_paused_trial_goes_on_where_it_was(self, function: Callable[..., Any]) -> None:
        """its place is free for another trial meanwhile, and nothing is trained twice"""
        executor = self.executor(Target(function, bind(function, _SPACE)))
        first = run_one(executor, self.job(), pausing_at(2))
        other = run_one(executor, self.job(trial=1, config={"x": 0.5}))
        rest = run_one(executor, self.job(after=2))
        executor.close()
        assert first == [Reported(1, {"loss": 0.25}, 1), Reported(2, {"loss": 1.25}, 1), None]
        assert [fact.step for fact in other[:-1]] == [1, 2, 3]
        assert rest == [Reported(3, {"loss": 2.25}, 1), Finished({}, 1)]

    @pytest.mark.parametrize("function", [walking, walking_in_a_call])
    def test_pausing_changes_no_random_number(self, function: Callable[..., Any]) -> None:
        """whoever draws in between"""
        whole = self.run(function)
        executor = self.executor(Target(function, bind(function, _SPACE)))
        parts = run_one(executor, self.job(), pausing_at(2))[:-1]
        run_one(executor, self.job(trial=1, seed=6), pausing_at(3))
        parts += run_one(executor, self.job(after=2))
        executor.close()
        assert parts == whole

    def test_a_paused_trial_can_be_paused_again(self) -> None:
        executor = self.executor(Target(yielding, bind(yielding, _SPACE)))
        run_one(executor, self.job(), pausing_at(1))
        again = run_one(executor, self.job(after=1), pausing_at(2))
        rest = run_one(executor, self.job(after=2))
        executor.close()
        assert again == [Reported(2, {"loss": 1.25}, 1), None]
        assert rest == [Reported(3, {"loss": 2.25}, 1), Finished({}, 1)]

    @pytest.mark.parametrize("function", [yielding, reporting])
    @pytest.mark.parametrize("signal", ["stop", "release"])
    def test_a_parked_trial_that_was_told_to_end_is_trained_again(
        self, function: Callable[..., Any], signal: Signal
    ) -> None:
        """what the study knows is not told twice, but what it cost is"""
        executor = self.executor(Target(function, bind(function, _SPACE)))
        run_one(executor, self.job(), pausing_at(2))
        executor.signal(0, signal)
        facts = run_one(executor, self.job(after=2))
        executor.close()
        assert facts == [Noted("retrained", 2), Reported(3, {"loss": 2.25}, 1), Finished({}, 1)]

    def test_a_parked_training_of_an_earlier_attempt_is_given_up(self) -> None:
        executor = self.executor(Target(yielding, bind(yielding, _SPACE)))
        run_one(executor, self.job(), pausing_at(2))
        facts = run_one(executor, self.job(attempt=2))
        executor.close()
        assert [fact.step for fact in facts[:-1]] == [1, 2, 3]

    def test_a_parked_training_that_others_have_overtaken_is_given_up(self) -> None:
        """another driver may have resumed the trial and trained it further"""
        executor = self.executor(Target(yielding, bind(yielding, _SPACE)))
        run_one(executor, self.job(), pausing_at(1))
        facts = run_one(executor, self.job(after=2))
        executor.close()
        assert facts == [Noted("retrained", 2), Reported(3, {"loss": 2.25}, 1), Finished({}, 1)]

    def test_a_trial_is_parked_with_its_checkpoint_saved(self, tmp_path: Path) -> None:
        """so that another process can go on without training anything twice"""
        folder = tmp_path / "trial"
        executor = self.executor(Target(saving, bind(saving, _SPACE)))
        assert run_one(executor, self.job(folder=folder), pausing_at(2))[-1] is None
        executor.close()
        facts = self.run(saving, folder=folder, after=2)
        assert facts == [Reported(3, {"loss": 2.25}, 1), Reported(4, {"loss": 3.25}, 1), Finished({}, 1)]

    def test_the_end_of_a_parked_training_is_not_lost(self, tmp_path: Path) -> None:
        """a training that was told to pause at its last report has nothing to train when it goes on"""
        folder = tmp_path / "trial"
        executor = self.executor(Target(saving, bind(saving, _SPACE)))
        assert run_one(executor, self.job(folder=folder), pausing_at(4))[-1] is None
        assert run_one(executor, self.job(folder=folder, after=4)) == [Finished({}, 1)]
        executor.close()

    def test_closing_ends_what_is_parked(self) -> None:
        executor = self.executor(Target(reporting, bind(reporting, _SPACE)))
        run_one(executor, self.job(), pausing_at(1))
        executor.close()
        executor.close()


def pausing_at(step: int) -> Callable[[Reported], Signal]:
    """Answers of a scheduler that pauses trials at a step."""
    return lambda fact: "pause" if fact.step == step else "continue"


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
            elif not isinstance(update.fact, Suggested | Noted):
                return facts
