"""Where a run computes, and with what numbers."""

from __future__ import annotations

import os
import platform
import re
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import torch
from torch.nn import functional as F  # noqa: N812

from medfast import build_info
from medfast.errors import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn

Precision = Literal["fp32", "bf16"]

# A gain that is worth the coarser arithmetic, and that noise does not feign.
_WORTHWHILE = 1.15

# 32 MiB, which torch takes by itself on Hopper, and in place of 8 MiB elsewhere.
_WORKSPACE, _WORKSPACE_THAT_REPEATS = "CUBLAS_WORKSPACE_CONFIG", ":4096:8"


@dataclass(frozen=True)
class Compute:
    """A device and a precision that work together.

    Attributes
    ----------
    device : torch.device
    precision : {"fp32", "bf16"}
        ``"bf16"``: convolutions in bfloat16 by autocast, weights and logits in float32.
    reason : str
        Why this precision; empty where the caller chose it.
    deterministic : bool
        Whether CUDA is held to algorithms that repeat their results; the CPU always is.
    compile : bool
        Whether `torch.compile` builds the network's training step.
    threads : int
        Of torch on the CPU: its own number, but no more than the cores that the process may use.
    """

    device: torch.device
    precision: Precision
    reason: str
    deterministic: bool = False
    compile: bool = False
    threads: int = 1

    def autocast(self) -> torch.autocast:
        """Return the context in which the network runs forward."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    @contextmanager
    def own_randomness(self, seed: int) -> Iterator[None]:
        """Seed torch's generators for a block, and leave the caller's as they were."""
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            self.seed(seed)
            yield

    def seed(self, seed: int) -> None:
        """Seed the generators that the network draws from.

        `torch.manual_seed` seeds those of every device, which are the caller's.
        """
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.default_generators[self.device.index].manual_seed(seed)

    def compiled(self, model: nn.Module) -> Callable[[Tensor], Tensor]:
        """Return the network as the training step calls it: compiled, if that was asked for.

        On CUDA with CUDA graphs, which spare the host the launch of each kernel.
        """
        if not self.compile:
            return model
        graphs = {"mode": "reduce-overhead"} if self.device.type == "cuda" else {}
        return torch.compile(model, dynamic=False, **graphs)  # type: ignore[no-any-return, call-overload]

    @contextmanager
    def settings(self, *, tune: bool = False) -> Iterator[None]:
        """Set torch's switches for a block, and leave them as they were.

        They are the process's: one thread at a time may be in such a block.

        Parameters
        ----------
        tune : bool
            Let cuDNN try its algorithms on each new shape, which pays where many batches have it;
            not where `deterministic`.

        Raises
        ------
        ConfigError
            If CUDA can no longer be held to algorithms that repeat their results.
        """
        threads, benchmark = torch.get_num_threads(), torch.backends.cudnn.benchmark
        strict = torch.are_deterministic_algorithms_enabled()
        warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
        be_strict = self.deterministic and self.device.type == "cuda"
        torch.set_num_threads(self.threads)
        try:
            torch.backends.cudnn.benchmark = tune and not self.deterministic
            if be_strict:
                torch.use_deterministic_algorithms(True)
                _check_cublas(self.device)
            yield
        finally:
            torch.set_num_threads(threads)
            torch.backends.cudnn.benchmark = benchmark
            if be_strict:
                torch.use_deterministic_algorithms(strict, warn_only=warn_only)

    @property
    def device_name(self) -> str:
        """The model of the processor or the GPU."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        return _processor_name()

    def __str__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"{self.device} ({self.device_name}), {self.precision}{why}"


