"""Sweep files: W&B's schema, read for a search on this machine.

Keys of our own are `time`, `seed`, `sampler`, `scheduler`, `trials`, `metrics` (several objectives), and `default` in a
parameter. `placeholders.py` reads the same from a command line.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from tunesmith.cli.document import Place, described, instead_of, read_document, shown
from tunesmith.cli.sweep_params import read_space
from tunesmith.errors import InvalidStudy
from tunesmith.run.template import macro_names, value_text
from tunesmith.samplers.auto import describe_sampler, sampler_names
from tunesmith.schedulers.auto import scheduler_names
from tunesmith.space.params import Json
from tunesmith.space.space import Space
from tunesmith.trials.spec import seconds_from

_COMMAND: Final = ("${env}", "${interpreter}", "${program}", "${args}")
_PROGRAM: Final = "${program}"
_GOALS: Final = ("minimize", "maximize")
_OURS: Final = ("metrics", "time", "seed", "sampler", "scheduler", "trials")
_READ: Final = ("program", "method", "metric", "parameters", "run_cap", "early_terminate", "name", "command")
_IGNORED: Final = ("project", "entity", "controller")
_SILENT: Final = ("description", "apiVersion", "kind")
_REMOTE: Final = ("job", "image_uri")
_KEYS: Final = (*_READ, *_OURS, *_IGNORED, *_SILENT, *_REMOTE)
_METRIC_KEYS: Final = ("name", "goal", "target", "impute", "impute_while_running")
_HYPERBAND_KEYS: Final = ("type", "min_iter", "max_iter", "s", "eta", "strict")


@final
@dataclass(frozen=True)
class Sweep:
    """A search over runs of a program, as a file or a command line describes it."""

    name: str | None
    space: Space
    minimize: tuple[str, ...]
    maximize: tuple[str, ...]
    sampler: str
    scheduler: str
    trials: int | None
    command: tuple[str, ...]
    """A template for `Command`."""
    seed: int | None = None
    time: str | float | None = None
    notes: tuple[str, ...] = ()
    """Sentences on what was understood otherwise than W&B would."""


def read_sweep(path: Path) -> Sweep:
    """The sweep that a YAML file describes; `InvalidFile` says what is wrong with it and where."""
    root, document = read_document(path)
    root.mapping(document, _KEYS)
    for key in _REMOTE:
        if key in document:
            raise root.at(key).wrong(
                "needs W&B's servers; name the script to run here instead, as in program: train.py."
            )
    notes = [f"{key} is ignored; the study is kept on this machine." for key in _IGNORED if key in document]
    minimize, maximize = _objectives(root, document, notes)
    if "parameters" not in document:
        raise root.at("parameters").wrong(
            "is missing; name what may vary, as in parameters: {lr: {min: 0.0, max: 1.0}}."
        )
    return Sweep(
        name=root.at("name").text(document["name"]) if "name" in document else None,
        space=read_space(root.at("parameters"), document["parameters"], notes),
        minimize=minimize,
        maximize=maximize,
        sampler=_sampler(root, document),
        scheduler=_scheduler(root, document, notes),
        trials=_trials(root, document),
        command=_command(root, document),
        seed=root.at("seed").whole(document["seed"], 0) if "seed" in document else None,
        time=_time(root.at("time"), document["time"]) if "time" in document else None,
        notes=tuple(notes),
    )


def _objectives(root: Place, document: dict[str, Json], notes: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What to minimize and what to maximize; nothing where the file leaves that to the command line."""
    if "metric" in document and "metrics" in document:
        raise root.at("metrics").wrong("stands beside metric; write all objectives under metrics.")
    found: dict[str, str] = {}
    if "metric" in document:
        _objective(root.at("metric"), document["metric"], found, notes)
    if "metrics" in document:
        for index, metric in enumerate(root.at("metrics").items(document["metrics"])):
            _objective(root.at("metrics").at(index), metric, found, notes)
    minimize, maximize = (tuple(name for name, goal in found.items() if goal == wanted) for wanted in _GOALS)
    return minimize, maximize


