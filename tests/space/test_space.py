"""Spaces: groups, conditions, limits, defaults, listing, growth, JSON."""

import json
import pickle

import pytest
from hypothesis import given, settings, strategies as st
from strategies import options, spaces

from tunesmith.errors import InvalidConfig, InvalidSpace, NewerFormat
from tunesmith.space import Choice, Fixed, Float, Int, Ordinal, Relation, Space, forbid, when

small = st.one_of(options.map(lambda values: Choice(*values)), st.integers(0, 3).map(lambda n: Int(0, n)))


def optimizer_space(**options):
    return Space(
        {
            "optimizer": Choice("sgd", "adam", default="adam"),
            "lr": Float(1e-5, 1, log=True),
            "momentum": when({"optimizer": ["sgd"]}, Float(0, 1)),
            "nesterov": when({"optimizer": "sgd", "momentum": "> 0.5"}, Choice(True, False)),
            "model": {"depth": Int(1, 4), "width": when({"depth": ">= 2"}, Ordinal(32, 64, 128))},
            "epochs": 10,
        },
        **options,
    )


# -- groups and conditions ---------------------------------------------------------------------------------------------


def test_groups_are_joined_with_dots_and_plain_values_are_fixed():
    space = optimizer_space()
    assert list(space.params) == ["optimizer", "lr", "momentum", "nesterov", "model.depth", "model.width", "epochs"]
    assert space.params["epochs"] == Fixed(10)


@pytest.mark.parametrize(
    "config, active",
    [
        ({"optimizer": "adam", "model.depth": 1}, {"optimizer", "lr", "model.depth", "epochs"}),
        (
            {"optimizer": "sgd", "momentum": 0.2, "model.depth": 3},
            {"optimizer", "lr", "momentum", "model.depth", "model.width", "epochs"},
        ),
        (
            {"optimizer": "sgd", "momentum": 0.9, "model.depth": 1},
            {"optimizer", "lr", "momentum", "nesterov", "model.depth", "epochs"},
        ),
    ],
)
def test_conditions_decide_what_takes_part(config, active):
    assert set(optimizer_space().active({"lr": 0.1, "nesterov": True, "model.width": 64, **config})) == active


def test_conditions_nest_and_cover_groups():
    space = Space({"a": Choice(1, 2), "g": when({"a": 1}, {"b": Choice(1, 2), "c": when({"b": 2}, Int(0, 9))})})
    assert space.active({"a": 1, "g.b": 2, "g.c": 3}) == ("a", "g.b", "g.c")
    assert space.active({"a": 1, "g.b": 1, "g.c": 3}) == ("a", "g.b")
    assert space.active({"a": 2, "g.b": 2, "g.c": 3}) == ("a",)


@pytest.mark.parametrize(
    "body, words",
    [
        ({"a": when({"b": 1}, Int(0, 1))}, "a depends on 'b', which is not a parameter"),
        ({"optimiser": Choice("x", "y"), "a": when({"optimizer": "x"}, Int(0, 1))}, "did you mean 'optimiser'?"),
        ({"b": Choice(1, 2), "a": when({"b": 3}, Int(0, 1))}, "can never hold: b = 3 is not an option"),
        ({"a": when({"b": 1}, Int(0, 1)), "b": when({"a": 1}, Int(0, 1))}, "circle"),
        ({"a": when({}, Int(0, 1))} if False else {"": Int(0, 1)}, "is not a name"),
        ({"a.": Int(0, 1)}, "is not a name"),
        ({1: Int(0, 1)}, "is not a name"),
        ({"a": {"b": 1}, "a.b": 2}, "a.b is named twice"),
        ({"a": object()}, "a: Fixed"),
    ],
)
def test_mistakes_in_a_space_are_explained(body, words):
    with pytest.raises(InvalidSpace) as error:
        Space(body)
    assert words in str(error.value)


def test_an_empty_condition_is_refused():
    with pytest.raises(InvalidSpace, match="empty"):
        when({}, Int(0, 1))


# -- check -------------------------------------------------------------------------------------------------------------


def test_check_takes_nested_configs_and_gives_flat_ones_in_order():
    config = optimizer_space().check({"model": {"depth": 1}, "lr": 1, "optimizer": "adam"})
    assert config == {"optimizer": "adam", "lr": 1.0, "model.depth": 1, "epochs": 10}
    assert list(config) == ["optimizer", "lr", "model.depth", "epochs"]