def choose_compute(
    device: str = "auto",
    precision: str = "auto",
    *,
    deterministic: bool = False,
    compile: bool = False,  # noqa: A002
    threads: int | None = None,
) -> Compute:
    """Choose what a run computes on.

    Parameters
    ----------
    device : str
        ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.
    precision : str
        ``"fp32"``, ``"bf16"``, or ``"auto"``: bfloat16 where the hardware computes with it and is
        not merely able to store it; on a CPU, where a convolution is timed to be faster with it.
    deterministic : bool
        Hold CUDA to algorithms that repeat their results, which are slower.
    compile : bool
        Let `torch.compile` build the network's training step.
    threads : int, optional
        Of torch on the CPU; by default its own number (``OMP_NUM_THREADS``, or the cores), but no
        more than the cores that the process may use.

    Returns
    -------
    Compute

    Raises
    ------
    ConfigError
        If a word is unknown, or CUDA or the GPU asked for is not there.

    Notes
    -----
    With CUDA it sets ``CUBLAS_WORKSPACE_CONFIG``, unless it is set, to what `deterministic` needs:
    torch reads it once in a process, at the first product of matrices.

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
    if chosen.type == "cuda":
        os.environ.setdefault(_WORKSPACE, _WORKSPACE_THAT_REPEATS)
    threads = threads or min(torch.get_num_threads(), build_info()["threads"])
    numbers: Precision
    if precision == "auto":
        cuda = chosen.type == "cuda"
        numbers, reason = _cuda_precision(chosen) if cuda else _cpu_precision()
    else:
        numbers, reason = "bf16" if precision == "bf16" else "fp32", ""
    return Compute(chosen, numbers, reason, deterministic, compile, threads)


def _check_cublas(device: torch.device) -> None:
    """Multiply, which torch refuses where the workspace is not one that repeats its results."""
    one = torch.ones(1, 1, device=device)
    try:
        one.mm(one)
    except RuntimeError as error:
        if _WORKSPACE not in str(error):
            raise
        raise ConfigError(
            "deterministic: the cuBLAS workspace of this process is not one that repeats results, "
            f"and is chosen once; set {_WORKSPACE}={_WORKSPACE_THAT_REPEATS} before it starts"
        ) from error


def _cuda_precision(device: torch.device) -> tuple[Precision, str]:
    with torch.cuda.device(device):
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    if has_bf16:
        return "bf16", "this GPU has bfloat16 arithmetic"
    return "fp32", "this GPU has no bfloat16 arithmetic"


@cache
def _cpu_precision() -> tuple[Precision, str]:
    if not cpu_computes_bf16():
        return "fp32", "this processor has no bfloat16 arithmetic that is known to pay"
    gain = _gain_of_bf16()
    if gain < _WORTHWHILE:
        return "fp32", f"bfloat16 makes convolutions {gain:.1f} times as fast here: too little"
    return "bf16", f"convolutions are {gain:.1f} times as fast in it here"


def _gain_of_bf16(repeats: int = 7) -> float:
    """Return how many times as fast a convolution of ResNet-18 is in bfloat16, there and back.

    The median of pairs in the processor's time, on one thread: a choice that other programs on
    the same cores could turn would give one command two results.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        wide, narrow = _convolution(torch.float32), _convolution(torch.bfloat16)
        gains = [_cpu_seconds(wide) / _cpu_seconds(narrow) for _ in range(repeats)]
    finally:
        torch.set_num_threads(before)
    return statistics.median(gains)


def _convolution(dtype: torch.dtype) -> Callable[[], None]:
    images = torch.ones(16, 64, 28, 28, dtype=dtype).to(memory_format=torch.channels_last)
    weight = torch.ones(64, 64, 3, 3, dtype=dtype).to(memory_format=torch.channels_last)
    images.requires_grad_()
    weight.requires_grad_()

    def there_and_back() -> None:
        outputs = F.conv2d(images, weight, padding=1)
        outputs.backward(images.detach())  # type: ignore[no-untyped-call]

    return there_and_back


def _cpu_seconds(work: Callable[[], None]) -> float:
    began = time.thread_time()
    work()
    # Where the clock is too coarse to see the work, no time is told from another.
    return max(time.thread_time() - began, time.get_clock_info("thread_time").resolution)


def _choose_device(word: str) -> torch.device:
    if word == "auto":
        word = "cuda" if torch.cuda.is_available() else "cpu"
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


@cache
def cpu_computes_bf16() -> bool:
    """Tell whether the processor multiplies bfloat16, and is not merely able to store it."""
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
