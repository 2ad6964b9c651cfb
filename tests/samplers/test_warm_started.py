"""Searches that begin from earlier studies and from beliefs: better for it where these are right, and no worse for long where not."""

import numpy as np
import pytest

import tunesmith as ts

SPACE = {
    "a": ts.Float(0, 1),
    "b": ts.Float(1e-4, 1, log=True),
    "c": ts.Int(1, 9),
    "d": ts.Choice("x", "y", "z"),
}
SEEDS = range(3)


def bowl(centre, option):
    """A smooth loss with its floor at a centre in the unit cube and at one option."""

    def loss(config):
        place = np.array([config["a"], 1 + np.log10(config["b"]) / 4, config["c"] / 10])
        return float(((place - centre) ** 2).sum() + 0.2 * (config["d"] != option))

    return loss


HERE, THERE = bowl(np.array([0.8, 0.3, 0.7]), "y"), bowl(np.array([0.1, 0.9, 0.1]), "z")


def searched(loss, trials, seed, *, space=SPACE, sampler="auto", earlier=(), name="study"):
    study = ts.Study.open(
        name, space=space, minimize="loss", seed=seed, trials=trials, sampler=sampler, warm_start=list(earlier)
    )
    for _ in range(trials):
        trial = study.ask()
        study.tell(trial, loss(trial.config))
    return study


def best_after(study, trials):
    return min(trial.values["loss"] for trial in study.trials[:trials])


def test_a_related_study_helps():
    gains = []
    for seed in SEEDS:
        related = searched(lambda config: 30 + 1000 * HERE(config) ** 2, 30, seed, name="related")
        warm, cold = (searched(HERE, 8, 10 + seed, earlier=earlier) for earlier in ([related], []))
        gains.append(best_after(warm, 8) <= best_after(cold, 8))
    assert sum(gains) >= len(SEEDS) - 1


@pytest.mark.parametrize("turn", [1.0, -1.0])
def test_misleading_studies_are_let_go(turn):
    """whether the earlier study's optimum is elsewhere, or all its losses are turned round"""
    found = []
    for seed in SEEDS:
        source = THERE if turn > 0 else HERE
        misleading = searched(lambda config, source=source: turn * source(config), 30, seed, name="misleading")
        found.append(best_after(searched(HERE, 40, 10 + seed, earlier=[misleading]), 40))
    assert np.median(found) < 0.02


def taken(study):
    """Whether the earlier study had a say in each trial, or the search went on alone."""
    return ["earlier" if "earlier stud" in trial.why else "alone" for trial in study.trials[1:]]


def test_turns_go_where_the_evidence_is():
    """of the first few both kinds have some; later the earlier study has nearly none, or three of four"""
    for source, few, many in ((THERE, 0, 3), (HERE, 10, 15)):
        earlier = searched(source, 30, 1, name="earlier")
        turns = taken(searched(HERE, 25, 2, earlier=[earlier]))
        assert 1 <= turns[:4].count("earlier") <= 3
        assert few <= turns[-20:].count("earlier") <= many


def test_among_misleading_studies_the_right_one_is_found():
    sources = [searched(THERE, 30, seed, name=f"there {seed}") for seed in range(3)]
    related = searched(HERE, 30, 3, name="here")
    study = searched(HERE, 20, 4, earlier=[*sources, related])
    assert taken(study)[10:].count("earlier") >= 4


def test_only_configurations_of_the_space_are_tried_first():
    related = searched(HERE, 30, 1, name="related")
    space = SPACE | {"a": ts.Float(0, 0.3), "d": ts.Choice("y", "z")}
    study = ts.Study.open("study", space=space, minimize="loss", seed=1, warm_start=[related])
    first = [study.ask() for _ in range(4)]
    inside = {trial.config["a"] for trial in related.trials if trial.config["a"] <= 0.3 and trial.config["d"] != "x"}
    assert all(trial.config["a"] in inside for trial in first if trial.by == "earlier")
    assert {trial.config["a"] for trial in first} != {0.3}, "none is moved to the bound"


def test_several_studies_take_turns():
    sources = [searched(loss, 20, 1, name=name) for loss, name in ((HERE, "here"), (THERE, "there"))]
    study = ts.Study.open("study", space=SPACE, minimize="loss", seed=1, warm_start=sources)
    trials = [study.ask() for _ in range(4)]
    assert [trial.config for trial in trials if trial.by == "earlier"] == [source.best.config for source in sources]


@pytest.mark.parametrize("sampler", ["gp", "tpe"])
def test_what_is_believed_is_tried_first(sampler):
    space = SPACE | {"b": ts.Float(1e-4, 1, log=True, default=0.5, belief=ts.around(1e-3, factor=2))}
    study = searched(HERE, 2, 1, space=space, sampler=sampler)
    assert study.trials[0].config["b"] == 0.5
    assert study.trials[1].config["b"] == 1e-3
    assert study.trials[1].by == "belief"


def test_a_right_belief_helps_and_a_wrong_one_is_let_go():
    helps, found = [], []
    for seed in SEEDS:
        right = SPACE | {
            "a": ts.Float(0, 1, belief=ts.around(0.8, width=0.1)),
            "b": ts.Float(1e-4, 1, log=True, belief=ts.around(1.6e-3, factor=3)),
            "d": ts.Choice("x", "y", "z", belief={"y": 5}),
        }
        wrong = SPACE | {
            "a": ts.Float(0, 1, belief=ts.around(0.1, width=0.05)),
            "b": ts.Float(1e-4, 1, log=True, belief=ts.around(0.9, factor=2)),
            "d": ts.Choice("x", "y", "z", belief={"x": 20}),
        }
        cold = searched(HERE, 8, seed)
        helps.append(best_after(searched(HERE, 8, seed, space=right), 8) <= best_after(cold, 8))
        found.append(best_after(searched(HERE, 40, seed, space=wrong), 40))
    assert sum(helps) >= len(SEEDS) - 1
    assert np.median(found) < 0.02


def test_beliefs_exclude_nothing():
    space = {"c": ts.Int(1, 4, belief=ts.around(1, width=0.01)), "d": ts.Choice("x", "y", belief={"x": 1e6})}
    study = searched(lambda config: config["c"], 8, 1, space=space, sampler="gp")
    assert len({tuple(trial.config.items()) for trial in study.trials}) == 8
