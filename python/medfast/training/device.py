"""Where a run computes, and with what numbers."""

from __future__ import annotations

import platform
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

from medfast.errors import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True)
class Compute:
    """A device and a precision that work together.

    Attributes
    ----------
    device : torch.device
    precision : {"fp32", "bf16"}
        ``"bf16"``: convolutions in bfloat16 by autocast, weights and logits in float32.
    reason : str
        Why this precision.
    """

    device: torch.device
    precision: Precision
    reason: str

    def autocast(self) -> torch.autocast:
        """Return the context in which the network runs forward."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    @contextmanager
    def own_randomness(self, seed: int) -> Iterator[None]:
        """Seed torch's generators for a block, and leave the caller's as they were."""
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            yield

    @property
    def device_name(self) -> str:
        """The model of the processor or the GPU."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        return _processor_name()

    def __str__(self) -> str:
        return f"{self.device} ({self.device_name}), {self.precision}: {self.reason}"


def choose_compute(device: str = "auto", precision: str = "auto") -> Compute:
    """Choose what a run computes on.

    Parameters
    ----------
    device : str
        ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.
    precision : str
        ``"fp32"``, ``"bf16"``, or ``"auto"``: bfloat16 where the hardware computes with it, and
        is not merely able to store it.

    Returns
    -------
    Compute

    Raises
    ------
    ConfigError
        If a word is unknown, or CUDA or the GPU asked for is not there.

    Examples
    --------
    >>> choose_compute("cpu", "fp32").device
    device(type='cpu')
    """
    chosen = _choose_device(device)
    if precision not in ("auto", "fp32", "bf16"):
        raise ConfigError(
            f"unknown precision {precision!r}; {nearest(precision, ('auto', 'fp32', 'bf16'))}"
        )
    if precision != "auto":
        return Compute(chosen, "bf16" if precision == "bf16" else "fp32", "as asked")
    if chosen.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        what = "this GPU"
    else:
        native, what = _cpu_computes_bf16(), "this processor"
    if native:
        return Compute(chosen, "bf16", f"{what} has bfloat16 arithmetic")
    return Compute(chosen, "fp32", f"{what} has no bfloat16 arithmetic that is known to pay")


def _choose_device(word: str) -> torch.device:
    if word == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if word == "cpu":
        return torch.device("cpu")
    match = re.fullmatch(r"cuda(?::(\d+))?", word)
    if match is None:
        known = ("auto", "cpu", "cuda", "cuda:0")
        raise ConfigError(f"unknown device {word!r}; {nearest(word, known)}")
    if not torch.cuda.is_available():
        why = "finds no GPU" if torch.version.cuda else "was built without CUDA"
        raise ConfigError(f"device {word!r} asked for, but torch {why}; use cpu or auto")
    index, count = int(match[1] or torch.cuda.current_device()), torch.cuda.device_count()
    if index >= count:
        raise ConfigError(f"device {word!r} asked for, but the last GPU is cuda:{count - 1}")
    return torch.device("cuda", index)


def _cpu_computes_bf16() -> bool:
    # x86 only: ARM has such instructions too, but torch's convolutions there were not measured.
    if hasattr(torch.cpu, "get_capabilities"):
        known = torch.cpu.get_capabilities()
        return bool(known.get("avx512_bf16") or known.get("amx_bf16"))
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()  # noqa: SLF001


def _processor_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
