"""The global random generators that training code uses: seeded for each trial, and its own again after a pause."""

from __future__ import annotations

import importlib.util
import random
import sys
from typing import Any, NamedTuple, final

import numpy as np


class Randomness(NamedTuple):
    """What the global generators will give next, as one trial left them."""

    python: Any
    numpy: Any
    torch: Any = None
    cuda: Any = None

    def restore(self) -> None:
        """Let the trial draw on as if nobody had drawn in between."""
        random.setstate(self.python)
        np.random.set_state(self.numpy)  # noqa: NPY002  training code of others uses the global generator
        torch = sys.modules.get("torch")
        if torch is not None and self.torch is not None:
            torch.set_rng_state(self.torch)
            if self.cuda is not None:
                torch.cuda.set_rng_state_all(self.cuda)


def present_randomness() -> Randomness:
    """The state of the global generators now."""
    python, numpy = random.getstate(), np.random.get_state(legacy=False)  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch is None:
        return Randomness(python, numpy)
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    return Randomness(python, numpy, torch.get_rng_state(), cuda)


def seed_everything(seed: int) -> None:
    """Seed the global generators, so that the same trial gives the same result; torch's when it is imported, if it is not."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _SeedsTorch)]
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)
    else:
        sys.meta_path.insert(0, _SeedsTorch(seed))


@final
class _SeedsTorch:
    """Waits for training code to import torch, which takes too long to be done for those that never do."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:  # noqa: ARG002  what importing calls
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def seeded(module: Any) -> None:
                execute(module)
                module.manual_seed(self._seed)

            spec.loader.exec_module = seeded  # type: ignore[method-assign]  # of this one loader
        return spec
