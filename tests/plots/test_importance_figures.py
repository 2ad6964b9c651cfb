"""Bars of importance and of gains, and what the report says beside them."""

import html
import json
import math

import numpy as np
import plotly.offline
import pytest

from tunesmith.analysis.figures import ablation, importance
from tunesmith.plots.findings import ablation_finding, importance_finding, importance_remarks
from tunesmith.plots.importance import MOST, ablation_figure, importance_figure
from tunesmith.plots.page import report_html
from tunesmith.plots.theme import BLUE, GREY
from tunesmith.space import Choice, Float, Space, when

SPACE = Space(
    {
        "lr": Float(1e-4, 1.0, log=True, default=0.5),
        "idle": Float(0.0, 1.0),
        "optimizer": Choice("adam", "sgd"),
        "momentum": when({"optimizer": "sgd"}, Float(0.0, 1.0)),
    }
)


def study_of(recorded, function, space=SPACE, count=60):
    study = recorded(space)
    for config in space.codec().decode(np.random.default_rng(0).random((count, space.codec().width))):
        study.done(config, loss=function(config))
    return study


def by_lr(config):
    return (math.log10(config["lr"]) + 2) ** 2 + (config["optimizer"] == "adam")


def test_one_bar_per_parameter_the_most_important_on_top(recorded):
    found = importance(study_of(recorded, by_lr).view, resamples=10)
    figure = importance_figure(found)
    (bars,) = figure.data
    assert bars.y[-1] == "lr"
    assert list(bars.x) == sorted(bars.x)
    assert bars.marker.color[-1] == BLUE
    assert bars.marker.color[list(bars.y).index("idle")] == GREY
    assert figure.layout.title.text == f"{importance_finding(found)}"
    assert importance_finding(found).startswith("lr matters most for loss: ")
    (momentum,) = (text for text in bars.hovertext if "momentum" in text)
    assert "takes part in" in momentum
    for share, low, high in zip(bars.x, bars.error_x.arrayminus, bars.error_x.array, strict=True):
        assert 0 <= share - low <= share <= share + high <= 1
    assert "Grey: next to nothing, or chance." in importance_remarks(found)


def test_one_bar_per_change_and_what_it_brings_along(recorded):
    found = ablation(study_of(recorded, by_lr).view, resamples=10)
    (bars,) = ablation_figure(found).data
    assert bars.y[-1].startswith("lr: 0.5 → 0.0")
    assert any("adam → sgd" in label for label in bars.y)
    assert any("with momentum" in text for text in bars.hovertext)
    assert ablation_finding(found).startswith("The change of lr brought most: loss better by ")


def test_many_parameters_are_cut(recorded):
    space = Space({f"x{i}": Float(0, 1) for i in range(30)})
    found = importance(study_of(recorded, lambda config: config["x0"], space, 12).view, resamples=0)
    assert len(importance_figure(found).data[0].x) == MOST


def test_noise_is_called_so(recorded):
    rng = np.random.default_rng(0)
    found = importance(study_of(recorded, lambda _: rng.standard_normal()).view, resamples=20)
    assert importance_finding(found) == "What loss depends on cannot be told from chance yet"


def test_the_report_shows_importance_ablation_and_health(recorded):
    study = study_of(recorded, by_lr)
    for index in range(20):
        study.failed({"lr": 0.9 + index / 1000, "idle": 0.5, "optimizer": "adam"})
    page = report_html(study.view).replace(plotly.offline.get_plotlyjs(), "")
    text = html.unescape(page)
    assert '<h2 id="health-heading">What to do next</h2>' in page
    assert '<li class="warning"><p><strong>warning</strong> 20 of 80 trials ran out of memory' in text
    assert "lr matters most for loss" in text
    assert "The change of lr brought most" in text
    figures = json.loads(page.split('id="figures">')[1].split("</script>")[0])
    assert {"importance", "ablation"} <= set(figures)


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "a</script><script>x", "n" * 2000, "$x^2$"])
def test_hostile_names_are_shown_as_text(recorded, name):
    space = Space({name: Float(1e-4, 1.0, log=True), "other": Float(0, 1)})
    study = study_of(recorded, lambda config: math.log10(config[name]) ** 2, space, 40)
    for index in range(8):
        study.failed({name: 1e-4 + index * 1e-6, "other": 0.5}, kind="nan")
    page = report_html(study.view).replace(plotly.offline.get_plotlyjs(), "")
    assert "<img" not in page
    assert "<script>x" not in page
    assert "diverged" in page


def test_a_young_study_has_neither(recorded):
    page = report_html(study_of(recorded, by_lr, count=5).view)
    assert "importance-heading" not in page
    assert "health-heading" not in page
