"""Sweep files."""

from pathlib import Path

import pytest

from tunesmith.cli.sweep import read_sweep
from tunesmith.errors import InvalidFile
from tunesmith.run.template import fill
from tunesmith.space import Choice, Fixed, Float, Int

REALISTIC = (Path(__file__).parent / "realistic.yaml").read_text()


@pytest.fixture
def sweep(tmp_path):
    def read(text):
        path = tmp_path / "sweep.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_sweep(path)

    return read


@pytest.fixture
def message(sweep, tmp_path):
    def read(text):
        with pytest.raises(InvalidFile) as error:
            sweep(text)
        said = str(error.value)
        assert said.startswith(f"{tmp_path / 'sweep.yaml'}: ")
        assert "\n" not in said
        assert len(said) < 400
        return said.removeprefix(f"{tmp_path / 'sweep.yaml'}: ")

    return read


def one(sweep, spec):
    """The only parameter of a sweep, and its notes."""
    found = sweep(f"program: t.py\nparameters: {{x: {spec}}}")
    return found.space.params["x"], found.notes


def test_a_realistic_file(sweep):
    found = sweep(REALISTIC)
    assert found.name == "resnet sweep"
    assert (found.minimize, found.maximize) == (("val_loss",), ())
    assert (found.sampler, found.scheduler, found.trials, found.seed, found.time) == ("auto", "halving", 60, None, None)
    assert found.command == ("${env}", "${interpreter}", "train.py", "--epochs=30", "${args_no_boolean_flags}")
    assert dict(found.space.params) == {
        "lr": Float(1e-5, 0.1, log=True),
        "batch_size": Int(16, 512, log=True),
        "dropout": Float(0, 0.5),
        "layers": Int(1, 8),
        "heads": Int(1, 8),
        "momentum": Float(0.5, 0.9, step=0.1),
        "optimizer": Choice("adam", "sgd", "rmsprop"),
        "flags": Choice(True, False, None, 1, 2.5, [1, 2]),
        "model.width": Int(8, 64),
        "model.act": Fixed("relu"),
        "epochs": Fixed(30),
    }
    assert [note.split(" ")[0].rstrip(":") for note in found.notes] == [
        "project", "metric.target", "parameters.optimizer.probabilities", "early_terminate",
    ]  # fmt: skip


def test_the_command_runs_as_a_template(sweep):
    found = sweep("program: train.py\nparameters: {lr: {min: 0.0, max: 1.0}}")
    words = fill(found.command, found.space.default(), interpreter="/py")
    assert words == ["/usr/bin/env", "/py", "train.py", "--lr=0.5"]


def test_keys_of_our_own(sweep):
    found = sweep(
        "command: [./run, '{lr}', 3, true]\ntime: 2h\nseed: 3\nsampler: sobol\nmethod: random\nscheduler: none\ntrials: 9\n"
        "metrics: [{name: loss}, {name: acc, goal: maximize}]\nparameters: {lr: {min: 0.0, max: 1.0, default: 0.1}}"
    )
    assert (found.time, found.seed, found.sampler, found.scheduler, found.trials) == ("2h", 3, "sobol", "none", 9)
    assert (found.minimize, found.maximize) == (("loss",), ("acc",))
    assert found.command == ("./run", "{lr}", "3", "True")
    assert found.space.params["lr"] == Float(0, 1, default=0.1)
    assert found.notes == ()


@pytest.mark.parametrize(
    ("method", "sampler"), [("grid", "grid"), ("random", "random"), ("bayes", "auto"), ("sobol", "sobol"), ("grid:5", "grid:5")]
)  # fmt: skip
def test_methods(sweep, method, sampler):
    assert sweep(f"program: t.py\nmethod: {method}\nparameters: {{x: 1}}").sampler == sampler


