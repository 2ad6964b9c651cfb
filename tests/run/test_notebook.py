"""In a notebook: progress in one display that is brought up to date, and a study that shows itself. With a real kernel."""

import html
import re
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from tunesmith.plots.card import study_card
from tunesmith.space import Choice, Float, Space
from tunesmith.testing.histories import History, spec_of

SEARCH = """
from typing import Annotated
import tunesmith as ts

def train(lr: Annotated[float, ts.Float(1e-4, 1.0, log=True)] = 1e-2):
    if lr > 0.3:
        raise ValueError("<b>too large</b>")
    for epoch in range(3):
        yield {"loss": abs(lr - 0.02) + 1 / (epoch + 1)}

study = ts.tune(train, minimize="loss", trials=12, seed=0, store=None, confirm=0)
"""
BAD = "<script>alert(1)</script>\"'&\x00"


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Outputs of the cells of a notebook that was run from start to end."""
    sources = [SEARCH, "study", "study.to_pandas().shape"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    folder = str(tmp_path_factory.mktemp("notebook"))
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    return [cell.outputs for cell in notebook.cells]


def test_progress_is_one_display(cells):
    displays = [output for output in cells[0] if output.output_type == "display_data"]
    assert len(displays) == 1
    page = displays[0].data["text/html"]
    assert "12 of 12" in page
    assert "best: trial" in page
    assert "loss" in page
    assert "&lt;b&gt;too large" in page
    assert "<b>too large" not in page


def test_the_beginning_and_the_end_are_told_as_text(cells):
    text = "".join(output.text for output in cells[0] if output.get("name") == "stdout")
    assert text.startswith("Study 'train': minimize loss")
    assert "Ended: all 12 trials are done" in text


def test_a_study_shows_itself(cells):
    (output,) = cells[1]
    page = output.data["text/html"]
    assert output.data["text/plain"].startswith("<Study 'train': ")
    assert re.search(r"loss 0\.3\d+, with trial \d+\.", page)
    assert page.count("<svg") == 1
    assert "lr" in page
    assert "default" in page


def test_without_a_notebook_nothing_of_ipython_is_loaded():
    code = (
        "import sys, tunesmith as ts\n"
        "ts.tune(lambda x=0.5: x, space={'x': ts.Float(0, 1)}, minimize='loss', trials=2, store=None)\n"
        "sys.exit('IPython' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def hostile():
    log = History(spec_of(Space({BAD: Choice(BAD, "fine"), "x": Float(0, 1)}), minimize=(BAD,)))
    for value in (3.0, 2.0, 1.0):
        log.finish(log.train([value]), **{BAD: value})
    log.fail(log.begin())
    return log.view


def test_nothing_of_a_study_is_markup():
    page = study_card(hostile())
    assert "<script" not in page
    assert "\x00" not in page
    assert "<script>alert(1)</script>" in html.unescape(page)


@pytest.mark.parametrize("outcomes", [[], [float("nan")], [1.0], [1.0, 1.0], [2.0, float("inf"), 1.0]])
def test_any_study_has_a_card(outcomes):
    log = History(spec_of(Space({"x": Float(0, 1)})))
    for value in outcomes:
        log.finish(log.train([value]), loss=value)
    page = study_card(log.view)
    assert ("<svg" in page) == (len(outcomes) > 1)
    assert page.count("<div") == page.count("</div>")


def test_a_front_is_shown_with_all_its_objectives():
    """one line for each trial, where there are more than fit beside one another"""
    log = History(spec_of(Space({"x": Float(0, 1)}), minimize=("a", "b"), maximize=("c",)))
    for place in range(8):
        log.finish(log.begin(), a=place, b=-place, c=1.0)
    page = study_card(log.view)
    assert re.findall(r"<th [^>]*>([^<]*)", page) == [
        "a (smaller is better)", "b (smaller is better)", "c (larger is better)", "x",
    ]  # fmt: skip
