import html
import json
import math
import re
import time
from html.parser import HTMLParser

import plotly.offline
import pytest

from tunesmith.plots.page import report_html
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.trials import Draft, Failed, Finished, Stopped, Suggested

PLOTLY = plotly.offline.get_plotlyjs()
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """What a browser would see in a report, without Plotly's own script."""

    def __init__(self, page):
        super().__init__()
        self.plotly = page.count(PLOTLY)
        self.source = page.replace(PLOTLY, "")
        self.tags, self.attributes, self.open, self.texts, self.scripts = [], [], [], [], []
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    @property
    def figures(self):
        return json.loads(next(script for script in self.scripts if script.startswith("{")))


def test_the_answer_comes_first(ordinary):
    page = Page(report_html(ordinary.view, notes=["Sampler: sobol."]))
    assert re.findall(r"<h[12][^>]*>(.*?)</h", page.source) == [
        "digits",
        "loss 0.4, with trial 1.",
        "How sure that is",
        "What failed, and why",
        "History",
        "Learning curves of loss",
        "Parameters and outcome",
        "Slices",
        "Timeline",
        "Trials",
        "Notes",
    ]
    assert "Which configuration of 3 parameters gives the smallest loss?" in page.text
    assert "How to train trial 1 again" in page.text
    assert "tunesmith trial digits 1 --json" in page.text
    assert "20 % smaller than the 0.5 of the default configuration (trial 0)." in page.text
    assert "0.012345678901" in page.text
    assert "5 in all: 2 finished, 1 stopped, 1 failed and 1 running" in page.text
    assert "1 oom" in page.text
    assert "1 trial stopped, which saved about 2 of" in page.text
    assert "the last report" in page.text
    assert "worse than the median" in page.text
    assert "oom: out of memory" in page.text
    assert "Sampler: sobol." in page.text
    assert set(page.figures) == {"history", "curves", "parallel", "slices", "failures", "timeline"}


def test_the_page_needs_no_network_and_plotly_stands_in_it_once(ordinary):
    page = Page(report_html(ordinary.view))
    assert page.plotly == 1
    assert not [name for _, name, _ in page.attributes if name in ("src", "href", "action") or name.startswith("on")]
    assert "@import" not in page.source
    assert "url(" not in page.source
    policy = next(
        value for tag, name, value in page.attributes if (tag, name) == ("meta", "content") and "script-src" in value
    )
    assert policy.startswith("default-src 'none';")
    assert "unsafe-inline" not in policy.split("script-src")[1]
    assert page.tags.count("script") == 3


def test_the_title_may_be_given(ordinary):
    page = Page(report_html(ordinary.view, title="A & B"))
    assert "<title>A &amp; B" in page.source


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        (lambda study: study, "No trial yet."),
        (lambda study: study.failed().failed(kind="nan", message="").failed(), "All 3 trials failed."),
        (lambda study: study.failed(by="default"), "The default configuration (trial 0) failed: oom: out of memory."),
        (lambda study: study.trial(), "No trial has a value of loss yet."),
        (lambda study: study.done(loss=math.nan), "No trial has a value of loss yet."),
        (lambda study: study.done(loss=0.0), "loss 0, with trial 0."),
        (lambda study: study.done(loss=1.0, by="default").done(loss=2.0), "No trial was better than the default"),
        (lambda study: study.done(loss=1.0, by="default").done(loss=-1.0), "Better than the 1 of the default"),
        (lambda study: study.done(loss=1.0), "The default configuration was not tried"),
        (lambda study: study.done(loss=math.nan, by="default").done(loss=2.0), "has no finite loss"),
        (lambda study: study.trial(by="default").done(loss=2.0), "(trial 0) has not ended yet."),
        (lambda study: study.stopped(reports=[1.0, 0.1]), "It was stopped early: too slow."),
    ],
)
def test_it_says_something_sensible(recorded, fill, expected):
    assert expected in Page(report_html(fill(recorded()).view)).text


def test_an_empty_study_has_no_figures_and_no_plotly(recorded):
    page = Page(report_html(recorded().view))
    assert (page.plotly, page.figures) == (0, {})
    assert "No trial yet." in page.text


def test_two_objectives_show_the_front(recorded):
    study = recorded(minimize=("loss",), maximize=("acc",))
    study.done({"lr": 0.1}, loss=1.0, acc=0.5).done({"lr": 0.2}, loss=2.0, acc=0.9).done({"lr": 0.3}, loss=3.0, acc=0.1)
    page = Page(report_html(study.view))
    assert "2 trials that no other one beats: smaller loss and larger acc." in page.text
    assert "gives the smallest loss and largest acc?" in page.text


