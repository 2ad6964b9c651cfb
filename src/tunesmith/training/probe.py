"""The range test as a probe of a study: what it finds becomes part of a trial's outcome, and says where to look."""

from __future__ import annotations

from collections.abc import Callable

from tunesmith.run.context import Context
from tunesmith.samplers.probed import HIGH, LOW
from tunesmith.training.lr_curve import LrRange


def probe_lr(ctx: Context, test: Callable[[], LrRange]) -> LrRange | None:
    """Make a range test in the study's first trial, and nothing in the others.

        ts.probe_lr(ctx, lambda: ts.lr_range(model, loader, loss, optimizer))

    If the test is clear, its range becomes part of all that the trial reports, as the metrics `lr_range.low` and
    `lr_range.high`; `ts.guided` asks for learning rates there. Returns what the test found, or None in other trials.
    """
    if ctx.number != 0:
        return None
    found = test()
    if found.clear:
        ctx.keep({LOW: found.low, HIGH: found.high})
    return found
