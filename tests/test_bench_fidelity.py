"""bench/fidelity.py: the virtual world, and a run from the tasks to the tables."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunesmith.space.params import Float
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, spec_of
from tunesmith.trials.changes import Changes

BENCH = Path(__file__).parent.parent / "bench"


@pytest.fixture
def curves(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The parts of the bench, which is no package."""
    monkeypatch.syspath_prepend(str(BENCH))
    from curves import made, ours, recorded, task, world
    from race import space

    class Parts:
        Curve, CurveTask, World = task.Curve, task.CurveTask, world.World
        Space, real = space.Space, space.real
        Training, Watcher = ours.Training, ours.Watcher
        tasks = (*made.tasks(), *recorded.tasks())

    return Parts


def falling(curves: Any) -> Any:
    """Loss x + 1 / step, for x + 1 per step and so between 4 and 8 in all."""

    def curve(config: dict[str, float]) -> Any:
        steps = np.arange(1, 5)
        return curves.Curve(config["x"] + 1 / steps, np.full(4, 1 + config["x"]))

    return curves.CurveTask("falling", "tests", curves.Space([curves.real("x", 0, 1)]), 4, curve)


class Script:
    """A method that says what it was told to say, and notes what it hears."""

    def __init__(self, orders: list[dict[str, Any]], leave_at: int = 99) -> None:
        self.orders = orders
        self.leave_at = leave_at
        self.heard: list[tuple[int, int, float]] = []

    def next(self) -> dict[str, Any]:
        return self.orders.pop(0) if self.orders else {}

    def report(self, trial: int, step: int, value: float) -> bool:
        self.heard.append((trial, step, value))
        return step == self.leave_at

    def best(self) -> int | None:
        return None


def test_reports_come_in_the_order_of_the_clock(curves: Any) -> None:
    method = Script([{"start": {"x": 1.0}, "to": 4}, {"start": {"x": 0.0}, "to": 4}])
    curves.World(falling(curves), workers=2, budget=10).run(method, [])
    assert [heard[:2] for heard in method.heard] == [(1, 1), (0, 1), (1, 2), (1, 3), (0, 2), (1, 4), (0, 3), (0, 4)]
    assert method.heard[0] == (1, 1, 1.0)


def test_a_trial_leaves_where_it_was_ordered_to_and_goes_on_from_there(curves: Any) -> None:
    method = Script([{"start": {"x": 0.5}, "to": 1}, {"start": {"x": 0.2}, "to": 1}, {"resume": 0, "to": 3}])
    world = curves.World(falling(curves), workers=1, budget=10)
    world.run(method, [])
    assert [heard[:2] for heard in method.heard] == [(0, 1), (1, 1), (0, 2), (0, 3)]
    assert (world.trials, world.steps) == (2, 4)


def test_a_trial_leaves_when_it_is_told_to(curves: Any) -> None:
    method = Script([{"start": {"x": 0.5}, "to": 4}, {"start": {"x": 0.2}, "to": 4}], leave_at=2)
    curves.World(falling(curves), workers=1, budget=10).run(method, [])
    assert [heard[:2] for heard in method.heard] == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_the_budget_is_over_all_workers(curves: Any) -> None:
    task = falling(curves)
    for workers in (1, 4):
        method = Script([{"start": {"x": 0.5}, "to": 4} for _ in range(100)])
        world = curves.World(task, workers, budget=10)
        world.run(method, [])
        spent = 1.5 * world.steps
        assert 10 * task.full_cost - 1.5 * workers <= spent <= 10 * task.full_cost


def test_what_would_be_handed_over_is_judged_by_its_final_value(curves: Any) -> None:
    method = Script([{"start": {"x": 0.5}, "to": 1}])
    task = falling(curves)
    before, after = curves.World(task, workers=1, budget=2).run(method, [0.01, 2])
    assert before == (None, None)
    assert after == pytest.approx((0.75, 1.5))


def test_the_same_configuration_gives_the_same_curve(curves: Any) -> None:
    for task in curves.tasks:
        config = task.space.sample(np.random.default_rng(0))
        first, second = task.curve(config), task.curve(dict(config))
        assert len(first.values) == len(first.costs) == task.steps
        assert np.array_equal(first.values, second.values)
        assert np.isfinite(first.values).all()
        assert (first.costs > 0).all()


def test_some_curves_cross_and_some_do_not(curves: Any) -> None:
    agreement = {task.name: task.agreement for task in curves.tasks}
    assert agreement["made/agree"] > 0.8
    assert agreement["made/cross"] < 0


def test_runs_are_continued_and_compared(tmp_path: Path) -> None:
    bench = [sys.executable, BENCH / "fidelity.py"]
    given = ["--seeds", "2", "--budget", "5", "--only", "made/agree", "--out", tmp_path]
    run = [*bench, "run", "--method", "random", "--method", "epochs-1", *given]
    first = subprocess.run(run, capture_output=True, text=True, check=True)
    assert first.stdout.count("made/agree") == 2 + 2 * 2
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == ""
    compare = [*bench, "compare", "--out", tmp_path]
    tables = subprocess.run(compare, capture_output=True, text=True, check=True).stdout
    assert "### 4 workers" in tables
    assert "| `epochs-1` | 2 |" in tables


def test_tunesmith_hands_over_what_it_would_if_time_were_up(curves: Any) -> None:
    """a trial that runs counts at its last report, one that waits does not"""
    log = History(spec_of(Space({"x": Float(0, 1)})))
    watcher = curves.Watcher(curves.Training(falling(curves)), [1.0])
    log.finish(log.begin({"x": 0.9}), loss=1.15)
    waits, runs = log.begin({"x": 0.0}), log.begin({"x": 0.1})
    log.report(waits, 1, loss=1.0)
    log.pause(waits)
    log.report(runs, 1, loss=1.1)
    watcher.executor(None, 1)
    watcher.changed(log.view, Changes(0, log.view.seq))
    (seen,) = watcher.all_seen()
    assert seen == pytest.approx((0.35, 1.0))


def test_tunesmith_runs_in_the_same_world(tmp_path: Path) -> None:
    given = ["--seeds", "1", "--budget", "5", "--only", "made/agree", "--out", tmp_path]
    run = [sys.executable, BENCH / "fidelity.py", "run", "--method", "tunesmith:asha+random", *given]
    subprocess.run(run, capture_output=True, text=True, check=True)
    lines = (tmp_path / "tunesmith-asha+random.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["budget"] for record in records] == [2, 5]
    for record in records:
        # A step costs a fiftieth of a full training on average, and four trials may be cut off by the end.
        assert 0.7 * 50 * record["budget"] < record["steps"] < 1.3 * 50 * record["budget"] + 4
        assert all(0 < value < 3 for value in record["handed"])
