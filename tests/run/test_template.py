"""Command lines from templates."""

import json

import pytest

from tunesmith.run.template import config_json, fill, needs_json_file, value_text

CONFIG = {"lr": 1e-05, "model.width": 64, "nesterov": True, "amp": False, "warmup": None, "dims": [8, 16], "opt": "sgd"}


def test_values_stand_in_their_places():
    template = ["python", "train.py", "--lr={lr}", "-w", "{model.width}", "{opt}-{opt}"]
    assert fill(template, CONFIG) == ["python", "train.py", "--lr=1e-05", "-w", "64", "sgd-sgd"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (1e-05, "1e-05"), (1e22, "1e+22"), (3, "3"), (True, "True"), (False, "False"), (None, "None"),
     ("a b", "a b"), ([1, 2.5, "x"], '[1, 2.5, "x"]'), ("ü", "ü"), ({"a": 1}, '{"a": 1}')],
)  # fmt: skip
def test_values_as_text(value, text):
    assert value_text(value) == text


@pytest.mark.parametrize("value", [0.1 + 0.2, 1e-300, 123456789.123456789, 5e-324])
def test_floats_are_exact(value):
    assert float(value_text(value)) == value


@pytest.mark.parametrize(
    ("macro", "words"),
    [
        ("args", ["--lr=0.1", "--flag=True", "--off=False"]),
        ("args_no_equals", ["--lr", "0.1", "--flag", "True", "--off", "False"]),
        ("args_no_hyphens", ["lr=0.1", "flag=True", "off=False"]),
        ("args_append_hydra", ["+lr=0.1", "+flag=True", "+off=False"]),
        ("args_override_hydra", ["++lr=0.1", "++flag=True", "++off=False"]),
        ("args_no_boolean_flags", ["--lr=0.1", "--flag"]),
        ("args_json", ['{"lr": 0.1, "flag": true, "off": false}']),
        ("args_json_file", ["/tmp/config.json"]),
    ],
)
def test_macros_of_arguments(macro, words):
    config = {"lr": 0.1, "flag": True, "off": False}
    assert fill(["run", f"${{{macro}}}"], config, json_file="/tmp/config.json") == ["run", *words]


def test_macros_of_the_machine():
    template = ["${env}", "${interpreter}", "{lr}"]
    assert fill(template, {"lr": 1}, interpreter="/py") == ["/usr/bin/env", "/py", "1"]


def test_environment_variables_also_within_words():
    words = fill(["--seed=${envvar:SEED}", "${envvar:NOT_THERE}", "{lr}"], {"lr": 1}, environ={"SEED": "7"})
    assert words == ["--seed=7", "NOT_THERE", "1"]


def test_flags_are_added_where_nothing_takes_values():
    assert fill(["python", "train.py"], {"lr": 0.1, "opt": "a b"}) == ["python", "train.py", "--lr=0.1", "--opt=a b"]
    assert fill(["python", "{other}"], {"lr": 0.1}) == ["python", "{other}", "--lr=0.1"]
    assert fill(["python", "${args_json}"], {}) == ["python", "{}"]


def test_one_placeholder_is_enough_to_add_nothing():
    assert fill(["run", "{lr}"], {"lr": 0.1, "width": 3}) == ["run", "0.1"]


@pytest.mark.parametrize("word", ['{"a": 1}', "{}", "${HOME}", "a{b", "}{", "awk '{print $1}'", "${}", "${envvar"])
def test_other_braces_stay(word):
    assert fill(["run", word, "{lr}"], {"lr": 1}) == ["run", word, "1"]


def test_json_around_a_placeholder():
    assert fill(['{"lr": {lr}}'], {"lr": 0.5}) == ['{"lr": 0.5}']


def test_values_are_not_filled_again():
    assert fill(["{a}", "{b}"], {"a": "{b}", "b": "${args}"}) == ["{b}", "${args}"]


def test_several_words_within_a_word_are_quoted_for_a_shell():
    assert fill(["sh", "-c", "run ${args}"], {"a": "x; rm y", "b": 1}) == ["sh", "-c", "run '--a=x; rm y' --b=1"]


def test_a_parameter_named_like_a_macro():
    assert fill(["${env}", "{env}"], {"env": "cart"}) == ["/usr/bin/env", "cart"]


def test_the_template_may_be_empty_words():
    assert fill(["", "{a}", "$", "${"], {"a": 1}) == ["", "1", "$", "${"]


def test_groups_are_nested_in_json():
    assert json.loads(config_json(CONFIG))["model"] == {"width": 64}
    assert needs_json_file(["--config=${args_json_file}"])
    assert not needs_json_file(["${args_json}"])