@pytest.mark.parametrize(
    "config, words",
    [
        ({"learning_rate": 1}, "learning_rate is not a parameter"),
        ({"optimzer": "adam"}, "did you mean 'optimizer'?"),
        ({"optimizer": "adam", "lr": 0.1}, "model.depth is missing"),
        ({"optimizer": "adam", "lr": 7, "model.depth": 1}, "lr = 7 is outside [1e-05, 1.0]"),
        (
            {"optimizer": "adam", "lr": 0.1, "model.depth": 1, "momentum": 0.5},
            "momentum takes part only if optimizer = 'sgd'",
        ),
    ],
)
def test_configs_that_do_not_fit_are_explained(config, words):
    with pytest.raises(InvalidConfig) as error:
        optimizer_space().check(config)
    assert words in str(error.value)


def test_partial_configs_are_filled_with_defaults():
    assert optimizer_space().check({"lr": 0.5}, partial=True)["optimizer"] == "adam"


def test_the_default_is_the_known_defaults_and_the_middle_elsewhere():
    default = optimizer_space().default()
    assert default["optimizer"] == "adam"
    assert default["lr"] == pytest.approx(10**-2.5)
    assert "momentum" not in default
    assert Space({"x": Choice("a", None)}).default() == {"x": None}


def test_levels_start_in_the_middle_and_options_at_the_first():
    assert Space({"x": Ordinal(16, 32, 64), "y": Choice(16, 32, 64)}).default() == {"x": 32, "y": 16}
    assert Space({"x": Ordinal(16, 32, 64, default=16)}).default() == {"x": 16}
    assert Space({"x": Ordinal(None, 1, 2, 3, 4)}).default() == {"x": None}


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limit, config, holds",
    [
        ("a < b", {"a": 1, "b": 2}, True),
        ("a < b", {"a": 2, "b": 2}, False),
        ("a * b <= 6", {"a": 2, "b": 3}, True),
        ("a * b <= 6", {"a": 2, "b": 4}, False),
        ("0 < a - b <= 2 and a != 9", {"a": 3, "b": 2}, True),
        ("a < b or a == 5", {"a": 5, "b": 2}, True),
        ("a < b", {"a": 1}, True),
        ("a / b < 1", {"a": 1, "b": 0}, False),
        ("a == 'x'", {"a": "x"}, True),
        ("a < b", {"a": "x", "b": 1}, False),
        ("model.depth + w[0] <= 3", {"model.depth": 1, "w.0": 2}, True),
        ("-a < 0", {"a": 1}, True),
    ],
)
def test_relations(limit, config, holds):
    assert Relation(limit).holds(config) is holds


@pytest.mark.parametrize(
    "text",
    ["", "a", "a <", "1 < 2", "f(a) < 1", "a < b if a else b", "lambda: a < 1", "a in b", "[a] < b", "a < b" * 3, "a.b() < 1",
     "(" * 300, "a := 1", "a < b'x'"],
)  # fmt: skip
def test_nonsense_is_no_limit(text):
    with pytest.raises(InvalidSpace):
        Space({"a": Int(0, 9), "b": Int(0, 9)}, limits=[text])


def test_powers_are_bounded():
    assert Relation("2 ** a < 100").holds({"a": 5})
    assert not Relation("a < 10 ** 1000000000").holds({"a": 1})
    assert not Relation("9 ** a ** a < 100").holds({"a": 99})


def test_limits_over_unknown_parameters_are_refused():
    with pytest.raises(InvalidSpace, match="'widht', which is not a parameter; did you mean 'width'"):
        Space({"width": Int(0, 9)}, limits=["widht < 4"])


def test_limits_and_forbidden_combinations_show_in_errors():
    space = optimizer_space(limits=["model.depth <= 3", {"optimizer": "adam", "model.depth": 1}])
    assert not space.allows({"optimizer": "adam", "model.depth": 1})
    with pytest.raises(InvalidConfig, match="model.depth <= 3.* does not hold for model.depth = 4"):
        space.check({"optimizer": "adam", "lr": 0.1, "model.depth": 4, "model.width": 32})
    with pytest.raises(InvalidConfig, match="not optimizer = 'adam' with model.depth = 1"):
        space.check({"optimizer": "adam", "lr": 0.1, "model.depth": 1})
    assert forbid({"a": True}).holds({"a": 1})


# -- listing -----------------------------------------------------------------------------------------------------------


