"""`importance` and `health` as a person types them."""

import json
import subprocess
import sys

import pytest

import tunesmith as ts

SPACE = {"lr": ts.Float(1e-4, 1.0, log=True, default=0.5), "width": ts.Int(16, 2048, log=True, default=64)}


def train(lr, width):
    if width > 700:
        raise MemoryError("2 GiB wanted")
    return {"loss": (lr - 0.1) ** 2, "speed": 1 / width}


def tunesmith(*words, cwd, expect=0):
    done = subprocess.run(
        [sys.executable, "-m", "tunesmith", *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout if expect == 0 else done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with a study of two objectives, and one that has hardly begun."""
    path = tmp_path_factory.mktemp("explained")
    store = path / "tunesmith.db"
    options = {"seed": 0, "store": store, "sampler": "random", "progress": "quiet"}
    ts.tune(train, space=SPACE, minimize=["loss", "speed"], trials=40, name="both", **options).close()
    ts.tune(train, space=SPACE, minimize="loss", trials=3, name="young", **options).close()
    return path


def test_importance(place):
    text = tunesmith("importance", "both", cwd=place)
    assert text.startswith("what loss depends on in the whole space (fanova, ")
    assert "lr " in text.splitlines()[1]
    assert "from the default configuration (expected " in text
    assert "lr 0.5 -> " in text
    speed = tunesmith("importance", "both", "--metric", "speed", "--method", "ped-anova", cwd=place)
    assert "what speed depends on" in speed
    assert "width" in speed.splitlines()[1]


def test_importance_as_json(place):
    found = json.loads(tunesmith("importance", "both", "--region", "top", "--json", cwd=place))
    assert found["importance"]["region"] == "top"
    assert {share["name"] for share in found["importance"]["params"]} == set(SPACE)
    assert found["ablation"]["steps"][0]["name"] == "lr"


def test_health(place):
    text = tunesmith("health", "both", cwd=place)
    assert text.startswith("warning  ")
    assert "ran out of memory" in text
    (finding,) = (f for f in json.loads(tunesmith("health", "both", "--json", cwd=place)) if f["name"] == "memory")
    assert finding["evidence"]["text"] == "width"
    assert tunesmith("health", "young", cwd=place) == "nothing found that is wrong, in 3 trials\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["importance", "young"], "different configurations with a value; what matters can be told from 10 on"),
        (["importance", "both", "--metric", "los"], "metric='los' is not an objective of this study; choose one of"),
        (["importance", "both", "--method", "shap"], "Invalid value for '--method'"),
        (["health", "nothing"], "nothing"),
    ],
)
def test_mistakes_are_told_in_a_sentence(place, words, told):
    done = subprocess.run(
        [sys.executable, "-m", "tunesmith", *words], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode in (1, 2)
    assert told in done.stderr
    assert "Traceback" not in done.stderr
