"""The tools for one training: range test, noise scale and hypergradients against what costs far more.

    python bench/training.py rates bends decays widths # some or all parts; a few minutes each on one core
    python bench/training.py rates --tasks-from DIR # the fashion images and the text of a folder of tasks too
    python bench/training.py rates --tasks-from DIR --data text # of these only; what is known of others stays
    python bench/training.py rates --full           # more seeds, more settings; hours
    python bench/training.py report                 # tables to bench/README.md

Each part renews its own place in bench/results/training.json.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import torch

from inside import bends, decays, nets, rates, widths

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "training.json"
PAGE = HERE / "README.md"
MARK = "<!-- training -->"
PARTS = {"rates": rates, "bends": bends, "decays": decays, "widths": widths}
TITLES = {
    "rates": "Range test: does its range hold the best learning rate?",
    "bends": "Noise scale: is it where larger batches cease to pay?",
    "decays": "Hypergradients: weight decay per layer",
    "widths": "Scaling up: does a small model's learning rate serve a wider one?",
}


def known() -> dict:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def run(part: str, given: argparse.Namespace) -> None:
    folder = Path(given.tasks_from) if given.tasks_from else None
    sets = {name: nets.DATA[name](folder) for name in given.data or (nets.DATA if folder else ("digits",))}
    before = known().get(part, {}) if given.data else {}
    begun, results = time.process_time(), []
    for result in PARTS[part].run(sets, given.full):
        results.append(result)
        again = {one["setting"] for one in results}
        kept = [one for one in before.get("results", ()) if one["setting"] not in again]
        minutes = round(before.get("cpu_minutes", 0) + (time.process_time() - begun) / 60, 1)
        about = {"cpu_minutes": minutes, "torch": torch.__version__, "full": given.full, "results": [*kept, *results]}
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps({**known(), part: about}, indent=1) + "\n")


def report() -> None:
    head, mark, rest = PAGE.read_text().partition(MARK)
    _, end, tail = rest.partition("<!-- end -->")
    if not (mark and end):
        raise SystemExit(f"{PAGE} has no place for the tables: {MARK} ... <!-- end -->")
    texts = []
    for part, found in known().items():
        lines = PARTS[part].summary(found["results"])
        texts += [
            f"### {TITLES[part]}",
            "\n".join(lines),
            f"{found['cpu_minutes']} CPU minutes, PyTorch {found['torch']}.",
        ]
    PAGE.write_text(f"{head}{MARK}\n\n" + "\n\n".join(texts) + f"\n\n<!-- end -->{tail}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=[*PARTS, "report"])
    parser.add_argument("--tasks-from", help="a folder of benchmark tasks with nn_data.py")
    parser.add_argument("--data", nargs="+", choices=nets.DATA, help="these data only, beside what is known")
    parser.add_argument("--full", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for part in given.parts:
        report() if part == "report" else run(part, given)


if __name__ == "__main__":
    main()
