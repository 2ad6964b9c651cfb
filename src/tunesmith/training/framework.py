"""PyTorch, imported when it is first used, so that everything else here works without it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, final

from tunesmith.errors import MissingExtra

if TYPE_CHECKING:
    import torch as torch
else:

    @final
    class _Torch:
        """Stands for the module `torch`."""

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)  # whoever inspects this module must not import PyTorch
            return getattr(load_torch(), name)

    torch = _Torch()


def load_torch() -> Any:
    """The module `torch`; raises `MissingExtra` where it is not installed."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        raise MissingExtra(
            "This part of Tunesmith needs PyTorch; install it with: pip install 'tunesmith[torch]'"
        ) from None