@given(spaces(small))
@settings(max_examples=60, deadline=None)
def test_all_configs_are_listed_once_and_counted(space):
    listed = list(space.configs())
    keys = [space.key(config) for config in listed]
    assert len(set(keys)) == len(keys) == space.count(100_000)
    assert len(keys) <= space.size
    for config in listed[:50]:
        assert space.check(config) == config


def test_limits_thin_the_list():
    space = Space({"a": Int(1, 5), "b": Int(1, 5)}, limits=["a < b"])
    assert [(c["a"], c["b"]) for c in space.configs()] == [(a, b) for a in range(1, 6) for b in range(1, 6) if a < b]
    assert space.count(100) == 10
    assert space.count(9) is None


def test_continuous_spaces_are_listed_by_levels_only():
    space = Space({"x": Float(0, 1), "y": Choice("a", "b")})
    assert space.count(100) is None
    assert len(list(space.configs(levels=3))) == 6
    with pytest.raises(InvalidSpace, match="levels="):
        next(space.configs())


def test_counting_gives_up_soon_on_huge_spaces():
    space = Space(
        {"root": Choice(*range(100)), **{f"p{i}": when({"root": 0}, Int(1, 100)) for i in range(10)}},
        limits=["p0 < p1"],
    )
    assert space.count(2_000) is None


# -- the unit cube -----------------------------------------------------------------------------------------------------


@given(spaces(), st.data())
@settings(max_examples=150)
def test_decoded_rows_are_valid_and_survive_the_way_back(space, data):
    codec = space.codec()
    row = data.draw(st.lists(st.floats(0, 1), min_size=codec.width, max_size=codec.width))
    config = codec.decode_row(row)
    assert space.check(config) == config
    X, active = codec.encode([config])
    assert X.shape == active.shape == (1, codec.width)
    assert [name for name, on in zip(codec.names, active[0], strict=True) if on] == [
        n for n in config if n in codec.names
    ]
    again = codec.decode(X)[0]
    assert list(again) == list(config)


def test_fixed_parameters_have_no_column_and_inactive_ones_sit_in_the_middle():
    space = optimizer_space()
    X, active = space.codec().encode([{"optimizer": "adam", "lr": 1.0, "model.depth": 1, "epochs": 10}])
    assert space.codec().names == ("optimizer", "lr", "momentum", "nesterov", "model.depth", "model.width")
    assert X[0].tolist() == [0.75, 1.0, 0.5, 0.5, 0.125, 0.5]
    assert active[0].tolist() == [True, True, False, False, True, False]


# -- JSON, growth, differences -----------------------------------------------------------------------------------------


@given(spaces())
def test_spaces_survive_json(space):
    assert Space.from_json(json.loads(json.dumps(space.to_json()))) == space


def test_limits_survive_json_and_pickle():
    space = optimizer_space(limits=["model.depth <= 3", {"optimizer": "adam", "model.depth": 1}])
    assert Space.from_json(json.loads(json.dumps(space.to_json()))) == space
    assert pickle.loads(pickle.dumps(space)).allows({"model.depth": 4}) is False


def test_a_newer_format_is_refused():
    with pytest.raises(NewerFormat, match="upgrade Tunesmith"):
        Space.from_json({**Space({"x": Int(0, 1)}).to_json(), "version": 99})


def test_a_growing_space_takes_the_hull():
    space = Space(grows=True).grow("lr", Float(1e-3, 1, log=True)).grow("lr", Float(1e-5, 0.1, log=True))
    assert space.params["lr"] == Float(1e-5, 1, log=True)
    assert space.grow("lr", Float(1e-4, 0.1, log=True)) is space
    assert space.grow("k", Choice("a")).grow("k", Choice("b", "a")).params["k"] == Choice("a", "b")
    assert space.grow("n", Int(1, 3)).grow("n", Int(2, 9)).params["n"] == Int(1, 9)
    with pytest.raises(InvalidSpace, match="lr was float .* and is int .* another name"):
        space.grow("lr", Int(1, 3))


def test_differences_are_told_and_defaults_are_none():
    old, new = optimizer_space(), Space({"lr": Float(1e-4, 1, log=True, default=0.1), "dropout": Float(0, 1)})
    told = old.differences(new)
    assert "lr was float 1e-05 to 1.0, log and is float 0.0001 to 1.0, log" in told
    assert {"optimizer is gone", "dropout is new"} <= set(told)
    assert Space({"x": Int(0, 9)}).differences(Space({"x": Int(0, 9, default=3)})) == []
    assert Space({"x": Int(0, 9)}).differences(Space({"x": Int(0, 9)}, limits=["x < 3"])) == ["the limits differ"]
