"""How sure a figure is, given how few images it is from."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from medfast.errors import DegenerateIntervalWarning
from medfast.metrics import RocAucInterval, roc_auc_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from medfast.metrics._interval import IntervalMethod
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
    per_class : tuple of Estimate
        Over the runs; in the order of `Answers.names`.
    absent : tuple of int
        The classes without an area.
    method : {"delong", "bootstrap"}
        Of the interval of `mean`.
    """

    mean: Estimate
    per_class: tuple[Estimate, ...]
    absent: tuple[int, ...]
    method: str = "delong"


def area_intervals(runs: Sequence[Answers]) -> Areas:
    """Estimate the areas of one run, or the mean areas of several on the same images.

    DeLong's interval on the logit scale, see `medfast.metrics.roc_auc_interval`. The runs are
    scored on the same images, so their areas vary together, as those of classes do: the interval
    is that of the mean over classes and runs with their joint covariance. It tells what other
    images would change, and not what other seeds would.

    DeLong's variance needs two images of a class. Where one of several classes has a single image,
    it has no interval, and that of the mean is the bootstrap's.

    Parameters
    ----------
    runs : sequence of Answers
        Of the same labels.

    Returns
    -------
    Areas
    """
    first = runs[0]
    defined = [column for column in first.ranked if first.is_defined(column)]
    per_class = {column: _mean_area(runs, [column]) for column in defined}
    absent = tuple(column for column in range(len(first.names)) if not first.is_defined(column))
    if len(first.ranked) == 1 and defined:
        # One class against the other: the areas of both are one figure.
        per_class = dict.fromkeys(range(len(first.names)), per_class[defined[0]])
    nothing = Estimate(math.nan)
    mean, method = _mean_area(runs, defined) if defined else nothing, "delong"
    if len(defined) > 1 and math.isnan(mean.low):
        mean, method = _mean_area(runs, defined, method="bootstrap"), "bootstrap"
    return Areas(
        mean=mean,
        per_class=tuple(per_class.get(column, nothing) for column in range(len(first.names))),
        absent=absent,
        method=method,
    )


def _mean_area(
    runs: Sequence[Answers], columns: list[int], method: IntervalMethod = "delong"
) -> Estimate:
    truth = np.hstack([run.truth[:, columns] for run in runs])
    scores = np.hstack([run.scores[:, columns] for run in runs])
    if truth.shape[1] == 1:
        truth, scores = truth[:, 0], scores[:, 0]
    with warnings.catch_warnings():
        # They warn of what the page shows: no interval, or a bootstrap with a class of one image.
        warnings.simplefilter("ignore", DegenerateIntervalWarning)
        found: RocAucInterval = roc_auc_interval(
            truth, scores, level=LEVEL, method=method, random_state=0
        )
    return Estimate(found.estimate, found.low, found.high)


def accuracy_interval(runs: Sequence[Answers]) -> Estimate:
    """Estimate the accuracy of one run, or the mean accuracy of several on the same images.

    One decision per image: Wilson's interval. Several decisions per image (labels, runs) are not
    independent; the images are, so the interval is that of the mean over them of each image's share
    of right decisions (normal, within [0, 1]).

    Parameters
    ----------
    runs : sequence of Answers
        Of the same labels.

    Returns
    -------
    Estimate

    References
    ----------
    E. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22 (1927).
    """
    right = np.hstack([run.right for run in runs])
    if right.shape[1] == 1:
        return wilson_interval(int(right.sum()), len(right))
    shares = right.mean(axis=1)
    value = float(shares.mean())
    if len(shares) < 2:
        return Estimate(value)
    reach = float(stats.norm.ppf((1 + LEVEL) / 2) * stats.sem(shares))
    return Estimate(value, max(0.0, value - reach), min(1.0, value + reach))


def wilson_interval(count: int, of: int) -> Estimate:
    """Estimate a share by Wilson's interval.

    Examples
    --------
    >>> share = wilson_interval(132, 156)
    >>> f"{share.value:.3f} [{share.low:.3f}, {share.high:.3f}]"
    '0.846 [0.781, 0.894]'
    """
    found = stats.binomtest(count, of).proportion_ci(LEVEL, method="wilson")
    return Estimate(count / of, float(found.low), float(found.high))


def exact_bounds(
    counts: NDArray[np.integer], of: int, level: float
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
