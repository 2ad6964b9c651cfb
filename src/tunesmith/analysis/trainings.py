"""What is wrong with a trial's training, read from what it reported, and which parameters of the space to turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.diagnosis import Kind, Symptom, Turn, diagnose
from tunesmith.analysis.words import number_text
from tunesmith.space.params import Choice, Fixed
from tunesmith.space.space import Space
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

Curve: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Steps and values, (s,) each."""

FEWEST_POINTS: Final = 5
"""Of a curve that can be judged."""
_MOST_POINTS: Final = 500
"""The time to judge a curve grows with the square of its points."""
OF_THE_END: Final[tuple[Kind, ...]] = ("too_short", "still_improving", "plateau", "underfit")
"""What can be said only of a training that came to its end."""


def diagnose_trial(view: View, number: int, *, metric: str | None = None) -> list[Symptom]:
    """What is wrong with a trial's training, from the curve of `metric` (the first objective) and its namesake.

    The namesake of val_loss is train_loss, that of validation/acc is train/acc, and so on. Of a trial that is under way or
    was ended early, nothing is said about how it ends.
    """
    curves = {name: view.curve(number, name) for name in view.metrics(number)}
    return diagnose_reports(view.spec, view.trials[number].state, curves, metric=metric)


def diagnose_reports(
    spec: StudySpec, state: State, curves: Mapping[str, Curve], *, metric: str | None = None
) -> list[Symptom]:
    """`diagnose_trial`, from all that a trial in some state has reported, by metric."""
    objective = spec.objectives[0]
    metric = objective.metric if metric is None else metric
    direction = next((o.direction for o in spec.objectives if o.metric == metric), objective.direction)
    if metric not in curves:
        return []
    steps, values = curves[metric]
    if len(steps) < FEWEST_POINTS and np.isfinite(values).all():
        return []
    partner = namesake(metric, list(curves))
    paired = partner is not None and np.array_equal(steps, curves[partner][0])
    train = curves[partner][1] if partner is not None and paired else None
    shown = _thinned(values)
    found = diagnose(None if train is None else train[shown], values[shown], direction=direction, steps=steps[shown])
    return [symptom for symptom in found if state is State.DONE or symptom.kind not in OF_THE_END]


def _thinned(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """The places of a long curve that are enough to judge it: an even spread, and the first value that is not finite."""
    even = np.linspace(0, len(values) - 1, min(len(values), _MOST_POINTS)).astype(int)
    return np.unique(np.append(even, np.flatnonzero(~np.isfinite(values))[:1]))


_TRAIN: Final = ("train", "training", "trn")
_HELD_OUT: Final = ("val", "valid", "validation", "dev", "eval", "test")


def namesake(metric: str, names: Sequence[str]) -> str | None:
    """The training metric that belongs to a validation metric; None if there is none among `names`."""
    for mark in sorted(_HELD_OUT, key=len, reverse=True):
        for separator in ("_", "/", "-", "."):
            if metric.startswith(mark + separator):
                rest = metric.removeprefix(mark + separator)
                wanted = [f"{word}{separator}{rest}" for word in _TRAIN] + [rest]
            elif metric.endswith(separator + mark):
                rest = metric.removesuffix(separator + mark)
                wanted = [f"{rest}{separator}{word}" for word in _TRAIN] + [rest]
            else:
                continue
            return next((name for name in wanted if name in names), None)
    return f"train_{metric}" if f"train_{metric}" in names else None


# -- knobs -----------------------------------------------------------------------------------------------------------

_SPELLINGS: Final[dict[str, tuple[str, ...]]] = {
    "lr": ("lr", "learning_rate", "eta", "step_size"),
    "schedule": ("schedule", "scheduler", "lr_schedule", "lr_scheduler", "lr_decay", "learning_rate_decay"),
    "warmup": ("warmup", "warm_up", "lr_warmup", "warmup_steps", "warmup_epochs"),
    "gradient_clipping": ("clip", "grad_clip", "clipping", "clip_norm", "max_grad_norm", "gradient_clip"),
    "batch_size": ("batch", "batch_size"),
    "steps": ("epochs", "epoch", "steps", "iterations", "updates"),
    "width": ("width", "hidden", "units", "d_model", "channels", "filters"),
    "depth": ("depth", "layers", "blocks", "hidden_layers"),
    "weight_decay": ("weight_decay", "wd", "l2"),
    "dropout": ("dropout", "drop", "drop_path"),
    "augmentation": ("augment", "augmentation", "aug", "mixup", "cutmix"),
    "early_stopping": ("patience", "early_stopping"),
}
_TURNED: Final = {"up": "raise", "down": "lower", "other": "try other values of"}
_NEAR: Final = 0.02


def knob_of(parameter: str) -> str | None:
    """Which knob of a training a parameter is, by its name: lr of "encoder.learning_rate_init"; None if it is none."""
    words = f"_{parameter.rpartition('.')[2].lower().replace('-', '_')}_"
    found = [
        (len(spelling), knob)
        for knob, spellings in _SPELLINGS.items()
        for spelling in spellings
        if f"_{spelling}_" in words
    ]
    return max(found)[1] if found else None


def knobs_text(symptom: Symptom, space: Space, trial: Trial | None = None) -> str:
    """Which parameters of the space to turn which way, in words; from the values of `trial`, if one is given.

    Empty if the space has none of the knobs.
    """
    active = space.params if trial is None else trial.config or {}
    known = [(knob, name) for name in space.params if name in active and (knob := knob_of(name)) is not None]
    wanted = [(knob, name) for turned in symptom.turns for knob, name in known if knob == turned]
    return ", ".join(_turn_text(symptom.turns[knob], name, space, trial) for knob, name in wanted)


def _turn_text(turn: Turn, name: str, space: Space, trial: Trial | None) -> str:
    text = f"{_TURNED[turn]} {name}"
    if trial is None or trial.config is None:
        return text
    value = trial.config[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"try another {name} than {value!r}"
    param = space.params[name]
    place = 0.5 if isinstance(param, Choice | Fixed) else param.to_unit(cast("int", value))
    if (turn == "up" and place > 1 - _NEAR) or (turn == "down" and place < _NEAR):
        return f"{text} beyond {number_text(value)}, where its range ends"
    return f"{text} from {number_text(value)}"
