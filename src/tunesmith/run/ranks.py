"""Ranks: one trial at a time, trained by all processes of a `torchrun`.

    torchrun --nproc-per-node 4 tune.py        every process calls `ts.tune`

    rank 0:  driver ── Ranks ──┬── Member      the study, and its part of the training
    rank 1:  follow ── Channel ┴── Member      does what rank 0 does: the same jobs, the same answers to reports
    rank 2:  ...

The processes go from report to report together: what rank 0 reports counts, and whoever fails fails the trial. They talk through
the store that torchrun keeps for its processes, beside the process group of the training.
"""

from __future__ import annotations

import importlib
import os
import pickle
import signal as signals
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, NamedTuple, final

from tunesmith.errors import InvalidStudy
from tunesmith.run.attempt import Target
from tunesmith.run.executor import Job, Signal, Update
from tunesmith.run.failure import UNTRACED
from tunesmith.run.inline import Inline
from tunesmith.trials.facts import Failed, Noted, Reported, Suggested

_PATIENCE: Final = timedelta(days=365)
"""How long one process waits for another, which may be at a long epoch. If one dies, torchrun ends all."""


class Place(NamedTuple):
    """Which of the processes of a torchrun this one is."""

    rank: int
    world: int


def place_in_torchrun() -> Place | None:
    """This process's place; None if it has no companions."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if "TORCHELASTIC_RUN_ID" not in os.environ or world < 2:
        return None
    return Place(int(os.environ["RANK"]), world)


class Said(NamedTuple):
    """What a process's part of the training has come to."""

    update: Update
    at: float


@final
class Channel:
    """What rank 0 tells all others, in order, and what they answer."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._store = _store()
        calls = self._store.add(f"tunesmith/{place.rank}/calls", 1)
        self._name = f"tunesmith/{calls}"
        self._told = self._asked = self._forgotten = self._groups = 0

    def tell(self, *message: Any) -> None:
        self._store.set(f"{self._name}/told/{self._told}", pickle.dumps(message))
        self._told += 1

    def hear(self) -> tuple[Any, ...]:
        message: tuple[Any, ...] = pickle.loads(self._store.get(f"{self._name}/told/{self._told}"))  # noqa: S301  from our own rank 0
        self._told += 1
        return message

    def answer(self, said: Said) -> None:
        self._store.set(f"{self._name}/answer/{self._asked}/{self.place.rank}", pickle.dumps(said))
        self._asked += 1

    def answers(self) -> list[Said]:
        """What all others have come to, by rank; they have heard everything by then, so that it can be forgotten."""
        keys = [f"{self._name}/answer/{self._asked}/{rank}" for rank in range(1, self.place.world)]
        said: list[Said] = [pickle.loads(self._store.get(key)) for key in keys]  # noqa: S301  from our own processes
        self._asked += 1
        for key in (*keys, *(f"{self._name}/told/{place}" for place in range(self._forgotten, self._told))):
            self._store.delete_key(key)
        self._forgotten = self._told
        return said

    def join_group(self, backend: str | None) -> None:
        """Make the process group of a training, with all others.

        Members find each other by what they leave in the store, so each group has a place of its own there; PyTorch's own
        way would find those of the last one again.
        """
        distributed = importlib.import_module("torch.distributed")
        cuda = importlib.import_module("torch").cuda.is_available()
        self._groups += 1
        distributed.init_process_group(
            backend or ("cpu:gloo,cuda:nccl" if cuda else "gloo"),
            store=distributed.PrefixStore(f"{self._name}/group/{self._groups}", _store(distributed.default_pg_timeout)),
            rank=self.place.rank,
            world_size=self.place.world,
        )


def _store(patience: timedelta = _PATIENCE) -> Any:
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        raise InvalidStudy(
            "This torchrun keeps no store for its processes; start it with --standalone, or with --rdzv-backend=c10d."
        )
    distributed = importlib.import_module("torch.distributed")
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    return distributed.TCPStore(host, port, is_master=False, wait_for_workers=False, timeout=patience)


@final
class Member:
    """One process's part of the trainings; on all ranks the same is done with it."""

    def __init__(self, target: Target, channel: Channel, time_limit: float | None = None) -> None:
        self._inner = Inline(target, time_limit=time_limit)
        self._channel = channel
        self._job: Job | None = None
        self._backend = _backend()
        """Of the process group that was there before the study; it serves all trials until one fails."""

    def submit(self, job: Job) -> None:
        if _backend() is None:
            self._channel.join_group(self._backend)
        self._job = replace(job, rank=self._channel.place.rank)
        self._inner.submit(self._job)

    def step(self) -> Said:
        """Train until there is something to say."""
        (update,) = self._inner.poll(0.0)
        if not isinstance(update.fact, Reported | Suggested | Noted):
            self._job = None
            if update.fact is None:  # if it is parked: it would wait for the next trial with that one's process group
                self._inner.signal(update.trial, "release")
            if self._backend is None or isinstance(update.fact, Failed):
                _leave_group()  # those who wait for this process in a collective call get an error now
        return Said(update, time.time())

    def signal(self, trial: int, what: Signal) -> None:
        self._inner.signal(trial, what)

    def abandon(self) -> None:
        """End the training after a failure elsewhere; the process group may be in the midst of something."""
        _leave_group()
        while self._job is not None:
            self._inner.signal(self._job.trial, "stop")
            self.step()

    def close(self) -> None:
        self._inner.close()