def test_a_long_front_is_a_table_of_trials(recorded):
    """one line each, since nobody reads a table of fifty columns; of few trials each has a column"""
    study = recorded(minimize=("loss",), maximize=("acc",))
    for place in range(9):
        study.done({"lr": 0.1 * (place + 1)}, loss=float(place), acc=float(place))
    page = report_html(study.view)
    heads = re.search(r"<thead>.*?</thead>", page, re.DOTALL)[0]
    assert re.findall(r'scope="col">([^<]*)', heads) == ["loss (smaller is better)", "acc (larger is better)", "lr"]
    assert re.findall(r'<th scope="row">([^<]*)', page)[:3] == ["trial 0", "trial 1", "trial 2"]


def test_limits_that_no_trial_keeps(recorded):
    study = recorded(limits={"memory": "<= 8"}).done(loss=1.0, memory=9.0)
    assert "No trial keeps the limits (memory <= 8); 1 trial ended beyond them." in Page(report_html(study.view)).text


def test_the_pick_is_said(recorded):
    assert (
        "the best report, by the first objective" in Page(report_html(recorded(pick="best").done(loss=1.0).view)).text
    )


def test_define_by_run(recorded):
    study = recorded(Space(grows=True)).trial(config={})
    study.facts += [Draft(0, Suggested("units", Int(1, 9), 3, 1)), Draft(0, Finished({"loss": 1.0}, 1))]
    page = Page(report_html(study.view))
    assert page.figures["parallel"]["data"][0]["dimensions"][0]["label"] == "units"


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{ 7*7 }}<!--\x00\x1b[31m\u202e\u2028\ud800"


def hostile(recorded, bad):
    space = Space({bad: Choice(bad, "fine"), "x": Float(0, 1)})
    study = recorded(space, name="<script>alert(1)<b>\"'", minimize=(bad,), limits={"m" + bad: "<= 8"})
    fine = {bad: bad, "x": 0.5}
    good = {bad: 0.5, "m" + bad: 1.0}
    study.trial(Finished(good, 1), config=fine, by="default", why=bad, reports=[{bad: 1.0}, {bad: 0.5}])
    study.trial(Stopped(bad, 1, {**good, bad: 0.4}), config=fine, by=bad, reports=[{bad: 1.0}])
    study.trial(Failed("error", bad, 1, trace=bad), config=fine, reports=[{bad: 1.0}])
    return study.view


def test_nothing_of_a_study_is_markup_or_script(recorded):
    source = report_html(hostile(recorded, HOSTILE), title=HOSTILE, notes=[HOSTILE])
    source.encode("utf-8")  # no lone surrogates
    page = Page(source)
    assert page.tags.count("script") == 3
    assert "img" not in page.tags
    assert "b" not in page.tags
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name == "src"]
    assert "<script>alert" not in page.source
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", page.source)
    assert "{{ 7*7 }}" in page.text, "templates are not applied to what is filled in"
    assert set(page.figures) == {"history", "curves", "parallel", "slices", "failures", "timeline"}
    assert "alert(1)" in html.unescape(json.dumps(page.figures))


def test_long_texts_are_cut_with_a_mark(recorded):
    page = Page(report_html(hostile(recorded, "long " * 200_000), notes=["n" * 1_000_000]))
    assert len(page.source) < 300_000
    assert "… (1,000,000 characters)" in page.text


def test_infinite_and_missing_values_sort_apart(recorded):
    page = Page(report_html(recorded().done(loss=math.inf).done(loss=-math.inf).done(loss=math.nan).failed().view))
    keys = [value for _, name, value in page.attributes if name == "data-key"]
    assert {"Infinity", "-Infinity", "nan"} <= set(keys)


def test_five_thousand_trials(recorded):
    study = recorded()
    for number in range(5000):
        loss = 1.0 + (number * 7919) % 5000
        config = {"lr": 10.0 ** -(number % 500 / 100)}
        if number % 10 == 0:
            study.failed(config)
        else:
            study.done(config, reports=[loss * 2, loss], loss=loss)
    view = study.view
    began = time.perf_counter()
    source = report_html(view)
    assert time.perf_counter() - began < 20
    page = Page(source)
    assert "The best 2,000 of 5,000 trials" in page.text
    assert "200 of 4,500 curves are shown" in page.text
    assert "2,000 of 4,500 trials are shown" in page.text
    assert "Left out: 500 failed." in page.text
    assert len(page.source) < 5_000_000


def test_a_wide_table_gets_fewer_rows(recorded, monkeypatch):
    monkeypatch.setattr("tunesmith.plots.cells._MOST_CELLS", 4000)
    names = [f"p{index}" for index in range(30)]
    study = recorded(Space({name: Float(0, 1) for name in names}))
    for _ in range(120):
        study.done(dict.fromkeys(names, 0.5), loss=1.0)
    page = Page(report_html(study.view))
    assert "The best 105 of 120 trials" in page.text
    assert "6 further parameters did not fit, from p24 on; the table has all." in page.text
