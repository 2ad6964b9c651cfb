"""Conditions of a define-by-run objective, seen in what its trials asked for."""

from tunesmith.space.observed import Observed
from tunesmith.space.params import Choice, Float, Int

PARAMS = {"clf": Choice("svm", "forest", "knn"), "C": Float(0, 1), "kernel": Choice("rbf", "poly"), "degree": Int(2, 5)}


def shown(configs):
    observed = Observed()
    for config in configs:
        observed.learn(PARAMS, config)
    return {name: [str(test) for test in tests] for name, tests in observed.conditions(PARAMS).items()}


def test_a_parameter_depends_on_the_choice_without_which_it_is_missing():
    configs = [{"clf": "svm", "C": 0.1, "kernel": "rbf"}, {"clf": "forest"}, {"clf": "knn"}]
    assert shown(configs) == {"C": ["clf = 'svm'"], "kernel": ["clf = 'svm'"]}


def test_what_nobody_has_tried_may_ask_for_it_too():
    assert shown([{"clf": "svm", "C": 0.1}, {"clf": "forest"}]) == {"C": ["clf = 'svm' or 'knn'"]}


def test_choices_within_choices():
    configs = [
        {"clf": "svm", "kernel": "poly", "degree": 3},
        {"clf": "svm", "kernel": "rbf"},
        {"clf": "forest"},
        {"clf": "knn"},
    ]
    assert shown(configs) == {"kernel": ["clf = 'svm'"], "degree": ["kernel = 'poly'"]}


def test_a_coincidence_ends_with_the_first_trial_against_it():
    seen = [{"clf": "svm", "C": 0.1}, {"clf": "forest"}]
    assert "C" in shown(seen)
    assert shown([*seen, {"clf": "svm"}]) == {}
    assert shown([*seen, {"clf": "forest", "C": 0.2}]) == {}


def test_nothing_is_made_of_what_is_always_there_or_never():
    assert shown([]) == {}
    assert shown([{"clf": "svm", "C": 0.1}] * 2) == {}
    assert shown([{"C": 0.1}, {"C": 0.2}]) == {}
