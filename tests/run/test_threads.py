"""A sampler thinks with one thread of linear algebra, and leaves the others as they were."""

from contextlib import ExitStack

import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_limits

from tunesmith.run.ahead import made
from tunesmith.run.threads import one_thread
from tunesmith.samplers.base import Proposal
from tunesmith.space.params import Float
from tunesmith.space.space import Space
from tunesmith.testing.histories import history, spec_of


def threads() -> set[int]:
    return {library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()}


class Looks:
    """Notes how many threads there are when it is asked."""

    def ask(self, view, n, rng):
        self.seen = threads()
        return [Proposal({"x": 0.5}, "looks", "to see")]


def test_one_thread_while_a_sampler_thinks() -> None:
    """however many the program has"""
    np.linalg.inv(np.eye(3))
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        sampler = Looks()
        made(sampler, history(spec_of(Space({"x": Float(0, 1)}))))
        assert sampler.seen == {1}
        assert threads() == before


def test_who_leaves_last_puts_back_what_the_first_one_found() -> None:
    """a search begins, a figure is computed beside it, and the search is done first"""
    np.linalg.inv(np.eye(3))
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        search, figure = ExitStack(), ExitStack()
        search.enter_context(one_thread())
        figure.enter_context(one_thread())
        search.close()
        assert threads() == {1}
        figure.close()
        assert threads() == before
