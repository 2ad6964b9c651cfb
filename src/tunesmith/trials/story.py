"""One trial's history in a sentence."""

from __future__ import annotations

from tunesmith.trials.trial import Trial


def story(trial: Trial) -> str:
    """What happened to a trial so far, in order; for errors and for `tunesmith trial`."""
    parts = ["opened"]
    if trial.by:
        parts.append(f"asked by {trial.by} ({trial.why})" if trial.why else f"asked by {trial.by}")
    if trial.attempt > 1:
        parts.append(f"lost {trial.attempt - 1} time{'s' if trial.attempt > 2 else ''}")
    if trial.started is not None:
        parts.append(f"started on {trial.worker or 'a worker that is gone'} as attempt {trial.attempt}")
    if trial.last is not None:
        parts.append(f"last report at step {trial.last.step}")
    if trial.failure is not None:
        parts.append(f"failed ({trial.failure.kind}: {trial.failure.message})")
    elif trial.reason:
        parts.append(f"{trial.state.value}: {trial.reason}")
    elif parts[-1] != trial.state.value:
        parts.append(f"now {trial.state.value}")
    return "; ".join(parts) + "."
