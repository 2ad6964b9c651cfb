"""`ls`, `show`, `best`, `trial`: reading a store."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from tunesmith.analysis.best import best_of, front_of
from tunesmith.analysis.history import history
from tunesmith.analysis.looks import looks
from tunesmith.analysis.prospects import prospects
from tunesmith.analysis.summary import Summary, summary
from tunesmith.analysis.trainings import diagnose_trial, knobs_text
from tunesmith.cli.charts import columns_for, history_chart
from tunesmith.cli.lines import say, say_short
from tunesmith.cli.options import json_option, open_study, print_json, store_option
from tunesmith.errors import InvalidStudy
from tunesmith.run.folder import trial_folder
from tunesmith.run.record import record_of
from tunesmith.run.words import broken_text, config_text, duration, metrics_text, plural, sparkline, value_text
from tunesmith.stores.url import open_store
from tunesmith.study import Study
from tunesmith.trials.order import best_trial, broken_limits
from tunesmith.trials.sealing import SEAL
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.story import story
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_SHOWN: Final = 10
_COLUMN: Final = 24


@click.command("ls")
@store_option
@json_option
def ls_command(store: str, as_json: bool) -> None:
    """List the studies of a store."""
    opened = open_store(store, create=False)
    rows = []
    for info in opened.studies():
        study = Study(opened, info.name)
        spec, trials = study.spec, study.trials  # not the view: a list needs no learning curves
        best = best_trial(spec, trials)
        metric = spec.objectives[0].metric
        rows.append(
            {
                "name": info.name,
                "trials": info.trials,
                "budget": spec.budget.trials,
                "running": sum(trial.state is State.RUNNING for trial in trials),
                "metric": metric,
                "best": best.values[metric] if best else None,
                "created": time.strftime("%Y-%m-%d %H:%M", time.localtime(info.created)),
            }
        )
    opened.close()
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo(f"{store} has no studies yet; begin one with: tunesmith run")
    for row in rows:
        total = f" of {row['budget']}" if row["budget"] else ""
        best_text = f"{row['metric']} {value_text(row['best'])}" if row["best"] is not None else "no result yet"
        click.echo(f"{row['name']:<24} {row['trials']}{total} trials   best {best_text}   begun {row['created']}")


@click.command("show")
@click.argument("study", required=False)
@store_option
@json_option
@click.option("--plot", is_flag=True, help="Draw the history, in characters.")
def show_command(study: str | None, store: str, as_json: bool, plot: bool) -> None:
    """A study at a glance. STUDY may be left out where the store has only one."""
    with open_study(store, study) as opened:
        view = opened.view
        found = summary(view)
        if as_json:
            print_json(
                {
                    **dataclasses.asdict(found),
                    "space": view.space.to_json(),
                    "budget": vars(view.spec.budget),
                    "seed": view.spec.seed,
                }
            )
            return
        say(f"{opened.name}: {_goal(view)}")
        for line in (*opened.choices, *_counts(found)):
            say(f"  {line}")
        _print_results(view, front_of(view)[:_SHOWN])
        if found.default is not None and found.default.values:
            say(
                f"the default configuration (trial {found.default.number}): {metrics_text(found.default.values, _names(view.spec))}"
            )
        for look in looks(view):
            say(f"test set, by trial {look.trial}: {look.sentence}")
        further = prospects(view)
        if further is not None:
            say(further.sentence)
        for line in history_chart(history(view), columns_for(shutil.get_terminal_size().columns)) if plot else ():
            click.echo(line)
        click.echo("latest trials")
        for trial in view.trials[-_SHOWN:]:
            say_short(f"  {_line(view, trial)}")


@click.command("best")
@click.argument("study", required=False)
@store_option
@json_option
def best_command(study: str | None, store: str, as_json: bool) -> None:
    """The best configuration of a study; the whole front if it has several objectives."""
    with open_study(store, study) as opened:
        view = opened.view
        spec, trials, best = view.spec, front_of(view), best_of(view)
        if not trials:
            raise InvalidStudy(
                f"Study {opened.name!r} has no result yet; look at its trials with: tunesmith show {opened.name}"
            )
        if as_json:
            found = [
                {"trial": t.number, "state": t.state.value, "config": t.config, "values": dict(t.values)}
                for t in trials
            ]
            if best and best.expected:
                found[0]["expected"] = dataclasses.asdict(best.expected)
            if best and best.confirmed:
                again = best.confirmed
                found[0]["confirmed"] = {
                    **dataclasses.asdict(again.worth), "repeats": again.choice.repeats, "expected": again.expected,
                    "noise": again.noise, "beats_default": again.beats_default, "deterministic": again.deterministic,
                }  # fmt: skip
            print_json(found[0] if len(spec.objectives) == 1 else found)
            return
        _print_results(view, trials)


@click.command("trial")
@click.argument("study")
@click.argument("number", type=int)
@store_option
@json_option
@click.option("--output", is_flag=True, help="Print also what the trial wrote to its standard output and error.")
def trial_command(study: str, number: int, store: str, as_json: bool, output: bool) -> None:
    """One trial: its configuration, what happened to it and why, its curve, its failure."""
    with open_study(store, study) as opened:
        view = opened.view
        trial = view.trial(number)
        if as_json:
            print_json(_document(opened, view, trial))
            return
        _print_trial(opened, view, trial)
        for name in ("stdout.txt", "stderr.txt") if output else ():
            path = trial_folder(opened.folder, number) / name
            if path.exists() and path.stat().st_size:
                click.echo(f"{name}\n{path.read_text(errors='replace')}")


def _print_trial(study: Study, view: View, trial: Trial) -> None:
    click.echo(f"trial {trial.number} of {study.name}: {trial.state.value}")
    _print_config(trial)
    click.echo(f"seed {trial.seed}, attempt {trial.attempt}, {duration(trial.spent)} of training")
    say(f"story: {story(trial)}")
    if trial.values:
        broken = broken_text(broken_limits(view.spec, trial))
        say(f"values: {metrics_text(trial.values, _names(view.spec))}{broken}")
    for metric in view.metrics(trial.number):
        steps, values = view.curve(trial.number, metric)
        click.echo(
            f"  {metric:<16} {sparkline(values.tolist(), 40)}  {plural(len(steps), 'report')}, last at step {steps[-1]}"
        )
    for symptom in diagnose_trial(view, trial.number):
        here = knobs_text(symptom, view.space, trial)
        say(f"{symptom}{f' (here: {here})' if here else ''}")
    if trial.failure is not None and trial.failure.trace.strip():
        click.echo(trial.failure.trace.rstrip())
    for again in trial.notes.get("reruns", ()):
        click.echo(f"rerun {time.strftime('%Y-%m-%d %H:%M', time.localtime(again['at']))}: {again['verdict']}")
    record = record_of(study.store, study.name, trial)
    if record:
        code = record.get("code") or {}
        changed = ", with uncommitted changes" if code.get("diff") else ""
        click.echo(f"ran on {record['host']} with Python {record['python']}: {' '.join(record['arguments'])}")
        if code.get("commit"):
            click.echo(f"code {code['file']} at commit {code['commit'][:12]}{changed}")


def _document(study: Study, view: View, trial: Trial) -> dict[str, Any]:
    document = dataclasses.asdict(trial)
    document["state"] = trial.state.value
    document["notes"] = {key: value for key, value in trial.notes.items() if not key.startswith(SEAL)}
    document["story"] = story(trial)
    document["params"] = {name: param.to_json() for name, param in trial.params.items()}
    document["curves"] = {
        metric: [column.tolist() for column in view.curve(trial.number, metric)]
        for metric in view.metrics(trial.number)
    }
    document["diagnosis"] = [dataclasses.asdict(symptom) for symptom in diagnose_trial(view, trial.number)]
    document["record"] = record_of(study.store, study.name, trial) or None
    return document


def _goal(view: View) -> str:
    return " and ".join(f"{objective.direction} {objective.metric}" for objective in view.spec.objectives) + (
        f", {view.spec.counts}"
    )


def _names(spec: StudySpec) -> list[str]:
    return [objective.metric for objective in spec.objectives]


def _counts(found: Summary) -> list[str]:
    states = ", ".join(f"{count} {state}" for state, count in found.states.items()) or "none yet"
    lines = [f"{plural(found.trials, 'trial')}: {states}; {duration(found.seconds)} of training"]
    if found.failures:
        lines.append("failures: " + ", ".join(f"{count} {kind}" for kind, count in found.failures.items()))
    return lines


def _print_results(view: View, trials: Sequence[Trial]) -> None:
    """The best trial, or the front; what is known of the best one's worth goes with that one only."""
    what = "best" if len(view.spec.objectives) == 1 else "on the front"
    best = best_of(view)
    for trial in trials:
        say(f"{what}: trial {trial.number} ({trial.state.value}), {metrics_text(trial.values, _names(view.spec))}")
        if best is not None and best.caveat and best.trial.number == trial.number:
            say(f"  {best.caveat}")
        _print_config(trial)


def _print_config(trial: Trial) -> None:
    config = trial.config or {}
    width = max([_COLUMN, *map(len, config)])
    for name, value in config.items():
        click.echo(f"  {name:<{width}} {value!r}")


def _line(view: View, trial: Trial) -> str:
    if trial.failure is not None:
        outcome = f"{trial.failure.kind}: {trial.failure.message}"
    elif trial.state.ended or trial.last is None:
        outcome = _objectives_text(view, trial.values) + broken_text(
            broken_limits(view.spec, trial) if trial.values else ()
        )
    else:
        outcome = f"{_objectives_text(view, trial.last.metrics)} at step {trial.last.step}"
    reason = f" ({trial.reason})" if trial.reason else ""
    return f"{trial.number:>5} {trial.state.value:<8} {outcome}  {config_text(trial.config)}{reason}"


def _objectives_text(view: View, values: Mapping[str, float]) -> str:
    return metrics_text({name: values[name] for name in _names(view.spec) if name in values})
