"""guided: one call from a training function to a study that was tuned in stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tunesmith.errors import InvalidStudy
from tunesmith.recipes.telling import Telling
from tunesmith.run.progress import Progress, watcher_for
from tunesmith.run.watcher import Watcher
from tunesmith.space.hints import bind
from tunesmith.space.space import Space
from tunesmith.stages.pacing import Paced
from tunesmith.stages.proposing import Staged
from tunesmith.study import Study
from tunesmith.tuning import tune


def guided(
    function: Callable[..., Any],
    *,
    space: Space | Mapping[str, object] | None = None,
    minimize: str | Sequence[str] | None = None,
    maximize: str | Sequence[str] | None = None,
    trials: int | None = None,
    time: str | float | None = None,
    cost: float | None = None,
    progress: Progress | Watcher = "auto",
    **options: Any,
) -> Study:
    """Tune a training function in stages, as people do who have tuned often, each decided from what the others have shown.

    The default configuration first, repeated to see how large noise is; then a few questions about the learning rate; about the
    batch size, with the learning rate that goes with it, and the schedule; about architecture and regularization; and then the
    search of `ts.tune`, which knows all their answers. The best few are confirmed on fresh seeds at the end. What a parameter is, is
    said by its `role`, or else guessed from its name. `ts.story(study.view)` tells what each stage has learned.

    `options` are those of `ts.tune`, apart from `sampler` and `scheduler`. It is one study: running the same script again
    continues it to its totals. Raises `InvalidStudy` for several objectives or a define-by-run space.
    """
    if any(options.get(name) is not None for name in ("sampler", "scheduler")):
        raise InvalidStudy("guided() has a sampler and a scheduler of its own; leave them out, or use ts.tune.")
    goals = [
        *([minimize] if isinstance(minimize, str) else minimize or ()),
        *([maximize] if isinstance(maximize, str) else maximize or ()),
    ]
    if len(goals) > 1:
        raise InvalidStudy(f"guided() goes by one objective, not {len(goals)}; name one, or use ts.tune.")
    if bind(function, Space(space) if isinstance(space, Mapping) else space).space.grows:
        raise InvalidStudy(
            "guided() needs to know the parameters beforehand; declare them by type hints or space=, or use ts.tune."
        )
    return tune(
        function,
        space=space,
        minimize=minimize,
        maximize=maximize,
        trials=trials,
        time=time,
        cost=cost,
        sampler=Staged(),
        scheduler=Paced(),
        progress=Telling(watcher_for(progress)),
        **options,
    )
