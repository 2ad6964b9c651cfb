"""What is wrong with a training, from its learning curves: what is seen, and which knob to turn.

Every statement is about changes that stand out from the curve's own noise. A healthy curve gives none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunesmith.analysis.smoothing import kept_noise, smoothed
from tunesmith.errors import InvalidStudy
from tunesmith.trials.jitter import jitter

Kind: TypeAlias = Literal[
    "diverged", "unstable", "no_learning", "plateau", "underfit", "overfit", "too_short", "still_improving"
]
Direction: TypeAlias = Literal["minimize", "maximize"]
Turn: TypeAlias = Literal["up", "down", "other"]
"""Which way to turn a knob; "other" where it depends."""

_FEW: Final = 5
_CLEAR: Final = 4.0
"""How many deviations of the smoothed noise a change must have."""
_MOST_CLASSES: Final = 20

_ADVICE: Final[dict[Kind, tuple[str, dict[str, Turn]]]] = {
    "diverged": (
        "lower the learning rate by 3 to 10 times, warm it up, or clip gradients",
        {"lr": "down", "warmup": "up", "gradient_clipping": "down"},
    ),
    "unstable": (
        "lower the learning rate or let it decay, warm it up, clip gradients, or take larger batches",
        {"lr": "down", "schedule": "other", "warmup": "up", "gradient_clipping": "down", "batch_size": "up"},
    ),
    "no_learning": (
        "check that inputs and labels belong together and that gradients reach the weights; then test the learning rate",
        {"data": "other", "labels": "other", "lr": "other"},
    ),
    "plateau": (
        "train shorter, or let the learning rate decay where the curve becomes flat",
        {"steps": "down", "schedule": "other"},
    ),
    "underfit": (
        "make the model larger, regularize less, or search the learning rate upwards",
        {"width": "up", "depth": "up", "weight_decay": "down", "dropout": "down", "lr": "up"},
    ),
    "overfit": (
        "keep the best checkpoint, and raise weight decay, dropout or augmentation, or take a smaller model",
        {"early_stopping": "other", "weight_decay": "up", "dropout": "up", "augmentation": "up", "width": "down"},
    ),
    "too_short": ("train at least twice as long before anything is compared", {"steps": "up"}),
    "still_improving": (
        "train longer, or raise the learning rate and let it decay to the end",
        {"steps": "up", "lr": "up"},
    ),
}


@final
@dataclass(frozen=True)
class Symptom:
    """One thing that is wrong: `evidence` is what was seen, `advice` what to do, `turns` which knob to turn which way."""

    kind: Kind
    evidence: str
    advice: str
    turns: Mapping[str, Turn]

    @property
    def knobs(self) -> tuple[str, ...]:
        """What to turn, likeliest first."""
        return tuple(self.turns)

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')}: {self.evidence}; {self.advice}"


class _Curve(NamedTuple):
    """A curve turned so that smaller is better, with its trend."""

    steps: NDArray[np.int64]
    raw: NDArray[np.float64]
    trend: NDArray[np.float64]
    noise: float
    """Of the trend: what is left of the points' noise."""
    scatter: float
    """Of the points about the trend."""
    sign: float

    @property
    def lowest(self) -> int:
        return int(self.trend.argmin())

    @property
    def fall(self) -> float:
        return float(self.trend[0] - self.trend.min())

    @property
    def learned(self) -> bool:
        return bool(self.fall > max(_CLEAR * self.noise, 0.01 * abs(self.trend[0]), 1e-12))

    def told(self, index: int) -> str:
        """A point of the trend in the user's own sign."""
        return f"{self.sign * self.trend[index]:.4g} at step {self.steps[index]}"


