"""The pages as HTML and their JSON twins, over studies of every kind."""

import json
import math
import re
from html.parser import HTMLParser

import pytest
from known import soon

from tunesmith.errors import BudgetSpent
from tunesmith.space import Choice, Float, Space
from tunesmith.trials import Failed, Finished, Noted, State
from tunesmith.trials.facts import Draft, Revised

VOID = {"meta", "link", "input", "br", "path", "polyline", "option"}
PAGES = [
    "/",
    "/compare?study=digits",
    "/studies/digits",
    "/studies/digits/new",
    "/studies/digits/compare",
    "/studies/digits/notes",
    "/studies/digits/line",
]
TRIAL_PAGES = [
    "/studies/digits/trials/0",
    "/studies/digits/trials/0/record",
    "/studies/digits/new?from=0",
    "/studies/digits/compare?trials=0",
]
TWINS = ["/api/studies", "/api/studies/digits", "/api/studies/digits/trials", "/api/studies/digits/figures/history"]


class Markup(HTMLParser):
    """A page as a browser would see it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def seen(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Markup(answer.text)
    assert page.open == []
    return page


def test_an_empty_store_says_how_to_begin(client):
    page = seen(client(), "/")
    assert "No study yet" in page.text
    assert "tunesmith run" in page.text
    assert client().get("/api/studies").json() == {"studies": []}


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (lambda s: None, "No trial yet."),
        (lambda s: s.trial(), "No trial has a value of loss yet."),
        (lambda s: s.trial(end=Finished({"loss": 0.25}, 1), reports=[0.5, 0.25]), "loss 0.25, with trial 0."),
        (lambda s: [s.trial(end=Failed("oom", "out of memory", 1)) for _ in range(3)], "All 3 trials failed."),
        (lambda s: s.trial(end=Finished({"loss": math.nan}, 1)), "No trial has a value of loss yet."),
    ],
)
def test_studies_of_every_kind_have_pages(client, studies, fill, said):
    """none, one, all failed, none with a value"""
    studies.study()
    fill(studies)
    writer = client(token=True)
    assert said in seen(writer, "/studies/digits").text
    has_trials = bool(studies.store.changes("digits").trials)
    for path in [*PAGES, *(TRIAL_PAGES if has_trials else [])]:
        seen(writer, path)
    for path in [*TWINS, *(["/api/studies/digits/trials/0"] if has_trials else [])]:
        assert writer.get(path).status_code == 200
    for name in re.findall(r'data-figure="([^"?]*)', writer.get("/studies/digits").text):
        assert writer.get(name).status_code == 200, name


def test_the_answer_comes_before_the_details(client, studies):
    studies.ordinary()
    page = client().get("/studies/digits").text
    order = [
        "loss 0.4, with trial 1.",
        "20 % smaller than the 0.5 of the default",
        "Running now",
        'id="figure-history"',
        'id="trials"',
    ]
    places = [page.index(text) for text in order]
    assert places == sorted(places)


def test_a_trial_tells_its_story(client, studies):
    studies.ordinary()
    text = seen(client(), "/studies/digits/trials/2").text
    assert "It was stopped: worse than the median of 2 trials" in text
    assert "configuration proposed by sobol spread evenly" in text
    assert "stopped after 1 report worse than the median of 2 trials" in text
    text = seen(client(), "/studies/digits/trials/3").text
    assert "oom: CUDA out of memory" in text
    assert "Traceback: 8 GiB" in text


def test_a_trial_shows_what_it_printed_and_where_it_ran(client, studies):
    studies.study()
    studies.trial(end=Finished({"loss": 1.0}, 1))
    folder = studies.store.path.with_suffix(".files") / "digits" / "trial-00000"
    folder.mkdir(parents=True)
    (folder / "stdout.txt").write_text("x" * 300_000 + "<b>the end</b>")
    text = seen(client(), "/studies/digits/trials/0").text
    assert "<b>the end</b>" in text
    assert "100,014 bytes before it are not shown" in text
    assert "No record was kept" in seen(client(), "/studies/digits/trials/0/record").text


def test_the_record_has_command_code_and_diff(client, studies, tmp_path):
    record = {"arguments": ["train.py", "--fast"], "host": "box", "python": "3.12", "packages": {"numpy": "2.0"}}
    record["code"] = {"file": "train.py", "commit": "abc", "diff": "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+<new>\n"}
    studies.study()
    number = studies.trial()
    studies.store.append("digits", [Draft(None, Noted("record/1", record))])
    begun = studies.store.changes("digits").trials[number]
    assert begun.record == ""
    from tunesmith.trials import Asked, Opened, Started

    number = studies.store.append("digits", [Draft(None, Opened())]).trials[0].number
    studies.store.append("digits", [Draft(number, Asked({}, "x", "y", 1)), Draft(number, Started("w", 1, "record/1"))])
    page = seen(client(), f"/studies/digits/trials/{number}/record")
    for part in ("train.py --fast", "box", "at commit abc", "+<new>", "numpy 2.0"):
        assert part in page.text
    assert client().get(f"/api/studies/digits/trials/{number}").json()["record"] == record


def test_the_table_is_filtered_sorted_and_cut_by_the_server(client, studies):
    studies.study()
    studies.many(300)
    reader = client()
    page = reader.get("/studies/digits", params={"filter": "state = failed", "sort": "-lr", "size": 25}).text
    twin = reader.get(
        "/api/studies/digits/trials", params={"filter": "state = failed", "sort": "-lr", "size": 25}
    ).json()
    numbers = [trial["number"] for trial in twin["trials"]]
    assert re.findall(r'data-number="(\d+)"', page) == [str(number) for number in numbers]
    assert {trial["state"] for trial in twin["trials"]} == {"failed"}
    assert [t["lr"] for t in twin["trials"]] == sorted((t["lr"] for t in twin["trials"]), reverse=True)
    assert twin["total"] == 300
    pages = [reader.get("/api/studies/digits/trials", params={"page": page, "size": 100}).json() for page in (1, 2, 3)]
    assert sorted(trial["number"] for page in pages for trial in page["trials"]) == list(range(300))


def test_a_filter_that_cannot_be_read_is_told_and_the_page_stays(client, studies):
    studies.ordinary()
    answer = client().get("/studies/digits", params={"filter": "lr >"})
    assert answer.status_code == 400
    assert "give a value" in Markup(answer.text).text
    assert len(re.findall("data-number", answer.text)) == 5
    answer = client().get("/api/studies/digits/trials", params={"filter": "lr >"})
    assert answer.status_code == 400
    assert "give a value" in answer.json()["error"]


def test_figures_follow_the_filter_and_say_so(client, studies):
    studies.study()
    studies.many(200)
    figure = client().get("/api/studies/digits/figures/history", params={"filter": "optimizer = sgd"}).json()
    count = client().get("/api/studies/digits/trials", params={"filter": "optimizer = sgd"}).json()["matching"]
    assert figure["remarks"][0] == f"Only the {count} of 200 trials that fit the filter."
    assert 0 < count < 200
    assert client().get("/api/studies/digits/figures/nonsense").status_code == 404


def test_large_studies_are_thinned_and_say_so(client, studies):
    studies.study()
    studies.many(4000, reports=1)
    figure = client().get("/api/studies/digits/figures/history")
    assert "2,000 of 4,000 trials are drawn one by one" in figure.json()["remarks"][0]
    assert len(figure.content) < 1_500_000


def test_parallel_coordinates_say_what_their_axes_are(client, studies):
    studies.ordinary()
    axes = client().get("/api/studies/digits/figures/parallel").json()["axes"]
    assert [(axis["name"], axis["kind"]) for axis in axes][:3] == [
        ("lr", "log"),
        ("width", "log"),
        ("optimizer", "category"),
    ]


def test_comparisons(client, studies):
    studies.ordinary()
    twin = client().get("/api/studies/digits/compare", params={"trials": "1, 0,1"}).json()
    assert [trial["number"] for trial in twin["trials"]] == [1, 0]
    assert {line["name"]: line["differs"] for line in twin["config"]}["width"] is False
    assert {line["name"]: line["values"] for line in twin["config"]}["momentum"] == [0.9, None]
    curves = client().get("/api/studies/digits/compare/curves", params={"trials": "0,1"}).json()
    assert [trace["name"] for trace in curves["figure"]["data"]] == ["trial 0", "trial 1"]
    for wrong in ("1,x", "99", ",".join(map(str, range(13)))):
        assert client().get("/api/studies/digits/compare", params={"trials": wrong}).status_code in (400, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/studies/nowhere",
        "/studies/digits/trials/99",
        "/api/studies/nowhere",
        "/api/studies/digits/trials/99",
        "/nowhere",
    ],
)
def test_what_is_not_there_is_told(client, studies, path):
    studies.ordinary()
    assert client().get(path).status_code == 404


def test_answers_are_compressed_for_those_who_can_read_it(client, studies):
    studies.ordinary()
    for path in ("/studies/digits", "/api/studies/digits/figures/history", "/static/dashboard.css"):
        small = client().get(path, headers={"accept-encoding": "gzip"})
        plain = client().get(path, headers={"accept-encoding": "identity"})
        assert small.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert small.content == plain.content or path == "/studies/digits"  # running times move on


def test_files_are_fetched_once(client):
    first = client().get("/static/dashboard.js")
    again = client().get("/static/dashboard.js", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


def test_the_report_can_be_saved(client, studies):
    studies.ordinary()
    answer = client().get("/studies/digits/report.html")
    assert answer.headers["content-disposition"] == 'attachment; filename="report.html"'
    assert "loss 0.4, with trial 1." in answer.text


def test_a_study_that_is_begun_again_is_read_again(client, studies):
    studies.ordinary()
    reader = client()
    assert reader.get("/api/studies/digits").json()["trials"] == 5
    studies.store.delete("digits")
    studies.study()
    assert reader.get("/api/studies/digits").json()["trials"] == 0


# -- hostile texts ---------------------------------------------------------------------------------------------------

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{ 7*7 }}<!--\x00\x1b[31m\u202e\u2028&amp;"


def hostile(studies, bad, name):
    space = Space({bad: Choice(bad, "fine"), "x": Float(0, 1)})
    studies.study(name, space, minimize=bad)
    config = {bad: bad, "x": 0.5}
    studies.trial(name, Finished({bad: 0.5}, 1), config=config, by=bad, why=bad, reports=[{bad: 1.0}, {bad: 0.5}])
    studies.trial(name, Failed("error", bad, 1, trace=bad), config=config, reports=[{bad: 1.0}])
    studies.trial(name, config=config, reports=[{bad: 1.0}])
    notes = [Noted("note", bad), Noted("tags", [bad, bad]), Noted(bad, bad)]
    studies.store.append(name, [Draft(0, note) for note in notes] + [Draft(None, note) for note in notes])
    record = {
        "arguments": [bad],
        "host": bad,
        "code": {"file": bad, "commit": bad, "diff": bad},
        "packages": {bad: bad},
    }
    studies.store.append(name, [Draft(None, Noted("record/1", record))])
    folder = studies.store.path.with_suffix(".files") / re.sub(r"[^\w.-]+", "_", name) / "trial-00000"
    folder.mkdir(parents=True)
    (folder / "stdout.txt").write_text(bad, errors="replace")


@pytest.mark.parametrize("bad", [HOSTILE, "long " * 200_000], ids=["markup", "1 MB"])
def test_nothing_of_a_study_is_markup_or_script(client, studies, bad):
    name = "<script>alert(1)<b>\"' & co"
    hostile(studies, bad, name)
    writer = client(token=True)
    base = "/studies/%3Cscript%3Ealert(1)%3Cb%3E%22'%20&%20co"
    pages = ["/", base, f"{base}/new?from=0", f"{base}/notes", f"{base}/line", f"{base}/compare?trials=0,1,2"]
    pages += [f"{base}/trials/{number}" for number in range(3)] + [f"{base}/trials/0/record"]
    own = set(re.findall(r'<script[^>]* src="([^"]*)"', writer.get(base).text))
    for path in pages:
        answer = writer.get(path)
        assert answer.status_code == 200, path
        page = Markup(answer.text)
        assert page.open == []
        assert "img" not in page.tags
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert set(re.findall(r'<script[^>]* src="([^"]*)"', answer.text)) <= own
        assert page.tags.count("script") == len(re.findall(r"<script[^>]* src=", answer.text))
        assert not re.search(r"[\x01-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", page.text), path
        assert len(answer.text) < 5_000_000
    for path in ["", "/trials", "/trials/0", "/trials/1", "/figures/history", "/figures/parallel", "/trials/0/curves"]:
        answer = writer.get(f"/api{base}{path}")
        assert answer.status_code == 200, path
        assert answer.text.isascii()
        json.loads(answer.text)


# -- changes ---------------------------------------------------------------------------------------------------------


def trial(studies, number):
    return studies.store.changes("digits").trials[number]


def test_a_trial_is_stopped_with_its_reason(client, studies):
    studies.ordinary()
    answer = client(token=True).post("/api/studies/digits/trials/4/stop", json={"reason": "seen enough"})
    assert answer.json()["state"] == "stopped"
    stopped = trial(studies, 4)
    assert (stopped.state, stopped.reason, dict(stopped.values)) == (State.STOPPED, "seen enough", {"loss": 0.8})
    again = client(token=True).post("/api/studies/digits/trials/4/stop", json={})
    assert again.status_code == 409
    assert "it is stopped" in again.json()["error"]


def test_a_configuration_is_enqueued(client, studies):
    studies.ordinary()
    answer = client(token=True).post("/api/studies/digits/trials", json={"config": {"lr": 0.3, "optimizer": "sgd"}})
    waiting = trial(studies, answer.json()["number"])
    assert waiting.state is State.READY
    assert waiting.by == "person"
    assert waiting.config == {"lr": 0.3, "width": 64, "optimizer": "sgd", "momentum": 0.5, "epochs": 3}
    for wrong in ({"lr": 99}, {"nothing": 1}, {"lr": "high"}, {"lr": None}, {"lr": [1]}, {"lr": {"deep": 1}}):
        refused = client(token=True).post("/api/studies/digits/trials", json={"config": wrong})
        assert refused.status_code == 400, wrong


def test_no_trial_beyond_the_budget(client, studies):
    studies.study(trials=1)
    studies.trial()
    writer = client(token=True)
    assert writer.post("/api/studies/digits/trials", json={"config": {}}).status_code == 409
    assert "raise the budget" in seen(writer, "/studies/digits/new").text
    assert writer.put("/api/studies/digits/budget", json={"trials": 2}).status_code == 200
    assert writer.post("/api/studies/digits/trials", json={"config": {}}).status_code == 200
    with pytest.raises(BudgetSpent):
        studies.trial()


def test_budgets_are_set_one_by_one(client, studies):
    studies.study(trials=5)
    writer = client(token=True)
    assert writer.put("/api/studies/digits/budget", json={"time": "90m"}).json() == {
        "trials": 5,
        "time": 5400.0,
        "cost": None,
    }
    assert writer.put("/api/studies/digits/budget", json={"trials": None, "cost": 3}).json()["trials"] is None
    spec = studies.store.spec("digits")
    assert (spec.budget.trials, spec.budget.time, spec.budget.cost) == (None, 5400.0, 3)
    for wrong in (
        {},
        {"trials": 0},
        {"trials": 1.5},
        {"trials": "x"},
        {"time": "soon"},
        {"cost": True},
        {"cost": 1e400},
    ):
        body = json.dumps(wrong)
        refused = writer.put("/api/studies/digits/budget", content=body, headers={"content-type": "application/json"})
        assert refused.status_code == 400, wrong


def test_notes_and_tags_are_facts(client, studies):
    studies.ordinary()
    writer = client(token=True)
    assert writer.put("/api/studies/digits/trials/1/notes", json={"tags": ["good", " good ", ""]}).json() == {
        "tags": ["good"]
    }
    assert writer.put("/api/studies/digits/trials/1/notes", json={"note": "keep"}).status_code == 200
    assert trial(studies, 1).notes == {"tags": ["good"], "note": "keep"}
    writer.put("/api/studies/digits/notes", json={"note": "about all", "tags": ["mnist"]})
    assert writer.get("/api/studies/digits").json()["notes"] == {"note": "about all", "tags": ["mnist"]}
    assert "about all" in seen(writer, "/studies/digits/notes").text
    assert "good" in seen(writer, "/studies/digits").text


def test_pausing_revises_the_study(client, studies):
    studies.ordinary()
    writer = client(token=True)
    assert writer.put("/api/studies/digits/paused", json={"paused": True}).json() == {"paused": True}
    assert writer.get("/api/studies/digits").json()["status"] == "paused"
    assert "no trial is started until it is resumed" in seen(writer, "/studies/digits").text
    writer.put("/api/studies/digits/paused", json={"paused": False})
    assert writer.get("/api/studies/digits").json()["status"] == "running"
    assert writer.put("/api/studies/digits/paused", json={"paused": "yes"}).status_code == 400
    facts = [event.fact for event in studies.store.events("digits") if isinstance(event.fact, Revised)]
    assert [fact.spec.paused for fact in facts][-2:] == [True, False]


# -- whole studies side by side ----------------------------------------------------------------------------------------


def test_studies_are_compared(client, studies):
    studies.ordinary()
    studies.study("other")
    studies.many(12, "other")
    studies.study("upward", minimize="acc")
    reader = client()
    page = seen(reader, "/compare?study=digits&study=other")
    assert "2 studies side by side" in page.text
    assert "0.4 (trial 1)" in page.text
    assert "sgd" in page.text
    twin = reader.get("/api/compare?study=digits&study=other").json()
    assert [line["name"] for line in twin["studies"]] == ["digits", "other"]
    assert twin["studies"][0]["config"]["optimizer"] == "sgd"
    figure = reader.get("/api/compare/figure?study=digits&study=other&study=upward").json()
    assert len(figure["figure"]["data"]) == 4
    assert any("another objective: upward" in remark for remark in figure["remarks"])


def test_comparing_needs_studies_that_exist(client, studies):
    studies.ordinary()
    reader = client()
    assert "Choose studies" in seen(reader, "/compare").text
    assert reader.get("/compare?study=nowhere").status_code == 404
    assert reader.get("/api/compare/figure").status_code == 400
    assert reader.get("/api/compare?" + "&".join(f"study=s{n}" for n in range(13))).status_code == 400
    assert reader.get("/api/compare").json() == {"studies": []}


# -- health ------------------------------------------------------------------------------------------------------------


def test_health_is_looked_into_beside_the_pages(client, studies):
    """a page does not wait for it; once it is there, open pages are told to look again"""
    studies.study()
    for index in range(12):
        studies.trial(end=Failed("oom", "out of memory", 1), config=config_of(0.5 + index / 100))
        studies.trial(end=Finished({"loss": 1.0 + index}, 1), config=config_of(0.001 + index / 1000))
    reader = client()
    seen(reader, "/studies/digits")
    soon(lambda: "What to do next" in reader.get("/studies/digits").text)
    page = seen(reader, "/studies/digits")
    assert "12 of 24 trials ran out of memory" in page.text
    assert "As of 24 trials that have ended." in page.text


def config_of(lr):
    return {"lr": lr, "width": 64, "optimizer": "adam", "epochs": 3}


def test_what_is_sealed_is_not_shown(client, studies):
    """metrics of the test set stay where nobody chooses by them"""
    studies.study()
    number = studies.trial(
        reports=[{"loss": 0.5, "test_loss": 0.777}], end=Finished({"loss": 0.5, "test_loss": 0.777}, 1)
    )
    reader = client()
    for address in (f"/studies/digits/trials/{number}", f"/api/studies/digits/trials/{number}", "/studies/digits"):
        assert "0.777" not in reader.get(address).text
