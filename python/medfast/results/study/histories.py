"""What the histories of runs say: when they were best, and what they reached in a given time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medfast.results.runs import FinishedRun
    from medfast.training.history import EpochRow


class Reached(NamedTuple):
    """What a run had reached after some time.

    Attributes
    ----------
    epochs : int
        That were finished.
    val_auc : float
        The best of them; NaN if there is none.
    """

    epochs: int
    val_auc: float


def reached(history: Sequence[EpochRow], seconds: float) -> Reached:
    """Tell what a run had reached after some time of training and validation."""
    passed = np.cumsum([row.seconds for row in history])
    # The time of a run is the sum of its epochs, which rounding must not exceed.
    epochs = int(np.sum(passed <= seconds * (1 + 1e-9)))
    known = [row.val_auc for row in history[:epochs] if not math.isnan(row.val_auc)]
    return Reached(epochs, max(known, default=math.nan))


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
