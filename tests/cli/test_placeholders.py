"""Search spaces in command lines."""

import random
import shlex

import pytest

from tunesmith.cli.placeholders import read_command
from tunesmith.errors import InvalidFile, TunesmithError
from tunesmith.space import Choice, Float, Int, Ordinal


def test_a_command_line():
    words = [
        "python",
        "train.py",
        "--lr",
        "{lr: log 1e-5 1}",
        "--width={model.width: int 16 512}",
        "{opt: sgd adam}",
        "{lr}",
    ]
    space, template = read_command(words)
    assert template == ("python", "train.py", "--lr", "{lr}", "--width={model.width}", "{opt}", "{lr}")
    assert dict(space.params) == {
        "lr": Float(1e-5, 1, log=True),
        "model.width": Int(16, 512),
        "opt": Choice("sgd", "adam"),
    }


@pytest.mark.parametrize(
    ("spec", "param"),
    [
        ("0 0.5", Float(0, 0.5)),
        ("0 1", Float(0, 1)),
        ("-1 1 step 0.5", Float(-1, 1, step=0.5)),
        ("float 0 1", Float(0, 1)),
        ("float 0 1 step 0.1", Float(0, 1, step=0.1)),
        ("log 1e-5 1", Float(1e-5, 1, log=True)),
        ("float log 1e-5 1", Float(1e-5, 1, log=True)),
        ("int 16 512", Int(16, 512)),
        ("int 16 512 step 16", Int(16, 512, step=16)),
        ("int log 16 512", Int(16, 512, log=True)),
        ("log int 16 512", Int(16, 512, log=True)),
        ("choice sgd adam", Choice("sgd", "adam")),
        ("choice 1 2", Choice(1, 2)),
        ("choice one", Choice("one")),
        ("sgd adam", Choice("sgd", "adam")),
        ("16 32 64", Choice(16, 32, 64)),
        ("true false none 1 1.5 a", Choice(True, False, None, 1, 1.5, "a")),
        ("0.5 none", Choice(0.5, None)),
        ("nan inf", Choice("nan", "inf")),
        ("ordinal 8 16 32", Ordinal(8, 16, 32)),
        ("choice 'a b' http://x", Choice("a b", "http://x")),
        ("0 1 = 0.5", Float(0, 1, default=0.5)),
        ("log 1e-5 1 =1e-3", Float(1e-5, 1, log=True, default=1e-3)),
        ("int 1 9 = 3", Int(1, 9, default=3)),
        ("sgd adam = adam", Choice("sgd", "adam", default="adam")),
        ("ordinal 8 16 = 16", Ordinal(8, 16, default=16)),
        ("99999999999999999999 a", Choice("99999999999999999999", "a")),
    ],
)
def test_specs(spec, param):
    for form in (f"{{x: {spec}}}", f"{{ x:{spec} }}"):
        space, template = read_command(["run", form])
        assert dict(space.params) == {"x": param}
        assert template == ("run", "{x}")


@pytest.mark.parametrize(
    "word",
    ['{"a": 1}', "{}", "{a}", "{a: 1}", "{a: }", "{a: 1, b: 2}", "${a: 0 1}", "{print $1}", "{1: 0 1}", "{a: b", "x}{", "{envvar:HOME}"],
)  # fmt: skip
def test_other_braces_stay(word):
    space, template = read_command(["run", word, "{x: 0 1}"])
    assert template == ("run", word, "{x}")
    assert list(space.params) == ["x"]


def test_braces_within_json():
    space, template = read_command(['{"lr": {lr: 0 1}, "n": [{n: int 1 3}]}'])
    assert template == ('{"lr": {lr}, "n": [{n}]}',)
    assert list(space.params) == ["lr", "n"]


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("{x: log 0 1}", "x: log 0 1"),
        ("{x: log 1e-5}", "cannot be understood"),
        ("{x: int}", "cannot be understood"),
        ("{x: int 1 two}", "'two' is not a number"),
        ("{x: int 1 2.5}", "not a whole number"),
        ("{x: 2 1}", "reversed"),
        ("{x: log 1 2 step 1}", "cannot be understood"),
        ("{x: float int 1 2}", "cannot be understood"),
        ("{x: 1 2 log}", "'log'"),
        ("{x: a b step}", "cannot be understood"),
        ("{x: sgd, adam}", "without commas"),
        ("{x: choice}", "no options"),
        ("{x: a a}", "stands twice"),
        ("{x: 0 1 = 2}", "outside"),
        ("{x: 0 1 = a}", "'a' is not a number"),
        ("{x: a b = c}", "not an option"),
        ("{x: 'a b}", "quotation mark"),
        ("{x: 0 1 step 2}", "step"),
        ("{x: int 0 1" + "0" * 400 + "}", "is not a number"),
        ("{x..y: 0 1}", "not a name"),
        ("plain", "Nothing varies"),
        ("{x:", "put quotes around the braces"),
    ],
)
def test_mistakes(word, words):
    with pytest.raises(InvalidFile) as error:
        read_command(["run", word])
    assert words in str(error.value)
    assert word in str(error.value)


def test_a_name_has_one_range():
    assert len(read_command(["{x: 0 1}", "{x: 0 1}"])[0]) == 1
    with pytest.raises(InvalidFile, match="second time"):
        read_command(["{x: 0 1}", "{x: 0 2}"])


def test_no_program():
    with pytest.raises(InvalidFile, match="no program"):
        read_command([])


def test_any_words_are_read_or_refused():
    rng = random.Random(3)
    pieces = [
        *"{}:=$'\"\\ ",
        "x",
        "log",
        "int",
        "float",
        "choice",
        "ordinal",
        "step",
        "0",
        "1",
        "-1e400",
        "nan",
        "none",
        "{x: ",
        "}",
        " 0 1",
        "9" * 400,
    ]
    for _ in range(3000):
        words = ["".join(rng.choices(pieces, k=rng.randint(0, 9))) for _ in range(2)]
        try:
            space, template = read_command(words)
        except TunesmithError:
            continue
        assert len(template) == 2, shlex.join(words)
        assert space.check(space.default()) == space.default()
