"""Fronts, crowding and hypervolume, against what their definitions say."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tunesmith.surrogates.dominance import crowding, front_ranks, hypervolume
from tunesmith.trials.order import dominates


@st.composite
def tables(draw, most: int = 12, values=st.integers(0, 4)) -> np.ndarray:
    """Small tables with many ties, shape (n, m)."""
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(values, min_size=width, max_size=width), max_size=most))
    return np.array(rows, float).reshape(len(rows), width)


def slow_ranks(losses: np.ndarray) -> list[int]:
    """Front after front, by looking at all pairs."""
    ranks: dict[int, int] = {}
    while len(ranks) < len(losses):
        left = [i for i in range(len(losses)) if i not in ranks]
        front = [i for i in left if not any(dominates(losses[j], losses[i]) for j in left)]
        ranks |= dict.fromkeys(front, max(ranks.values(), default=-1) + 1)
    return [ranks[i] for i in range(len(losses))]


def slow_crowding(losses: np.ndarray, ranks: np.ndarray) -> list[float]:
    """Over the distinct rows of each front; copies get nothing."""
    distances = [0.0] * len(losses)
    for rank in set(ranks.tolist()):
        seen = {tuple(losses[i]): i for i in reversed(range(len(losses))) if ranks[i] == rank}
        for j in range(losses.shape[1]):
            # Where losses are equal the order of the front decides who is at the end, as in the paper.
            order = sorted(seen.values(), key=lambda i: (losses[i, j], i))
            span = losses[order[-1], j] - losses[order[0], j]
            distances[order[0]] = distances[order[-1]] = np.inf
            for before, here, after in zip(order, order[1:], order[2:], strict=False):
                distances[here] += (losses[after, j] - losses[before, j]) / span if span else 0.0
    return distances


def slow_volume(losses: np.ndarray, reference: np.ndarray) -> float:
    """The sum of all cells of the grid that the rows draw, if some row dominates the cell."""
    volume, axes = 0.0, []
    for j, bound in enumerate(reference):
        cuts = sorted({*(v for v in losses[:, j].tolist() if v < bound), float(bound)})
        axes.append(list(pairwise(cuts)))
    for cell in np.ndindex(*map(len, axes)):
        low = np.array([axes[j][i][0] for j, i in enumerate(cell)])
        if (losses <= low).all(axis=1).any():
            volume += float(np.prod([axes[j][i][1] - axes[j][i][0] for j, i in enumerate(cell)]))
    return volume


@given(tables())
def test_ranks_are_those_of_the_definition(losses: np.ndarray) -> None:
    """for any number of objectives, with ties and copies"""
    assert front_ranks(losses).tolist() == slow_ranks(losses)


@given(tables(), st.integers(1, 12))
def test_sorting_may_end_early(losses: np.ndarray, enough: int) -> None:
    """the first rows that are wanted have their true front, all others come after them"""
    whole, part = front_ranks(losses), front_ranks(losses, enough)
    last = np.sort(whole)[min(enough, len(whole)) - 1] if len(whole) else 0
    assert part[whole <= last].tolist() == whole[whole <= last].tolist()
    assert (part[whole > last] > last).all()


@given(tables())
def test_crowding_is_that_of_the_definition(losses: np.ndarray) -> None:
    """the sum over objectives of the gap between the neighbours, as a share of the front's range"""
    ranks = front_ranks(losses)
    np.testing.assert_allclose(crowding(losses, ranks), slow_crowding(losses, ranks), rtol=1e-12)


@given(tables(most=6), st.integers(0, 5))
@settings(max_examples=60)
def test_hypervolume_is_that_of_the_cells(losses: np.ndarray, bound: int) -> None:
    """rows beyond the reference add nothing"""
    reference = np.full(losses.shape[1], float(bound))
    assert hypervolume(losses, reference) == pytest.approx(slow_volume(losses, reference))


@given(tables(values=st.floats(0, 1, width=32)), st.randoms())
@settings(max_examples=60)
def test_hypervolume_ignores_order_and_what_is_dominated(losses: np.ndarray, random) -> None:
    """and more rows never take anything away"""
    reference = np.ones(losses.shape[1])
    volume = hypervolume(losses, reference)
    shuffled = losses[random.sample(range(len(losses)), len(losses))]
    assert hypervolume(shuffled, reference) == pytest.approx(volume)
    assert hypervolume(losses[front_ranks(losses) == 0], reference) == pytest.approx(volume)
    assert hypervolume(losses[1:], reference) <= volume + 1e-12


def test_a_known_volume() -> None:
    """a sphere's octant, filled with many points, has what geometry says"""
    directions = np.abs(np.random.default_rng(0).standard_normal((1500, 3)))
    sphere = 1 - directions / np.linalg.norm(directions, axis=1, keepdims=True)
    assert hypervolume(sphere, np.ones(3)) == pytest.approx(np.pi / 6, abs=0.03)


def test_huge_and_tiny_numbers() -> None:
    """distances stay numbers where differences would overflow or vanish"""
    losses = np.array([[1.7e308, -1.7e308], [-1.7e308, 1.7e308], [0.0, 1e-300], [1e-300, 0.0]])
    ranks = front_ranks(losses)
    assert ranks.tolist() == [0, 0, 0, 0]
    distances = crowding(losses, ranks)
    assert np.isinf(distances[:2]).all()
    assert np.isfinite(distances[2:]).all()
