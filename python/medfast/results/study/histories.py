"""What the histories of runs say: when they were best, and what they reached in a given time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medfast.results.runs import FinishedRun
    from medfast.training.history import EpochRow


def epochs_within(runs: Sequence[FinishedRun], seconds: float) -> int:
    """Count the whole epochs that runs of one treatment finish in a time, by their mean."""
    epoch = np.mean([total_seconds(run.history) / len(run.history) for run in runs])
    # A run is as long as its epochs, which rounding must not exceed.
    return min(len(runs[0].history), math.floor(seconds / float(epoch) * (1 + 1e-9)))


def best_val_auc(history: Sequence[EpochRow], epochs: int) -> float:
    """Return the best validation AUC of the first epochs; NaN if there is none."""
    known = [row.val_auc for row in history[:epochs] if not math.isnan(row.val_auc)]
    return max(known, default=math.nan)


def total_seconds(history: Sequence[EpochRow]) -> float:
    """Return the time of training and validation."""
    return math.fsum(row.seconds for row in history)


def mean_curve(runs: Sequence[FinishedRun], column: str) -> list[float]:
    """Average a column of the histories over runs of as many epochs."""
    return [
        float(value)
        for value in np.mean(
            [[getattr(row, column) for row in run.history] for run in runs], axis=0
        )
    ]


def spaced(epochs: int, most: int) -> list[int]:
    """Choose epochs from the first to the last, evenly spaced, and no more than wanted.

    Examples
    --------
    >>> spaced(4, 10), spaced(100, 5)
    ([1, 2, 3, 4], [1, 26, 50, 75, 100])
    """
    return sorted({round(value) for value in np.linspace(1, epochs, min(most, epochs)).tolist()})
