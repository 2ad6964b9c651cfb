"""Pages of the table of trials."""

import pytest

from tunesmith.analysis.table import Table
from tunesmith.errors import InvalidFilter
from tunesmith.web.rows import Frame, Wanted, page_of

DATA = Table(
    columns=["number", "state", "lr", "tag", "big"],
    rows=[
        [0, "done", 0.1, "b", 1],
        [1, "failed", None, None, 10**400],
        [2, "done", 0.01, "a", None],
        [3, "done", 1, "c", -1],
    ],
    params={},
    metrics={},
)
BEST = [2, 0, 3, 1]


def numbers(**wanted):
    return page_of(Frame(DATA), BEST, Wanted(**wanted)).numbers


def test_the_best_come_first():
    assert numbers() == BEST
    assert numbers(sort="-best") == BEST[::-1]


def test_sorted_by_a_column_what_is_missing_comes_last():
    assert numbers(sort="lr") == [2, 0, 3, 1]
    assert numbers(sort="-lr") == [3, 0, 2, 1]
    assert numbers(sort="tag") == [2, 0, 3, 1]
    assert numbers(sort="-tag") == [3, 0, 2, 1]


def test_a_number_beyond_all_floats_is_the_largest():
    assert numbers(sort="-big") == [1, 0, 3, 2]
    assert numbers(filter="big > 1e300") == [1]


def test_equal_ones_stay_in_the_order_of_their_numbers():
    assert numbers(sort="state") == [0, 2, 3, 1]


def test_filter_and_order_and_page_go_together():
    found = page_of(Frame(DATA), BEST, Wanted("state = done", "-lr", 2, 2))
    assert (found.numbers, found.matching, found.total, found.page, found.pages) == ([2], 3, 4, 2, 2)


def test_a_page_beyond_the_last_is_the_last():
    assert page_of(Frame(DATA), BEST, Wanted(page=99, size=3)).page == 2


def test_nothing_fits():
    found = page_of(Frame(DATA), BEST, Wanted("lr > 5"))
    assert (found.numbers, found.matching, found.pages) == ([], 0, 1)


def test_an_unknown_column_is_told():
    with pytest.raises(InvalidFilter, match="no column 'lrr' to be sorted by; did you mean 'lr'"):
        numbers(sort="lrr")
