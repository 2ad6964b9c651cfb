import math

import numpy as np
import pytest

from tunesmith.analysis.curves import thinned
from tunesmith.analysis.figures import curves


def test_without_reports_there_are_no_lines(recorded):
    study = recorded()
    assert curves(study.view).lines == []
    study.done(loss=1.0)
    data = curves(study.view)
    assert (data.lines, data.total, data.best) == ([], 0, None)


def test_lines_know_how_and_why_they_ended(recorded):
    study = recorded()
    study.done(reports=[3.0, 2.0, 1.0], loss=1.0)
    study.stopped(reports=[3.0, 2.9], reason="worse than the median")
    study.failed(reports=[3.0, math.nan], kind="nan", message="loss is nan")
    study.start(reports=[2.5])
    data = curves(study.view)
    assert [line.state for line in data.lines] == ["done", "stopped", "failed", "running"]
    assert [line.best for line in data.lines] == [True, False, False, False]
    assert [line.end for line in data.lines] == [(3, 1.0), (2, 2.9), (2, 3.0), (1, 2.5)]
    assert [line.reason for line in data.lines] == ["", "worse than the median", "nan: loss is nan", ""]
    assert data.lines[0].steps.tolist() == [1, 2, 3]
    assert (data.total, data.stopped, data.best, data.points) == (4, 1, 0, None)


def test_a_curve_of_nan_only_has_an_end_without_value(recorded):
    study = recorded()
    study.failed(reports=[math.nan])
    step, value = curves(study.view).lines[0].end
    assert step == 1
    assert math.isnan(value)


def test_another_metric_can_be_shown(recorded):
    study = recorded()
    study.done(reports=[{"loss": 1.0, "acc": 0.5}], loss=1.0)
    data = curves(study.view, "acc")
    assert data.lines[0].values.tolist() == [0.5]
    assert data.direction is None
    assert curves(study.view, "no such metric").lines == []


def test_of_too_many_the_best_and_an_even_spread_are_shown(recorded):
    study = recorded()
    for number in range(100):
        study.done(reports=[1.0, (number * 37) % 100], loss=float((number * 37) % 100))
    data = curves(study.view, most=50)
    shown = [line.number for line in data.lines]
    assert (len(shown), data.total) == (50, 100)
    assert shown == sorted(shown)
    best = sorted(range(100), key=lambda number: (number * 37) % 100)[:20]
    assert set(best) <= set(shown)
    assert {0, 99} & set(shown)
    assert max(np.diff(shown)) <= 6


@pytest.mark.parametrize("most", [1, 5, 20])
def test_few_places_go_to_the_best(recorded, most):
    study = recorded()
    for number in range(30):
        study.done(reports=[1.0], loss=float(-number))
    assert [line.number for line in curves(study.view, most=most).lines] == list(range(30 - most, 30))


def test_the_best_trial_is_the_studys_even_if_it_reported_nothing(recorded):
    study = recorded()
    study.done(reports=[1.0], loss=1.0)
    study.done(loss=0.1)
    data = curves(study.view)
    assert data.best is None
    assert not data.lines[0].best


def test_long_curves_keep_their_extremes():
    steps = np.arange(10_000)
    values = np.sin(steps / 50)
    values[7001], values[3] = 99.0, np.nan
    thin_steps, thin_values = thinned(steps, values, 100)
    assert len(thin_steps) <= 100
    assert (thin_steps[0], thin_steps[-1]) == (0, 9999)
    assert np.nanmax(thin_values) == 99.0
    assert np.all(np.diff(thin_steps) > 0)
    assert len(thinned(steps, np.full(10_000, np.nan), 100)[0]) <= 100


def test_long_curves_are_thinned_and_it_is_said(recorded, monkeypatch):
    monkeypatch.setattr("tunesmith.analysis.curves._POINTS", 600)
    study = recorded()
    study.done(reports=[1.0] * 700, loss=1.0)
    study.done(reports=[1.0] * 10, loss=2.0)
    data = curves(study.view)
    assert data.points == 300
    assert [len(line.steps) <= 300 for line in data.lines] == [True, True]
    assert len(data.lines[1].steps) == 10
