"""Earlier studies to begin from: looked up once, and kept with the study that begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias, final

from tunesmith.errors import InvalidStudy, StoreError, UnknownStudy
from tunesmith.space.carry import carried
from tunesmith.space.names import did_you_mean
from tunesmith.stores.base import Store
from tunesmith.stores.url import open_store
from tunesmith.trials.earlier import Earlier
from tunesmith.trials.remembered import remembered
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.view import View

_BETWEEN: Final = "::"


class Handle(Protocol):
    """A study, as far as it can be begun from: `ts.Study` is one."""

    @property
    def store(self) -> Store:
        """Where it is kept."""

    @property
    def name(self) -> str:
        """What it is called there."""


@final
@dataclass(frozen=True)
class WarmStart:
    """An earlier study to begin from, where some of its parameters had other names.

    `study` is a `Study`, a study's name in the same store, or text such as "old.db::name". `renamed` maps names of its
    parameters to those of the study that begins: `WarmStart("old", renamed={"learning_rate": "lr"})`.
    """

    study: str | Handle
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the earlier study is called from now on."""
        return self.study if isinstance(self.study, str) else self.study.name


Source: TypeAlias = str | Handle | WarmStart


def with_earlier(spec: StudySpec, given: Sequence[Source], store: Store) -> tuple[Earlier, ...]:
    """What a study knows of earlier ones, given those that it shall begin from; what it knows already stays as it is.

    Raises `UnknownStudy` for one that is not there, `InvalidStudy` for one that is of no use.
    """
    if isinstance(given, str):
        raise InvalidStudy(f"warm_start={given!r}: give a list of earlier studies, as in warm_start=[{given!r}].")
    sources = [source if isinstance(source, WarmStart) else WarmStart(source) for source in given]
    labels = [source.label for source in sources]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise InvalidStudy(f"warm_start names {twice!r} twice; name each earlier study once.")
    known = {earlier.study for earlier in spec.earlier}
    new = (_looked_up(source, spec, store) for source in sources if source.label not in known)
    return (*spec.earlier, *new)


def _looked_up(source: WarmStart, spec: StudySpec, store: Store) -> Earlier:
    if not isinstance(source.study, str):
        return _evidence(source, source.study.store, source.study.name, spec)
    where, between, name = source.study.rpartition(_BETWEEN)
    if not between:
        if name == spec.name:
            raise InvalidStudy(f"warm_start: {name!r} is the study itself; name another one.")
        return _evidence(source, store, name, spec)
    with closing(open_store(where, create=False)) as other:
        return _evidence(source, other, name, spec)


def _evidence(source: WarmStart, store: Store, name: str, spec: StudySpec) -> Earlier:
    names = [study.name for study in store.studies()]
    if name not in names:
        raise UnknownStudy(
            f"warm_start: the store has no study {name!r}{did_you_mean(name, names) or '.'} "
            f"(For one in another store write STORE{_BETWEEN}STUDY.)"
        )
    try:
        view = View(store.spec(name)).advance(store.changes(name, reports=False))
    except StoreError as error:
        raise type(error)(f"warm_start: study {name!r} cannot be read: {error}") from None
    _check_names(source, view, spec)
    earlier = remembered(source.label, view, spec.space, spec.objectives, source.renamed)
    if not any(loss is not None for row in earlier.losses for loss in row):
        raise InvalidStudy(f"warm_start: study {name!r} has no result yet; begin without it.")
    if not spec.space.grows and not any(carried(config, spec.space) for config in earlier.configs):
        raise InvalidStudy(
            f"warm_start: none of the {len(earlier.configs)} configurations of {name!r} is anywhere near this space; "
            f"begin without it, or say by WarmStart({name!r}, renamed=...) which of its parameters are which."
        )
    return earlier


def _check_names(source: WarmStart, view: View, spec: StudySpec) -> None:
    for old, new in source.renamed.items():
        for what, space in ((old, view.space), (new, spec.space)):
            if what not in space.params and not space.grows:
                where = f"study {source.label!r}" if space is view.space else "the study that begins"
                raise InvalidStudy(
                    f"warm_start: renamed={{{old!r}: {new!r}}}, but {where} has no parameter {what!r}"
                    f"{did_you_mean(what, space.params) or '.'}"
                )
    shared = {source.renamed.get(name, name) for name in view.space.params} & spec.space.params.keys()
    if not shared and not spec.space.grows:
        raise InvalidStudy(
            f"warm_start: study {source.label!r} has none of the parameters {', '.join(list(spec.space.params)[:8])}; "
            f"say by WarmStart({source.label!r}, renamed=...) which of its parameters are which."
        )