@pytest.mark.parametrize(
    ("spec", "param"),
    [
        ("3", Fixed(3)),
        ("text", Fixed("text")),
        ("{value: [1, 2]}", Fixed([1, 2])),
        ("{value: null}", Fixed(None)),
        ("{distribution: constant, value: 1e-5}", Fixed(1e-5)),
        ("{values: [1, 1.5, a]}", Choice(1, 1.5, "a")),
        ("{distribution: categorical, values: [a]}", Choice("a")),
        ("{min: 0, max: 10}", Int(0, 10)),
        ("{min: 0, max: 10.0}", Float(0, 10)),
        ("{min: 1e-5, max: 1}", Float(1e-5, 1)),
        ("{distribution: uniform, min: 0, max: 1}", Float(0, 1)),
        ("{distribution: int_uniform, min: 1.0, max: 4}", Int(1, 4)),
        ("{distribution: q_uniform, min: 0, max: 10, q: 2}", Int(0, 10, step=2)),
        ("{distribution: q_uniform, min: 0, max: 10}", Int(0, 10)),
        ("{distribution: q_uniform, min: 0.0, max: 1.0, q: 0.25}", Float(0, 1, step=0.25)),
        ("{distribution: log_uniform_values, min: 1, max: 100}", Float(1, 100, log=True)),
        ("{distribution: q_log_uniform_values, min: 1, max: 100, q: 1}", Int(1, 100, log=True)),
        ("{distribution: log_uniform, min: 0, max: 0}", Float(1, 1, log=True)),
        ("{min: 1, max: 9, default: 3}", Int(1, 9, default=3)),
        ("{values: [a, b], default: b}", Choice("a", "b", default="b")),
    ],
)
def test_parameters(sweep, spec, param):
    assert one(sweep, spec) == (param, ())


@pytest.mark.parametrize(
    ("spec", "param", "note"),
    [
        ("{distribution: q_log_uniform_values, min: 1, max: 99, q: 2}", Float(1, 99, log=True), "x.q is ignored"),
        ("{distribution: log_uniform, min: 1, max: 1}", Float(2.718281828459045, 2.718281828459045, log=True), "exponents of e"),
        ("{distribution: q_uniform, min: 1, max: 9, q: 2}", Int(1, 9, step=2), "1, 3, ..."),
        ("{distribution: categorical_w_probabilities, values: [a, b], probabilities: [1, 0]}", Choice("a", "b"), "are ignored"),
    ],
)  # fmt: skip
def test_parameters_that_are_understood_otherwise(sweep, spec, param, note):
    found, (said,) = one(sweep, spec)
    assert found == param
    assert note in said
    assert said.startswith("parameters.x")


