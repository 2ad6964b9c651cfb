"""From the nested dict that a user writes to flat parameters with resolved conditions."""

from __future__ import annotations

from collections.abc import Mapping

from tunesmith.errors import InvalidConfig, InvalidSpace
from tunesmith.space.conditions import Test, When
from tunesmith.space.names import did_you_mean
from tunesmith.space.params import Choice, Fixed, Float, Int, Ordinal, Param


def flatten(
    group: Mapping[str, object],
    prefix: str,
    tests: tuple[Test, ...],
    params: dict[str, Param],
    conditions: dict[str, tuple[Test, ...]],
) -> None:
    for key, given in group.items():
        if not isinstance(key, str) or not key or key.startswith(".") or key.endswith(".") or ".." in key:
            raise InvalidSpace(f"{prefix}{key!r} is not a name for a parameter; use text without dots at its ends.")
        name, own, body = f"{prefix}{key}", tests, given
        while isinstance(body, When):
            own, body = own + body.tests, body.body
        if isinstance(body, Mapping):
            flatten(body, f"{name}.", own, params, conditions)
            continue
        if isinstance(body, list | tuple | set):
            options = ", ".join(repr(option) for option in body)
            raise InvalidSpace(
                f"{name}: {body!r} is a list; write Choice({options}) to vary it, or Fixed({body!r}) to keep it."
            )
        if name in params:
            raise InvalidSpace(f"{name} is named twice; give each parameter one place.")
        try:
            params[name] = body if isinstance(body, Float | Int | Choice | Ordinal | Fixed) else Fixed(body)
        except InvalidSpace as error:
            raise InvalidSpace(f"{name}: {error}") from None
        if own:
            conditions[name] = own


def resolve(test: Test, child: str, params: Mapping[str, Param]) -> Test:
    """The test with the full name of its parent: looked up in the child's own group first, then outward."""
    groups = child.split(".")[:-1]
    while True:
        parent = ".".join([*groups, test.parent])
        if parent in params and parent != child:
            break
        if not groups:
            raise InvalidSpace(
                f"{child} depends on {test.parent!r}, which is not a parameter{did_you_mean(test.parent, params) or '.'}"
            )
        groups.pop()
    if test.op == "in":
        try:
            values = tuple(params[parent].check(value, parent) for value in test.value)
        except InvalidConfig as error:
            raise InvalidSpace(f"{child}: its condition can never hold: {error}") from None
        return Test(parent, "in", values)
    return Test(parent, test.op, test.value)


def parents_first(params: Mapping[str, Param], conditions: Mapping[str, tuple[Test, ...]]) -> tuple[str, ...]:
    order: dict[str, None] = {}
    waiting = list(params)
    while waiting:
        ready = [name for name in waiting if all(test.parent in order for test in conditions.get(name, ()))]
        if not ready:
            raise InvalidSpace(
                f"The conditions of {' and '.join(waiting)} depend on one another in a circle; break it."
            )
        order.update(dict.fromkeys(ready))
        waiting = [name for name in waiting if name not in order]
    return tuple(order)
