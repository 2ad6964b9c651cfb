"""Named: the sampler and the scheduler of a guided study, made again from what the study's spec says of them. Pure."""

from __future__ import annotations

from tunesmith.samplers.base import Sampler
from tunesmith.schedulers.base import Scheduler
from tunesmith.space.params import Json
from tunesmith.stages.order import GUIDED
from tunesmith.trials.spec import StudySpec

# What searches is imported when it is wanted: scipy takes a while to load, and most commands do not search.


def sampler_of(spec: StudySpec) -> Sampler | None:
    """The sampler of a guided study; None for any other study."""
    if not is_guided(spec):
        return None
    from tunesmith.stages.proposing import Staged  # noqa: PLC0415

    return Staged()


def scheduler_of(spec: StudySpec) -> Scheduler | None:
    """The scheduler of a guided study; None for any other study."""
    if not _is_named(spec.scheduler):
        return None
    from tunesmith.stages.pacing import Paced  # noqa: PLC0415

    return Paced()


def is_guided(spec: StudySpec) -> bool:
    """Whether a study is searched as `ts.guided` does it."""
    return _is_named(spec.sampler)


def _is_named(description: Json) -> bool:
    return isinstance(description, dict) and bool(description.get("custom")) and description.get("name") == GUIDED