def diagnose(
    train: ArrayLike | None = None,
    validation: ArrayLike | None = None,
    *,
    direction: Direction = "minimize",
    steps: Sequence[int] | NDArray[np.int64] | None = None,
    chance: float | None = None,
) -> list[Symptom]:
    """What is wrong with a training; empty if nothing is.

    `train` and `validation`, (n,) each, are the same metric on either data, in the order of the steps; one is enough,
    both say more. `chance` is what guessing gives, such as log(classes) for cross entropy; small numbers of classes
    are recognised without it.
    """
    sign = {"minimize": 1.0, "maximize": -1.0}.get(direction)
    if sign is None:
        raise InvalidStudy(f"diagnose(direction={direction!r}): say 'minimize' or 'maximize'.")
    given = [None if values is None else np.atleast_1d(np.asarray(values, float)) for values in (train, validation)]
    lengths = {len(values) for values in given if values is not None}
    if len(lengths) != 1 or (steps is not None and len(steps) not in lengths):
        raise InvalidStudy(
            f"diagnose: curves of {sorted(lengths)} points and {'no' if steps is None else len(steps)} steps; give at "
            "least one curve, and all of the same length."
        )
    places = np.arange(1, lengths.pop() + 1) if steps is None else np.asarray(steps, np.int64)
    return list(_symptoms(given[0], given[1], places, sign, chance))


# -- the signs -------------------------------------------------------------------------------------------------------


def _symptoms(
    train: NDArray[np.float64] | None,
    validation: NDArray[np.float64] | None,
    steps: NDArray[np.int64],
    sign: float,
    chance: float | None,
) -> Iterator[Symptom]:
    for name, values in (("training", train), ("validation", validation)):
        if values is not None and not np.isfinite(values).all():
            where = steps[int((~np.isfinite(values)).argmax())]
            yield _symptom("diverged", f"the {name} metric is not finite at step {where}")
            return
    if len(steps) < _FEW:
        yield _symptom("too_short", f"{len(steps)} points say nothing yet; {_FEW} are the least")
        return
    curves = [None if values is None else _curve(steps, values, sign) for values in (train, validation)]
    fitted, held_out = curves
    first = fitted or held_out
    main = held_out or fitted
    assert first is not None
    assert main is not None
    lost = _diverged(first, fitted is None)
    if lost:
        yield _symptom("diverged", lost)
        return
    idle = _idle(first, fitted, held_out, chance)
    if idle:
        yield _symptom("no_learning", idle)
        return
    shaken = _unstable(first)
    if shaken:
        yield _symptom("unstable", shaken)
    worse = _overfit(fitted, held_out)
    if worse:
        yield _symptom("overfit", worse)
        return
    high = None if fitted is None else _underfit(fitted, held_out)
    if high:
        yield _symptom("underfit", high)
        return
    yield from _at_the_end(main)


def _symptom(kind: Kind, evidence: str) -> Symptom:
    return Symptom(kind, evidence, *_ADVICE[kind])


def _curve(steps: NDArray[np.int64], values: NDArray[np.float64], sign: float) -> _Curve:
    raw = sign * values
    bandwidth = max(0.6, len(raw) / 40)
    scatter = jitter(raw, least=4)
    return _Curve(steps, raw, smoothed(raw, bandwidth), kept_noise(bandwidth) * scatter, scatter, sign)


def _diverged(curve: _Curve, alone: bool) -> str:
    """Ends no better than it began, after it had been better, or after a jump.

    A validation curve that is alone may also rise because of overfitting, which is slow; divergence jumps.
    """
    last, first = float(curve.trend[-1]), float(curve.trend[0])
    back = last > first - 0.1 * curve.fall and curve.learned
    above = last - first > max(_CLEAR * curve.noise, 0.2 * abs(first), 1e-12)
    if not back and not above:
        return ""
    jump = float(np.diff(curve.raw).max())
    if alone and jump < 0.5 * (last - float(curve.trend.min())):
        return ""
    return f"it went from {curve.told(0)} over {curve.told(curve.lowest)} to {curve.told(-1)}"


def _idle(first: _Curve, fitted: _Curve | None, held_out: _Curve | None, chance: float | None) -> str:
    if not first.learned:
        level = first.sign * float(np.median(first.raw))
        return f"the metric stays at {level:.4g}{_of_chance(level, first.sign, chance)} from the first step to the last"
    if (
        fitted is not None
        and held_out is not None
        and not held_out.learned
        and fitted.fall > 0.2 * abs(fitted.trend[0])
    ):
        level = held_out.sign * float(held_out.trend[0])
        risen = float(held_out.trend[-1] - held_out.trend[0])
        return (
            f"training improves to {fitted.told(fitted.lowest)}, but validation never does: it begins at {level:.4g} and "
            + ("becomes worse" if risen > _CLEAR * held_out.noise else "stays there")
        )
    return ""


