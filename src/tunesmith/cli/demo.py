"""`demo`: a real neural network, tuned on real data, in two minutes."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from typing import Any, Final

import click

from tunesmith.cli.options import store_option
from tunesmith.errors import MissingExtra
from tunesmith.run.progress import watcher_for
from tunesmith.run.words import config_text
from tunesmith.study import DEFAULT_STORE
from tunesmith.tuning import tune

_TRIALS: Final = 40
_METRIC: Final = "val_error"


@click.command("demo")
@click.option("--trials", type=int, default=_TRIALS, show_default=True)
@click.option("--parallel", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), default=Path("demo.html"), show_default=True)
@click.option("--quiet", is_flag=True, help="Print the result only.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@store_option
def demo_command(trials: int, parallel: int, seed: int, report: Path, quiet: bool, as_json: bool, store: str) -> None:
    """Tune a neural network on handwritten digits (1,797 images of 8 x 8 pixels), in about two minutes.

    The search sees a training and a validation part only; the default configuration and the winner meet on a test part
    at the end.
    """
    if importlib.util.find_spec("sklearn") is None:
        raise MissingExtra("The demo trains with scikit-learn; install it with: pip install scikit-learn")
    from tunesmith.cli.digits import test_error, train  # noqa: PLC0415  needs the extra

    name = f"demo-{seed}"
    study = tune(
        train,
        minimize=_METRIC,
        trials=trials,
        parallel=parallel,
        executor="processes",
        name=name,
        store=store,
        seed=seed,
        progress=watcher_for("quiet" if quiet or as_json else "auto"),
    )
    with study:
        best = study.best
        default = next(trial for trial in study.trials if trial.by == "default")
        result: dict[str, Any] = {
            "study": name,
            "trials": len(study.trials),
            "stopped_early": sum(trial.state.value == "stopped" for trial in study.trials),
            "default": {
                "val_error": default.values.get(_METRIC),
                "test_error": test_error(default.config or {}, default.seed),
            },
            "best": {"val_error": best.values[_METRIC], "test_error": test_error(best.config or {}, best.seed)},
            "best_config": best.config,
            "report": str(study.report(report)),
        }
    if as_json:
        click.echo(json.dumps(result))
        return
    click.echo("\nerror on            validation   test (never seen by the search)")
    for who in ("default", "best"):
        click.echo(f"  {who:<16} {result[who]['val_error']:>9.2%}   {result[who]['test_error']:>9.2%}")
    click.echo(f"winner: {config_text(best.config)}")
    click.echo(
        f"{result['stopped_early']} of {result['trials']} trials were stopped early; the reasons are in the report: {result['report']}"
    )
    # From `make demo` the command is not on the path.
    program = "tunesmith" if shutil.which("tunesmith") else sys.argv[0]
    where = "" if store == DEFAULT_STORE else f" {store}"
    click.echo(f"See all of it in the browser:  {program} ui{where}")
    click.echo(f"Tune your own:  {program} run train.py:train --minimize val_loss --trials 60")
