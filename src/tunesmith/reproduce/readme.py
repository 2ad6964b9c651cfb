"""The README of a recipe: what it is, what it is worth, how to train and to load it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from tunesmith.analysis.best import Best
from tunesmith.analysis.words import count_text
from tunesmith.run.template import fill, value_text
from tunesmith.trials.lineage import schedule
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

_FILES: Final = {
    "config.json": "the configuration; `config.yaml` is the same",
    "seed.txt": "the seed that it was trained with",
    "requirements.txt": "every package that was installed, with its exact version; `.python-version` is Python's",
    "code.patch": "what was not committed when it was trained, for the commit below",
    "checkpoint.pkl": "what the training saved last",
    "best_checkpoint.pkl": "what it saved at its best report",
    "trial.json": "the trial as its study recorded it, with which `tunesmith rerun` compares",
}


class Contents(NamedTuple):
    """What a recipe holds."""

    view: View
    trial: Trial
    best: Best | None
    """The best trial of the study."""
    record: Mapping[str, Any]
    files: frozenset[str]
    """By name, from the directory on."""


def readme(contents: Contents) -> str:
    """The page, in Markdown."""
    sections = (_what(contents), _train(contents), _load(contents), _where(contents), _listed(contents))
    return "\n\n".join("\n".join(lines) for section in sections if (lines := list(section))) + "\n"


def _what(contents: Contents) -> Iterator[str]:
    view, trial, best = contents.view, contents.trial, contents.best
    yield f"# {view.spec.name}, trial {trial.number}"
    yield ""
    is_best = best is not None and best.trial.number == trial.number
    place = "the best of" if is_best else "one of"
    goal = " and ".join(f"{objective.direction}s {objective.metric}" for objective in view.spec.objectives)
    yield f"A configuration that Tunesmith found: {place} {count_text(len(view.trials), 'trial')} of a study that {goal}."
    yield ""
    shown = [objective.metric for objective in view.spec.objectives] + [limit.metric for limit in view.spec.limits]
    for metric in shown:
        if metric in trial.values:
            yield f"- {metric}: {trial.values[metric]:.6g}, when it was found"
    if is_best and best is not None and best.caveat:
        yield f"- {best.caveat}"
    elif is_best:
        yield "- that is the best of many values, and therefore partly luck; it was not confirmed on fresh seeds"
    if trial.failure is not None:
        yield f"- it failed ({trial.failure.kind}): {trial.failure.message}"
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    for name, value in (trial.config or {}).items():
        yield f"| {name} | `{value_text(value)}` |".replace("\n", " ")
    yield f"| seed | `{trial.seed}` |"


def _train(contents: Contents) -> Iterator[str]:
    trial, target = contents.trial, contents.record.get("target")
    yield "## Train it again"
    yield ""
    if "requirements.txt" in contents.files:
        yield "In a fresh environment with the Python that `.python-version` names, from this directory:"
        yield ""
        yield "```sh"
        yield "pip install -r requirements.txt"
    else:
        yield "```sh"
    own = "" if target else f" {trial.number} train.py:train"
    yield f"tunesmith rerun .{own} --output trained"
    yield "```"
    yield ""
    yield "That trains with the same configuration and seed, keeps checkpoint and output in `trained`, and says whether the value"
    yield 'is the same, "within seed noise", or different, and what has changed.'
    if not target:
        yield "Put your own file and function in place of `train.py:train`: the study does not know where they are."
    if target and "command" in target:
        words = fill(target["command"], trial.config or {}, json_file="config.json", interpreter="python")
        yield ""
        yield "Without Tunesmith, in `code`, and with the seed in the variable `TUNESMITH_SEED`:"
        yield ""
        yield "```sh"
        yield shlex.join(words)
        yield "```"
    parts = schedule(contents.view, trial.number)
    if len(parts) > 1:
        yield ""
        yield "It is the last of a line of forks, and its training changed configuration on the way:"
        yield ""
        for part in parts:
            config = ", ".join(f"{name} {value_text(value)}" for name, value in part.config.items())
            yield f"- from step {part.begins} to {part.ends}: {config}"


def _load(contents: Contents) -> Iterator[str]:
    yield "## Load what was trained"
    yield ""
    if "checkpoint.pkl" not in contents.files:
        yield "Nothing: the training saved no checkpoint, with `ctx.save` or `ctx.checkpoint`."
        return
    yield "```python"
    yield "import pickle"
    yield ""
    yield 'with open("checkpoint.pkl", "rb") as file:'
    yield "    step, state = pickle.load(file)"
    yield "```"
    yield ""
    yield "`state` is what the training gave to `ctx.save`, after step `step`; of `ctx.checkpoint(model, ...)`, `state.parts` has the"
    yield "states of the model and the others. Loading a pickle runs what is in it: load only what you trust."


def _where(contents: Contents) -> Iterator[str]:
    record = contents.record
    if not record:
        return
    code = record.get("code") or {}
    yield "## Where it was trained"
    yield ""
    yield f"- Python {record['python']} on {record['platform']}, {record['cores']} cores, GPUs: {', '.join(record['devices']) or 'none'}"
    yield f"- begun with `{shlex.join(record['arguments'])}`"
    if code.get("commit"):
        patched = "; then `git apply code.patch`" if "code.patch" in contents.files else ""
        yield f"- code at commit `{code['commit']}`{patched}"
    for name, fingerprint in (contents.trial.notes.get("data") or {}).items():
        yield f"- data {name}: {fingerprint}"


def _listed(contents: Contents) -> Iterator[str]:
    yield "## Files"
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    for name, words in _FILES.items():
        if name in contents.files:
            yield f"| `{name}` | {words} |"
    if any(name.startswith("code/") for name in contents.files):
        yield "| `code/` | the source files of the training, as they were |"
    if any(name.startswith("files/") for name in contents.files):
        yield "| `files/` | what the trial wrote: its output, and files of its own |"