def _objective(place: Place, value: Json, found: dict[str, str], notes: list[str]) -> None:
    metric = place.mapping(value, _METRIC_KEYS)
    if "name" not in metric:
        raise place.at("name").wrong("is missing; name the metric as the program prints it, as in name: val_loss.")
    name = place.at("name").text(metric["name"])
    if name in found:
        raise place.at("name").wrong(f"is {shown(name)} again; name each metric once.")
    found[name] = place.at("goal").one_of(metric.get("goal", "minimize"), _GOALS)
    for key in ("target", "impute", "impute_while_running"):
        if key in metric:
            reason = "a search ends with its budget" if key == "target" else "failures are learned from as failures"
            notes.append(f"{place.at(key).path} is ignored; {reason}.")


def _sampler(root: Place, document: dict[str, Json]) -> str:
    key = "sampler" if "sampler" in document else "method"
    place, given = root.at(key), document.get(key, "auto")
    if given == "custom":
        raise place.wrong("is custom, which needs W&B's own engines; write bayes, random or grid.")
    name = "auto" if given == "bayes" else place.text(given)
    try:
        describe_sampler(name)
    except ValueError:
        raise place.wrong(f"is {described(given)}{instead_of(given, ('bayes', *sampler_names()))}") from None
    return name


def _scheduler(root: Place, document: dict[str, Json], notes: list[str]) -> str:
    early = "early_terminate" in document
    if early:
        place = root.at("early_terminate")
        band = place.mapping(document["early_terminate"], _HYPERBAND_KEYS)
        place.at("type").one_of(band.get("type"), ("hyperband",))
    if "scheduler" not in document:
        if early:
            notes.append(
                "early_terminate: hyperband became Tunesmith's own successive halving; its settings are ignored."
            )
        return "halving" if early else "auto"
    if early:
        notes.append("early_terminate is ignored; scheduler says when trials are stopped.")
    if isinstance(document["scheduler"], dict):
        raise root.at("scheduler").wrong(
            f"is a mapping, for W&B's own engines; write one of {', '.join(scheduler_names())}."
        )
    return root.at("scheduler").one_of(document["scheduler"], scheduler_names())


def _trials(root: Place, document: dict[str, Json]) -> int | None:
    counts = {key: root.at(key).whole(document[key], 1) for key in ("trials", "run_cap") if key in document}
    if len(set(counts.values())) > 1:
        raise root.at("trials").wrong(
            f"is {counts['trials']}, and run_cap is {counts['run_cap']}; leave one of them out."
        )
    return next(iter(counts.values()), None)


def _time(place: Place, value: Json) -> str | float:
    given: str | float = value if isinstance(value, str) else place.number(value)
    try:
        seconds = seconds_from(given)
    except InvalidStudy:
        seconds = None
    if seconds is None or not 0 < seconds < math.inf:
        raise place.wrong(f"is {described(value)}; write seconds, or text such as 90s, 10m, 2h, 1h30m.")
    return given


def _command(root: Place, document: dict[str, Json]) -> tuple[str, ...]:
    place = root.at("command")
    if "command" in document:
        words = tuple(_word(place.at(index), item) for index, item in enumerate(place.items(document["command"])))
    else:
        words = _COMMAND
    if "program" not in document:
        if any(_PROGRAM in word for word in words):
            raise root.at("program").wrong("is missing; name the script to run, as in program: train.py.")
        return words
    program = root.at("program").text(document["program"])
    return tuple(word.replace(_PROGRAM, program) for word in words)


def _word(place: Place, item: Json) -> str:
    if item is None or isinstance(item, dict | list):
        raise place.wrong(f"is {described(item)}; each item of the command is one word, in quotes if need be.")
    word = value_text(item)
    macro = re.fullmatch(r"\$\{(.*)\}", word)
    known = ("program", *macro_names())
    if macro is not None and macro[1] not in known and not macro[1].startswith("envvar:"):
        advice = instead_of(macro[1], known).rstrip(".")
        raise place.wrong(f"is {shown(word)}, which is no macro{advice} (an environment variable is ${{envvar:NAME}}).")
    return word
