"""Handles of one study, in one process or several: between two looks at the store others may have been faster."""

import socket
from collections.abc import Callable
from typing import Any

import tunesmith as ts
from tunesmith.stores.base import Store
from tunesmith.stores.memory import MemoryStore
from tunesmith.trials.facts import Draft, Lost, Started

DEAD = f"{socket.gethostname()}/4194305/1"
"""A process number beyond the largest one."""


class Overtaken:
    """A store whose owner is overtaken once: after the first call of a method another one acts."""

    def __init__(self, store: Store, method: str, other: Callable[[], object]) -> None:
        self._store, self._method, self._other = store, method, other
        self._waits = False

    def begin(self) -> None:
        self._waits = True

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def then_the_other(*args: Any, **options: Any) -> object:
            result = method(*args, **options)
            if self._waits and name == self._method:
                self._waits = False
                self._other()
            return result

        return then_the_other


def opened(store: Store) -> ts.Study:
    return ts.Study.open(
        "shared", space={"x": ts.Float(0, 1)}, minimize="loss", trials=10, sampler="random", seed=0, store=store
    )


def test_two_who_find_the_same_dead_worker_get_a_trial_each():
    store, given = MemoryStore(), []
    other = opened(store)
    overtaken = Overtaken(store, "changes", lambda: given.append(other.ask().number))
    slow = opened(overtaken)
    left = slow.ask()
    store.append("shared", [Draft(left.number, Lost(1)), Draft(left.number, Started(DEAD, 2))])
    overtaken.begin()
    given.append(slow.ask().number)
    assert given == [left.number, left.number + 1]


def test_nobody_takes_the_number_of_an_enqueued_configuration():
    store, given = MemoryStore(), []
    other = opened(store)
    overtaken = Overtaken(store, "append", lambda: given.append(other.ask()))
    person = opened(overtaken)
    overtaken.begin()
    queued = person.enqueue({"x": 0.125})
    assert queued.config == {"x": 0.125}
    assert [trial.number for trial in given] == [queued.number]
    assert given[0].config == {"x": 0.125}


def test_an_enqueued_configuration_finds_another_number_if_its_own_is_taken():
    store = MemoryStore()
    other = opened(store)
    overtaken = Overtaken(store, "changes", other.ask)
    person = opened(overtaken)
    overtaken.begin()
    assert person.enqueue({"x": 0.125}).number == 1
