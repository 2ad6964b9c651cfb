"""`importance`, `health`: what a study's outcome depends on, and what is wrong with it."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Final

import click

from tunesmith.analysis.words import count_text, percent_text
from tunesmith.cli.lines import say
from tunesmith.cli.options import json_option, open_study, print_json, store_option
from tunesmith.run.words import number, value_text

if TYPE_CHECKING:
    from tunesmith.analysis.ablation import Ablation, Step
    from tunesmith.analysis.importance.shares import Importance, Method, PairShare, Region, Share

_BAR: Final = 20
_INDENT: Final = " " * 9


@click.command("importance")
@click.argument("study", required=False)
@store_option
@json_option
@click.option("--metric", metavar="NAME", help="An objective; the first one by default.")
@click.option(
    "--method",
    type=click.Choice(["fanova", "ped-anova"]),
    default="fanova",
    show_default=True,
    help="Divide the variance of a model of the trials, or compare the best trials with all.",
)
@click.option(
    "--region",
    type=click.Choice(["whole", "top"]),
    default="whole",
    show_default=True,
    help="Ask what matters in the whole space, or still among good configurations.",
)
def importance_command(
    study: str | None, store: str, as_json: bool, metric: str | None, method: Method, region: Region
) -> None:
    """Which parameters the outcome depends on, and which change brought the winner what."""
    with open_study(store, study) as opened:
        found = opened.importance(metric, method=method, region=region)
        way = opened.ablation(metric)
    if as_json:
        print_json({"importance": dataclasses.asdict(found), "ablation": dataclasses.asdict(way)})
        return
    _print_importance(found)
    print_ablation(way)


@click.command("health")
@click.argument("study", required=False)
@store_option
@json_option
def health_command(study: str | None, store: str, as_json: bool) -> None:
    """What is wrong with a study, the worst first, and what to do about it."""
    with open_study(store, study) as opened:
        findings = opened.health()
        trials = len(opened.trials)
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
        return
    if not findings:
        click.echo(f"nothing found that is wrong, in {trials} trials")
    for finding in findings:
        say(f"{finding.severity:<8} {finding.sentence}", hang=_INDENT)
        say(_INDENT + finding.remedy, hang="")


def _print_importance(found: Importance) -> None:
    where = "the whole space" if found.region == "whole" else "the top region"
    explained = (
        "" if found.explained is None else f", of unseen ones {percent_text(max(found.explained, 0.0))} explained"
    )
    say(f"what {found.metric} depends on in {where} ({found.method}, {found.trials} configurations{explained})")
    width = max(len(share.name) for share in found.params)
    for share in found.params:
        click.echo(f"  {share.name:<{width}}  {_share_text(share)}")
    for pair in found.pairs:
        click.echo(f"  {' and '.join(pair.names)} together, beyond each alone: {_range_text(pair).strip()}")
    for remark in found.remarks:
        say(f"  {remark}")


def _share_text(share: Share) -> str:
    bar = "█" * round(share.share * _BAR)
    chance = "" if share.real else "  next to nothing, or chance"
    alone = "" if share.alone is None else f"  alone {percent_text(share.alone)}"
    return f"{_range_text(share):<16}{alone}  {bar}{chance}"


def _range_text(share: Share | PairShare) -> str:
    return f"{percent_text(share.share):>5} [{100 * share.low:.0f}, {100 * share.high:.0f}]"


def print_ablation(way: Ablation) -> None:
    """The way from the default configuration to the winner, a line for each change."""
    if not way.steps:
        click.echo("the default configuration won")
        return
    start = number(way.start)
    known = f"expected {start}" if way.repeats is None else f"{start}, measured on {count_text(way.repeats, 'seed')}"
    click.echo(f"from the default configuration ({known}) to trial {way.winner}")
    for step in way.steps:
        say(f"  {_step_text(step, 'expected' if way.repeats is None else 'then')}")


def _step_text(step: Step, known: str) -> str:
    brings = f", with {', '.join(step.brings)}" if step.brings else ""
    change = f"{value_text(step.before)} -> {value_text(step.after)}"
    if math.isnan(step.gain):
        return f"{step.name} {change}{brings}: not known, as trainings on one side of it have failed"
    told = "" if step.real else "  (may be chance)"
    gain = f"{'better' if step.gain >= 0 else 'worse'} by {number(abs(step.gain))}"
    interval = f" [{number(step.low)}, {number(step.high)}]" if math.isfinite(step.low) else ""
    return f"{step.name} {change}{brings}: {gain}{interval}, {known} {number(step.expected)}{told}"
