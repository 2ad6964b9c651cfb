"""The door of type hints: the same space, and typed values back."""

from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Annotated, Literal

import cloudpickle
import pytest

from tunesmith.errors import InvalidObjective, InvalidSpace
from tunesmith.run.context import Context
from tunesmith.space import Choice, Fixed, Float, Int, Ordinal, Space, bind, space_of, when

Rate = Annotated[float, Float(1e-5, 1, log=True)]


class Kind(Enum):
    RELU = (1, "r")
    TANH = (2, "t")


@dataclass
class Sgd:
    momentum: Annotated[float, Float(0, 1)] = 0.9
    nesterov: bool = False


@dataclass
class Adam:
    betas: tuple[float, float] = (0.9, 0.999)
    eps: Annotated[float, Float(1e-9, 1e-7, log=True)] = 1e-8


@dataclass
class Layer:
    width: Annotated[int, Int(16, 512, log=True)] = 64
    kind: Kind = Kind.RELU


def call(function, config, **given):
    binding = bind(function)
    return binding.arguments(binding.space.check(config), seed=11, **given)


def test_each_hint_declares_its_parameter():
    def train(
        lr: Rate = 1e-3,
        width: Annotated[int, Int(16, 512, log=True)] = 128,
        batch: Annotated[int, Ordinal(32, 64, 128)] = 64,
        act: Literal["relu", "tanh"] = "tanh",
        bias: bool = True,
        kind: Kind = Kind.TANH,
        epochs: Annotated[int, Fixed(3)] = 3,
        verbose: int = 0,
        seed: int = 0,
    ):
        pass

    assert bind(train).space == Space(
        {
            "lr": Float(1e-5, 1, log=True, default=1e-3),
            "width": Int(16, 512, log=True, default=128),
            "batch": Ordinal(32, 64, 128, default=64),
            "act": Choice("relu", "tanh", default="tanh"),
            "bias": Choice(False, True, default=True),
            "kind": Choice("RELU", "TANH", default="TANH"),
            "epochs": Fixed(3),
        }
    )
    arguments = call(train, {"lr": 0.1, "width": 16, "batch": 32, "act": "relu", "bias": False, "kind": "RELU"})
    assert arguments["kind"] is Kind.RELU
    assert arguments["seed"] == 11
    assert "verbose" not in arguments
    assert (type(arguments["width"]), type(arguments["bias"])) == (int, bool)


def test_a_dataclass_is_a_group_and_comes_back_as_an_instance():
    def train(opt: Sgd = Sgd(momentum=0.5)):
        pass

    binding = bind(train)
    assert binding.space == Space(
        {"opt": {"momentum": Float(0, 1, default=0.5), "nesterov": Choice(False, True, default=False)}}
    )
    assert binding.arguments(binding.space.default(), seed=0) == {"opt": Sgd(0.5, False)}


def test_a_union_is_a_conditional_choice():
    def train(lr: Rate, opt: Sgd | Adam | None = Adam()):
        pass

    space = bind(train).space
    assert space.params["opt"] == Choice("Sgd", "Adam", "None", default="Adam")
    assert space.active({"lr": 0.1, "opt": "Adam", "opt.Adam.eps": 1e-8}) == ("lr", "opt", "opt.Adam.eps")
    assert call(train, {"lr": 0.1, "opt": "Sgd", "opt.Sgd.momentum": 0.3, "opt.Sgd.nesterov": True})["opt"] == Sgd(
        0.3, True
    )
    assert call(train, {"lr": 0.1, "opt": "Adam", "opt.Adam.eps": 1e-8})["opt"] == Adam((0.9, 0.999), 1e-8)
    assert call(train, {"lr": 0.1, "opt": "None"})["opt"] is None


def test_an_optional_number_is_a_choice_between_none_and_a_value():
    def train(clip: Annotated[float | None, Float(0.1, 10)] = None):
        pass

    assert bind(train).space.default() == {"clip": "None"}
    assert call(train, {"clip": "None"}) == {"clip": None}
    assert call(train, {"clip": "value", "clip.value": 2.0}) == {"clip": 2.0}


def test_a_list_has_a_length_and_items():
    def train(
        widths: Annotated[list[Annotated[int, Int(16, 512)]], Int(1, 3)] = [64, 32],  # noqa: B006
        layers: Annotated[list[Layer], Int(0, 2)] = [],  # noqa: B006
    ):
        pass

    binding = bind(train)
    assert binding.arguments(binding.space.default(), seed=0) == {"widths": [64, 32], "layers": []}
    config = {"widths.length": 1, "widths.0": 20, "layers.length": 1, "layers.0.width": 16, "layers.0.kind": "TANH"}
    assert call(train, config) == {"widths": [20], "layers": [Layer(16, Kind.TANH)]}
    longest = binding.space.active(
        {"widths.length": 3, "layers.length": 2, "widths.0": 1, "widths.1": 1, "widths.2": 1}
    )
    assert {"widths.2", "layers.1.width"} <= set(longest)


def test_a_conditional_parameter_is_left_out_when_inactive():
    def train(opt: Literal["sgd", "adam"], momentum: Annotated[float, when({"opt": "sgd"}, Float(0, 1))] = 0.9):
        pass

    assert call(train, {"opt": "adam"}) == {"opt": "adam"}
    assert call(train, {"opt": "sgd", "momentum": 0.1}) == {"opt": "sgd", "momentum": 0.1}


def test_literals_come_back_as_they_are():
    def train(x: Literal[1, "1", True, None] = None):  # noqa: PYI061
        pass

    assert bind(train).space.default() == {"x": None}
    for value in (1, "1", True, None):
        back = call(train, {"x": value})["x"]
        assert (back, type(back)) == (value, type(value))


