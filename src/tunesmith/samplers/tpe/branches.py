"""Branches: values of a parameter that others depend on. Each must have its turn, and its own idea of what is good."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator

from tunesmith.samplers.branches import Branch
from tunesmith.samplers.tpe.columns import Columns
from tunesmith.surrogates.evidence import Evidence, Points


def neglected(columns: Columns, evidence: Evidence) -> Branch | None:
    """The branch with the fewest of n trials, if that is less than half of the square root of n.

    So no branch is given up because of a few unlucky trials, and the share of trials that this takes goes to nothing:
    of two branches a hopeless one has 5 of 100 trials, and 50 of 10,000.
    """
    X = np.concatenate([evidence.points.X, evidence.failed.X, evidence.pending.X])
    fewest, least = None, math.sqrt(len(X)) / 2.0
    for parent in columns.parents:
        counts = np.bincount(parent.codes(X), minlength=parent.size)
        code = int(np.argmin(counts))
        if counts[code] < least:
            fewest, least = Branch(parent, code), float(counts[code])
    return fewest


def promising(columns: Columns, good: Points, rng: Generator) -> Branch | None:
    """A branch of one of the parents, drawn as often as it is seen among the good ones, and once more."""
    if not columns.parents:
        return None
    parent = columns.parents[int(rng.integers(len(columns.parents)))]
    counts = np.bincount(parent.codes(good.X), minlength=parent.size) + 1.0
    return Branch(parent, int(rng.choice(parent.size, p=counts / counts.sum())))
