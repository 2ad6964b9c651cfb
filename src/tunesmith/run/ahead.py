"""Ask ahead: the next proposal is made while trials run, so that a free place need not wait for it.

It is made from an older view than it would be otherwise, by the one result that frees the place. That view is recorded
with the trial, so the law of samplers still holds for it: from there, the same proposal comes out again.
"""

from __future__ import annotations

from typing import Final, NamedTuple, final

from tunesmith.errors import SpaceExhausted
from tunesmith.run.proposing import trial_rng, trial_seed
from tunesmith.run.threads import one_thread
from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.schedulers.base import New
from tunesmith.trials.view import View

_FEWEST: Final = 4
"""With fewer places than this, one result more or less makes a difference to what is proposed."""


class Made(NamedTuple):
    """A proposal for trial `view.next`, from what `view` shows, and the seed of that trial."""

    proposal: Proposal
    view: View
    seed: int


def made(sampler: Sampler, view: View) -> Made:
    """Ask for trial `view.next`. Raises `SpaceExhausted`, as the sampler does."""
    rng = trial_rng(view)
    with one_thread():
        proposal = sampler.ask(view, 1, rng)[0]
    return Made(proposal, view, trial_seed(rng))


def made_for(order: New, sampler: Sampler, view: View) -> Made:
    """For trial `view.next` what the order gives itself, else what the sampler proposes, which may raise `SpaceExhausted`."""
    if order.config is None:
        return made(sampler, view)
    # What a growing space asks for is only known as the objective runs.
    config = order.config if view.spec.space.grows else view.space.check(order.config)
    return Made(Proposal(config, order.by, order.why), view, trial_seed(trial_rng(view)))


@final
class Ahead:
    """Holds at most one proposal that was made ahead."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._held: Made | None = None
        self._ended = 0

    @property
    def wants(self) -> bool:
        """Whether it is worth making one."""
        return self._held is None and self._slots >= _FEWEST

    def prepare(self, sampler: Sampler, view: View, ended: int) -> None:
        """Make a proposal for trial `view.next`; `ended` is the number of trials that have ended in `view`."""
        try:
            self._held, self._ended = made(sampler, view), ended
        except SpaceExhausted:
            self._held = None

    def take(self, view: View, ended: int) -> Made | None:
        """The proposal that was made for trial `view.next`, unless too much has happened since."""
        held, self._held = self._held, None
        if held is None or held.view.next != view.next or held.view.spec is not view.spec:
            return None
        late = ended - self._ended > self._slots // _FEWEST
        return None if late or view.has(held.proposal.config) else held
