import json
import math
import subprocess
import sys

import numpy as np
import pytest

from tunesmith.analysis.figures import curves, history, parallel
from tunesmith.plots.figures import curves_figure, history_figure, parallel_figure
from tunesmith.plots.findings import parallel_finding
from tunesmith.space import Choice, Float, Int, Space


def named(figure):
    return {trace.name: trace for trace in figure.data}


def document(figure):
    return json.loads(figure.to_json(engine="json"))


def test_history_shows_every_kind_of_end(ordinary):
    figure = history_figure(history(ordinary.view))
    traces = named(figure)
    assert set(traces) == {"finished", "stopped early", "failed", "best so far"}
    assert list(traces["best so far"].y) == [0.5, 0.4, 0.4, 0.4]
    assert list(traces["failed"].x) == [3]
    assert figure.layout.title.text == "Best loss: 0.4, in trial 1; 4 trials have ended"
    assert figure.layout.yaxis.title.text == "loss (smaller is better)"
    assert "lr = 0.0123457" in traces["finished"].hovertext[1]
    assert "stopped early: worse than the median" in traces["stopped early"].hovertext[0]
    assert "failed: oom: out of memory" in traces["failed"].hovertext[0]


def test_history_tells_infeasible_and_valueless_trials_apart(recorded):
    study = recorded(limits={"memory": "<= 8"}).done(loss=1.0, memory=9.0).done(loss=math.nan, memory=1.0)
    figure = history_figure(history(study.view))
    assert set(named(figure)) == {"finished, beyond limits", "no finite value"}
    assert figure.layout.title.text == "None of 2 trials keeps the limits"


def test_history_says_larger_is_better_when_maximizing(recorded):
    study = recorded(minimize=(), maximize=("acc",)).done(acc=0.5)
    assert history_figure(history(study.view)).layout.yaxis.title.text == "acc (larger is better)"


def test_curves_mark_stops_with_their_reasons(ordinary):
    figure = curves_figure(curves(ordinary.view))
    lines = [trace for trace in figure.data if trace.mode != "markers" or trace.meta]
    assert len(lines) == 5
    assert named(figure)["best"].line.width > named(figure)["finished"].line.width
    marks = named(figure)["stop, with its reason"]
    assert (list(marks.x), list(marks.y)) == ([1], [2.0])
    assert "worse than the median" in marks.hovertext[0]
    assert "out of memory" in named(figure)["failure"].hovertext[0]
    assert figure.layout.title.text == "Trial 1 is best; 1 of 5 trials was stopped early"


def test_curves_leave_gaps_where_values_are_not_finite(recorded):
    study = recorded().done(reports=[1.0, math.inf, math.nan, 0.5], loss=0.5)
    (trace,) = curves_figure(curves(study.view)).data
    np.testing.assert_array_equal(trace.y, [1.0, np.nan, np.nan, 0.5])


def test_a_single_value_that_the_best_share_is_no_range(recorded):
    study = recorded(Space({"lr": Float(0, 1), "layers": Int(1, 3)}))
    for number in range(40):
        layers = 1 + number % 3
        study.done({"lr": (number * 7 % 40) / 40, "layers": layers}, loss=layers + 0.01 * number)
    assert parallel_finding(parallel(study.view)).endswith("have layers = 1")


def test_parallel_has_an_axis_per_varying_parameter_and_the_objective(ordinary):
    (trace,) = parallel_figure(parallel(ordinary.view)).data
    assert [dimension.label for dimension in trace.dimensions] == ["lr", "optimizer", "momentum", "loss"]
    assert list(trace.dimensions[1].ticktext) == ["adam", "sgd"]
    assert trace.line.colorscale[0][1] == "#440154"
    assert not trace.line.reversescale


@pytest.mark.parametrize("kind", ["none", "failed", "one"])
def test_every_figure_can_be_drawn_with_little_to_show(recorded, kind):
    study = recorded()
    if kind == "failed":
        study.failed().failed(reports=[math.nan])
    if kind == "one":
        study.done(loss=1.0)
    view = study.view
    for figure in (history_figure(history(view)), curves_figure(curves(view)), parallel_figure(parallel(view))):
        assert document(figure)["layout"]["title"]["text"]


def test_texts_of_a_study_are_no_markup(recorded):
    bad = '<b>x</b><a href="http://evil.example">y</a>&amp;$a$%{x}\x00'
    space = Space({bad: Choice(bad, "z")})
    study = recorded(space, minimize=(bad,))
    study.done({bad: bad}, reports=[1.0, 0.5], **{bad: 0.5})
    study.stopped({bad: "z"}, reason=bad, reports=[1.0])
    study.failed({bad: "z"}, message=bad, reports=[1.0])
    view = study.view
    for figure in (history_figure(history(view)), curves_figure(curves(view)), parallel_figure(parallel(view))):
        doc = document(figure)
        for trace in doc["data"]:
            for dimension in trace.get("dimensions", ()):
                dimension.pop("ticktext")  # drawn as they are
        text = json.dumps(doc)
        assert "<a" not in text
        assert "<b>x" not in text
        assert "$a" not in text
        assert "\\u0000" not in text


def test_importing_tunesmith_loads_no_plotly():
    code = "import sys, tunesmith; sys.exit(any(name in sys.modules for name in ('plotly', 'jinja2')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
