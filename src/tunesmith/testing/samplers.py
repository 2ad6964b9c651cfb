"""Conformance of samplers: what every sampler must do. Subclass, and give a fresh one.

    class TestMySampler(SamplerConformance):
        def sampler(self):
            return MySampler()

The laws hold in every space of `SPACES` and after every history of `HISTORIES`, so that a sampler which keeps them can
be given to any study, continued after a crash, and checked by `tunesmith check`.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import inf, nan
from typing import Any, Final

import numpy as np
import pytest

from tunesmith.errors import InvalidSpace, SpaceExhausted
from tunesmith.run.proposing import trial_rng
from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.space.beliefs import around
from tunesmith.space.conditions import when
from tunesmith.space.params import Choice, Fixed, Float, Int, Ordinal, key_of
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, Manner, content, global_randomness, history, spec_of, written
from tunesmith.trials.remembered import remembered
from tunesmith.trials.spec import MetricLimit
from tunesmith.trials.view import View

SPACES: Final[Mapping[str, Space]] = {
    "float": Space({"x": Float(-1, 3)}),
    "log": Space({"lr": Float(1e-6, 1, log=True, default=1e-3)}),
    "step": Space({"x": Float(0, 1, step=0.1)}),
    "int": Space({"n": Int(-5, 5)}),
    "log int": Space({"n": Int(1, 4096, log=True)}),
    "choice": Space({"c": Choice("a", "b", None, 1, True)}),
    "ordinal": Space({"o": Ordinal(32, 64, 128)}),
    "fixed": Space({"x": Float(0, 1), "epochs": 10, "sizes": Fixed([1, 2])}),
    "nothing varies": Space({"epochs": 10}),
    "mixed": Space(
        {
            "lr": Float(1e-5, 1, log=True),
            "width": Int(16, 512, log=True),
            "layers": Int(1, 3),
            "dropout": Float(0, 0.5, step=0.25),
            "activation": Choice("relu", "tanh", "gelu"),
            "batch": Ordinal(16, 32),
        }
    ),
    "conditional": Space(
        {
            "optimizer": Choice("sgd", "adam"),
            "sgd": when(
                {"optimizer": "sgd"}, {"momentum": Float(0, 1), "nesterov": when({"momentum": "> 0.5"}, Choice(0, 1))}
            ),
            "beta": when({"optimizer": ["adam"]}, Float(0.8, 0.999)),
            "layers": Int(1, 3),
            "widths": {"0": Int(4, 8), "1": when({"layers": ">= 2"}, Int(4, 8)), "2": when({"layers": 3}, Int(4, 8))},
        }
    ),
    "limits": Space(
        {"low": Float(0, 1), "high": Float(0, 1), "a": Choice(1, 2), "b": Choice(1, 2)},
        limits=["low < high", {"a": 1, "b": 2}],
    ),
    "little room": Space({f"x{i}": Float(0, 1, default=0.1) for i in range(3)}, limits=["x0 + x1 + x2 <= 0.7"]),
    "few": Space(
        {"a": Choice(1, 2, 3), "b": when({"a": [2, 3]}, Choice("x", "y")), "c": Int(0, 2)}, limits=["a + c <= 4"]
    ),
    "believed": Space(
        {
            "lr": Float(1e-5, 1, log=True, belief=around(1e-3, factor=10)),
            "dropout": Float(0, 0.5, step=0.1, belief=around(0.2, width=0.1)),
            "width": Int(16, 512, log=True, belief=around(512)),
            "optimizer": Choice("sgd", "adam", "other", belief={"adam": 3}),
            "momentum": when({"optimizer": "sgd"}, Float(0, 1, belief=around(0.9))),
            "batch": Ordinal(16, 32, 64, belief={32: 2, 64: 0.5}),
        }
    ),
    "wide": Space({f"x{i:02}": Int(0, 9) if i % 5 == 0 else Float(0, 1) for i in range(30)}),
}
"""One space of every kind; all have room, some very little."""


def _losses(count: int) -> list[float]:
    return [float(loss) for loss in np.random.default_rng(5).standard_normal(count)]


_OUTCOMES: Final[Mapping[str, dict[str, Any]]] = {
    "nothing yet": {},
    "one trial": {"values": [0.3]},
    "some trials": {"values": _losses(12)},
    "all failed": {"failed": ["error", "oom", "nan", "timeout", "killed", "error"]},
    "all equal": {"values": [0.25] * 8},
    "NaN": {"values": [0.5, nan, 0.4, nan, nan, inf, -inf, 0.1], "failed": ["nan", "nan"]},
    "outliers": {"values": [0.5, 1.7e308, -1.7e308, 0.4, 1e-300, 0.3, 1e12]},
    "under way": {"values": [0.5, 0.4], "running": 3, "waiting": 2, "paused": [0.6, [0.9, 0.3]], "opened": 2},
    "only under way": {"running": 2, "waiting": 1, "opened": 1},
    "curves": {
        "values": [[1.0, 0.5, nan, 0.3], [2.0, 0.1]],
        "stopped": [[1.0, 0.9], 0.8, [nan, nan]],
        "failed": ["oom"],
    },
    "many": {"values": _losses(280), "failed": ["oom"] * 10, "stopped": _losses(10)},
}

HISTORIES: Final = (*_OUTCOMES, "several objectives", "limited metrics", "an earlier study")
"""Names of histories of every kind."""


_METRICS: Final[Mapping[str, dict[str, Any]]] = {
    "several objectives": {"minimize": ("loss", "size"), "maximize": ("accuracy",)},
    "limited metrics": {"limits": (MetricLimit("memory", "<=", -0.5), MetricLimit("speed", ">=", 1e9))},
}

_GROWING: Final = Space(grows=True)
_ASKS: Final = {"lr": Float(1e-4, 1, log=True), "layers": Int(1, 4), "act": Choice("a", "b")}


@functools.cache
def log_of(space: str, name: str, *, seed: int = 1, manner: Manner | None = None, mirror: bool = False) -> History:
    """One of the histories in one of the spaces, or in one that grows; made once, as many tests look at the same."""
    spec = spec_of(SPACES.get(space, _GROWING), seed=seed, **_METRICS.get(name, {}))
    if name == "an earlier study":
        before = log_of(space, "NaN").view
        spec = replace(spec, earlier=(remembered("before", before, spec.space, spec.objectives, {}),))
    outcomes = _OUTCOMES.get(name, _OUTCOMES["some trials"])
    return written(spec, **outcomes, manner=manner, mirror=mirror, asks=_ASKS if spec.space.grows else None)


def view_of(space: str, name: str, **options: Any) -> View:
    """The View of one of the histories in one of the spaces; `options` are those of `log_of`."""
    return log_of(space, name, **options).view


class SamplerConformance:
    """The laws of `Sampler`. Where a space has nothing left, `SpaceExhausted` with a sentence is an answer too."""

    declines: Collection[str] = ()
    """Names of spaces which the sampler cannot search, as it says by `InvalidSpace`: a grid may have too many cells."""

    def sampler(self) -> Sampler:
        """A fresh sampler."""
        raise NotImplementedError("say in your subclass how a sampler is made: def sampler(self): return MySampler()")

    @pytest.mark.parametrize("space", SPACES)
    def test_proposals_fit_the_space(self, space: str) -> None:
        """valid values of the right types, for active parameters and no others, within the limits"""
        for name in HISTORIES:
            for proposal in self._ask(self.sampler(), view_of(space, name), n=3):
                _check_fits(space, name, proposal)

    @pytest.mark.parametrize("n", [1, 2, 7])
    @pytest.mark.parametrize("space", ["mixed", "conditional", "limits"])
    def test_as_many_as_asked_for(self, space: str, n: int) -> None:
        """`ask(view, n)` gives n proposals, and each says who made it and why"""
        for name in ("nothing yet", "some trials", "under way"):
            proposals = self._ask(self.sampler(), view_of(space, name), n=n)
            assert len(proposals) == n, f"{space}, {name}: {len(proposals)} proposals instead of {n}"
            assert all(p.by and p.why for p in proposals), f"{space}, {name}: a proposal without by or why: {proposals}"

    @pytest.mark.parametrize(
        "space", ["float", "choice", "mixed", "conditional", "limits", "little room", "few", "believed", "wide"]
    )
    def test_same_view_and_rng_same_answer(self, space: str) -> None:
        """from the same object, after other questions in between, from a fresh object, and in a continued study"""
        used = self.sampler()
        answers = {}
        for name in HISTORIES:
            view = view_of(space, name)
            answers[name] = self._ask(self.sampler(), view)
            self._ask(used, view)
            self._ask(used, view.asking(view.next + 3), n=2)
            self._ask(used, view_of("mixed", "some trials"))
            assert self._ask(used, view) == answers[name], f"{space}, {name}: another answer after other questions"
        _drop_caches()
        for name, answer in answers.items():
            rebuilt = log_of(space, name).rebuilt()
            assert self._ask(self.sampler(), rebuilt) == answer, f"{space}, {name}: a fresh object disagrees"

    @pytest.mark.parametrize("name", HISTORIES)
    def test_looks_at_no_clock_no_worker_and_no_attempt(self, name: str) -> None:
        """the same study on a slower machine, with other workers, losses and remarks, gets the same proposals"""
        for space in ("mixed", "conditional"):
            answer = self._ask(self.sampler(), view_of(space, name))
            for manner in (Manner(start=5.0, tick=1234.5, worker="another"), Manner(lost=1, notes=2)):
                other = self._ask(self.sampler(), view_of(space, name, manner=manner))
                assert other == answer, f"{space}, {name}: the proposal depends on {manner}"

    @pytest.mark.parametrize("name", HISTORIES)
    def test_maximizing_is_minimizing_with_another_sign(self, name: str) -> None:
        """turning all objectives round, and all their values, changes nothing"""
        for space in ("mixed", "conditional"):
            answer = self._ask(self.sampler(), view_of(space, name))
            turned = self._ask(self.sampler(), view_of(space, name, mirror=True))
            assert turned == answer, f"{space}, {name}: the signs of the objectives are not respected"

    def test_each_trial_gets_its_own_proposal(self) -> None:
        """parallel workers ask from the same view for different numbers, and should seldom collide"""
        view = view_of("mixed", "some trials")
        configs = {_key(self._ask(self.sampler(), view.asking(view.next + i))) for i in range(12)}
        assert len(configs) >= 6, f"12 trials got only {len(configs)} different configurations from the same view"

    def test_each_seed_gets_its_own_study(self) -> None:
        """the study's seed decides what is random"""
        views = [view_of("mixed", "one trial", seed=seed) for seed in (1, 2)]
        one, two = ([_key(self._ask(self.sampler(), view.asking(1 + i))) for i in range(6)] for view in views)
        assert one != two, "studies with different seeds get the same six proposals"

    @pytest.mark.parametrize("space", ["mixed", "conditional", "few"])
    def test_changes_nothing(self, space: str) -> None:
        """neither the view nor the global random state; what is proposed belongs to whoever asked"""
        for name in HISTORIES:
            view, rebuilt = view_of(space, name), log_of(space, name).rebuilt()
            before = global_randomness()
            first = self._ask(self.sampler(), view)
            assert global_randomness() == before, f"{space}, {name}: the global random state has changed"
            assert content(view) == content(rebuilt), f"{space}, {name}: the view has changed"
            kept = [dict(proposal.config) for proposal in first]
            for proposal in first:
                proposal.config.clear()
            again = [proposal.config for proposal in self._ask(self.sampler(), view)]
            assert again == kept, f"{space}, {name}: changing a proposal changed the next answer"

    @pytest.mark.parametrize("name", ["nothing yet", "one trial", "some trials", "under way", "all failed", "NaN"])
    def test_define_by_run(self, name: str) -> None:
        """where the space grows, proposals are hints: values that fit what is known of it so far"""
        view = view_of("growing", name)
        proposals = self._ask(self.sampler(), view, n=2)
        assert len(proposals) == 2
        for proposal in proposals:
            for parameter, value in proposal.config.items():
                assert _same(view.space.params[parameter].check(value, parameter), value)
        assert self._ask(self.sampler(), log_of("growing", name).rebuilt(), n=2) == proposals

    @pytest.mark.parametrize("room", [{"x": Float(0, 1), "y": Float(0, 1)}, {"x": Int(0, 9), "y": Int(0, 9)}])
    def test_no_room_at_all_is_said(self, room: dict[str, object]) -> None:
        """limits that nothing keeps end in `InvalidSpace` with a sentence that names them, not in an endless loop"""
        view = history(spec_of(Space(room, limits=["x > y + 100"])))
        with pytest.raises(InvalidSpace, match=r"x > y \+ 100") as caught:
            self.sampler().ask(view, 1, np.random.default_rng(0))
        _check_sentence(str(caught.value))

    def _ask(self, sampler: Sampler, view: View, n: int = 1) -> list[Proposal]:
        """What the sampler proposes, as a study asks; nothing if it says, in a sentence, why there is nothing."""
        try:
            return list(sampler.ask(view, n, trial_rng(view)))
        except SpaceExhausted as error:
            refusal = str(error)
            assert view.trials, f"the space is said to be exhausted before the first trial: {refusal}"
        except InvalidSpace as error:
            refusal = str(error)
            assert any(view.space is SPACES[space] for space in self.declines), refusal
        _check_sentence(refusal)
        return []


