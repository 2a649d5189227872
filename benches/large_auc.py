"""How the time and the memory of an AUC grow to 100 million scores.

python benches/large_auc.py

Prints, for 1e6, 1e7 and 1e8 float32 scores with bool labels: the least time of a few calls, that
time over n log n relative to the first row, and the memory that the call took beyond its input,
as a multiple of the input. Each size runs in a process of its own, since the greatest memory of a
process never falls. Wants 2 GB of memory.
"""

from __future__ import annotations

import math
import resource
import subprocess
import sys
import time

import numpy as np

from medfast.metrics import roc_auc_score

SIZES = (1_000_000, 10_000_000, 100_000_000)


def greatest_memory() -> int:
    """Return the most bytes that this process has held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measure(n: int) -> None:
    """Print the seconds of a call, and the bytes it took per byte of its input."""
    rng = np.random.default_rng(0)
    scores = rng.random(n, np.float32)
    labels = np.empty(n, np.bool_)
    for start in range(0, n, 1_000_000):
        labels[start : start + 1_000_000] = rng.random(min(n, 1_000_000), np.float32) < 0.5
    before = greatest_memory()
    times = []
    for _ in range(max(3, 20_000_000 // n)):
        start_time = time.perf_counter()
        roc_auc_score(labels, scores)
        times.append(time.perf_counter() - start_time)
    extra = greatest_memory() - before
    print(min(times), extra / (scores.nbytes + labels.nbytes))


def main() -> None:
    """Measure every size in a process of its own."""
    rate = None
    for n in SIZES:
        call = [sys.executable, __file__, str(n)]
        answer = subprocess.run(call, check=True, capture_output=True, text=True).stdout  # noqa: S603
        seconds, extra = map(float, answer.split())
        growth = seconds / (n * math.log(n))
        rate = rate or growth
        print(
            f"{n:>11,} scores  {seconds * 1e3:9.1f} ms  {growth / rate:5.2f} x n log n"
            f"  {extra:5.2f} x the input in extra memory"
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(int(sys.argv[1]))
    else:
        main()
