"""The samplers by name, and the choice that is made for those who do not choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, final

from numpy.random import Generator

from tunesmith.errors import InvalidStudy
from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.samplers.grid import Grid
from tunesmith.samplers.sobol import Sobol
from tunesmith.samplers.uniform import Uniform
from tunesmith.samplers.wrap import Distinct, Seeded, Until
from tunesmith.space.params import Json
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.view import View

_EVEN_COVER: Final = 256


class Chosen(NamedTuple):
    """A sampler, ready to ask, and in one sentence what it is and why."""

    sampler: Sampler
    why: str


_NAMED: Final[Mapping[str, Callable[..., Sampler]]] = {
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
    return {"name": type(given).__name__, "custom": True, "points": kept}


def choose_sampler(spec: StudySpec, custom: Sampler | None = None) -> Chosen:
    """The sampler that a study's spec names, wrapped so that defaults come first and nothing is tried twice."""
    description = spec.sampler if isinstance(spec.sampler, dict) else {"name": spec.sampler}
    inner, why = (custom, f"sampler: {type(custom).__name__}, as given") if custom else _described(spec, description)
    return Chosen(Distinct(Seeded(inner, description.get("points", ()))), why)


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
    return (Grid(int(levels)) if levels else _NAMED[kind]()), f"sampler: {name}, as asked for"


def _auto(spec: StudySpec) -> tuple[Sampler, str]:
    if spec.space.grows:
        return Uniform(), "sampler: random, because the space is only known as trials ask for their parameters"
    size = spec.space.count(10_000)
    if size is not None and spec.budget.trials is not None and size <= spec.budget.trials:
        covered = f"all {size} configurations" if size > 1 else "the only configuration"
        return Grid(None), f"sampler: grid, because the budget covers {covered}"
    width = spec.space.codec().width
    return (
        Until(Sobol(), _EVEN_COVER, Uniform()),
        (
            f"sampler: quasi-random (Sobol), an even cover of {width} dimension{'s' if width != 1 else ''}; "
            f"random after {_EVEN_COVER} trials"
        ),
    )


def _is_known(name: str) -> bool:
    kind, colon, levels = name.partition(":")
    if colon:
        return kind == "grid" and levels.isdecimal() and int(levels) > 0
    return name in sampler_names()


def _unknown(name: str) -> str:
    return f"sampler={name!r} is not known; choose one of {', '.join(sampler_names())} (or 'grid:7' for 7 levels)."
