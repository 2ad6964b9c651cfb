"""`guide`: tune a Python function in stages."""

from __future__ import annotations

import sys
from typing import Any, Final

import click

from tunesmith.cli.run import devices_given, limits_given, run_command
from tunesmith.errors import InvalidStudy
from tunesmith.recipes.guided import guided
from tunesmith.run.origin import load_function

_SHARED: Final = (
    "minimize", "maximize", "limits", "trials", "time", "cost", "parallel", "devices", "trial_time", "name", "seed", "pick",
    "steps", "confirm", "quiet", "plain", "store",
)  # fmt: skip


@click.command("guide", params=[param for param in run_command.params if param.name in _SHARED])
@click.argument("target")
def guide_command(target: str, quiet: bool, plain: bool, **options: Any) -> None:
    """Tune TARGET, a Python function, in stages, and tell what each has learned.

    \b
    tunesmith guide train.py:train --minimize val_loss --trials 60

    The defaults and their noise first, then a few questions about the learning rate, the batch size and the schedule, architecture
    and regularization, and then a search of everything that knows the answers; the best are confirmed on fresh seeds. Running the same
    command again continues the study to its totals, also after a crash.
    """
    minimize, maximize = options.pop("minimize"), options.pop("maximize")
    if not minimize and not maximize:
        raise InvalidStudy(
            "Which metric counts? Say --minimize val_loss or --maximize accuracy, as in: "
            "tunesmith guide train.py:train --minimize val_loss --trials 60"
        )
    study = guided(
        load_function(target),
        minimize=list(minimize) or None,
        maximize=list(maximize) or None,
        limits=limits_given(options.pop("limits")) or None,
        devices=devices_given(options),
        executor="processes",
        progress="quiet" if quiet else "lines" if plain else "auto",
        name=options.pop("name") or target.rpartition(":")[2],
        **{name: value for name, value in options.items() if name != "devices"},
    )
    with study:
        interrupted = study.ending is not None and study.ending.can_continue
        sys.exit(130 if interrupted else 0 if study.front else 1)
