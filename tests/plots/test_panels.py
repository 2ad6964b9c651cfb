"""Every figure of a study over awkward histories: each one says something sensible, and nothing of it is markup."""

import json
import math
import re
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest

from tunesmith.analysis import figures as data
from tunesmith.analysis.best import best_of
from tunesmith.errors import InvalidStudy
from tunesmith.plots.comparison import comparison_figure, comparison_finding
from tunesmith.plots.sections import PANELS, Source, figure_of, sections_of
from tunesmith.space import Choice, Float, Int, Ordinal, Space, when
from tunesmith.testing.histories import History, spec_of
from tunesmith.trials.spec import MetricLimit

BAD = '<b>x</b><a href="http://evil.example">y</a>&amp;$a$%{x}\x00'
MIXED = {
    "lr": Float(1e-5, 1.0, log=True),
    "batch_size": Ordinal(16, 32, 64, 128),
    "optimizer": Choice("adam", "sgd"),
    "momentum": when({"optimizer": "sgd"}, Float(0, 1)),
    "layers": Int(1, 4),
}


def empty():
    return History(spec_of(Space(MIXED)))


def one():
    log = empty()
    log.finish(log.train([1.0, 0.5]), loss=0.5)
    return log


def all_failed():
    log = empty()
    for kind in ("oom", "nan", "error", "oom"):
        log.fail(log.train([math.nan]), kind)
    return log


def not_finite():
    log = empty()
    for value in (math.nan, math.inf, -math.inf, math.nan):
        log.finish(log.train([value, value]), loss=value)
    return log


def ordinary(**objectives):
    """Conditions, failures, stops, pauses with promotions, a lost worker, a trial that runs."""
    log = History(spec_of(Space(MIXED), **objectives))
    metrics = [o.metric for o in log.spec.objectives] + [limit.metric for limit in log.spec.limits]
    rng = np.random.default_rng(0)
    for index in range(36):
        number = log.begin()
        config = log.view.trials[number].config
        bad = abs(math.log10(config["lr"]) + 3) + config["layers"] / 8
        values = {name: float(bad * (1 + place) + rng.random()) for place, name in enumerate(metrics)}
        log.report(number, 1, **{name: value + 1 for name, value in values.items()})
        if config["lr"] > 0.1:
            log.fail(number, "nan")
        elif index % 5 == 3:
            log.pause(number)
            if index % 2:
                log.resume(number, budget=9)
                log.report(number, 3, **values)
                log.finish(number, **values)
        elif index % 7 == 6:
            log.stop(number)
        else:
            if index == 10:
                log.restart(number)
            log.report(number, 3, **values)
            log.finish(number, **values)
    log.report(log.begin(), 1, **{metrics[0]: 1.0})
    return log


def two_objectives():
    return ordinary(minimize=("loss",), maximize=("acc",), limits=(MetricLimit("memory", "<=", 3.0),))


def three_objectives():
    return ordinary(minimize=("loss", "seconds"), maximize=("acc",))


def unreachable_limits():
    return ordinary(minimize=("loss", "cost"), limits=(MetricLimit("memory", "<=", -1.0),))


def forked():
    """A population of three, of which one was replaced twice."""
    log = empty()
    base = {"lr": 0.01, "batch_size": 32, "optimizer": "adam", "layers": 2}
    for rate in (0.01, 0.1, 0.001):
        number = log.begin({**base, "lr": rate})
        for step in (1, 2):
            log.report(number, step, loss=rate + 1 / step)
    log.stop(1)
    second = log.fork(0, {**base, "lr": 0.02, "layers": 3})
    log.report(second, 3, loss=0.2)
    log.stop(second)
    third = log.fork(second, {**base, "lr": 0.03, "optimizer": "sgd", "momentum": 0.5})
    log.report(third, 4, loss=0.1)
    log.finish(third, loss=0.1)
    return log


def hostile():
    log = History(
        spec_of(Space({BAD: Choice(BAD, "fine"), "lr": Float(0, 1), "batch": Int(1, 9)}), minimize=(BAD, "b"))
    )
    for index in range(14):
        number = log.begin()
        log.report(number, 1, **{BAD: 1.0 + index, "b": 1.0 - index})
        log.finish(number, **{BAD: 1.0 + index, "b": 1.0 - index})
    log.fail(log.begin())
    return log


def grown():
    return History(spec_of(Space(grows=True)), asks={"units": Int(1, 9)})


def grown_and_trained():
    log = grown()
    for value in (1.0, 0.5, 2.0):
        log.finish(log.train([value]), loss=value)
    return log


