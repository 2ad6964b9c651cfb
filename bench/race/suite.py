"""The repository's own tasks: they need scikit-learn, and no data beyond it."""

from __future__ import annotations

from race import functions, learning, two
from race.space import Task

PREFIXES = ("learn/", "mixed/", "two/")
TWO_OBJECTIVES = two.GROUP

# For peers that need seconds per proposal: one or two of each group and size. Chosen before any result was seen.
SUBSET = (
    "learn/svm-digits",
    "learn/boosting-breast",
    "learn/trees-diabetes",
    "learn/any-wine",
    "mixed/ellipsoid-5",
    "mixed/rosenbrock-10",
    "mixed/rastrigin-20",
    "mixed/ellipsoid-choices",
    "two/zdt1",
    "two/forest-digits",
)


def tasks() -> list[Task]:
    return [*learning.tasks(), *functions.tasks(), *two.tasks()]
