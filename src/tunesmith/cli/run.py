"""`run`: tune a Python function, a sweep file, or any program."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from tunesmith.cli.options import store_option
from tunesmith.cli.placeholders import read_command
from tunesmith.cli.sweep import Sweep, read_sweep
from tunesmith.errors import InvalidFile, InvalidStudy
from tunesmith.run.attempt import Target
from tunesmith.run.command import Command
from tunesmith.run.devices import devices_from
from tunesmith.run.executor import Executor
from tunesmith.run.origin import Origin, load_function, origin_of_named
from tunesmith.run.processes import Processes
from tunesmith.run.progress import watcher_for
from tunesmith.space.hints import bind
from tunesmith.space.space import Space
from tunesmith.study import DEFAULT_STORE, Study
from tunesmith.trials.spec import seconds_from
from tunesmith.tuning import run_study
from tunesmith.warm_start import WarmStart

_EXAMPLE: Final = "tunesmith run train.py:train --minimize val_loss --trials 60"


@click.command("run", context_settings={"ignore_unknown_options": False})
@click.argument("target", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--minimize", multiple=True, metavar="METRIC", help="A metric to minimize; may be given several times.")
@click.option("--maximize", multiple=True, metavar="METRIC", help="A metric to maximize; may be given several times.")
@click.option("--limit", "limits", multiple=True, metavar="'METRIC <= X'", help="A bound on another metric.")
@click.option("--trials", type=int, help="How many trials in all, counting those of earlier runs.")
@click.option("--time", help="How long in all: 90s, 10m, 2h.")
@click.option("--cost", type=float, help="How much of the metric 'cost' in all.")
@click.option(
    "--parallel",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Trials at a time, each in its own process.",
)
@click.option(
    "--devices", default="auto", show_default=True, help="GPUs: how many, or which (0,1); one for each parallel trial."
)
@click.option("--trial-time", help="End single trials after this time.")
@click.option("--name", help="The study's name; by default the function's, the file's or the program's.")
@click.option("--seed", type=int, help="Of the search and of every trial; by default drawn once and recorded.")
@click.option("--sampler", help="auto, gp, tpe, bohb, dehb, cmaes, de, evolution, nsga2, sobol, random, grid.")
@click.option(
    "--scheduler",
    help="auto, none, median, patience, divergence, halving, asha, hyperband, pasha, pbt, pb2, extrapolation, folds.",
)
@click.option(
    "--pick", type=click.Choice(["last", "best", "mean"]), help="Which report is a trial's value.  [default: last]"
)
@click.option("--steps", type=int, help="How many reports a full training makes, if you know.")
@click.option(
    "--confirm", type=float, help="Part of the budget for repeats of the best on fresh seeds.  [default: 0.15]"
)
@click.option(
    "--stop", type=click.Choice(["budget", "auto"]), help="auto: end also when trials are not expected to pay."
)
@click.option(
    "--warm-start",
    "warm_start",
    multiple=True,
    metavar="STUDY",
    help="An earlier study to begin from, STORE::STUDY if it is in another store; may be given several times.",
)
@click.option(
    "--renamed",
    multiple=True,
    metavar="OLD=NEW",
    help="A parameter of the earlier studies that has another name now; may be given several times.",
)
@click.option(
    "--metrics-file",
    help="Programs only: a file in the trial's own folder ($TUNESMITH_FOLDER) to which the program writes metrics.",
)
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--plain", is_flag=True, help="Plain lines instead of the live view.")
@store_option
def run_command(target: tuple[str, ...], quiet: bool, plain: bool, **options: Any) -> None:
    """Tune TARGET: a Python function, a sweep file, or any program.

    \b
    tunesmith run train.py:train --minimize val_loss --trials 60 --parallel 2
    tunesmith run sweep.yaml
    tunesmith run --minimize loss --time 2h -- python a.py --lr '{lr: log 1e-5 1}'

    Running the same command again continues the study to its totals, also after a crash.
    """
    progress = watcher_for("quiet" if quiet else "lines" if plain else "auto")
    study, executor, origin = _prepare(target, options)
    with study:
        run_study(study, executor, progress, origin=origin)
        ending = study.ending
        has_result = bool(study.front)
        if not quiet and has_result:
            where = "" if options["store"] == DEFAULT_STORE else f" --store {options['store']}"
            click.echo(
                f"Look closer: tunesmith show {study.name}{where}   tunesmith report {study.name}{where}", err=True
            )
    if ending is not None and ending.can_continue:
        sys.exit(130)
    sys.exit(0 if has_result else 1)


def _prepare(target: Sequence[str], options: dict[str, Any]) -> tuple[Study, Executor, Origin]:
    first = target[0]
    if len(target) == 1 and first.endswith((".yaml", ".yml")):
        sweep = read_sweep(Path(first))
        for note in sweep.notes:
            click.echo(f"Note: {note}", err=True)
        sweep = replace(sweep, name=sweep.name or Path(first).stem)
        file = Path(first).absolute()
        return *_of_program(sweep, options, cwd=file.parent), _program_origin(sweep.command, options, file.parent, file)
    if len(target) == 1 and ":" in first:
        return _of_function(first, options)
    if len(target) == 1 and first.endswith(".py"):
        raise InvalidFile(
            f"{first}: name the function in it, as in {first}:train, or run it as a program: tunesmith run -- python {first}"
        )
    space, template = read_command(target)
    name = next((Path(word).stem for word in target if word.endswith((".py", ".sh"))), Path(first).name)
    sweep = Sweep(name, space, (), (), "auto", "auto", None, template)
    return *_of_program(sweep, options, cwd=None), _program_origin(template, options, Path.cwd())


def _of_function(target: str, options: dict[str, Any]) -> tuple[Study, Executor, Origin]:
    function = load_function(target)
    binding = bind(function)
    if (options["trials"], options["time"], options["cost"]) == (None, None, None) and binding.space.size is None:
        raise InvalidStudy(f"How long shall it search? Give --trials 60, or --time 2h, as in: {_EXAMPLE}")
    executor = Processes(
        Target(function, binding),
        slots=options["parallel"],
        devices=devices_from(devices_given(options)),
        time_limit=seconds_from(options["trial_time"], "--trial-time"),
    )
    name = options["name"] or target.rpartition(":")[2]
    return (
        _open(name, binding.space, options, options["minimize"], options["maximize"]),
        executor,
        origin_of_named(target),
    )


def _of_program(sweep: Sweep, options: dict[str, Any], *, cwd: Path | None) -> tuple[Study, Executor]:
    options = dict(options)
    for name in ("trials", "time", "seed"):
        options[name] = options[name] if options[name] is not None else getattr(sweep, name)
    for name in ("sampler", "scheduler"):
        options[name] = options[name] or getattr(sweep, name)
    minimize, maximize = options["minimize"] or sweep.minimize, options["maximize"] or sweep.maximize
    if options["minimize"] or options["maximize"]:
        minimize, maximize = options["minimize"], options["maximize"]
    if not minimize and not maximize:
        raise InvalidStudy(
            "Which metric counts? Say --minimize val_loss or --maximize accuracy, as the program prints it."
        )
    if (options["trials"], options["time"], options["cost"]) == (None, None, None) and sweep.space.size is None:
        raise InvalidStudy("How long shall it search? Give --trials 60, or --time 2h (in a sweep file: run_cap: 60).")
    executor = Command(
        sweep.command,
        slots=options["parallel"],
        devices=devices_from(devices_given(options)),
        time_limit=seconds_from(options["trial_time"], "--trial-time"),
        cwd=cwd,
        metrics_file=options["metrics_file"],
    )
    return _open(options["name"] or sweep.name or "sweep", sweep.space, options, minimize, maximize), executor


def _program_origin(command: Sequence[str], options: dict[str, Any], cwd: Path, *files: Path) -> Origin:
    scripts = (cwd / word for word in command if word.endswith((".py", ".sh")))
    found = (*(script for script in scripts if script.is_file()), *files)
    target = {"command": list(command), "cwd": str(cwd), "metrics_file": options["metrics_file"]}
    return Origin(found, cwd, target=target)


def _open(name: str, space: Space, options: dict[str, Any], minimize: Sequence[str], maximize: Sequence[str]) -> Study:
    if not minimize and not maximize:
        raise InvalidStudy(f"Which metric counts? Say --minimize val_loss or --maximize accuracy, as in: {_EXAMPLE}")
    return Study.open(
        name,
        space=space,
        minimize=list(minimize),
        maximize=list(maximize),
        limits=limits_given(options["limits"]) or None,
        warm_start=_warm_start(options["warm_start"], options["renamed"]),
        **{
            key: options[key]
            for key in (
                "store",
                "seed",
                "trials",
                "time",
                "cost",
                "sampler",
                "scheduler",
                "pick",
                "steps",
                "confirm",
                "stop",
            )
        },
    )


def limits_given(given: Sequence[str]) -> dict[str, str]:
    limits = {}
    for text in given:
        op = "<=" if "<=" in text else ">="
        metric, found, bound = text.partition(op)
        if not found:
            raise InvalidStudy(f"--limit {text!r}: write it as 'memory_gb <= 8' or 'accuracy >= 0.9'.")
        limits[metric.strip()] = f"{op} {bound.strip()}"
    return limits


def _warm_start(studies: Sequence[str], renamed: Sequence[str]) -> list[WarmStart]:
    names = {}
    for text in renamed:
        old, found, new = text.partition("=")
        if not found:
            raise InvalidStudy(f"--renamed {text!r}: write the earlier name and the new one, as in learning_rate=lr.")
        names[old.strip()] = new.strip()
    if names and not studies:
        raise InvalidStudy("--renamed says names of earlier studies; name one with --warm-start.")
    return [WarmStart(study, names) for study in studies]


def devices_given(options: dict[str, Any]) -> str | int:
    given = str(options["devices"])
    return int(given) if given.isdigit() else given
