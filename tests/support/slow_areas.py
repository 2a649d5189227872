"""Areas, their covariance and exchanges of scores as their papers define them: pair by pair."""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

NORMAL = NormalDist()


def columns_of(y: Any, scores: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split a problem into the binary ones of its classes (0, 1, ... in order) or columns."""
    y, scores = np.asarray(y), np.asarray(scores)
    if scores.ndim == 1:
        return [(y == 1, scores)]
    if y.ndim == 1:
        return [(y == label, scores[:, label]) for label in range(scores.shape[1])]
    return [(y[:, column] == 1, scores[:, column]) for column in range(scores.shape[1])]


def components(y: Any, scores: Any) -> tuple[float, np.ndarray]:
    """Return the area, and DeLong's structural component of each sample: V10 or V01."""
    rows = range(len(y))
    shares = np.empty(len(y))
    for row in rows:
        others = [other for other in rows if y[other] != y[row]]
        right = 0.0
        for other in others:
            positive, negative = (row, other) if y[row] else (other, row)
            right += (scores[positive] > scores[negative]) + (
                scores[positive] == scores[negative]
            ) / 2
        shares[row] = right / len(others)
    return float(np.mean(shares[np.asarray(y, bool)])), shares


def covariance(
    columns: Sequence[tuple[Any, Any]], groups: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the areas of (labels, scores) columns, and Obuchowski's covariance of every two.

    Without groups every sample is one, which leaves DeLong's estimate for columns of the same
    labels. Columns of other labels share the samples that count for both.
    """
    rows = range(len(columns[0][0]))
    groups = list(rows) if groups is None else list(groups)
    units = sorted(set(groups))
    parts = []
    for y, scores in columns:
        area, shares = components(y, scores)
        sides = []
        for side in (True, False):
            members = [row for row in rows if bool(y[row]) is side]
            sums = [
                sum(shares[row] - area for row in members if groups[row] == unit) for unit in units
            ]
            held = len({groups[row] for row in members})
            sides.append((np.array(sums) / len(members), held))
        parts.append((area, *sides))

    def factor(held: int) -> float:
        return held / (held - 1) if held > 1 else math.nan

    found = np.empty((len(parts), len(parts)))
    for a, (_, positive_a, negative_a) in enumerate(parts):
        for b, (_, positive_b, negative_b) in enumerate(parts):
            total = 0.0
            for (sums, held), (others, others_held) in (
                (positive_a, positive_b),
                (negative_a, negative_b),
            ):
                total += math.sqrt(factor(held) * factor(others_held)) * sum(sums * others)
            across = sum(positive_a[0] * negative_b[0]) + sum(negative_a[0] * positive_b[0])
            found[a, b] = total + factor(len(units)) * across
    return np.array([area for area, _, _ in parts]), found


def ends(
    estimate: float, std_error: float, level: float, transform: str | None
) -> tuple[float, float]:
    """Return the ends of the normal interval, symmetric in the logit or clipped."""
    reach = NORMAL.inv_cdf((1 + level) / 2) * std_error
    if transform is None or not 0 < estimate < 1:
        return max(0.0, estimate - reach), min(1.0, estimate + reach)
    centre, reach = math.log(estimate / (1 - estimate)), reach / (estimate * (1 - estimate))
    low, high = (1 / (1 + math.exp(-end)) for end in (centre - reach, centre + reach))
    return low, high


def exchanged(
    columns_a: Sequence[tuple[Any, Any]],
    columns_b: Sequence[tuple[Any, Any]],
    groups: Any = None,
) -> np.ndarray:
    """Return the differences of the areas after every exchange of mid-ranks; none comes first."""
    rows = len(columns_a[0][0])
    groups = list(range(rows)) if groups is None else list(groups)
    units = sorted(set(groups))
    found = []
    for swaps in itertools.product([False, True], repeat=len(units)):
        swapped = np.array([swaps[units.index(group)] for group in groups])
        differences = []
        for (y, scores_a), (_, scores_b) in zip(columns_a, columns_b, strict=True):
            a, b = mid_ranks(scores_a), mid_ranks(scores_b)
            first = components(y, np.where(swapped, b, a))[0]
            differences.append(first - components(y, np.where(swapped, a, b))[0])
        found.append(differences)
    return np.array(found)


def mid_ranks(scores: Any) -> np.ndarray:
    """Return the mean place of each score among all."""
    scores = np.asarray(scores)
    places = [np.sum(scores < score) + (np.sum(scores == score) + 1) / 2 for score in scores]
    return np.array(places)
