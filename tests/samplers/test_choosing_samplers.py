"""Samplers by name: what "auto" chooses and says, what a study's spec keeps, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tunesmith.errors import InvalidStudy, SpaceExhausted
from tunesmith.samplers.auto import choose_sampler, describe_sampler, sampler_names
from tunesmith.samplers.grid import Grid
from tunesmith.samplers.sobol import Sobol
from tunesmith.space.conditions import when
from tunesmith.space.params import Choice, Float, Int
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, spec_of
from tunesmith.trials.spec import Budget, StudySpec

LINE = Space({"x": Float(0, 1)})


def spec(space: Space = LINE, trials: int | None = None, sampler: object = "auto") -> StudySpec:
    return replace(spec_of(space), budget=Budget(trials=trials), sampler=sampler)


@pytest.mark.parametrize(
    ("space", "trials", "why"),
    [
        (LINE, 50, "sampler: Gaussian process, because it learns most from each trial of 1 parameter"),
        (Space({"x": Float(0, 1), "n": Int(1, 3)}), None, "from trial 300 on in turns with TPE and CMA-ES, which see"),
        (Space({"x": Float(0, 1), "c": Choice("a", "b")}), 5000, "in turns with TPE and CMA-ES"),
        (
            Space({"a": Choice(1, 2), "b": when({"a": 1}, Float(0, 1))}),
            400,
            "from trial 300 on in turns with TPE, which",
        ),
        (
            Space({f"x{i}": Float(0, 1) for i in range(201)}),
            50,
            "TPE, because a Gaussian process learns too little of 201",
        ),
        (Space({"n": Int(1, 3)}), None, "Gaussian process"),
        (Space({"n": Int(1, 3)}), 2, "Gaussian process"),
        (Space({"n": Int(1, 3)}), 3, "sampler: grid, because the budget covers all 3 configurations"),
        (Space({"n": 1}), 3, "sampler: grid, because the budget covers the only configuration"),
        (Space({"a": Choice(1, 2), "b": when({"a": 1}, Int(1, 4))}), 5, "covers all 5 configurations"),
        (Space(grows=True), 50, "each trial of parameters that trials ask for as they run"),
    ],
)
def test_auto_chooses_and_says_why(space: Space, trials: int | None, why: str) -> None:
    """by the size of the space and the budget"""
    assert why in choose_sampler(spec(space, trials)).why


@pytest.mark.parametrize(
    ("budget", "why"),
    [
        (Budget(time=60.0), "as the time is limited, it asks more of dear trials, where some cost 3 times as much"),
        (Budget(trials=50, cost=9.0), "as the cost is limited, it asks more of dear trials"),
    ],
)
def test_auto_looks_at_what_trials_take_of_the_budget(budget: Budget, why: str) -> None:
    """a number of trials is the same for dear ones and cheap ones"""
    assert why in choose_sampler(replace(spec(), budget=budget)).why
    assert "dear" not in choose_sampler(spec(trials=50)).why


@pytest.mark.parametrize(
    ("objectives", "why"), [(2, "for the hypervolume of 2 objectives"), (5, "NSGA-II, because 5 objectives leave")]
)
def test_auto_looks_at_the_objectives(objectives: int, why: str) -> None:
    """a model of each, unless they are so many that nearly every trial is on the front"""
    several = spec_of(LINE, minimize=[f"loss{i}" for i in range(objectives)])
    assert why in choose_sampler(several).why


def test_auto_really_covers_what_it_promises() -> None:
    """also where limits leave few of many values"""
    space = Space({"n": Int(0, 99)}, limits=["n <= 19"])
    chosen, log = choose_sampler(spec(space, 20)), History(spec(space, 20))
    assert "all 20 configurations" in chosen.why
    assert {log.propose(chosen.sampler).config["n"] for _ in range(20)} == set(range(20))
    with pytest.raises(SpaceExhausted):
        chosen.sampler.ask(log.view, 1, np.random.default_rng(0))


@pytest.mark.parametrize("name", [*sampler_names(), "grid:3"])
def test_names_survive_json(name: str) -> None:
    """described, stored, read back and chosen, it proposes the same; the default first"""
    first, again = spec(), spec()
    first = replace(first, sampler=describe_sampler(name, [{"x": 0.25}]))
    again = StudySpec.from_json(json.loads(json.dumps(first.to_json())))
    assert again.sampler == first.sampler
    runs = []
    for study in (first, again):
        log, chosen = History(study), choose_sampler(study)
        runs.append([log.propose(chosen.sampler) for _ in range(4)])
        assert name in chosen.why or name == "auto"
    assert runs[0] == runs[1]
    assert [proposal.config["x"] for proposal in runs[0][:2]] == [0.5, 0.25]


def test_grid_levels_by_name() -> None:
    """'grid:3' is Grid(3)"""
    log, sampler = History(spec()), choose_sampler(spec(sampler=describe_sampler("grid:3"))).sampler
    assert {log.propose(sampler).config["x"] for _ in range(3)} == {0.0, 0.5, 1.0}


@pytest.mark.parametrize(
    "name", ["hyperband", "", "Sobol", "grid:", "grid:0", "grid:x", "grid:-1", "grid:²", "sobol:3"]
)
def test_unknown_names_are_refused_with_the_list(name: str) -> None:
    """one sentence with all that is known"""
    with pytest.raises(InvalidStudy) as caught:
        describe_sampler(name)
    assert repr(name) in str(caught.value)
    assert "nsga2, sobol, random, uniform, grid (or 'grid:7' for 7 levels)." in str(caught.value)


@pytest.mark.parametrize("given", [Sobol, 7, None, object()])
def test_what_cannot_be_asked_is_refused(given: object) -> None:
    """a class instead of an object, above all"""
    with pytest.raises(InvalidStudy, match=r"cannot be asked for trials; give an object such as Sobol\(\)"):
        describe_sampler(given)


def test_an_object_must_be_given_again() -> None:
    """a study with a sampler of its program's own can be read by everyone, and continued by that program"""
    description = json.loads(json.dumps(describe_sampler(Grid(4), [{"x": 0.1}])))
    assert description == {"name": "Grid", "custom": True, "points": [{"x": 0.1}]}
    study = spec(sampler=description)
    absent = choose_sampler(study)
    assert absent.why == "sampler: Grid, an object of the program that made the study"
    log = History(study)
    assert [log.propose(absent.sampler).by for _ in range(2)] == ["default", "given"]
    with pytest.raises(InvalidStudy, match=r"^The study's sampler Grid is an object .* give it again as sampler=\.$"):
        log.propose(absent.sampler)
    present = choose_sampler(study, Grid(4))
    assert present.why == "sampler: Grid, as given"
    assert log.propose(present.sampler).by == "grid"


def test_an_object_is_not_taken_for_a_name() -> None:
    """a class of the user's that is called like one of ours"""
    Mine = type("sobol", (), {"ask": Sobol.ask})
    absent = choose_sampler(spec(sampler=describe_sampler(Mine())))
    assert "an object of the program" in absent.why


def test_a_name_of_a_newer_version_can_be_read() -> None:
    """and is refused when it is to be used, with the list of what is known here"""
    chosen = choose_sampler(spec(sampler={"name": "oracle", "points": []}))
    assert chosen.why == "sampler: oracle, which is not known here"
    log = History(spec())
    log.propose(chosen.sampler)
    with pytest.raises(InvalidStudy, match=r"sampler='oracle' is not known; choose one of auto, gp, gp-per-cost, tpe"):
        log.propose(chosen.sampler)