def test_hints_as_text_work():
    namespace: dict = {}
    code = "from __future__ import annotations\nfrom typing import Annotated\nfrom tunesmith.space import Float\n"
    exec(code + "def train(lr: Annotated[float, Float(0, 1)] = 0.5): pass", namespace)
    assert bind(namespace["train"]).space == Space({"lr": Float(0, 1, default=0.5)})


def test_functions_in_other_shapes():
    class Trainer:
        def fit(self, lr: Rate):
            return lr

        def __call__(self, lr: Rate):
            return lr

    def train(lr: Rate, width: Annotated[int, Int(1, 9)]):
        pass

    assert list(bind(Trainer().fit).space.params) == ["lr"]
    assert list(bind(Trainer()).space.params) == ["lr"]
    assert list(bind(partial(train, width=3)).space.params) == ["lr"]


@pytest.mark.parametrize("name", ["ctx", "context"])
def test_a_context_alone_means_define_by_run(name):
    namespace = {"Context": Context}
    exec(f"def train({name}: Context): pass", namespace)
    binding = bind(namespace["train"])
    assert binding.space.grows
    assert binding.arguments({}, seed=0, context="the context") == {name: "the context"}


def nothing():
    pass


def real_for_whole(width: Annotated[int, Float(1, 8)] = 3):
    pass


def bracketed(optimizer: Annotated[str, Choice(["sgd", "adam"])] = "sgd"):
    pass


def unannotated(lr):
    pass


def positional(lr: Rate, /):
    pass


def outside(lr: Rate = 7.0):
    pass


def unresolved(lr: "Nowhere"):  # noqa: F821
    pass


@pytest.mark.parametrize(
    "target, error, words",
    [
        (nothing, InvalidObjective, "nothing() has nothing to tune"),
        (unannotated, InvalidObjective, "unannotated(): 'lr' has no range; annotate it"),
        (positional, InvalidObjective, "remove the '/'"),
        (outside, InvalidSpace, "outside(): lr: its default = 7.0 is outside [1e-05, 1.0]"),
        (real_for_whole, InvalidSpace, "annotated int, but float 1.0 to 8.0 gives real numbers; write ts.Int(...)"),
        (
            bracketed,
            InvalidSpace,
            "Choice(['sgd', 'adam']) has a single option, which is a list; write Choice('sgd', 'adam')",
        ),
        (unresolved, InvalidSpace, "type hints cannot be read"),
        (int, InvalidObjective, "is not a training function"),
        (3, InvalidObjective, "is not a training function"),
    ],
)
def test_functions_that_cannot_be_tuned_are_explained(target, error, words):
    with pytest.raises(error) as found:
        bind(target)
    assert words in str(found.value)


# -- with a space that is given ----------------------------------------------------------------------------------------

GIVEN = Space({"lr": Float(0, 1), "model": {"width": Int(1, 9), "depth": Int(1, 3)}, "kind": Choice(*Kind)})
CONFIG = {"lr": 0.5, "model.width": 2, "model.depth": 3, "kind": "TANH"}
NESTED = {"lr": 0.5, "model": {"width": 2, "depth": 3}, "kind": "TANH"}


def test_given_spaces_are_passed_by_name_groups_as_dicts():
    def train(lr, model, kind: Kind, seed=0, other=1):
        pass

    assert bind(train, GIVEN).arguments(CONFIG, seed=4) == {**NESTED, "kind": Kind.TANH, "seed": 4}


@pytest.mark.parametrize("name", ["config", "c"])
def test_one_parameter_can_take_the_whole(name):
    namespace: dict = {}
    exec(f"def train({name}, seed=0): pass", namespace)
    assert bind(namespace["train"], GIVEN).arguments(CONFIG, seed=4) == {name: NESTED, "seed": 4}


def test_keywords_take_the_rest():
    assert bind(lambda lr, **rest: 0, GIVEN).arguments(CONFIG, seed=4) == NESTED


@pytest.mark.parametrize(
    "function, words",
    [
        (lambda lr, model: 0, "does not take 'kind'"),
        (lambda lr, model, kind, extra: 0, "needs 'extra'"),
        (lambda a, b: 0, "needs 'a'"),
    ],
)
def test_functions_that_do_not_fit_a_given_space_are_explained(function, words):
    with pytest.raises(InvalidObjective) as error:
        bind(function, GIVEN)
    assert words in str(error.value)


# -- dataclasses as spaces ---------------------------------------------------------------------------------------------


@dataclass
class Everything:
    opt: Sgd | Adam = field(default_factory=Sgd)
    depth: Annotated[int, Int(1, 3)] = 2
    extra: Annotated[float, when({"depth": ">= 2"}, Float(0, 1))] = 0.5


def test_a_dataclass_declares_a_space():
    space = space_of(Everything, limits=["depth < 3"])
    assert list(space.params)[:2] == ["opt", "opt.Sgd.momentum"]
    assert space.default() == {
        "opt": "Sgd",
        "opt.Sgd.momentum": 0.9,
        "opt.Sgd.nesterov": False,
        "depth": 2,
        "extra": 0.5,
    }
    assert [str(limit) for limit in space.limits] == ["depth < 3"]


def test_bindings_travel_to_other_processes():
    def train(opt: Sgd | Adam, kind: Kind, lr: Rate):
        pass

    binding = cloudpickle.loads(cloudpickle.dumps(bind(train)))
    config = binding.space.default()
    assert binding.arguments(config, seed=0)["opt"].momentum == 0.9
