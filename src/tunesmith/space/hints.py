"""From a function's signature to a search space, and from a configuration back to the function's arguments."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, final

from tunesmith.errors import InvalidObjective, InvalidSpace
from tunesmith.space.domains import MISSING, Domain, domain_of, hints_of
from tunesmith.space.names import nest_config
from tunesmith.space.params import Config
from tunesmith.space.space import Space

_SEED: Final = "seed"
_CONTEXT: Final = "ctx"
_CONFIG: Final = "config"


@final
@dataclass(frozen=True)
class Binding:
    """How a training function is called for a configuration; made by `bind`."""

    space: Space
    domains: Mapping[str, Domain]
    """Typed parameters of the function, by name."""
    plain: tuple[str, ...] = ()
    """Parameters that take a value (or a group as a dict) of the space as it is."""
    whole: str | None = None
    """The parameter that takes the whole configuration as a dict."""
    takes_rest: bool = False
    seed: str | None = None
    context: str | None = None

    @property
    def wants_context(self) -> bool:
        """Whether the function takes a `Context`."""
        return self.context is not None

    def arguments(self, config: Config, *, seed: int, context: object = None) -> dict[str, Any]:
        """The keyword arguments of the call. Inactive parameters are left out, for the function's own default."""
        built = {name: domain.build(config, name) for name, domain in self.domains.items()}
        arguments = {name: value for name, value in built.items() if value is not MISSING}
        if self.plain or self.whole or self.takes_rest:
            nested = nest_config(config)
            arguments |= {name: nested[name] for name in self.plain if name in nested and name not in arguments}
            if self.whole is not None:
                arguments[self.whole] = nested
            if self.takes_rest:
                arguments |= {name: value for name, value in nested.items() if name not in arguments}
        if self.seed is not None:
            arguments[self.seed] = seed
        if self.context is not None:
            arguments[self.context] = context
        return arguments


def bind(function: Callable[..., Any], space: Space | None = None) -> Binding:
    """Read a training function: its search space from its type hints, or how it takes a space that is given.

    Raises `InvalidObjective` for a function that cannot be called with the space, `InvalidSpace` for hints that
    contradict themselves.
    """
    name = name_of(function)
    parameters = _parameters(function, name)
    hints = _function_hints(function, name)
    context = next((p.name for p in parameters if p.name == _CONTEXT or _is_context(hints.get(p.name))), None)
    if space is not None:
        return _bind_to(space, name, [p for p in parameters if p.name != context], hints, context)
    domains: dict[str, Domain] = {}
    seed = None
    for parameter in parameters:
        if parameter.name == context or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        default = MISSING if parameter.default is parameter.empty else parameter.default
        domain = domain_of(hints.get(parameter.name), default, f"{name}(): {parameter.name}")
        if domain is not None and domain.declare(parameter.name):
            domains[parameter.name] = domain
        elif parameter.name == _SEED:
            seed = _SEED
        elif default is MISSING:
            raise InvalidObjective(
                f"{name}(): {parameter.name!r} has no range; annotate it, as in {parameter.name}: "
                f"Annotated[float, ts.Float(1e-5, 1, log=True)], give it a default, pass space=, or ask for parameters as it runs "
                f"with ctx: ts.Context."
            )
    if not domains and context is None:
        raise InvalidObjective(
            f"{name}() has nothing to tune; annotate a parameter, as in lr: Annotated[float, ts.Float(1e-5, 1, log=True)], or pass space=."
        )
    declared = {key: body for field, domain in domains.items() for key, body in domain.declare(field).items()}
    return Binding(Space(declared, grows=not domains), domains, seed=seed, context=context)


def space_of(target: Callable[..., Any] | type, *, limits: Iterable[object] = ()) -> Space:
    """The search space that a function or a dataclass declares by its type hints, with limits added."""
    if isinstance(target, type) and dataclasses.is_dataclass(target):
        group = domain_of(target, MISSING, target.__name__)
        declared = {} if group is None else group.declare("")
        params: dict[str, object] = {name.removeprefix("."): _without_dot(body) for name, body in declared.items()}
    else:
        found = bind(target)
        if found.space.grows:
            raise InvalidObjective(f"{name_of(target)}() declares no space; it asks for its parameters as it runs.")
        params = {key: body for field, domain in found.domains.items() for key, body in domain.declare(field).items()}
    if not params:
        raise InvalidSpace(
            f"{name_of(target)} declares no parameters; annotate its fields, as in lr: Annotated[float, ts.Float(0, 1)]."
        )
    return Space(params, limits=limits)


