"""A dashboard over studies that are made of facts, in process and in a real browser."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator

import pytest
from chromium import chromium
from known import PORT, TOKEN
from starlette.testclient import TestClient

from tunesmith.space import Choice, Float, Int, Space, when
from tunesmith.stores.sqlite import SqliteStore
from tunesmith.trials import Asked, Draft, Failed, Finished, Opened, Reported, Started, Stopped, StudySpec
from tunesmith.trials.spec import Budget, objectives_from
from tunesmith.web.app import Dashboard
from tunesmith.web.guard import Policy
from tunesmith.web.serve import Server

WORKER = "elsewhere/1/2"
"""On another machine, as far as this one can tell: neither dead nor alive."""
SPACE = {
    "lr": Float(1e-5, 1.0, log=True, default=1e-3),
    "width": Int(16, 512, log=True, default=64),
    "optimizer": Choice("adam", "sgd"),
    "momentum": when({"optimizer": "sgd"}, Float(0, 1)),
    "epochs": 3,
}


class Studies:
    """A store on disk to which the tests add studies and trials."""

    def __init__(self, path):
        self.store = SqliteStore(path)

    def study(self, name="digits", space=None, *, trials=None, minimize="loss", **spec):
        space = Space(SPACE if space is None else space) if not isinstance(space, Space) else space
        budget = Budget(trials=trials)
        self.store.create(StudySpec(name, space, objectives_from(minimize, None), budget=budget, **spec))
        return name

    def trial(self, name="digits", end=None, *, config=None, reports=(), by="sobol", why="spread evenly"):
        """One more trial, running unless `end` is its last fact."""
        number = self.store.append(name, [Draft(None, Opened())]).trials[0].number
        config = {"lr": 0.01, "width": 64, "optimizer": "adam", "epochs": 3} if config is None else config
        facts = [Asked(config, by, why, seed=number), Started(WORKER, 1)]
        facts += [Reported(step, r if isinstance(r, dict) else {"loss": r}, 1) for step, r in enumerate(reports, 1)]
        self.store.append(name, [Draft(number, fact) for fact in [*facts, *([end] if end else [])]])
        return number

    def many(self, count, name="digits", *, reports=3, seed=0):
        """Many trials that have ended, in a few transactions."""
        rng = random.Random(seed)
        drafts, first = [], len(self.store.changes(name, reports=False).trials)
        for number in range(first, first + count):
            optimizer = rng.choice(["adam", "sgd"])
            config = {"lr": 10 ** rng.uniform(-5, 0), "width": rng.randint(16, 512), "optimizer": optimizer}
            config |= {"momentum": rng.random()} if optimizer == "sgd" else {}
            loss = abs(math.log10(config["lr"]) + 2) / 3 + rng.random() * 0.3
            drafts += [Draft(None, Opened()), Draft(number, Asked({**config, "epochs": 3}, "sobol", "spread", number))]
            drafts.append(Draft(number, Started(WORKER, 1)))
            drafts += [Draft(number, Reported(step, {"loss": loss + 1 / step}, 1)) for step in range(1, reports + 1)]
            kind = rng.random()
            end = Failed("oom", "out of memory", 1, "Traceback") if kind < 0.05 else None
            end = end or (Stopped("worse than the median", 1) if kind < 0.3 else Finished({"loss": loss}, 1))
            drafts.append(Draft(number, end))
        self.store.append(name, drafts)

    def ordinary(self, name="digits"):
        """Every kind of end, the default, a condition, and one that runs."""
        self.study(name, trials=20)
        default = {"lr": 0.001, "width": 64, "optimizer": "adam", "epochs": 3}
        self.trial(name, Finished({"loss": 0.5}, 1), config=default, by="default", reports=[0.9, 0.7, 0.5])
        sgd = {**default, "lr": 0.02, "optimizer": "sgd", "momentum": 0.9}
        self.trial(name, Finished({"loss": 0.4}, 1), config=sgd, reports=[0.8, 0.5, 0.4])
        self.trial(name, Stopped("worse than the median of 2 trials", 1), config={**default, "lr": 0.5}, reports=[2.0])
        self.trial(name, Failed("oom", "CUDA out of memory", 1, "Traceback: 8 GiB"), config={**default, "lr": 1.0})
        self.trial(name, config={**default, "lr": 0.03}, reports=[0.9, 0.8])
        return name


@pytest.fixture
def studies(tmp_path):
    made = Studies(tmp_path / "studies.db")
    yield made
    made.store.close()


@pytest.fixture
def client(studies):
    """A function that gives a client of a dashboard; `token=True` sends the token as programs do."""

    def make(*, token=False, **policy):
        known = Policy(TOKEN, policy.pop("host", "127.0.0.1"), PORT, **policy)
        headers = {"authorization": f"Bearer {TOKEN}"} if token else {}
        app = Dashboard(studies.store, known, "studies.db").app
        return TestClient(app, base_url=f"http://127.0.0.1:{PORT}", headers=headers, raise_server_exceptions=False)

    return make


# -- a real browser --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser():
    path = chromium()
    if path is None:
        pytest.skip("no Chromium here; install one with: make browser")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=[*flags, "--disable-component-update"])
        yield started
        started.close()


@pytest.fixture
def server(studies):
    """A served dashboard."""
    import threading

    made = Server(studies.store)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    yield made
    made.stop()
    thread.join(60)
    assert not thread.is_alive()


@pytest.fixture
def page(browser, server) -> Iterator:
    """A function that opens a page of the dashboard, with the token; nothing may go wrong on any of them."""
    contexts, wrong = [], []

    def opened(path="/", *, token=True, width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(60_000)
        tab.on("pageerror", lambda error: wrong.append(f"{path}: {error}"))
        tab.on("console", lambda message: wrong.append(f"{path}: {message.text}") if is_bad(message) else None)
        separator = "&" if "?" in path else "?"
        tab.goto(f"{server.address}{path}" + (f"{separator}token={server.token}" if token else ""))
        tab.wait_for_selector("body[data-ready]")
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def is_bad(message) -> bool:
    """Errors of scripts and of the content policy; refused requests are looked at by the tests that make them."""
    return message.type == "error" and not re.search(r"status of 4\d\d", message.text)
