"""The optimizers by name, and the processes in which they run."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent.parent
ENVIRONMENTS = HERE / ".envs"


@dataclass(frozen=True)
class Method:
    """A sampler of a library: `peers/<library>_peer.py`, run in the library's own environment."""

    name: str
    library: str
    sampler: str = ""
    objectives: tuple[int, ...] = (1,)

    @property
    def python(self) -> Path:
        if self.library == "tunesmith":
            return Path(sys.executable)
        return ENVIRONMENTS / self.library / "bin" / "python"

    @property
    def absent(self) -> str:
        """Why it cannot run; empty if it can."""
        ready = self.library == "tunesmith" or (ENVIRONMENTS / self.library / ".ready").exists()
        return "" if ready else f"{self.library} is not installed; see `make bench-setup`"


PEERS = {
    method.name: method
    for method in (
        Method("optuna-random", "optuna", "random", (1, 2)),
        Method("optuna-tpe", "optuna", "tpe", (1, 2)),
        Method("optuna-gp", "optuna", "gp", (1, 2)),
        Method("optuna-nsga2", "optuna", "nsga2", (2,)),
        Method("smac", "smac"),
        Method("hebo", "hebo"),
        Method("ax", "ax", "", (1, 2)),
        Method("hyperopt", "hyperopt"),
        Method("nevergrad", "nevergrad", "", (1, 2)),
    )
}


def method(name: str) -> Method:
    """A peer, or `tunesmith:<sampler>` with any name that `sampler=` understands."""
    if name.startswith("tunesmith:"):
        return Method(name, "tunesmith", name.partition(":")[2], (1, 2))
    if name not in PEERS:
        raise SystemExit(f"{name!r} is no method; choose tunesmith:<sampler> or one of {', '.join(PEERS)}")
    return PEERS[name]


class Broken(Exception):
    """The optimizer's process ended; its last words."""


class Running:
    """An optimizer at work in a process of its own, for one race after the other."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self._process = Process(method.python, HERE / "peers" / f"{method.library}_peer.py")

    def begin(self, task, seed: int, trials: int, workers: int) -> str:
        """Starts a race; returns the library's version."""
        setting = {
            "space": task.space.wire(),
            "sampler": self._method.sampler,
            "seed": seed,
            "trials": trials,
            "workers": workers,
            "objectives": task.objectives,
        }
        return self._process.call(setting)["version"]

    def ask(self) -> dict:
        return self._process.call({"ask": True})

    def tell(self, number: int, values: list[float]) -> dict:
        return self._process.call({"tell": number, "values": values})

    def end(self) -> None:
        self._process.call({"end": True})

    def close(self) -> None:
        self._process.close()


class Process:
    """A script that answers each line with a line; started by the first of them, and again after it broke."""

    def __init__(self, python: Path, script: Path) -> None:
        self._command = [python, script]
        self._process: subprocess.Popen | None = None
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed by `close`

    def call(self, message: dict) -> dict:
        """Always waits for the answer: a line that came early could be swallowed by the race before."""
        if self._process is None:
            self._start()
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._fail()
        line = self._process.stdout.readline()
        if not line:
            self._fail()
        return json.loads(line)

    def close(self) -> None:
        """Without a race: closed input ends the process. Else it ends as soon as it looks at its input."""
        self._drop()
        self._errors.close()

    def _start(self) -> None:
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
            env=os.environ | one_thread | {"PYTHONHASHSEED": "0"},
        )  # fmt: skip

    def _fail(self) -> None:
        self._drop()
        self._errors.seek(0)
        last_words = self._errors.read().strip().splitlines()[-12:]
        self._errors.truncate(0)
        raise Broken("\n".join(last_words))

    def _drop(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._process = None
