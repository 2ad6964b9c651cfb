"""recipe: a directory with all that it takes to train a trial elsewhere, or to serve what it trained."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from tunesmith.analysis.agreement import noise_of
from tunesmith.analysis.best import best_of
from tunesmith.errors import InvalidFile, InvalidStudy
from tunesmith.reproduce.readme import Contents, readme
from tunesmith.reproduce.recorded import Recorded, recorded_from_json, recorded_to_json
from tunesmith.run.folder import trial_folder
from tunesmith.run.record import record_of
from tunesmith.run.threads import one_thread
from tunesmith.space.names import nest_config
from tunesmith.study import Study
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

_RECORDED: Final = "trial.json"
_CHECKPOINTS: Final = {"last.checkpoint": "checkpoint.pkl", "best.checkpoint": "best_checkpoint.pkl"}


def recipe(study: Study, number: int | None = None, *, output: str | Path | None = None) -> Path:
    """Write what it takes to train the best trial, or trial `number`, elsewhere: a directory, by default `STUDY-trial-N`.

    In it are README.md, the configuration as JSON and YAML, seeds, source files, commit and uncommitted changes, exact
    requirements, and checkpoints and files of the trial. `tunesmith rerun DIRECTORY` trains it again and compares. Raises
    `InvalidStudy` if there is no such trial, `InvalidFile` if the directory is there already.
    """
    view = study.view
    trial = _trial(study, view, number)
    directory = Path(output) if output is not None else Path(f"{study.name}-trial-{trial.number}")
    try:
        directory.mkdir(parents=True)
    except OSError as error:
        raise InvalidFile(
            f"{directory} cannot be made ({error.strerror}); name a directory that is not there yet."
        ) from None
    record = record_of(study.store, study.name, trial)
    _write_config(directory, trial)
    _write_environment(directory, record)
    _write_code(directory, record.get("code") or {})
    _copy_files(trial_folder(study.folder, trial.number), directory)
    noise = _noise(view)
    _write(directory / _RECORDED, json.dumps(recorded_to_json(study, trial.number, noise), indent=1))
    names = frozenset(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    with one_thread():
        best = best_of(view)
    _write(directory / "README.md", readme(Contents(view, trial, best, record, names)))
    return directory.absolute()


def is_recipe(directory: Path) -> bool:
    """Whether a recipe was written there."""
    return (directory / _RECORDED).is_file()


def open_recipe(directory: Path) -> Recorded:
    """The trial of a recipe, as its study recorded it."""
    path = directory / _RECORDED
    if not is_recipe(directory):
        raise InvalidFile(f"{directory} is no recipe: it has no {_RECORDED}; write one with: tunesmith recipe STUDY")
    return recorded_from_json(json.loads(path.read_text(encoding="utf-8")), (directory / "code").absolute())


def _trial(study: Study, view: View, number: int | None) -> Trial:
    if number is None:
        return study.best
    trial = view.trial(number)
    if trial.config is None:
        raise InvalidStudy(f"Trial {number} of study {study.name!r} has no configuration; it is {trial.state.value}.")
    return trial


def _noise(view: View) -> dict[str, float]:
    with one_thread():
        found = {o.metric: noise_of(view, index) for index, o in enumerate(view.spec.objectives)}
    return {metric: noise for metric, noise in found.items() if noise is not None}


def _write_config(directory: Path, trial: Trial) -> None:
    config = nest_config(trial.config or {})
    _write(directory / "config.json", json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    text = io.StringIO()
    YAML().dump(config, text)
    _write(directory / "config.yaml", text.getvalue())
    _write(directory / "seed.txt", f"{trial.seed}\n")


def _write_environment(directory: Path, record: Mapping[str, Any]) -> None:
    packages = record.get("packages") or {}
    if packages:
        _write(directory / "requirements.txt", "".join(f"{name}=={version}\n" for name, version in packages.items()))
        _write(directory / ".python-version", f"{record['python']}\n")


def _write_code(directory: Path, code: Mapping[str, Any]) -> None:
    """Source files as they were, below `code/`; a file outside of the code's root by its bare name."""
    for name, content in (code.get("files") or {}).items():
        inside = Path(name)
        path = directory / "code" / (inside.name if inside.is_absolute() or ".." in inside.parts else inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        if "text" in content:
            _write(path, content["text"])
    if code.get("diff"):
        _write(directory / "code.patch", code["diff"])


def _copy_files(folder: Path, directory: Path) -> None:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.suffix != ".new" and path.stat().st_size:
            place = directory / _CHECKPOINTS.get(name, f"files/{name}")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
