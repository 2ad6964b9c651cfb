"""The one order from best to worst that all who learn from ranks share."""

import numpy as np

from tunesmith.samplers.standing import best_first, best_rows, ended_of, violations
from tunesmith.space.params import Float
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, spec_of
from tunesmith.trials.spec import MetricLimit

LINE = Space({"x": Float(0, 1)})


def test_feasible_then_infeasible_then_failed() -> None:
    """and the older one first where two are equal"""
    log = History(spec_of(LINE, limits=(MetricLimit("memory", "<=", 8.0),)))
    for x, loss, memory in [(0.1, 0.1, 20.0), (0.2, 3.0, 1.0), (0.3, 0.1, 9.0), (0.4, 2.0, 1.0), (0.5, 2.0, 8.0)]:
        log.finish(log.begin({"x": x}), loss=loss, memory=memory)
    log.fail(log.begin({"x": 0.6}), "oom")
    log.finish(log.begin({"x": 0.7}), loss=0.0)
    ended = ended_of(log.view)
    assert ended.numbers[best_first(ended)].tolist() == [3, 4, 1, 2, 0, 6, 5]


def test_units_of_limits_do_not_matter() -> None:
    """one metric in bytes and one in seconds count alike, and one huge excess does not hide the others"""
    excess = np.array([[-1.0, 2.0], [3.0, -5.0], [4.0, 1.0], [-1.0, -1.0], [np.nan, -1.0]])
    assert violations(excess).tolist() == violations(excess * [1e9, 1e-9]).tolist()
    assert violations(excess)[3] == 0
    assert violations(excess)[4] > violations(excess)[1]
    huge = np.array([[1.0, 1.0], [2.0, 0.0], [1e300, 0.0]])
    assert best_rows(np.zeros((3, 1)), huge)[-1] == 2


def test_fronts_of_very_many_rows() -> None:
    """the first ones are of the first front, and the ends of the front are among them"""
    losses = np.random.default_rng(0).random((3000, 2))
    first = best_rows(losses, np.empty((3000, 0)), 5)[:5]
    front = [i for i in range(3000) if not ((losses <= losses[i]).all(axis=1) & (losses < losses[i]).any(axis=1)).any()]
    assert len(front) >= 5
    assert set(first.tolist()) <= set(front)
    assert set(losses.argmin(axis=0).tolist()) <= set(first.tolist())


def test_every_row_has_its_place() -> None:
    """however many are wanted"""
    losses = np.random.default_rng(1).random((40, 2))
    for enough in (None, 1, 7, 40):
        assert sorted(best_rows(losses, np.empty((40, 0)), enough)) == list(range(40))