def one_value():
    log = History(spec_of(Space({"lr": Float(0.1, 1), "only": Choice("a")})))
    for _ in range(12):
        log.finish(log.train([1.0]), loss=1.0)
    return log


HISTORIES = (
    empty, one, all_failed, not_finite, ordinary, two_objectives, three_objectives, unreachable_limits, forked,
    hostile, grown, grown_and_trained, one_value,
)  # fmt: skip


def drawn(panel, view, told=None):
    """A section, or None where too few trials tell."""
    with suppress(*[InvalidStudy] if PANELS[panel].modelled else []):
        return PANELS[panel].draw(Source(view, told=told))
    return None


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("panel", PANELS)
def test_every_figure_of_every_history(panel, history):
    section = drawn(panel, history().view)
    if section is None:
        return
    assert section.id == panel
    assert len(section.finding) > 10
    assert not section.finding.endswith(".")
    assert all(remark.strip() for remark in section.remarks)
    if section.figure is None:
        return
    text = section.figure.to_json(engine="json")
    document = json.loads(text)
    assert document["data"], "a figure shows something"
    assert PANELS[panel].applies(history().view), "only figures that say something are shown"


@pytest.mark.parametrize("panel", PANELS)
def test_texts_of_a_study_are_no_markup(panel):
    section = drawn(panel, hostile().view)
    if section is None or section.figure is None:
        return
    document = json.loads(section.figure.to_json(engine="json"))
    for trace in document["data"]:
        for dimension in trace.get("dimensions", ()):
            dimension.pop("ticktext")  # drawn as they are
    text = json.dumps(document)
    assert "<a" not in text
    assert "<b>x" not in text
    assert "$a" not in text
    assert "\\u0000" not in text


def test_a_page_leaves_out_what_says_nothing():
    assert [section.id for section in sections_of(Source(one().view))] == [
        "history", "curves", "parallel", "slices", "plane", "timeline",
    ]  # fmt: skip
    several = {section.id for section in sections_of(Source(two_objectives().view))}
    assert {"pareto", "volume", "failures", "importance", "contour"} <= several


# -- the chronicle and the timeline --------------------------------------------------------------------------------------


def events(log):
    return log._store.events(log.spec.name)


def test_the_chronicle_tells_pauses_and_promotions_that_the_trials_forget():
    log = ordinary()
    told, known = data.chronicle(events(log)), data.chronicle_of(log.view)
    kinds = [mark.kind for mark in told.marks]
    assert kinds.count("promote") > 0
    assert kinds.count("pause") > kinds.count("promote")
    assert {mark.kind for mark in known.marks} == {"pause"}
    lost = [span for span in told.spans if span.how == "lost"]
    assert len(lost) == 1
    assert sum(span.how == "running" for span in told.spans) == sum(math.isnan(span.ended) for span in told.spans) == 1
    assert all(span.ended >= span.began for span in told.spans if span.how != "running")
    assert len(told.spans) > len(known.spans)


def test_spans_on_one_place_do_not_overlap():
    log = empty()
    first, second = log.begin(), log.begin()
    log.finish(first, loss=1.0)
    third = log.begin()
    log.finish(second, loss=1.0)
    log.finish(third, loss=1.0)
    found = data.timeline(log.view, data.chronicle(events(log)))
    assert found.lanes == ["worker 1", "worker 2"]
    for lane in range(len(found.lanes)):
        bars = sorted((bar for bar in found.bars if bar.lane == lane), key=lambda bar: bar.began)
        assert all(a.ended <= b.began for a, b in pairwise(bars))
    assert found.busy.max() == 2
    assert found.busy[-1] == 0
    assert 0.5 < found.use <= 1.0


def test_curves_show_rungs_with_reasons():
    log = empty()
    for value in (1.0, 0.9, 0.8):
        number = log.train([2.0, value])
        log.pause(number)
    log.resume(2, budget=4)
    log.report(2, 4, loss=0.5)
    log.finish(2, loss=0.5)
    found = data.curves(log.view, told=data.chronicle(events(log)))
    assert found.rungs == [2]
    assert [(each.number, each.kind, each.step, each.value) for each in found.decided] == [
        (0, "pause", 2, 1.0), (1, "pause", 2, 0.9), (2, "pause", 2, 0.8), (2, "promote", 2, 0.8),
    ]  # fmt: skip
    assert "up to step 4" in found.decided[-1].reason


# -- several objectives --------------------------------------------------------------------------------------------------


