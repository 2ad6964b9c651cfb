"""Beliefs: where good values of a parameter are expected."""

import json
from enum import Enum
from typing import Annotated, Literal

import pytest

import tunesmith as ts
from tunesmith.errors import InvalidSpace


class Optimizer(Enum):
    SGD = 1
    ADAM = 2


BELIEVED = ts.Space(
    {
        "lr": ts.Float(1e-5, 1, log=True, default=0.1, belief=ts.around(1e-3, factor=10)),
        "width": ts.Int(16, 512, belief=ts.around(100.5, width=30)),
        "optimizer": ts.Choice(Optimizer.SGD, Optimizer.ADAM, belief={Optimizer.ADAM: 3}),
        "batch": ts.Ordinal(16, 32, None, belief={None: 0.5, 16: 2}),
        "momentum": ts.when({"optimizer": "SGD"}, ts.Float(0, 1, belief=ts.around(0.9))),
    }
)


def test_round_trip():
    again = ts.Space.from_json(json.loads(json.dumps(BELIEVED.to_json())))
    assert again == BELIEVED
    assert again.params == BELIEVED.params
    assert again.params["batch"].belief == ((None, 0.5), (16, 2.0))


def test_the_format_is_a_later_one_only_where_there_are_beliefs():
    assert BELIEVED.to_json()["version"] == 2
    assert ts.Space({"x": ts.Float(0, 1)}).to_json()["version"] == 1


def test_another_belief_is_no_other_space():
    others = ts.Space({"lr": ts.Float(1e-5, 1, log=True), "width": ts.Int(16, 512, belief=ts.around(20))})
    known = ts.Space({"lr": ts.Float(1e-5, 1, log=True, belief=ts.around(0.1)), "width": ts.Int(16, 512)})
    assert known.differences(others) == []
    assert known != others


def test_the_default_stays_the_default():
    assert BELIEVED.default()["lr"] == 0.1


def test_type_hints_carry_them():
    def train(
        lr: Annotated[float, ts.Float(1e-5, 1, log=True, belief=ts.around(1e-3))] = 0.1,
        method: Annotated[Literal["a", "b"], ts.Choice("a", "b", belief={"b": 2})] = "a",
    ):
        return lr

    params = ts.space_of(train).params
    assert params["lr"] == ts.Float(1e-5, 1, log=True, default=0.1, belief=ts.around(1e-3))
    assert params["method"] == ts.Choice("a", "b", default="a", belief={"b": 2})


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ts.Float(0, 1, belief=0.3), r"belief=around\(0.5, width=0.2\)"),
        (lambda: ts.Float(0, 1, belief=ts.around(2)), "within 0 to 1"),
        (lambda: ts.Float(0, 1, belief=ts.around(0.3, factor=2)), "factor has no meaning on a linear scale"),
        (lambda: ts.Int(1, 9, log=True, belief=ts.around(3, width=2)), "width has no meaning on a logarithmic scale"),
        (lambda: ts.Int(1, 9, log=True, belief=ts.around(3, factor=0.5)), "above 1"),
        (lambda: ts.Float(0, 1, belief=ts.around(0.3, width=float("nan"))), "above 0"),
        (lambda: ts.Choice("a", "b", belief={"c": 1}), "choose one of 'a', 'b'"),
        (lambda: ts.Choice("a", "b", belief={"a": 0}), "give a positive number"),
        (lambda: ts.Ordinal(1, 2, belief=ts.around(1)), "give weights of options"),
    ],
)
def test_what_cannot_be_meant_is_said(make, says):
    with pytest.raises(InvalidSpace, match=says):
        make()
