"""Reports from what programs print."""

import math
import random

import pytest

from tunesmith.run.metrics import Meter
from tunesmith.run.streams import Appended, Lines


def reports(*lines, metrics=("loss",), after=0):
    meter = Meter(tuple(metrics), 1, after)
    found = [meter.read(line) for line in lines]
    return [(report.step, dict(report.metrics)) for report in found if report is not None]


@pytest.mark.parametrize(
    ("line", "metrics"),
    [
        ("loss=0.3", {"loss": 0.3}),
        ("loss: 0.3, acc: 95%", {"loss": 0.3, "acc": 95.0}),
        ("  loss = 3e-4 | acc=.5 ", {"loss": 0.0003, "acc": 0.5}),
        ("2024-01-01 12:30:45,123 INFO loss=-1.5", {"loss": -1.5}),
        ("32/32 [====] - 1s 2ms/step - loss: 0.5 - val_loss: 0.6", {"loss": 0.5, "val_loss": 0.6}),
        ("{'loss': 0.69, 'learning_rate': '5e-05'}", {"loss": 0.69, "learning_rate": 5e-05}),
        ('{"loss": 1, "eval": {"acc": 0.5, "name": "x"}, "ok": true, "l": [1]}', {"loss": 1.0, "eval.acc": 0.5}),
        ("\x1b[32mloss: 0.5\x1b[0m", {"loss": 0.5}),
        ("10% loss=9\r20% loss=8\r", {"loss": 8.0}),
        ("The end: loss=0.5.", {"loss": 0.5}),
        ("loss=+inf elapsed=3s url=http://x?a=1 --rate=7", {"loss": math.inf}),
    ],
)
def test_lines_with_an_objective(line, metrics):
    assert reports(line) == [(1, metrics)]


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-inf", "Infinity"])
def test_numbers_that_are_not_finite(text):
    ((_, metrics),) = reports(f"loss={text}")
    assert math.isnan(metrics["loss"]) or math.isinf(metrics["loss"])
    ((_, metrics),) = reports('{"loss": NaN}')
    assert math.isnan(metrics["loss"])


@pytest.mark.parametrize(
    "line",
    ["", "epoch 3", "val_loss=1", "loss=", "loss=0.3s", "loss=1/2", "loss = none", '{"loss": "0.3"}', "[1, 2]", "{", "loss=0x1", "gloss=1"],
)  # fmt: skip
def test_lines_without_an_objective(line):
    assert reports(line) == []


def test_objectives_may_have_any_name():
    assert reports("val loss: 0.5", metrics=["val loss"]) == [(1, {"val loss": 0.5})]
    assert reports("eval/loss@1=2", metrics=["eval/loss@1"]) == [(1, {"eval/loss@1": 2.0})]
    assert reports("F{1}=2", metrics=["F{1}"]) == [(1, {"F{1}": 2.0})]
    assert reports("step=3", metrics=["step"]) == [(1, {"step": 3.0})]


def test_steps_are_counted_where_none_is_named():
    assert [step for step, _ in reports("loss=3", "noise", "loss=2", "loss=1")] == [1, 2, 3]


@pytest.mark.parametrize(
    "form",
    ["epoch={} loss=1", "Epoch {}/50, loss: 1", "loss=1 step={}", "Iteration [{}/9] loss=1", '{{"loss": 1, "epoch": {}}}', "epoch: {}.0 loss=1"],
)  # fmt: skip
def test_named_steps_are_steps_and_no_metrics(form):
    assert reports(form.format(2), form.format(5)) == [(2, {"loss": 1.0}), (5, {"loss": 1.0})]


def test_a_step_in_a_line_of_its_own_is_for_what_follows():
    lines = ["Epoch 1/9", "loss: 5", "Epoch 4/9", "val: 1", "loss: 3"]
    assert reports(*lines) == [(1, {"loss": 5.0}), (4, {"val": 1.0, "loss": 3.0})]


def test_other_numbers_wait_for_the_next_report():
    assert reports("lr=0.1", "lr=0.2 size=3", "loss=1", "loss=2") == [
        (1, {"lr": 0.2, "size": 3.0, "loss": 1.0}),
        (2, {"loss": 2.0}),
    ]


def test_a_step_makes_a_report_also_without_an_objective():
    assert reports("step=10 grad=2", "step=10 loss=1") == [(10, {"grad": 2.0}), (10, {"loss": 1.0})]


