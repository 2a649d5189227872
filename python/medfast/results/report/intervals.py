"""How sure a figure is, given how few images and runs it is from."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import stats

from medfast.errors import DegenerateIntervalWarning, UndefinedMetricWarning
from medfast.results.repeats import acc_figure, auc_figure
from medfast.results.runs import Outcome
from medfast.task import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from medfast.results.report.answers import Answers

LEVEL = 0.95


class Estimate(NamedTuple):
    """A figure and the ends of its interval, NaN where there is none."""

    value: float
    low: float = math.nan
    high: float = math.nan

    @property
    def has_interval(self) -> bool:
        """Whether the images tell how sure the figure is."""
        return self.low < self.high


@dataclass(frozen=True)
class Areas:
    """Areas under ROC curves.

    Attributes
    ----------
    mean : Estimate
        Over the classes that have an area, and over the runs; of a binary task, the positive class.
    of_runs : tuple of float
        The same of each run.
    std : float
        The standard deviation of these; NaN for one.
    per_class : tuple of Estimate
        Over the runs; in the order of `Answers.names`.
    absent : tuple of int
        The classes without an area.
    lone : tuple of int
        The classes with a single image, or all but one, for which `mean` has no interval.
    """

    mean: Estimate
    of_runs: tuple[float, ...]
    std: float
    per_class: tuple[Estimate, ...]
    absent: tuple[int, ...]
    lone: tuple[int, ...]


def area_intervals(runs: Sequence[Answers]) -> Areas:
    """Estimate the areas of one run, or the mean areas of several on the same images.

    The intervals are those of `medfast.results.repeats.auc_figure`. A class with a single image has
    none, nor has a mean that it is part of.

    Parameters
    ----------
    runs : sequence of Answers
        Of the same labels.

    Returns
    -------
    Areas
    """
    first = runs[0]
    columns = range(len(first.names))
    defined = [column for column in first.ranked if first.is_defined(column)]
    per_class = {column: _area([_of_class(run, column) for run in runs])[0] for column in defined}
    if len(first.ranked) == 1 and defined:
        # One class against the other: the areas of both are one figure.
        per_class = dict.fromkeys(columns, per_class[defined[0]])
    mean, of_runs, std = _area([_whole(run) for run in runs])
    return Areas(
        mean=mean,
        of_runs=of_runs,
        std=std,
        per_class=tuple(per_class.get(column, Estimate(math.nan)) for column in columns),
        absent=tuple(column for column in columns if not first.is_defined(column)),
        lone=tuple(filter(first.is_lone, defined)),
    )


def _whole(answers: Answers) -> Outcome:
    return Outcome(answers.labels, answers.scores, answers.task)


def _of_class(answers: Answers, column: int) -> Outcome:
    truth = answers.truth[:, [column]].astype(np.uint8)
    return Outcome(truth, answers.scores[:, [column]], Task.BINARY)


def _area(outcomes: Sequence[Outcome]) -> tuple[Estimate, tuple[float, ...], float]:
    with warnings.catch_warnings():
        # Of what the page shows: no area, no interval.
        warnings.simplefilter("ignore", DegenerateIntervalWarning)
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        found = auc_figure(outcomes, level=LEVEL)
    return Estimate(found.mean, *found.interval), found.values, found.std


def accuracy_interval(runs: Sequence[Answers]) -> Estimate:
    """Estimate the accuracy of one run, or the mean accuracy of several on the same images.

    The interval is that of `medfast.results.repeats.acc_figure`.

    Parameters
    ----------
    runs : sequence of Answers
        Of the same labels.

    Returns
    -------
    Estimate
    """
    found = acc_figure([_whole(run) for run in runs], level=LEVEL)
    return Estimate(found.mean, *found.interval)


def wilson_interval(count: int, of: int) -> Estimate:
    """Estimate a share by Wilson's interval.

    Parameters
    ----------
    count, of : int

    Returns
    -------
    Estimate

    References
    ----------
    E. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22 (1927).

    Examples
    --------
    >>> share = wilson_interval(132, 156)
    >>> f"{share.value:.3f} [{share.low:.3f}, {share.high:.3f}]"
    '0.846 [0.781, 0.894]'
    """
    found = stats.binomtest(count, of).proportion_ci(LEVEL, method="wilson")
    return Estimate(count / of, float(found.low), float(found.high))


def exact_bounds(
    counts: NDArray[np.integer[Any]], of: int, level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bound shares by the exact (Clopper-Pearson) binomial interval, many at once.

    Parameters
    ----------
    counts : ndarray of shape (n,)
    of : int
    level : float

    Returns
    -------
    low, high : ndarray of shape (n,)
    """
    tail = (1 - level) / 2
    some, not_all = np.maximum(counts, 1), np.minimum(counts, of - 1)
    low = np.where(counts > 0, stats.beta.ppf(tail, some, of - some + 1), 0.0)
    high = np.where(counts < of, stats.beta.ppf(1 - tail, not_all + 1, of - not_all), 1.0)
    return low, high
