"""Whatever stands in a sweep file, reading it gives a sweep that works or one of our own errors."""

import random
import re
from pathlib import Path

import pytest

from tunesmith.cli.sweep import Sweep, read_sweep
from tunesmith.errors import TunesmithError
from tunesmith.run.template import fill
from tunesmith.space import Space

REALISTIC = (Path(__file__).parent / "realistic.yaml").read_text()
ODD = [
    "", "~", "null", "true", "-1", "0", "1e400", "-1e308", ".nan", ".inf", "-.inf", "1e-320", "9" * 30, "9" * 5000, "0x" + "f" * 5000,
    "1_000", "0o17", "1:30", "2024-01-01", "2024-99-99", "[]", "{}", "[1, [2, [3]]]", "{a: {b: 1}}", "*layers", "*nothing", "&layers 3",
    "!!int x", "!!python/name:os.system", "!!set {a}", "!!omap [a: 1]", "!!binary aGk=", "!!str 3", "|\n  text", ">-\n  text", "'", '"', "\\",
    '"\\0"', '"\\ud800"', "a: b", "- a", "? a", "? [a]", "%YAML 1.1", "---", "...", "<<: *layers", "@", "`", "{min: 0, max: 1}",
    "normal", "q_uniform", "log_uniform", "beta", "${args}", "${x}", "{lr}", "\t", "\u2028", "\ufeff", "ü", "grid:0", "grid:²", "1e3h", "٣",
]  # fmt: skip


def mutated(rng, text):
    lines = text.split("\n")
    for _ in range(rng.randint(1, 3)):
        here, there = rng.randrange(len(lines)), rng.randrange(len(lines))
        match rng.choice([0, 1, 2, 3, 3, 3, 3, 4, 4, 4, 5, 6, 7]):
            case 0:
                lines[here : here + rng.randint(1, 3)] = []
                lines = lines or [""]
            case 1:
                lines.insert(there, lines[here])
            case 2:
                lines[here], lines[there] = lines[there], lines[here]
            case 3:
                lines[here] = re.sub(r"(: |- )[^{\[]*$", lambda match: match[1] + rng.choice(ODD), lines[here])
            case 4:
                lines[here] = re.sub(
                    r"[\w.-]+(?=[,}\]])", lambda _: rng.choice(ODD), lines[here], count=rng.randint(1, 3)
                )
            case 5:
                lines[here] = "".join(rng.sample(lines[here], len(lines[here])))
            case 6:
                at = rng.randint(0, len(lines[here]))
                lines[here] = lines[here][:at] + rng.choice(ODD) + lines[here][at + rng.randint(0, 2) :]
            case 7:
                lines[here] = " " * rng.randint(0, 4) + lines[here].strip()
    content = bytearray("\n".join(lines).encode())
    if rng.random() < 0.2:
        at = rng.randrange(len(content) + 1)
        content[at : at + rng.randint(0, 5)] = rng.randbytes(rng.randint(0, 5))
    return bytes(content)


def use(sweep):
    """What is done with a sweep that was understood."""
    assert Space.from_json(sweep.space.to_json()) == sweep.space
    assert sweep.space.size is None or sweep.space.size > 0
    default = sweep.space.default()
    assert sweep.space.check(default) == default
    width = sweep.space.codec().width
    for unit in (0.0, 0.3, 1.0):
        config = sweep.space.codec().decode_row([unit] * width)
        assert all(isinstance(word, str) and word.encode() is not None for word in fill(sweep.command, config))


@pytest.mark.parametrize("seed", range(10))
def test_mutations_of_a_realistic_file(seed, tmp_path):
    rng, path, messages = random.Random(seed), tmp_path / "sweep.yaml", []
    for _ in range(100):
        path.write_bytes(mutated(rng, REALISTIC))
        try:
            sweep = read_sweep(path)
        except TunesmithError as error:
            messages.append(str(error))
        else:
            assert isinstance(sweep, Sweep)
            use(sweep)
    assert all(message.startswith(str(path)) and len(message) < 600 and "\n" not in message for message in messages)
    assert 20 <= len(messages) <= 97, "the mutations are too wild or too tame to tell much"
