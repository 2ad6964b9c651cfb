"""The last part of a budget goes to repeats on fresh seeds, where values depend on the seed."""

from collections import Counter

import numpy as np
import pytest

import tunesmith as ts
from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.plain import NoStopping
from tunesmith.schedulers.race import Race, knowledge_gradient

SPACE = {"x": ts.Float(0, 1, default=0.9), "y": ts.Float(0, 1, default=0.9)}


def true_loss(x, y):
    return 2 * (x - 0.3) ** 2 + (y - 0.6) ** 2


def noisy(x, y, seed):
    return {"loss": true_loss(x, y) + 0.05 * np.random.default_rng(seed).normal()}


def exact(x, y):
    return {"loss": true_loss(x, y)}


def tuned(function, **options):
    options = {"trials": 40, "sampler": "sobol", "seed": 1, "minimize": "loss", **options}
    return ts.tune(function, space=SPACE, store=None, progress="quiet", **options)


def repeats(study):
    return [trial for trial in study.trials if trial.twin is not None]


def test_repeats_train_what_they_repeat_on_other_seeds():
    study = tuned(noisy)
    assert len(study.trials) == 40
    assert 3 <= len(repeats(study)) <= 6
    for trial in repeats(study):
        again = study.trials[trial.twin]
        assert trial.config == again.config
        assert trial.seed != again.seed
        assert trial.by == "repeat"
        assert str(trial.twin) in trial.why
    assert len({trial.seed for trial in study.trials}) == 40


def test_the_winner_and_the_default_are_among_them():
    study = tuned(noisy, trials=60)
    counts = Counter(trial.twin for trial in repeats(study))
    assert counts[study.best.number] >= 2
    assert counts[0] == 2  # trial 0 is the default
    # Those that are clearly behind are not trained again.
    worth = sorted(study.trials[number].values["loss"] for number in counts if number != 0)
    assert worth[-1] < np.median([trial.values["loss"] for trial in study.trials])


def test_a_deterministic_objective_costs_one_repeat():
    study = tuned(exact)
    assert len(repeats(study)) == 1
    assert len({tuple(trial.config.items()) for trial in study.trials}) == 39


GRID = {"x": ts.Choice(*range(4)), "y": ts.Choice(*range(3))}


@pytest.mark.parametrize("sampler", ["auto", "grid"])
@pytest.mark.parametrize(("budget", "most"), [({"trials": 40}, 6), ({"time": 60}, 12)])
def test_a_space_that_is_exhausted_leaves_the_rest_of_the_share_to_repeats(budget, most, sampler):
    study = ts.tune(noisy, space=GRID, store=None, progress="quiet", minimize="loss", seed=1, sampler=sampler, **budget)
    assert len({tuple(trial.config.items()) for trial in study.trials}) == 12
    assert 3 <= len(repeats(study)) <= most
    assert study.confirmed is not None
    study = ts.tune(exact, space=GRID, store=None, progress="quiet", minimize="loss", seed=1, sampler=sampler, **budget)
    assert len(study.trials) == 13


def test_a_grid_without_a_budget_is_repeated_by_its_size():
    space = {"x": ts.Choice(*range(7)), "y": ts.Choice(*range(3))}
    study = ts.tune(noisy, space=space, store=None, progress="quiet", minimize="loss", seed=1)
    assert len({tuple(trial.config.items()) for trial in study.trials}) == 21
    assert len(repeats(study)) == 3


@pytest.mark.parametrize("options", [{"confirm": 0}, {"trials": 19}])
def test_no_repeats_if_not_wanted_or_too_few(options):
    assert not repeats(tuned(noisy, **options))


def test_the_same_seed_repeats_the_same():
    once, again = tuned(noisy), tuned(noisy)
    assert [(t.twin, t.config, t.seed) for t in once.trials] == [(t.twin, t.config, t.seed) for t in again.trials]


def test_more_budget_goes_on_with_the_search_and_repeats_again():
    study = tuned(noisy)
    first = len(repeats(study))
    with ts.Study.open(study.name, store=study.store, trials=80) as more:
        assert more.spec.confirm == 0.15
    again = ts.tune(
        noisy, space=SPACE, store=study.store, name=study.name, trials=80, progress="quiet", minimize="loss"
    )
    assert len(again.trials) == 80
    assert first < len(repeats(again)) <= 12