def test_the_front_and_its_volume():
    log = History(spec_of(Space({"x": Float(0, 1)}), minimize=("a", "b")))
    for a, b in ((3.0, 3.0), (1.0, 2.0), (2.0, 1.0), (2.5, 2.5)):
        log.finish(log.begin(), a=a, b=b)
    found = data.pareto(log.view)
    assert found.numbers[found.front].tolist() == [1, 2]
    won = data.volume(log.view)
    assert won.numbers.tolist() == [0, 1, 2], "trial 3 changes nothing"
    assert np.all(np.diff(won.shares) >= 0)
    assert 0 < won.shares[-1] < 1


def test_larger_is_better_turns_the_volume_round():
    log = History(spec_of(Space({"x": Float(0, 1)}), minimize=("a",), maximize=("b",)))
    other = History(spec_of(Space({"x": Float(0, 1)}), minimize=("a", "b")))
    for a, b in ((3.0, 3.0), (1.0, 2.0), (2.0, 1.0)):
        log.finish(log.begin(), a=a, b=-b)
        other.finish(other.begin(), a=a, b=b)
    np.testing.assert_allclose(data.volume(log.view).shares, data.volume(other.view).shares)
    np.testing.assert_allclose(data.volume(log.view).reference[1], -data.volume(other.view).reference[1])


def test_three_objectives_stand_in_a_box():
    """each kind of trial by itself, with its configuration; the eye where the values are best"""
    log = History(
        spec_of(Space({"x": Float(0, 1)}), minimize=("a", "b"), maximize=("c",), limits=[MetricLimit("b", "<=", 9.0)])
    )
    for a, b, c in ((1.0, 3.0, 1.0), (3.0, 1.0, 1.0), (4.0, 4.0, 0.0), (0.0, 20.0, 5.0)):
        log.finish(log.begin(), a=a, b=b, c=c)
    section = PANELS["solid"].draw(Source(log.view))
    kinds = {trace.name: trace for trace in section.figure.data}
    assert {name: len(trace.x) for name, trace in kinds.items()} == {
        "finished": 1,
        "beyond the limits": 1,
        "on the front": 2,
    }
    assert {trace.type for trace in section.figure.data} == {"scatter3d"}
    assert "x = " in kinds["on the front"].hovertext[0]
    eye = section.figure.layout.scene.camera.eye
    assert eye.x < 0
    assert eye.y < 0
    assert "larger is better" in section.figure.layout.scene.zaxis.title.text


def test_four_objectives_have_six_plots_and_five_no_volume():
    log = History(spec_of(Space({"x": Float(0, 1)}), minimize=("a", "b", "c", "d", "e")))
    for value in range(4):
        log.finish(log.begin(), a=value, b=-value, c=value, d=value, e=value)
    section = PANELS["pareto"].draw(Source(log.view))
    assert sum(name.startswith("xaxis") for name in section.figure.to_plotly_json()["layout"]) == 6
    assert any("Without e" in remark for remark in section.remarks)
    assert PANELS["volume"].draw(Source(log.view)).figure is None


# -- failures, contours, populations, planes -----------------------------------------------------------------------------


def test_failures_name_the_parameter_that_tells():
    log = empty()
    rng = np.random.default_rng(1)
    for _ in range(60):
        config = {"lr": float(10 ** rng.uniform(-5, 0)), "batch_size": int(rng.choice([16, 32, 64, 128]))}
        config |= {"optimizer": "adam", "layers": int(rng.integers(1, 5))}
        number = log.begin(config)
        if config["batch_size"] == 128:
            log.fail(number, "oom")
        else:
            log.finish(number, loss=1.0)
    found = data.failures(log.view)
    assert found.param == "batch_size"
    assert [(each.label, sum(each.kinds.values()) == each.ended) for each in found.bins] == [
        ("16", False), ("32", False), ("64", False), ("128", True),
    ]  # fmt: skip
    section = PANELS["failures"].draw(Source(log.view))
    assert any(re.search(r"(\d+) of \1 failed at 128", remark) for remark in section.remarks)


def test_chance_is_not_told_as_a_reason():
    rng = np.random.default_rng(2)
    named = 0
    for _ in range(10):
        log = empty()
        for _ in range(40):
            number = log.begin()
            if rng.random() < 0.3:
                log.fail(number)
            else:
                log.finish(number, loss=1.0)
        named += data.failures(log.view).param is not None
    assert named <= 2


