"""Without PyTorch: what needs it says so in one sentence, and the rest works."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = """
import sys
import tunesmith as ts

class Without:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'")

sys.meta_path.insert(0, Without())
"""


def run(code):
    """In a fresh interpreter that has no PyTorch."""
    return subprocess.run(
        [sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=False, timeout=120
    )


def test_all_names_load_and_the_rest_works():
    """curves, rules, and the largest batch of whatever raises for want of memory"""
    done = run(
        "[getattr(ts, name) for name in ts.__all__]\n"
        "def step(size):\n"
        "    if size > 10: raise MemoryError\n"
        "assert ts.largest_batch(step).size == 9\n"
        "assert ts.scale_batch(32, 64, lr=0.1, optimizer='sgd').lr == 0.2\n"
        "assert ts.diagnose([2.0, float('nan')])[0].kind == 'diverged'\n"
        "assert not ts.EarlyStopping(patience=1).update(1.0)\n"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "call",
    [
        "ts.lr_range(None, [1], print)",
        "ts.noise_scale(None, [1], print)",
        "ts.HyperGrad([], {'a': 1.0}, print, print)",
        "ts.ForwardGrad(None, None, print)",
    ],
)
def test_what_is_missing_is_said_in_one_sentence(call):
    """with the command that helps"""
    done = run(f"try: {call}\nexcept ts.TunesmithError as error: print(type(error).__name__, error)\n")
    assert done.stdout.startswith("MissingExtra"), done.stderr
    assert "pip install 'tunesmith[torch]'" in done.stdout