def _without_dot(body: Any) -> Any:
    """Conditions inside a top-level dataclass name their parents with the group's (empty) name before them."""
    if not hasattr(body, "tests"):
        return body
    tests = tuple(dataclasses.replace(test, parent=test.parent.removeprefix(".")) for test in body.tests)
    return dataclasses.replace(body, tests=tests)


def name_of(function: Any) -> str:
    """What a function is called in messages, and what its study is called by default."""
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__name__", type(function).__name__)
    return "objective" if name == "<lambda>" else str(name)


def _parameters(function: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    if isinstance(function, type) or not callable(function):
        raise InvalidObjective(f"{name} is not a training function; pass a function that returns or yields metrics.")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise InvalidObjective(f"{name} does not tell its parameters; wrap it in a Python function.") from None
    bound = function.keywords if isinstance(function, partial) else {}
    parameters = [p for p in signature.parameters.values() if p.name not in bound]
    fixed = next((p for p in parameters if p.kind is p.POSITIONAL_ONLY), None)
    if fixed is not None:
        raise InvalidObjective(
            f"{name}(): {fixed.name!r} can only be given by position; remove the '/' from its signature."
        )
    return parameters


def _function_hints(function: Any, name: str) -> dict[str, Any]:
    while isinstance(function, partial):
        function = function.func
    if not inspect.isroutine(function):
        function = type(function).__call__
    return hints_of(function, f"{name}()")


def _is_context(hint: Any) -> bool:
    return isinstance(hint, type) and hint.__name__ == "Context" and hint.__module__.startswith("tunesmith.")


def _bind_to(
    space: Space, name: str, parameters: list[inspect.Parameter], hints: Mapping[str, Any], context: str | None
) -> Binding:
    top = list(dict.fromkeys(key.split(".")[0] for key in space.params))
    takes_rest = any(p.kind is p.VAR_KEYWORD for p in parameters)
    named = {p.name: p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    plain = tuple(key for key in top if key in named)
    required = [key for key, p in named.items() if p.default is p.empty and key not in top and key != _SEED]
    whole = (
        _CONFIG
        if _CONFIG in named and _CONFIG not in top
        else required[0]
        if len(required) == 1 and not plain
        else None
    )
    unmet = [key for key in required if key != whole]
    if unmet:
        raise InvalidObjective(
            f"{name}() needs {unmet[0]!r}, which the space does not name; add it to the space or give it a default."
        )
    untaken = [key for key in top if key not in named]
    if untaken and whole is None and not takes_rest:
        raise InvalidObjective(
            f"{name}() does not take {untaken[0]!r}, which the space names; add that parameter, or one called 'config' for all of them."
        )
    return Binding(
        space,
        _typed(space, plain, named, hints),
        plain,
        whole,
        takes_rest and whole is None,
        _SEED if _SEED in named and _SEED not in top else None,
        context,
    )


def _typed(
    space: Space, names: tuple[str, ...], parameters: Mapping[str, inspect.Parameter], hints: Mapping[str, Any]
) -> dict[str, Domain]:
    """Parameters whose hints declare what the space names too get typed values: Enum members, dataclasses, lists."""
    domains: dict[str, Domain] = {}
    for name in names:
        default = parameters[name].default
        given = MISSING if default is inspect.Parameter.empty else default
        try:
            domain = domain_of(hints.get(name), given, name)
        except InvalidSpace:
            continue  # the given space is another one than the hints declare, and it is the one that counts
        if domain is not None and domain.declare(name).keys() <= space.params.keys():
            domains[name] = domain
    return domains


def arguments(function: Callable[..., Any], config: Mapping[str, Any], *, seed: int = 0) -> dict[str, Any]:
    """The keyword arguments with which a study calls a function that declares its space: `train(**ts.arguments(train, config))`.

    Dataclasses, Enum members and lists come as the function expects them. `config` is a trial's; what it leaves out is
    at its default.
    """
    binding = bind(function)
    return binding.arguments(binding.space.check(config, partial=True), seed=seed)
