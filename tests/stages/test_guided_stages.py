"""The stages of a guided search: what follows from a history, whoever looks and however often."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tunesmith.run.proposing import trial_rng
from tunesmith.samplers.auto import choose_sampler
from tunesmith.samplers.probed import HIGH, LOW
from tunesmith.schedulers.base import New
from tunesmith.space.conditions import when
from tunesmith.space.narrower import bounded
from tunesmith.space.params import Choice, Fixed, Float, Int, Ordinal
from tunesmith.space.roles import roles_of
from tunesmith.space.space import Space
from tunesmith.stages.findings import Findings
from tunesmith.stages.order import NAMES
from tunesmith.stages.pacing import Paced
from tunesmith.stages.plan import Plan
from tunesmith.stages.proposing import Staged
from tunesmith.stages.ranges import bracket, part_of
from tunesmith.stages.rates import Place, next_places
from tunesmith.stages.story import roles_sentence, story
from tunesmith.testing.histories import History, spec_of
from tunesmith.testing.samplers import SPACES, SamplerConformance
from tunesmith.testing.schedulers import SchedulerConformance
from tunesmith.trials.facts import Asked
from tunesmith.trials.spec import Budget

NETWORK = Space(
    {
        "lr": Float(1e-5, 1, log=True, default=1e-3),
        "batch_size": Int(16, 256, log=True, default=32),
        "width": Int(8, 256, log=True, default=32),
        "dropout": Float(0, 0.5, default=0.0),
        "activation": Choice("relu", "tanh", default="relu"),
    }
)


class TestStagedSampler(SamplerConformance):
    def sampler(self):
        return Staged()


class TestPacedScheduler(SchedulerConformance):
    def scheduler(self):
        return Paced()


def trained(space: Space, loss, *, trials: int, total: int | None = None, confirm: float = 0.0, noise: float = 0.0):
    """A history in which the stages have proposed `trials` trials of a budget of `total`, and the view that it ends with."""
    spec = replace(spec_of(space), budget=Budget(trials=total or trials), confirm=confirm)
    log, sampler, scheduler = History(spec), choose_sampler(spec, Staged()).sampler, Paced()
    rng = np.random.default_rng(0)
    for _ in range(trials):
        order = scheduler.next(log.view, 1)[0]
        if isinstance(order, New) and order.config is not None:
            asked = Asked(order.config, order.by, order.why, 0, log.view.seq, twin=order.twin)
        else:
            (proposal,) = sampler.ask(log.view, 1, trial_rng(log.view))
            asked = Asked(proposal.config, proposal.by, proposal.why, 0, log.view.seq)
        number = log.open()
        log.write(number, asked)
        log.start(number)
        value = loss(asked.config) + noise * rng.standard_normal()
        if math.isfinite(value):
            log.finish(number, loss=value)
        else:
            log.fail(number)
    return log.view


def bowl(config):
    """Best at lr 0.01, width 64 and dropout 0.2; what it has nothing of does not matter."""
    return (
        math.log10(config.get("lr", 0.01) / 0.01) ** 2 / 8
        + math.log(config.get("width", 64) / 64) ** 2 / 20
        + (config.get("dropout", 0.2) - 0.2) ** 2
        + 0.1 * (config.get("activation") == "tanh")
    )


def stages_of(view) -> list[str]:
    return [trial.by.partition("/")[0] for trial in view.trials]


def test_stages_follow_one_another() -> None:
    """each with its part of the budget; none comes back"""
    view = trained(NETWORK, bowl, trials=50, confirm=0.15, noise=0.01)
    order = [name for index, name in enumerate(stages_of(view)) if index == 0 or name != stages_of(view)[index - 1]]
    assert order == ["default", *NAMES]
    assert [stage.state for stage in Plan(view).stages] == ["over"] * 4 + ["now"]
    counts = {stage.name: len(stage.trials) for stage in Plan(view).stages}
    assert all(0 < counts[name] <= 8 for name in NAMES[1:-1])
    assert counts["fine-tuning"] > 25
    best = min(view.trials, key=lambda trial: trial.values["loss"])
    assert best.by.startswith(("architecture", "fine-tuning"))


def test_a_stage_varies_what_it_is_about() -> None:
    """the rest stays as in the best configuration of the stages before it"""
    view = trained(NETWORK, bowl, trials=40)
    known = Findings(view)
    varied = {"learning rate": {"lr"}, "batch and schedule": {"lr", "batch_size"}}
    for name in NAMES[1:-1]:
        base = known.base(name)
        assert known.members[name]
        for trial in known.members[name]:
            changed = {key for key, value in trial.config.items() if value != base[key]}
            assert changed <= varied[name] if name in varied else len(changed) == 1, trial


def test_fine_tuning_searches_everything() -> None:
    """what the stages have found is evidence, not a fence: no range is narrower than before"""
    view = trained(NETWORK, bowl, trials=60)
    assert Findings(view).searched_space is NETWORK
    assert len({trial.config["batch_size"] for trial in view.trials if trial.by.startswith("fine-tuning")}) > 3


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.05, 0.5))
@settings(deadline=None)
def test_the_valley_of_the_rate_is_found_in_steps(start: float, bottom: float, step: float) -> None:
    """out from the best one until that gets no better, then in between, and no place twice"""
    places = [Place(start, abs(start - bottom))]
    for _ in range(60):
        wanted = next_places(places, 0.0, 1.0, step)
        if not wanted:
            break
        assert all(0.0 <= unit <= 1.0 for unit in wanted)
        assert all(abs(wanted[0] - place.unit) > 0.01 for place in places)
        places.append(Place(wanted[0], abs(wanted[0] - bottom)))
    assert not wanted
    assert min(abs(place.unit - bottom) for place in places) <= 0.6 * step + 0.02


def test_rates_under_way_are_not_asked_for_again() -> None:
    """with several workers the next ones go elsewhere"""
    places = [Place(0.4, 1.0)]
    for _ in range(4):
        places += [Place(next_places(places, 0.0, 1.0, 0.2)[0], None)]
    units = sorted(place.unit for place in places)
    assert min(b - a for a, b in pairwise(units)) > 0.05


def test_a_rate_that_fails_leads_to_smaller_ones() -> None:
    """as it was too large, mostly"""
    assert next_places([Place(0.5, math.inf)], 0.0, 1.0, 0.2)[0] == pytest.approx(0.3)


def test_the_best_rate_is_told() -> None:
    """between those that noise does not explain"""
    known = Findings(trained(NETWORK, bowl, trials=40))
    assert known.rates is not None
    low, high = (NETWORK.params["lr"].from_unit(unit) for unit in (known.rates.low, known.rates.high))
    assert 1e-5 < low <= 0.01 <= high < 1
    assert known.rates.tried == len(known.members["learning rate"]) + 1


def test_where_little_is_known_little_is_told() -> None:
    """when all other rates fail, or there are too few, or noise explains all differences"""
    fails = trained(NETWORK, lambda config: 0.5 if config == NETWORK.default() else math.nan, trials=30)
    assert Findings(fails).base("fine-tuning") == NETWORK.default()
    assert "none better" in str(story(fails)[1])
    alike = trained(NETWORK, lambda config: 0.5, trials=30, noise=0.1, confirm=0.15)
    assert "worse:" not in str(story(alike)[3]) or Findings(alike).noise.deviation < 0.05
    assert Findings(trained(NETWORK, bowl, trials=2, total=40)).rates is None


def test_a_range_test_goes_before() -> None:
    """what the first trial has reported bounds the rates that are tried, and nothing else"""
    spec = replace(spec_of(NETWORK), budget=Budget(trials=40), confirm=0.0)
    log = History(spec)
    log.finish(log.begin(), loss=0.4, **{LOW: 1e-2, HIGH: 1e-1})
    assert Plan(log.view).now == "learning rate"
    (middle,) = Findings(log.view).questions("learning rate")
    assert middle.config["lr"] == pytest.approx(10**-1.5)
    for _ in range(4):
        config = Findings(log.view).questions("learning rate")[0].config
        assert 1e-2 <= config["lr"] <= 1e-1 * (1 + 1e-9)
        number = log.open()
        log.write(number, Asked(config, "learning rate/line", "", 0))
        log.finish(log.start(number), loss=bowl(config))
        if not Findings(log.view).questions("learning rate"):
            break
    assert Findings(log.view).searched_space is NETWORK
    nowhere = History(spec)
    nowhere.finish(nowhere.begin(), loss=0.4, **{LOW: 10.0, HIGH: 100.0})
    assert Findings(nowhere.view).probe is None


def test_a_conditional_rate_does_not_break_the_stages() -> None:
    """where the default configuration has none"""
    space = Space({"optimizer": Choice("none", "sgd"), "lr": when({"optimizer": "sgd"}, Float(1e-5, 1, log=True))})
    view = trained(space, lambda config: config.get("lr", 2.0), trials=20)
    assert min(trial.values["loss"] for trial in view.trials) < 1e-2


def test_batches_come_with_their_rate() -> None:
    """by the rule of the optimizer that the configuration names"""
    space = Space({"lr": Float(1e-6, 10, log=True, default=0.1), "batch_size": Ordinal(32, 128), "optimizer": "sgd"})
    spec = replace(spec_of(space), budget=Budget(trials=20), confirm=0.0)
    log = History(spec)
    log.finish(log.begin(), loss=0.4)
    ((config, why),) = Findings(log.view).questions("batch and schedule")
    assert (config["batch_size"], config["lr"]) == (32, pytest.approx(0.1 * 32 / 128)) or (
        config["batch_size"],
        config["lr"],
    ) == (128, pytest.approx(0.4))
    assert "linear" in why


def test_what_there_is_nothing_to_do_for_is_skipped() -> None:
    """and said"""
    view = trained(Space({"width": Int(8, 256), "depth": Int(1, 4)}), bowl, trials=20)
    skipped = {stage.name: stage.why for stage in Plan(view).stages if stage.state == "skipped"}
    assert set(skipped) == {"learning rate", "batch and schedule"}
    assert all(skipped.values())
    small = trained(NETWORK, bowl, trials=10)
    assert {stage.name for stage in Plan(small).stages if stage.state == "skipped"} == set(NAMES[1:4])
    assert "too few" in " ".join(map(str, story(small)))


def test_fixed_parameters_stay() -> None:
    """at their defaults, in every stage"""
    space = Space({**NETWORK.params, "clip": Float(0, 1, default=0.3, role="fixed")})
    assert {trial.config["clip"] for trial in trained(space, bowl, trials=30).trials} == {0.3}


def test_a_part_that_is_used_up_does_not_end_the_search() -> None:
    """a stage with few configurations is over early, and fine-tuning goes on beyond a narrow part"""
    space = Space({"batch_size": Choice(16, 32, 64, default=32), "width": Int(1, 12), "depth": Int(1, 4)})
    view = trained(space, lambda config: abs(config["width"] - 6) + config["depth"], trials=60, total=100)
    assert len({space.key(trial.config) for trial in view.trials}) == 60


def test_noise_is_seen_in_repeats_of_the_defaults() -> None:
    """in one of them; more of it is known when the best ones are repeated"""
    noisy = trained(NETWORK, bowl, trials=40, confirm=0.15, noise=0.05)
    assert [trial.twin for trial in noisy.trials].count(0) == 1
    assert 0.005 < Findings(noisy).noise.deviation < 0.2
    exact = trained(NETWORK, bowl, trials=40, confirm=0.15)
    assert [trial.twin for trial in exact.trials].count(0) == 1
    assert "no noise" in str(story(exact)[0])
    assert not any(trial.twin is not None for trial in trained(NETWORK, bowl, trials=20).trials)


def test_the_story_tells_what_changed() -> None:
    """a chapter for each stage, with numbers, and the same for whoever asks"""
    view = trained(NETWORK, bowl, trials=40, confirm=0.15, noise=0.01)
    chapters = story(view)
    assert [chapter.stage for chapter in chapters] == list(NAMES)
    text = "\n".join(map(str, chapters))
    assert "lr 0.001 → " in text
    assert "the best lr lies between" in text
    assert "better: " in text
    assert "worse: " in text
    assert "a model that knows the " in text
    assert story(view) == chapters
    assert str(story(History(spec_of(NETWORK)).view)[0]) == "baseline: nothing yet."


def test_roles_are_guessed_and_told() -> None:
    """from names; what the user says goes before"""
    space = Space(
        {
            "opt": {"lr": Float(1e-5, 1, log=True), "momentum": Float(0, 1), "head_lr": Float(0, 1)},
            "eta": Float(0, 1),
            "batch_size": Choice(16, 32),
            "warmup_steps": Int(0, 10),
            "width": Int(1, 9),
            "dropout": Float(0, 1, role="scientific"),
            "seeds": Fixed(3),
        }
    )
    roles = {name: assigned.role for name, assigned in roles_of(space).items()}
    assert roles == {
        "opt.lr": "learning rate",
        "opt.momentum": "nuisance",
        "opt.head_lr": "scientific",
        "eta": "nuisance",
        "batch_size": "batch size",
        "warmup_steps": "schedule",
        "width": "scientific",
        "dropout": "scientific",
    }
    said = roles_sentence(History(spec_of(space)).view)
    assert "dropout" in said
    assert "dropout*" not in said
    assert (
        roles_of(Space({"lr": Float(0, 1), "rate": Float(0, 1, role="learning rate")}))["rate"].role == "learning rate"
    )


def test_a_part_of_a_space_has_its_configurations_only() -> None:
    """conditions on what is fixed are settled, and those on what is gone drop their parameters"""
    space = Space(
        {
            "optimizer": Choice("sgd", "adam", "lion"),
            "momentum": when({"optimizer": ["sgd", "lion"]}, Float(0, 1)),
            "beta": when({"optimizer": "adam"}, Float(0, 1)),
        },
        limits=["beta < 0.5"],
    )
    assert set(part_of(space, {"optimizer": Fixed("sgd")}).params) == {"optimizer", "momentum"}
    some = part_of(space, {"optimizer": Choice("sgd", "adam")})
    for index in range(20):
        config = some.codec().decode_row([index / 20, 0.4, 0.3])
        assert space.check(config) == config


@given(st.sampled_from(sorted(SPACES)), st.integers(0, 2**32 - 1), st.data())
@settings(max_examples=60, deadline=None)
def test_any_narrowing_is_a_part(name: str, seed: int, data) -> None:
    """whatever is narrower and fixed, configurations of the part are ones of the whole, with the same keys"""
    space = SPACES[name]
    rng = np.random.default_rng(seed)
    params = {}
    for key, param in space.params.items():
        low, high = sorted(rng.random(2))
        kind = data.draw(st.sampled_from(["whole", "narrow", "fixed"]), label=key)
        if kind == "fixed":
            params[key] = Fixed(param.from_unit(low))
        elif kind == "narrow" and isinstance(param, Float | Int):
            params[key] = bounded(param, param.from_unit(low), param.from_unit(high))
    part = part_of(space, params)
    for _ in range(5):
        config = part.codec().decode_row(rng.random(part.codec().width).tolist())
        if part.allows(config):
            assert space.check(config) == config


@given(st.lists(st.tuples(st.floats(1e-5, 1), st.floats(0, 1)), min_size=1, max_size=12), st.floats(0, 0.3))
@settings(deadline=None)
def test_a_bracket_holds_the_best_and_all_that_is_as_good(points, margin) -> None:
    """and ends where something was worse, or where the range does"""
    param = Float(1e-5, 1, log=True)
    found = bracket(param, points, margin)
    least = min(loss for _, loss in points)
    for value, loss in points:
        if loss <= least + margin:
            assert found.low - 1e-6 <= param.to_unit(value) <= found.high + 1e-6
    assert found.low <= found.best <= found.high
    assert 1 <= found.good <= found.tried