def test_contours_find_the_valley_and_are_less_sure_where_nothing_was_tried():
    log = History(spec_of(Space({"x": Float(0, 1), "y": Float(0, 1), "idle": Float(0, 1)})))
    rng = np.random.default_rng(3)
    for _ in range(50):
        x, y = float(rng.random() * 0.6), float(rng.random())
        log.finish(log.begin({"x": x, "y": y, "idle": float(rng.random())}), loss=(x - 0.3) ** 2 + 2 * (y - 0.6) ** 2)
    found = data.contour(log.view)
    assert {found.x.name, found.y.name} == {"x", "y"}
    assert set(found.others) == {"idle"}
    axes = {found.x.name: found.columns, found.y.name: found.rows}
    row, column = np.unravel_index(found.mean.argmin(), found.mean.shape)
    best = {found.x.name: found.columns[column], found.y.name: found.rows[row]}
    assert abs(best["x"] - 0.3) < 0.15
    assert abs(best["y"] - 0.6) < 0.15
    beyond = axes["x"] > 0.8
    deviation = found.deviation if found.y.name == "x" else found.deviation.T
    assert deviation[beyond].mean() > 1.5 * deviation[~beyond].mean()


def test_contours_of_options_and_of_named_parameters():
    found = data.contour(ordinary().view, params=("optimizer", "lr"))
    assert found.x.kind == "category"
    assert found.columns.tolist() == [0.0, 1.0]
    assert found.mean.shape == (len(found.rows), 2)
    with pytest.raises(InvalidStudy, match="two different parameters"):
        data.contour(ordinary().view, params=("lr", "lr"))


def test_a_population_shows_schedules_and_lineage():
    found = data.population(forked().view)
    assert found.forks == 2
    lines = {member.number: [(s.trial, s.begins, s.ends) for s in member.segments] for member in found.members}
    assert lines[4] == [(0, 0, 2), (3, 2, 3), (4, 3, 4)]
    assert set(found.ancestors.tolist()) <= {0, 2}
    assert [axis.name for axis in found.axes] == ["lr", "optimizer", "momentum", "layers"]
    assert all(len(axis.values) == sum(len(member.segments) for member in found.members) for axis in found.axes)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("lr", "batch_size"), ("batch_size", "lr")),
        (("optimizer.learning_rate", "data.batch"), ("data.batch", "optimizer.learning_rate")),
        (("lr", "width"), None),
        (("flow_rate", "batch"), None),
    ],
)
def test_the_plane_knows_its_parameters_by_name(names, expected):
    assert data.plane_params(Space({names[0]: Float(1e-4, 1.0, log=True), names[1]: Int(1, 64)})) == expected


# -- many trials, and several studies ------------------------------------------------------------------------------------


def test_very_many_trials_are_thinned_and_said_to_be(recorded):
    study = recorded(minimize=("loss", "other"))
    rng = np.random.default_rng(4)
    for number in range(4000):
        rate = float(10 ** rng.uniform(-5, 0))
        if number % 20 == 0:
            study.failed({"lr": rate})
        else:
            study.done({"lr": rate}, loss=float(rng.random()), other=float(rng.random()))
    view = study.view
    for name in ("history", "pareto", "parallel", "slices", "timeline"):
        section = PANELS[name].draw(Source(view))
        assert any(" of 3,800 " in remark or " of 4,000 " in remark for remark in section.remarks), name
        assert len(section.figure.to_json()) < 3_000_000, name
    found = data.pareto(view)
    assert found.front.sum() == len(data.summary(view).front)
    best = best_of(view).trial.number
    assert best in data.slices(view).numbers
    assert best in {bar.span.trial for bar in data.timeline(view, data.chronicle_of(view)).bars}


def test_studies_are_compared_over_trials_and_over_time():
    first, second, other = (
        ordinary(),
        one(),
        History(spec_of(Space({"x": Float(0, 1)}), maximize=("acc",), minimize=())),
    )
    found = data.comparison([first.view, second.view, other.view])
    assert len(found.courses) == 2
    assert found.others == ["study"]
    for course in found.courses:
        assert np.all(np.diff(course.trial_values) <= 0)
        assert np.all(np.diff(course.seconds) >= 0)
        assert course.trials[-1] == course.ended
        assert course.trial_values[-1] == course.time_values[-1] == course.value
    assert "before" in comparison_finding(found)
    assert len(comparison_figure(found).data) == 4


@pytest.mark.parametrize("history", HISTORIES)
def test_any_study_can_be_compared(history):
    found = data.comparison([history().view, empty().view])
    assert json.loads(comparison_figure(found).to_json(engine="json"))["data"]
    assert comparison_finding(found)


def test_figures_by_name_for_notebooks():
    view = ordinary().view
    assert figure_of(Source(view), "slices").data
    with pytest.raises(InvalidStudy, match="there are history, pareto"):
        figure_of(Source(view), "nonsense")
    with pytest.raises(InvalidStudy, match="No trial was forked"):
        figure_of(Source(view), "population")
