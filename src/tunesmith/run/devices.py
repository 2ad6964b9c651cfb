"""GPUs of this machine, and which trial slot may see which."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache

from tunesmith.errors import InvalidStudy


def detect_devices() -> tuple[str, ...]:
    """The GPUs that this process may use, as `CUDA_VISIBLE_DEVICES` names them; empty without any."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return tuple(name.strip() for name in visible.split(",") if name.strip() not in ("", "-1"))
    return _installed()


@cache
def _installed() -> tuple[str, ...]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    try:
        listed = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ()
    count = sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
    return tuple(str(index) for index in range(count))


def torch_device() -> str:
    """Where PyTorch trains in this process: "cuda", "mps" or "cpu"; under torchrun the GPU of this rank, "cuda:1"."""
    torch = sys.modules.get("torch")
    if not detect_devices() or (torch is not None and not torch.cuda.is_available()):
        return "mps" if torch is not None and torch.backends.mps.is_available() else "cpu"
    rank = os.environ.get("LOCAL_RANK")
    return "cuda" if rank is None else f"cuda:{int(rank) % len(detect_devices())}"


def devices_from(given: str | int | Sequence[int | str]) -> tuple[str, ...]:
    """The devices that a user means: "auto", how many, or which."""
    if given == "auto":
        return detect_devices()
    if isinstance(given, bool) or (isinstance(given, int) and given < 0):
        raise InvalidStudy(f"devices={given!r}: say 'auto', how many GPUs, or which, such as [0, 1].")
    if isinstance(given, int):
        return tuple(str(index) for index in range(given))
    names = given.split(",") if isinstance(given, str) else given
    return tuple(str(name).strip() for name in names if str(name).strip())


def device_of(slot: int, devices: Sequence[str]) -> str | None:
    """The device of a trial slot: one each, shared in turn if there are more slots. None leaves the choice to the program."""
    return devices[slot % len(devices)] if devices else None