def test_a_mapping_as_a_value_is_a_group_of_constants(sweep):
    found = sweep("program: t.py\nparameters: {m: {value: {a: 1, b: {c: [2]}}}, n: {min: 1, max: 2}}")
    assert dict(found.space.params) == {"m.a": Fixed(1), "m.b.c": Fixed([2]), "n": Int(1, 2)}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("{min: abc, max: 1}", "x.min is the text 'abc'; write a number"),
        ("{min: '0.1', max: 1}", "x.min is the text '0.1'; write a number, without quotes"),
        ("{min: true, max: 1}", "x.min is true"),
        ("{min: 2, max: 1}", "x.min is 2, above max, 1; swap"),
        ("{min: .nan, max: 1}", "x.min is nan; write a finite number"),
        ("{min: 0, max: 99999999999999999999999}", "x.max is a number of more than 64 bits"),
        ("{min: -1e308, max: 1e308}", "x.max is 1e+308, farther"),
        ("{min: 0}", "x.max is missing"),
        ("{min: 0, max: 1, vlaue: 2}", "x.vlaue is not known; did you mean 'value'?"),
        ("{min: 0, max: 1, q: 2}", "x.q does not go with the distribution int_uniform"),
        ("{mu: 0, sigma: 1}", "x does not say what it may be"),
        ("{values: []}", "x.values is a list of nothing"),
        ("{values: 3}", "x.values is 3; write a list"),
        ("{values: [a, a]}", "stands twice"),
        ("{values: [{a: 1}]}", "x.values[0] is a mapping"),
        ("{values: [2024-01-01]}", "x.values[0] is of the YAML type date"),
        ("{distribution: uniformm, min: 0, max: 1}", "did you mean 'uniform'?"),
        ("{distribution: [a], min: 0, max: 1}", "x.distribution is a list"),
        ("{distribution: normal, mu: 0}", "write uniform with min and max"),
        ("{distribution: inv_log_uniform_values, min: 1, max: 2}", "write log_uniform_values"),
        ("{distribution: log_uniform_values, min: 0, max: 1}", "needs a min above 0"),
        ("{distribution: log_uniform, min: -9999, max: 1}", "beyond all numbers"),
        ("{distribution: int_uniform, min: 0.5, max: 2}", "needs whole numbers"),
        ("{distribution: q_uniform, min: 0, max: 4, q: 5}", "x.q is 5; it must be above 0, and at most max - min = 4"),
        ("{distribution: q_uniform, min: 0, max: 4, q: 1e-300}", "x.q is 1e-300, too fine"),
        ("{min: 0, max: 1, default: 2}", "outside [0, 1]"),
        ("[1, 2]", "x is a list; write x: {values: [...]}"),
        ("", "x is empty; write value: 3"),
        ("{}", "x is a mapping of nothing"),
        ("{parameters: {}}", "x.parameters is a mapping of nothing"),
        ("{parameters: {y: 1}, min: 0}", "x.min is not known"),
        ("{value: {}}", "x.value is a mapping of nothing"),
    ],
)
def test_mistakes_in_parameters(message, spec, words):
    said = message(f"program: t.py\nparameters: {{x: {spec}}}")
    assert said.startswith("parameters")
    assert words in said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("methd: grid", "methd is not known; did you mean 'method'?"),
        ("method: gird", "did you mean 'grid'?"),
        ("method: custom", "write bayes"),
        ("method: [grid]", "method is a list"),
        ("method: grid:²", "method is the text"),
        ("metric: loss", "metric is the text 'loss'; write a mapping"),
        ("metric: {goal: minimize}", "metric.name is missing"),
        ("metric: {name: a, goal: maximise}", "metric.goal is the text 'maximise'; did you mean 'maximize'?"),
        ("metrics: [{name: a}, {name: a}]", "metrics[1].name is a again"),
        ("metrics: [{name: a}]\nmetric: {name: a}", "metrics stands beside metric"),
        ("run_cap: 0", "run_cap is 0; write a whole number from 1 on"),
        ("run_cap: 1.5", "run_cap is 1.5"),
        ("run_cap: 3\ntrials: 4", "leave one of them out"),
        ("seed: -1", "seed is -1"),
        ("time: soon", "time is the text 'soon'; write seconds"),
        ("time: -3", "time is -3"),
        ("time: true", "time is true"),
        ("scheduler: {engine: optuna}", "W&B's own engines"),
        ("scheduler: asah", "did you mean 'asha'?"),
        ("early_terminate: {type: median}", "early_terminate.type"),
        ("early_terminate: {}", "early_terminate.type is empty"),
        ("name: 3", "name is 3; write text"),
        ("job: x", "job needs W&B's servers"),
        ("command: python t.py", "command is the text"),
        ("command: [python, [a]]", "command[1] is a list"),
        ("command: [python, '${arg}']", "command[1] is ${arg}, which is no macro; did you mean 'args'?"),
        ("project: {a: 1}\nproject: 2", "line 2: found duplicate key"),
        ("1: 2", "has a key that is no text (1)"),
    ],
)
def test_mistakes_in_the_rest(message, line, words):
    assert words in message(f"{line}\nprogram: t.py\nparameters: {{x: 1}}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("# nothing", "is empty"),
        ("- a", "is a list"),
        ("program: t.py", "parameters is missing"),
        ("parameters: {x: 1}", "program is missing"),
        ("program: t.py\nparameters: 3", "parameters is 3"),
        ("program: t.py\nparameters: {a.b: 1, a: {parameters: {b: 1}}}", "parameters contradicts itself: a.b is named twice"),
        ("program: t.py\nparameters: {'a b': 1}", "is no name for a parameter"),
        ("a: b: c", "is no valid YAML, line 1"),
        ("a: 1\nb: [", "is no valid YAML, line 2"),
        ("a: " + "[" * 1000, "nested too deeply"),
        ("a: &a [*a]", "nested too deeply"),
        ("a: 9" + "9" * 5000, "is no valid YAML"),
        ("a: 0x" + "f" * 9000, "more than 64 bits"),
        ("a: !!python/object:os.system x", "is no valid YAML, line 1"),
        ("a: !!binary aGk=", "YAML type bytes"),
        ('a: "\\0"', "no program can be given"),
        ('a: "\\ud800"', "no program can be given"),
        (b"a: \xff", "is not UTF-8 text (byte 4)"),
        (b"\x00", "is no valid YAML, line 1"),
        ("--- 1\n--- 2", "is no valid YAML, line 2"),
        ("a" * 200_001, "is larger than 200 kB"),
        ("a: &a [x,x,x]\n" + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)), "aliases counted"),
        ("a: &a {x: 1}\n" + "".join(f"{b}: &{b} {{<<: [{','.join([f'*{a}'] * 9)}]}}\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)), "aliases counted"),
    ],
)  # fmt: skip
def test_what_is_no_sweep_file(message, text, words):
    assert words in message(text)


@pytest.mark.parametrize("path", ["/no/such/file.yaml", "/dev/zero", "/", "a\0b"])
def test_paths_that_cannot_be_read(path):
    with pytest.raises(InvalidFile):
        read_sweep(Path(path))
