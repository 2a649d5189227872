"""Bounds of what is random, each of which a correct generator passes with probability 1 - 1e-6."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable

import numpy as np

FALSE_ALARMS = 1e-6
DEVIATIONS = 4.9  # of the normal distribution, on either side
KOLMOGOROV = math.sqrt(-math.log(FALSE_ALARMS / 2) / 2)


def assert_count(count: int, trials: int, p: float) -> None:
    bound = DEVIATIONS * math.sqrt(trials * p * (1 - p))
    assert abs(count - trials * p) <= bound, f"{count} of {trials}, expected {p}"


def assert_uniform(values: np.ndarray, low: float, high: float) -> None:
    assert low <= values.min()
    assert values.max() <= high
    ranked = np.sort((values - low) / (high - low))
    steps = np.arange(len(values) + 1) / len(values)
    distance = max(np.max(steps[1:] - ranked), np.max(ranked - steps[:-1]))
    assert distance <= KOLMOGOROV / math.sqrt(len(values))


def assert_chances(drawn: Iterable[Hashable], chances: dict[Hashable, float]) -> None:
    """Check by Pearson's chi-square that outcomes come with their probabilities, and no others."""
    counts = Counter(drawn)
    trials = counts.total()
    assert set(counts) == {outcome for outcome, chance in chances.items() if chance > 0}
    expected = {outcome: trials * chances[outcome] for outcome in counts}
    assert min(expected.values()) > 20, "too few for the approximation"
    statistic = sum((counts[place] - mean) ** 2 / mean for place, mean in expected.items())
    assert statistic <= chi_square_bound(len(counts) - 1), (statistic, counts)


def assert_equally_likely(drawn: Iterable[Hashable], outcomes: Iterable[Hashable]) -> None:
    listed = [*outcomes]
    assert_chances(drawn, dict.fromkeys(listed, 1 / len(listed)))


def assert_uncorrelated(one: np.ndarray, other: np.ndarray) -> None:
    """Check the correlation of independent pairs, normal around 0 with deviation 1 / sqrt(n)."""
    correlation = np.corrcoef(one, other)[0, 1]
    assert abs(correlation) <= DEVIATIONS / math.sqrt(len(one))


def chi_square_bound(freedom: int) -> float:
    """Bound the quantile from above, by Laurent and Massart's inequality."""
    surprise = -math.log(FALSE_ALARMS)
    return freedom + 2 * math.sqrt(freedom * surprise) + 2 * surprise
