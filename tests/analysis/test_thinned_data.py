import math
from dataclasses import fields

import numpy as np
import pytest

from tunesmith.analysis.history import History
from tunesmith.analysis.thinned import thinned
from tunesmith.plots.density import thinned_history_figure, thinned_remarks


def a_history(count, *, direction="minimize", log=False, near=None, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.lognormal(size=count)
    states = rng.choice(["done", "stopped", "failed"], size=count, p=[0.7, 0.25, 0.05]).tolist()
    failed = np.array([state == "failed" for state in states])
    values[failed] = math.nan
    sign = 1 if direction == "minimize" else -1
    so_far = sign * np.minimum.accumulate(np.where(failed, np.inf, sign * values))
    best = int(np.nanargmin(sign * values))
    return History(
        metric="loss",
        direction=direction,
        numbers=np.arange(count),
        values=values,
        states=states,
        feasible=~failed,
        so_far=so_far,
        best=best,
        best_value=float(values[best]),
        limited=False,
        log=log,
        near=near,
        configs=[{} for _ in states],
        reasons=["" for _ in states],
    )


def test_few_trials_stay_as_they_are():
    data = a_history(2000)
    found = thinned(data)
    assert found.points is data
    assert found.density is None
    assert thinned_remarks(found) == []


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_best_and_every_improvement_are_kept(direction):
    data = a_history(20_000, direction=direction)
    found = thinned(data)
    assert len(found.points.numbers) <= 2000
    shown = set(found.points.numbers.tolist())
    sign = 1 if direction == "minimize" else -1
    assert set(np.argsort(sign * data.values)[:500].tolist()) <= shown
    improvements = np.flatnonzero(data.so_far[1:] != data.so_far[:-1]) + 1
    assert set(improvements.tolist()) <= shown
    assert found.points.so_far[-1] == data.so_far[-1]


def test_every_kind_of_end_keeps_its_share():
    found = thinned(a_history(50_000))
    counts = {state: found.points.states.count(state) for state in ("done", "stopped", "failed")}
    assert min(counts.values()) > 300


def test_the_density_counts_all_that_have_a_value():
    data = a_history(20_000)
    density = thinned(data).density
    assert density.counts.sum() == np.isfinite(data.values).sum()
    assert density.counts.shape == (len(density.values) - 1, len(density.numbers) - 1)


def test_the_density_keeps_to_what_is_shown_first():
    data = a_history(20_000, near=(0.1, 2.0))
    density = thinned(data).density
    assert density.counts.sum() == ((data.values >= 0.1) & (data.values <= 2.0)).sum()
    assert density.values[0] >= 0.1


def test_all_columns_of_a_history_are_cut_alike():
    found = thinned(a_history(10_000)).points
    for field in fields(found):
        value = getattr(found, field.name)
        if isinstance(value, list | np.ndarray):
            assert len(value) == len(found.numbers), field.name


def test_a_large_study_without_any_value_has_no_density():
    data = a_history(5000)
    data.values[:] = math.nan
    found = thinned(data)
    assert found.density is None
    assert len(thinned_history_figure(found).data) > 0
    assert thinned_remarks(found)


@pytest.mark.parametrize("log", [False, True])
def test_the_shading_lies_behind_the_points(log):
    found = thinned(a_history(10_000, log=log))
    figure = thinned_history_figure(found)
    assert figure.data[0].type == "heatmap"
    assert {trace.type for trace in figure.data[1:]} == {"scatter"}
    assert "2,000 of 10,000 trials are drawn one by one" in thinned_remarks(found)[0]