def _of_chance(level: float, sign: float, chance: float | None) -> str:
    if chance is not None:
        return f", what guessing gives ({chance:.4g})," if abs(level - chance) <= 0.05 * abs(chance) else ""
    for classes in range(2, _MOST_CLASSES + 1):
        guess = math.log(classes) if sign > 0 else 1 / classes
        if abs(level - guess) <= 0.01 * guess:
            return f", what guessing among {classes} classes gives,"
    return ""


def _unstable(curve: _Curve) -> str:
    """Points far above their neighbours, or noise that is large beside all that was learned."""
    if len(curve.raw) < 2 * _FEW:
        return ""
    half = 2
    padded = np.pad(curve.raw, half, mode="edge")
    around = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=1)
    heights = curve.raw - around
    spikes = np.flatnonzero((heights > max(8 * curve.scatter, 0.2 * curve.fall)) & (np.arange(len(heights)) > half))
    if len(spikes) >= 2:
        return f"{len(spikes)} spikes of up to {heights.max():.3g}, the last at step {curve.steps[spikes[-1]]}"
    late = jitter(curve.raw[len(curve.raw) // 2 :], least=4)
    if late > 0.25 * curve.fall:
        return f"in the second half it scatters by {late:.3g}, and all that it learned is {curve.fall:.3g}"
    return ""


def _overfit(fitted: _Curve | None, held_out: _Curve | None) -> str:
    if held_out is None:
        return ""
    best, last = held_out.lowest, len(held_out.trend) - 1
    risen = float(held_out.trend[last] - held_out.trend[best])
    if best > 0.85 * last or risen < max(_CLEAR * math.sqrt(2) * held_out.noise, 0.1 * held_out.fall, 1e-12):
        return ""
    told = f"validation was best with {held_out.told(best)} and ended at {held_out.told(last)}"
    if fitted is None:
        return told
    if fitted.trend[last] > fitted.trend[best] + _CLEAR * fitted.noise:
        return ""  # both became worse
    return f"{told}, while training went on from {fitted.told(best)} to {fitted.told(last)}"


def _underfit(fitted: _Curve, held_out: _Curve | None) -> str:
    """Flat at a level that is high beside where it began, on training data too. Only for metrics whose ideal is known."""
    ideal = -1.0 if fitted.sign < 0 and fitted.raw.min() >= -1 and fitted.raw.max() <= 0 else 0.0
    if fitted.sign > 0 and fitted.raw.min() < 0:
        return ""
    if fitted.sign < 0 and ideal == 0:
        return ""
    share = float((fitted.trend[-1] - ideal) / (fitted.trend[0] - ideal))
    apart = 0.0 if held_out is None else float(held_out.trend[-1] - fitted.trend[-1])
    if share < 0.5 or apart > 0.25 * fitted.fall or _gained(fitted, 0.7) > 0.05 * fitted.fall + fitted.noise:
        return ""
    return f"even on training data it stays at {fitted.told(-1)}, {share:.0%} of the way it began from"


def _at_the_end(curve: _Curve) -> Iterator[Symptom]:
    if not curve.learned:
        return
    quarter = _gained(curve, 0.75)
    share = quarter / curve.fall
    clear = quarter > 2 * _CLEAR * curve.noise  # of two ends, where smoothing leaves more noise
    told = f"the last quarter of the steps brought {share:.0%} of all that was gained"
    if share > 0.2 and clear:
        yield _symptom("too_short", told)
    elif share > 0.06 and clear:
        yield _symptom("still_improving", told)
    elif len(curve.raw) >= 4 * _FEW and _gained(curve, 0.5) < 0.02 * curve.fall:
        flat = np.flatnonzero(curve.trend <= curve.trend.min() + 0.02 * curve.fall + curve.noise)
        yield _symptom("plateau", f"nothing is gained after step {curve.steps[flat[0]]} of {curve.steps[-1]}")


def _gained(curve: _Curve, since: float) -> float:
    """How much the trend fell from a share of the way on."""
    begin = int(since * (len(curve.trend) - 1))
    return float(curve.trend[begin] - curve.trend[-1])
