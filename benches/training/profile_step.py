"""Where the time of a training step goes, and how near its arithmetic comes to the device's peak.

MEDMNIST_ROOT=... python benches/training/profile_step.py [MODEL [SIZE [BATCH]]]
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

import torch
from torch.profiler import ProfilerActivity, profile

from arithmetic import peak
from work import DEVICE, Work, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = 5
KINDS = {
    "convolutions, backward": ("convolution_backward",),
    "convolutions, forward": ("convolution",),
    "batch normalisation": ("batch_norm",),
    "ReLU": ("threshold_backward", "clamp_min", "relu"),
    "sums of branches and of gradients": ("aten::add",),
    "copies and casts": ("copy",),
    "Adam": ("_fused_adam", "Optimizer"),
}


def main(model: str = "resnet18", size: str = "28", batch: str = "128") -> None:
    """Print a table for the loop as it chooses its numbers, and its rate."""
    work = Work(model, int(size), int(batch))
    loop = work.loop()
    with loop.compute.settings():
        step = steps_of(loop)
        step()
        seconds = fastest(step)
        highest = peak(loop.compute.device, torch.bfloat16)
        shares = profiled(step)
    print(f"{work}, {loop.compute}")
    for kind, share in shares.most_common():
        print(f"  {kind:<36}{share:7.1%}")
    rate = work.operations / seconds
    print(f"{seconds * 1e3:,.1f} ms, {work.batch / seconds:,.0f} images/s")
    print(
        f"{rate / 1e12:.3f} TFLOP/s, {rate / highest:.0%} of {highest / 1e12:.3f} in bf16 products"
    )


def fastest(step: Callable[[], None]) -> float:
    """Return the seconds of the fastest of a few steps."""
    times = []
    for _ in range(STEPS):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return min(times)


def profiled(step: Callable[[], None]) -> Counter[str]:
    """Return the share of each kind of work in the time of a few steps."""
    activities = [ProfilerActivity.CPU]
    if DEVICE == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as found:
        for _ in range(STEPS):
            step()
    times: Counter[str] = Counter()
    for event in found.key_averages():
        of_event = event.self_cpu_time_total
        if DEVICE == "cuda":
            # Kernels come alone too, beside the operation that launched them.
            of_event = event.self_device_time_total if event.key.startswith("aten::") else 0
        times[kind_of(event.key)] += of_event
    total = times.total()
    return Counter({kind: spent / total for kind, spent in times.items()})


def kind_of(name: str) -> str:
    """Sort an operation by its name."""
    for kind, parts in KINDS.items():
        if any(part in name for part in parts):
            return kind
    return "the rest"


if __name__ == "__main__":
    main(*sys.argv[1:])
