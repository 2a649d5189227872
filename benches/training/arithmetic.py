"""What a computation costs in operations, and what the device could do at most."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from collections.abc import Callable

# Small ones stay in a core's caches, large ones fill a GPU.
_SIDES = {"cpu": (512, 1024, 2048), "cuda": (4096, 8192)}


def operations(call: Callable[[], Any]) -> int:
    """Count the additions and multiplications of matrix products and convolutions.

    Forward and backward, those with the zeros of padding too.
    """
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def peak(device: torch.device, dtype: torch.dtype, repeats: int = 20) -> float:
    """Time square matrix products, and return the operations per second of the fastest."""
    fastest = 0.0
    for side in _SIDES[device.type]:
        a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
        out = torch.empty_like(a)
        for _ in range(repeats):
            synchronize(device)
            began = time.perf_counter()
            torch.mm(a, b, out=out)
            synchronize(device)
            fastest = max(fastest, 2 * side**3 / (time.perf_counter() - began))
    return fastest


def synchronize(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
