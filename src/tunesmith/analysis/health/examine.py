"""All findings about a study; a new one is one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tunesmith.analysis.health.bounds import at_bound
from tunesmith.analysis.health.configs import duplicates, unused
from tunesmith.analysis.health.costs import slow_trials, time_in_failures
from tunesmith.analysis.health.failures import diverging, out_of_memory, out_of_time
from tunesmith.analysis.health.finding import SEVERITIES, Finding
from tunesmith.analysis.health.outcomes import constant_metric, flat_curves, noise_hides_best
from tunesmith.analysis.health.stopping import stopped_too_early
from tunesmith.analysis.health.trainings import best_training, shared_symptom
from tunesmith.trials.view import View

CHECKS: Final[tuple[Callable[[View], Finding | None], ...]] = (
    constant_metric,
    flat_curves,
    out_of_memory,
    out_of_time,
    diverging,
    best_training,
    shared_symptom,
    stopped_too_early,
    noise_hides_best,
    at_bound,
    slow_trials,
    time_in_failures,
    duplicates,
    unused,
)


def health(view: View) -> list[Finding]:
    """What is wrong with a study, the worst first; empty if nothing is. The same view gives the same findings."""
    found = [finding for check in CHECKS if (finding := check(view)) is not None]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
