"""bench/quality.py: a run from the tasks to the tables, interrupted and continued."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

QUALITY = Path(__file__).parent.parent / "bench" / "quality.py"
TASK = "mixed/sphere-5"
RUN = ("run", "--method", "tunesmith:random", "--only", TASK, "--seeds", "2", "--trials", "25")


def bench(*given: str | Path) -> str:
    return subprocess.run([sys.executable, QUALITY, *given], capture_output=True, text=True, check=True).stdout


def test_races_are_continued_and_compared(tmp_path: Path) -> None:
    assert bench(*RUN, "--out", tmp_path).count(TASK) == 2
    file = tmp_path / "tunesmith-random.jsonl"
    whole = file.read_text()
    file.write_text(whole[:-20])  # the second race was cut off
    continued = bench(*RUN, "--out", tmp_path)
    assert "seed 0" not in continued
    assert continued.count("seed 1") == 1
    first, _, second = file.read_text().splitlines()
    values = [json.loads(line)["values"] for line in whole.splitlines()]
    assert [json.loads(first)["values"], json.loads(second)["values"]] == values

    bench(*RUN, "--as", "again", "--out", tmp_path)
    lines = bench("compare", "again", "--out", tmp_path).splitlines()
    won_tied_lost = next(line for line in lines if line.startswith("all")).split()[2:5]
    assert won_tied_lost == ["0", "2", "0"]