@final
class Ranks:
    """The executor of rank 0: one trial at a time, trained by all. What is paused goes on from its checkpoint."""

    slots = 1
    parks = False

    def __init__(self, target: Target, place: Place, *, time_limit: float | None = None) -> None:
        self.clock = time.time
        self._channel = Channel(place)
        self._member = Member(target, self._channel, time_limit)
        self._job: Job | None = None

    def submit(self, job: Job) -> None:
        self._job = job
        self._channel.tell("submit", job)
        self._member.submit(job)

    def poll(self, timeout: float) -> Sequence[Update]:  # noqa: ARG002  the work itself is the waiting
        if self._job is None:
            return ()
        self._channel.tell("step")
        update = _agreed([self._member.step(), *self._channel.answers()])
        if isinstance(update.fact, Failed):
            self._channel.tell("abandon")
            self._member.abandon()
        if not isinstance(update.fact, Reported | Suggested | Noted):
            self._job = None
        return (update,)

    def signal(self, trial: int, what: Signal) -> None:
        self._channel.tell("signal", trial, what)
        self._member.signal(trial, what)

    def close(self) -> None:
        self._channel.tell("close")
        self._member.close()


def _agreed(said: Sequence[Said]) -> Update:
    """What the trial has come to: the first failure, or else what rank 0 says, if all have come equally far."""
    update = said[0].update
    failed = [(each.at, rank) for rank, each in enumerate(said) if isinstance(each.update.fact, Failed)]
    if failed:
        rank = min(failed)[1]
        fact = said[rank].update.fact
        assert isinstance(fact, Failed)
        return update._replace(fact=replace(fact, message=f"on rank {rank}: {fact.message}"))
    apart = [rank for rank, each in enumerate(said) if type(each.update.fact) is not type(update.fact)]
    if apart:
        message = f"rank 0 and rank {apart[0]} went apart; report on every rank, equally often"
        return update._replace(fact=Failed("error", message, update.attempt, UNTRACED))
    return update


def follow(target: Target, place: Place) -> None:
    """Take part in the trainings of rank 0 until it closes its executor. Ctrl-C and SIGTERM are for rank 0 to handle."""
    channel = Channel(place)
    member = Member(target, channel)
    kept = {what: signals.signal(what, signals.SIG_IGN) for what in (signals.SIGINT, signals.SIGTERM)}
    try:
        while True:
            name, *arguments = channel.hear()
            said = getattr(member, name)(*arguments)
            if said is not None:
                channel.answer(said)
            if name == "close":
                return
    finally:
        for what, handler in kept.items():
            signals.signal(what, handler)


def _backend() -> str | None:
    """Of the default process group; None without one."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_initialized():
        return None
    backend: str = distributed.get_backend()
    return backend


def _leave_group() -> None:
    if _backend() is not None:
        importlib.import_module("torch.distributed").destroy_process_group()