def test_steps_never_go_back():
    lines = ["epoch=5 loss=1", "epoch=3 loss=2", "epoch=6 loss=3", "epoch=9 loss=4"]
    assert [step for step, _ in reports(*lines)] == [5, 6, 7, 9]


def test_batches_within_an_epoch_do_not_advance_it():
    lines = [
        "epoch=1 batch=1 part=9",
        "epoch=1 batch=2 part=8",
        "epoch=1 loss=7",
        "epoch=2 batch=1 part=6",
        "epoch=2 loss=5",
    ]
    assert reports(*lines) == [
        (1, {"batch": 1.0, "part": 9.0}),
        (1, {"loss": 7.0}),
        (2, {"batch": 1.0, "part": 6.0}),
        (2, {"loss": 5.0}),
    ]


def test_counting_from_zero_works():
    assert [step for step, _ in reports(*[f"epoch={epoch} loss=1" for epoch in range(4)])] == [1, 2, 3, 4]
    assert [step for step, _ in reports(*[f"step={step} loss=1" for step in (0, 100, 200)])] == [1, 100, 200]


def test_two_objectives_in_lines_of_their_own_share_a_step():
    assert reports("loss=3", "acc=1", "loss=2", "acc=4", metrics=["loss", "acc"]) == [
        (1, {"loss": 3.0}),
        (1, {"acc": 1.0}),
        (2, {"loss": 2.0}),
        (2, {"acc": 4.0}),
    ]


def test_known_reports_are_dropped_after_a_pause():
    assert [step for step, _ in reports("loss=4", "loss=3", "loss=2", after=2)] == [3]
    assert [step for step, _ in reports("epoch=3 loss=4", "epoch=4 loss=3", after=2)] == [3, 4]


def test_odd_documents_are_passed_over():
    assert reports('{"a":' * 20_000 + "}", '{"\\ud800": 1, "loss": 2}') == [(1, {"loss": 2.0})]
    assert reports('{"loss": 1' + "0" * 400 + "}", '{"loss": -1' + "0" * 5000 + "}") == [
        (1, {"loss": math.inf}),
        (2, {"loss": -math.inf}),
    ]


def test_any_lines_make_reports_that_the_fold_accepts():
    rng = random.Random(5)
    words = [
        "loss=1",
        "acc: 2",
        "epoch=3",
        "epoch 0",
        "step=9",
        "step: 2",
        "lr=1",
        '{"loss": 1, "step": 4}',
        "x",
        "nan",
        "\r",
        "iteration=99999999999999999999",
    ]
    for _ in range(300):
        lines = [" ".join(rng.choices(words, k=rng.randint(1, 3))) for _ in range(12)]
        last, seen = 0, set()
        for step, metrics in reports(*lines, metrics=["loss", "acc"]):
            assert metrics
            assert step >= last
            seen = seen if step == last else set()
            assert not seen & metrics.keys()
            last, seen = step, seen | metrics.keys()


def test_lines_are_cut_from_pieces_of_any_length():
    text = "a=1\n\nb=ü\r\nlast"
    for size in (1, 2, 3, 100):
        lines, content = Lines(), text.encode()
        found = [line for at in range(0, len(content), size) for line in lines.feed(content[at : at + size])]
        assert found + lines.end() == ["a=1", "", "b=ü\r", "last"]


def test_long_lines_are_cut_and_odd_bytes_replaced():
    lines = Lines()
    assert [len(line) for line in lines.feed(b"x" * 200_000 + b"\nnext\n")] == [65536, 4]
    assert lines.feed(b"\xff\x00\n") == ["\ufffd\x00"]
    assert lines.end() == []


def test_a_file_is_read_from_where_it_was(tmp_path):
    path = tmp_path / "metrics.txt"
    path.write_text("old=1\n")
    file = Appended(path)
    assert file.read() == []
    with path.open("a") as more:
        more.write("loss=1\nlo")
        more.flush()
        assert file.read() == ["loss=1"]
        more.write("ss=2")
    assert file.end() == ["loss=2"]
    path.write_text("new\n")
    assert file.read() == ["new"]


def test_what_is_no_plain_file_is_not_read(tmp_path):
    assert Appended(tmp_path).end() == []
    assert Appended(tmp_path / "missing" / "file").end() == []
