"""The memory of a GPU, as PyTorch sees it."""

from __future__ import annotations

from typing import final

from tunesmith.errors import MissingExtra
from tunesmith.training.framework import torch


@final
class CudaMemory:
    """The memory of one GPU. What other processes use counts as used."""

    def __init__(self, device: int) -> None:
        self._device = device

    @staticmethod
    def current() -> CudaMemory | None:
        """That of PyTorch's current GPU; None without PyTorch or without a GPU."""
        try:
            return CudaMemory(torch.cuda.current_device()) if torch.cuda.is_available() else None
        except MissingExtra:
            return None

    @property
    def total(self) -> int:
        return int(torch.cuda.mem_get_info(self._device)[1])

    def begin(self) -> None:
        torch.cuda.synchronize(self._device)
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(self._device)

    def peak(self) -> int:
        """The most that PyTorch had reserved since `begin`, and what is used besides: by the context and by others."""
        torch.cuda.synchronize(self._device)
        free, total = torch.cuda.mem_get_info(self._device)
        besides = total - free - torch.cuda.memory_reserved(self._device)
        return int(besides + torch.cuda.max_memory_reserved(self._device))
