"""The samplers by name, and the choice that is made for those who do not choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, final

from numpy.random import Generator

from tunesmith.errors import InvalidStudy
from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.samplers.earlier import WarmStarted
from tunesmith.samplers.grid import Grid
from tunesmith.samplers.probed import Probed
from tunesmith.samplers.sobol import Sobol
from tunesmith.samplers.uniform import Uniform
from tunesmith.samplers.wrap import Distinct, Seeded
from tunesmith.space.params import Json
from tunesmith.trials.earlier import Earlier
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.view import View


class Chosen(NamedTuple):
    """A sampler, ready to ask, and in one sentence what it is and why."""

    sampler: Sampler
    why: str


# The samplers that learn are imported when they are wanted: scipy takes a while to load, and most commands do not search.


def _gp() -> Sampler:
    from tunesmith.samplers.gp.sampler import GaussianProcess  # noqa: PLC0415

    return GaussianProcess()


def _gp_per_cost() -> Sampler:
    from tunesmith.samplers.gp.price import Price  # noqa: PLC0415
    from tunesmith.samplers.gp.sampler import GaussianProcess  # noqa: PLC0415

    return GaussianProcess(price=Price())


def _tpe() -> Sampler:
    from tunesmith.samplers.tpe.sampler import TPE  # noqa: PLC0415

    return TPE()


def _bohb() -> Sampler:
    from tunesmith.samplers.tpe.sampler import TPE  # noqa: PLC0415
    from tunesmith.surrogates.rung import evidence_at_rung  # noqa: PLC0415

    return TPE(evidence=evidence_at_rung)


def _dehb() -> Sampler:
    from tunesmith.samplers.evolution import DifferentialEvolution  # noqa: PLC0415
    from tunesmith.surrogates.rung import evidence_at_rung  # noqa: PLC0415

    return DifferentialEvolution(evidence=evidence_at_rung)


def _cmaes() -> Sampler:
    from tunesmith.samplers.cmaes import CMAES  # noqa: PLC0415

    return CMAES()


def _differential() -> Sampler:
    from tunesmith.samplers.evolution import DifferentialEvolution  # noqa: PLC0415

    return DifferentialEvolution()


def _evolution() -> Sampler:
    from tunesmith.samplers.evolution import RegularizedEvolution  # noqa: PLC0415

    return RegularizedEvolution()


def _nsga2() -> Sampler:
    from tunesmith.samplers.nsga2 import NSGA2  # noqa: PLC0415

    return NSGA2()


_NAMED: Final[Mapping[str, Callable[..., Sampler]]] = {
    "gp": _gp,
    "gp-per-cost": _gp_per_cost,
    "tpe": _tpe,
    "bohb": _bohb,
    "dehb": _dehb,
    "cmaes": _cmaes,
    "de": _differential,
    "evolution": _evolution,
    "nsga2": _nsga2,
    "sobol": Sobol,
    "random": Uniform,
    "uniform": Uniform,
    "grid": Grid,
}


@final
class _Absent:
    """Stands for a sampler that is not here. The study can be read, not continued."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:  # noqa: ARG002
        raise InvalidStudy(self.sentence)


def sampler_names() -> tuple[str, ...]:
    """What `sampler=` understands as text."""
    return ("auto", *_NAMED)


def describe_sampler(given: str | Sampler, points: Sequence[Mapping[str, Any]] = ()) -> Json:
    """What is kept in the study's spec; `choose_sampler` makes a sampler from it."""
    kept = [dict(point) for point in points]
    if isinstance(given, str):
        if not _is_known(given):
            raise InvalidStudy(_unknown(given))
        return {"name": given, "points": kept}
    if isinstance(given, type) or not callable(getattr(given, "ask", None)):
        raise InvalidStudy(
            f"sampler={given!r} cannot be asked for trials; give an object such as Sobol(), or one of "
            f"{', '.join(sampler_names())}."
        )
    return {"name": _name_of(given), "custom": True, "points": kept}


def choose_sampler(spec: StudySpec, custom: Sampler | None = None) -> Chosen:
    """The sampler that a study's spec names, wrapped so that defaults come first and nothing is tried twice."""
    description = spec.sampler if isinstance(spec.sampler, dict) else {"name": spec.sampler}
    inner, why = (custom, f"sampler: {_name_of(custom)}, {_why(custom)}") if custom else _described(spec, description)
    if spec.earlier:
        inner, why = WarmStarted(inner), f"{why}; {_warm(spec.earlier)}"
    return Chosen(Distinct(Seeded(inner, description.get("points", ()))), why)


def _warm(earlier: Sequence[Earlier]) -> str:
    trials, studies = sum(study.trials for study in earlier), len(earlier)
    return f"starts from {trials} trials of {studies} earlier stud{'y' if studies == 1 else 'ies'}"


def _described(spec: StudySpec, description: Mapping[str, Any]) -> tuple[Sampler, str]:
    name = str(description["name"])
    if description.get("custom"):
        absent = f"The study's sampler {name} is an object of the program that made it; give it again as sampler=."
        return _Absent(absent), f"sampler: {name}, an object of the program that made the study"
    if not _is_known(name):  # written by another version of Tunesmith
        return _Absent(_unknown(name)), f"sampler: {name}, which is not known here"
    if name == "auto":
        return _auto(spec)
    kind, _, levels = name.partition(":")
    inner = Grid(int(levels)) if levels else _NAMED[kind]()
    return inner if kind == "grid" else Probed(inner), f"sampler: {name}, as asked for"


def _auto(spec: StudySpec) -> tuple[Sampler, str]:
    """The choice for those who do not choose, with its reason."""
    from tunesmith.samplers.ladder import ladder_for, reason  # noqa: PLC0415

    space, trials = spec.space, spec.budget.trials
    size = None if space.grows else space.count(10_000)
    if size is not None and trials is not None and size <= trials:
        covered = f"all {size} configurations" if size > 1 else "the only configuration"
        return Grid(None), f"sampler: grid, because the budget covers {covered}"
    return Probed(ladder_for(spec)), f"sampler: {reason(spec)}"


def _is_known(name: str) -> bool:
    kind, colon, levels = name.partition(":")
    if colon:
        return kind == "grid" and levels.isdecimal() and int(levels) > 0
    return name in sampler_names()


def _name_of(given: Sampler) -> str:
    """What it calls itself, else its class."""
    return str(getattr(given, "name", type(given).__name__))


def _why(given: Sampler) -> str:
    return str(getattr(given, "why", "as given"))


def _unknown(name: str) -> str:
    return f"sampler={name!r} is not known; choose one of {', '.join(sampler_names())} (or 'grid:7' for 7 levels)."
