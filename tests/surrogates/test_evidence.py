"""What samplers learn from: outcomes without repeats, failures by kind, trials under way."""

from math import inf, nan

import numpy as np

from tunesmith.space.params import Float
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import evidence_of
from tunesmith.testing.histories import History, history, spec_of
from tunesmith.trials.spec import MetricLimit
from tunesmith.trials.trial import State
from tunesmith.trials.view import FAILURES

LINE = Space({"x": Float(0, 1)})


def test_repeats_of_a_configuration_are_one_row() -> None:
    """with the mean of its outcomes; in the order of their first trials"""
    log = History(spec_of(LINE))
    for x, loss in [(0.7, 1.0), (0.2, 3.0), (0.7, 2.0), (0.7, 6.0)]:
        log.finish(log.begin({"x": x}), loss=loss)
    evidence = evidence_of(log.view)
    assert evidence.points.X[:, 0].tolist() == [0.7, 0.2]
    np.testing.assert_allclose(evidence.losses[:, 0], [3.0, 3.0])
    assert evidence.repeats.tolist() == [3, 1]
    assert evidence.numbers.tolist() == [0, 1]


def test_means_of_huge_values_do_not_overflow() -> None:
    """they are means of shares"""
    log = History(spec_of(LINE))
    for _ in range(4):
        log.finish(log.begin({"x": 0.5}), loss=1.7e308)
    assert np.isfinite(evidence_of(log.view).losses).all()


def test_failures_are_kept_by_kind() -> None:
    """and what ended without a finite value is one of kind nan"""
    evidence = evidence_of(history(spec_of(LINE), values=[1.0, nan, inf], failed=["oom", "timeout"]))
    assert len(evidence.points) == 1
    kinds = [FAILURES[kind - 1] for kind in evidence.kinds]
    assert sorted(kinds) == ["nan", "nan", "oom", "timeout"]
    assert len(evidence.failed) == len(evidence.failures) == 4


def test_stopped_trials_count_at_their_last_report() -> None:
    """and those that were stopped before it say nothing"""
    log = History(spec_of(LINE))
    log.stop(log.train([0.9, 0.4]))
    log.stop(log.begin())
    evidence = evidence_of(log.view)
    assert evidence.losses.tolist() == [[0.4]]
    assert len(evidence.failed) == 0


def test_trials_under_way() -> None:
    """running and waiting ones"""
    evidence = evidence_of(history(spec_of(LINE), values=[1.0], running=2, waiting=1, opened=1))
    assert len(evidence.pending) == 3


def test_paused_trials_count_at_their_last_report() -> None:
    """and with them running ones that have trained as far; others are under way"""
    log = History(spec_of(LINE))
    log.pause(log.train([0.9, 0.4]))
    log.train([0.8, 0.7, 0.6])
    log.train([0.5])
    evidence = evidence_of(log.view)
    assert evidence.losses.tolist() == [[0.4], [0.6]]
    assert len(evidence.pending) == 1
    assert len(evidence_of(log.view, [State.DONE]).pending) == 3


def test_distance_beyond_limits() -> None:
    """is above 0 where a limit is broken, whichever way it points"""
    limits = (MetricLimit("memory", "<=", 8.0), MetricLimit("speed", ">=", 5.0))
    log = History(spec_of(LINE, limits=limits))
    log.finish(log.begin({"x": 0.1}), loss=1.0, memory=10.0, speed=6.0)
    log.finish(log.begin({"x": 0.2}), loss=1.0, memory=7.0, speed=5.0)
    evidence = evidence_of(log.view)
    assert evidence.excess.tolist() == [[2.0, -1.0], [-1.0, 0.0]]
    assert evidence.feasible.tolist() == [False, True]
