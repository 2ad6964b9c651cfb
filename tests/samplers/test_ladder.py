"""Who proposes in a study that chooses nothing."""

from collections import Counter

import numpy as np
import pytest

from tunesmith.run.proposing import trial_rng
from tunesmith.samplers.ladder import Ladder
from tunesmith.space.conditions import when
from tunesmith.space.params import Choice, Float, Int
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, history, spec_of

NUMERIC = Space({"x": Float(0, 1), "y": Float(0, 1)})
CONDITIONAL = Space({"a": Choice(1, 2), "b": when({"a": 1}, Float(0, 1)), "c": Float(0, 1)})


def proposers(space: Space, trials: int, asked: int = 6, **metrics: object) -> Counter[str]:
    values = np.random.default_rng(0).standard_normal(trials).tolist()
    view = history(spec_of(space, **metrics), values=values)  # type: ignore[arg-type]
    ladder = Ladder()
    views = [view.asking(view.next + i) for i in range(asked)]
    return Counter(ladder.ask(v, 1, trial_rng(v))[0].by for v in views)


def test_a_gaussian_process_while_trials_are_few() -> None:
    """in any space, and for several objectives"""
    assert proposers(NUMERIC, 40) == {"gp": 6}
    assert proposers(CONDITIONAL, 40) == {"gp": 6}
    assert proposers(NUMERIC, 40, minimize=("a", "b")) == {"gp": 6}


def test_turns_once_they_are_many() -> None:
    """an evolution strategy joins where there is a covariance to learn"""
    assert proposers(NUMERIC, 320) == {"gp": 2, "tpe": 2, "cmaes": 2}
    assert proposers(CONDITIONAL, 320) == {"gp": 4, "tpe": 2}
    assert proposers(NUMERIC, 320, minimize=("a", "b")) == {"gp": 2, "tpe": 2, "nsga2": 2}


@pytest.mark.parametrize("trials", [40, 310])
def test_a_batch_is_as_if_its_trials_had_begun(trials: int) -> None:
    """whoever proposes next knows what the others have just proposed, and repeats nothing"""
    space = Space({"x": Int(0, 30), "y": Int(0, 30)})
    log, draws = History(spec_of(space)), np.random.default_rng(0)
    for row in draws.permutation(31 * 31)[:trials].tolist():
        log.finish(log.begin({"x": row // 31, "y": row % 31}), loss=float(abs(row // 31 - 20) + abs(row % 31 - 7)))
    at_once = Ladder().ask(log.view, 6, np.random.default_rng(1))
    one_by_one, rng = [], np.random.default_rng(1)
    for _ in range(6):
        one_by_one += Ladder().ask(log.view, 1, rng)
        log.begin(one_by_one[-1].config)
    assert [p.config for p in at_once] == [p.config for p in one_by_one]
    assert len({tuple(p.config.values()) for p in at_once}) == 6


def test_many_objectives_and_many_parameters() -> None:
    """are beyond a model"""
    assert proposers(NUMERIC, 40, minimize=tuple("abcde")) == {"nsga2": 6}
    assert proposers(Space({f"x{i}": Float(0, 1) for i in range(201)}), 40) == {"tpe": 6}