def test_one_that_failed_again_leaves_the_race():
    def fragile(x, y, seed):
        # The best corner of the space trains well on one seed out of two.
        if x < 0.4 and seed % 2:
            return {"loss": float("nan")}
        return noisy(x, y, seed)

    study = tuned(fragile, trials=60)
    failed = {trial.twin for trial in repeats(study) if trial.failure}
    counts = Counter(trial.twin for trial in repeats(study))
    assert study.best.number not in failed or all(number in failed for number in counts if number != 0)


def test_several_objectives_repeat_the_front():
    def two(x, y, seed):
        luck = 0.02 * np.random.default_rng(seed).normal()
        return {"loss": true_loss(x, y) + luck, "size": x}

    study = tuned(two, minimize=["loss", "size"], trials=60)
    repeated = {trial.twin for trial in repeats(study)}
    assert len(repeated) >= 3
    front = {trial.number for trial in study.front}
    assert len(repeated & front) >= 2
    assert study.confirmed is not None
    assert set(study.confirmed.worth.__class__.__dataclass_fields__) >= {"mean", "low", "high", "promised"}


@pytest.mark.parametrize("budget", [{"time": 400.0}, {"cost": 400.0}])
def test_of_time_and_cost_a_share_is_kept(budget):
    def epochs(x, y, seed):
        for _ in range(4):
            yield noisy(x, y, seed)

    study = tuned(epochs, trials=None, executor=ts.simulated(seconds=1.0), parallel=2, steps=4, **budget)
    made = repeats(study)
    assert len(made) >= 4
    spent = sum(trial.spent for trial in made)
    assert spent <= 0.25 * sum(trial.spent for trial in study.trials)
    # The first repeat comes in the middle, the others at the end.
    numbers = [trial.number for trial in made]
    assert numbers[1] > 0.6 * len(study.trials)


def test_where_trials_pause_repeats_train_to_their_end():
    def epochs(x, y, seed):
        for _ in range(9):
            yield noisy(x, y, seed)

    study = tuned(epochs, scheduler="asha", executor=ts.simulated(seconds=1.0), parallel=4, steps=9, trials=60)
    made = repeats(study)
    assert made
    assert all(trial.last.step == 9 for trial in made if trial.state is ts.State.DONE)
    assert sum(trial.state is ts.State.DONE for trial in made) >= len(made) - 1
    assert study.trials[made[0].twin].last.step == 9


def test_forks_are_not_repeated():
    def epochs(ctx, x, y):
        state = ctx.load() or {"loss": 1.0}
        for _ in range(ctx.step, 12):
            state["loss"] *= 1 - 0.1 * x
            ctx.save(state)
            yield dict(state)

    study = tuned(epochs, scheduler=ts.PBT(population=4, interval=2), steps=12, trials=30)
    assert all(study.trials[trial.twin].parent is None for trial in repeats(study))


def test_knowledge_gradient_is_what_one_more_repeat_brings():
    rng = np.random.default_rng(0)
    means, deviations, noise = np.array([0.0, 0.1, 0.5]), np.array([0.1, 0.3, 0.2]), 0.2
    found = knowledge_gradient(means, deviations, noise, np.zeros(3, np.int64))
    for place in range(3):
        # What the mean of its posterior moves to, when a value is drawn.
        gain = deviations[place] ** 2 / (deviations[place] ** 2 + noise**2)
        value = rng.normal(means[place], np.hypot(deviations[place], noise), 200_000)
        moved = np.tile(means, (len(value), 1))
        moved[:, place] += gain * (value - means[place])
        assert found[place] == pytest.approx(means.min() - moved.min(axis=1).mean(), rel=0.05, abs=2e-4)


def test_repeats_under_way_are_worth_less():
    means, deviations = np.array([0.0, 0.05]), np.array([0.1, 0.1])
    none = knowledge_gradient(means, deviations, 0.1, np.array([0, 0]))
    some = knowledge_gradient(means, deviations, 0.1, np.array([2, 0]))
    assert some[0] < none[0]
    assert some[1] == pytest.approx(none[1])


@pytest.mark.parametrize("share", [0, 1, -0.5])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(InvalidStudy, match="between 0 and 1"):
        Race(NoStopping(), share)


@pytest.mark.parametrize("confirm", [1.0, -0.1, True])
def test_a_part_that_is_none_is_refused(confirm):
    with pytest.raises(InvalidStudy, match="confirm="):
        tuned(exact, confirm=confirm)
