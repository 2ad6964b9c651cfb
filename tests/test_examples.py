"""Every example runs as it is shown, in a directory of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SHORTER = {"textbook": ["--quick"]}
"""What makes an example that takes minutes take seconds."""


def run(command: list[str], where: Path) -> str:
    """Run a command in a directory; its output if it ends well."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TUNESMITH_")}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=where,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_examples_run(script: Path, tmp_path: Path) -> None:
    """without arguments, or with one that makes it short; what they leave behind is a store, or nothing"""
    run([sys.executable, str(script), *SHORTER.get(script.stem, [])], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {"tunesmith.db", "tunesmith.files"}


@pytest.mark.parametrize("sweep", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_sweeps_run(sweep: Path, tmp_path: Path) -> None:
    """from any directory, and once more without training anything"""
    store = str(tmp_path / "sweep.db")
    run(["tunesmith", "run", str(sweep), "--store", store], tmp_path)
    first = run(["tunesmith", "export", "--store", store], tmp_path)
    run(["tunesmith", "run", str(sweep), "--store", store], tmp_path)
    assert run(["tunesmith", "export", "--store", store], tmp_path) == first


def test_checkpoints_continue(tmp_path: Path) -> None:
    """the second attempt begins where the first one was killed"""
    output = run([sys.executable, str(EXAMPLES / "checkpoints.py")], tmp_path)
    assert "attempt 2 of trial 0 begins after step 5" in output


def test_every_example_says_how_to_run_it() -> None:
    """in its docstring"""
    for script in EXAMPLES.glob("*.py"):
        assert f"python examples/{script.name}" in script.read_text(encoding="utf-8")