def _check_fits(space: str, name: str, proposal: Proposal) -> None:
    where, config = f"{space}, {name}", proposal.config
    checked = SPACES[space].check(config)
    assert _same(checked, config), f"{where}: {config} should be {checked}"
    assert list(checked) == list(config), f"{where}: parameters must come in the order of the space: {list(checked)}"
    assert _same(json.loads(json.dumps(config)), config), f"{where}: values must be plain, as JSON has them: {config}"


def _same(one: object, other: object) -> bool:
    """Equal, and of the same types throughout: True, 1 and 1.0 differ, and so do float and numpy.float64."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    return type(one) is type(other) and one == other


def _check_sentence(text: str) -> None:
    assert len(text.split()) >= 5, f"not a sentence: {text!r}"
    assert text.endswith("."), f"a sentence ends with a full stop: {text!r}"


def _key(proposals: Sequence[Proposal]) -> str:
    return key_of([proposal.config for proposal in proposals])


def _drop_caches() -> None:
    """Forget what `functools.lru_cache` keeps in Tunesmith's rooms and in test files."""
    for name, module in list(sys.modules.items()):
        if name.startswith("tunesmith.") and not name.startswith("tunesmith.testing"):
            for value in list(vars(module).values()):
                if isinstance(value, functools._lru_cache_wrapper):  # noqa: SLF001  its only name
                    value.cache_clear()
