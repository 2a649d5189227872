"""AUC and ACC of a recipe over several seeds, and the difference of two recipes.

Two things make a figure uncertain: the images of the split, and the seed. Every run is scored on
the same images, so the two are told apart as in studies where several readers read the same cases
(Obuchowski and Rockette). With ``S`` runs of mean ``m``::

    variance(m) = V + max(0, s^2 - W) / S

``V`` is the variance of ``m`` over images, the networks held fixed (DeLong's, for the AUC), and
``s`` the standard deviation over the runs. ``W`` is what ``s^2`` would be if the networks were
equally good and differed in their luck with these images alone: the mean variance of a run over
images, less the mean covariance of two runs. Ends come from Student's t with Hillis's degrees of
freedom, ``variance^2 / ((s^2 / S)^2 / (S - 1))``.

With one run nothing tells how much the seed matters: the interval is over images alone.

References
----------
N. Obuchowski and H. Rockette, "Hypothesis testing of the diagnostic accuracy for multiple
diagnostic tests: an ANOVA approach with dependent observations", Communications in Statistics 24
(1995). S. Hillis, "A comparison of denominator degrees of freedom methods for multiple observer ROC
analysis", Statistics in Medicine 26 (2007).
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.metrics import roc_auc_interval, roc_auc_test
from medfast.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from medfast.metrics import RocAucInterval
    from medfast.results.runs import Outcome

    Ends = tuple[float, float]

_UNDEFINED = (math.nan, math.nan)
# Shares of right answers that rounding alone has set apart.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Figure:
    """AUC or ACC of a recipe on a split; NaN for what is not defined.

    Attributes
    ----------
    mean : float
        Over the runs.
    values : tuple of float
        Of each run.
    std : float
        Standard deviation over the runs; NaN for one.
    interval : (float, float)
        Of `mean`: over images and seeds, or over images alone where there is one run.
    of_images : (float, float)
        The interval over images, the networks held fixed.
    of_seeds : (float, float)
        Student's t interval over the runs, the images held fixed; NaN for one.
    variance : float
        Of `mean`, over what `interval` is over.
    seed_variance : float
        What the seeds add to `variance`; 0 for one run.
    df : float
        The degrees of freedom of `variance`.
    level : float
        The confidence level of the intervals.
    """

    mean: float
    values: tuple[float, ...]
    std: float
    interval: Ends
    of_images: Ends
    of_seeds: Ends
    variance: float
    seed_variance: float
    df: float
    level: float


@dataclass(frozen=True)
class Difference:
    """The difference of two recipes on the same images, and whether chance explains it.

    Attributes
    ----------
    difference : float
        The first mean minus the second.
    interval : (float, float)
        Of `difference`.
    p_value : float
        NaN where nothing can be said.
    test : {"seeds and images", "Welch", "DeLong", "McNemar", "sign"}
        The first is about the recipes, whatever the seed, and so is the second, on these images
        alone; the others are about these networks alone.
    """

    difference: float
    interval: Ends
    p_value: float
    test: str


def auc_figure(runs: Sequence[Outcome], *, level: float = 0.95) -> Figure:
    """AUC of runs that were scored on the same images.

    Ends are symmetric on the logit scale, as those of `medfast.metrics.roc_auc_interval`, which
    this is for a single run. A class that the split lacks is left out. Where a class has a single
    image, nothing tells how its area varies, and the mean has no interval.

    Parameters
    ----------
    runs : sequence of Outcome
        One for each seed; all labels are the same.
    level : float, default=0.95

    Returns
    -------
    Figure

    Warns
    -----
    DegenerateIntervalWarning, UndefinedMetricWarning
        As `medfast.metrics.roc_auc_interval`.

    Examples
    --------
    >>> from medfast.results.runs import Outcome
    >>> labels = np.array([[0], [0], [0], [1], [1], [1]])
    >>> scores = np.array([[.1], [.4], [.3], [.2], [.8], [.9]], np.float32)
    >>> figure = auc_figure([Outcome(labels, scores, Task.BINARY)])
    >>> round(figure.mean, 3), figure.std
    (0.778, nan)
    """
    truth, tables = _indicator(runs[0]), [_columns(run) for run in runs]
    single = [_delong(truth, table, level) for table in tables]
    joint = single[0]
    if len(runs) > 1:
        with warnings.catch_warnings():  # what there is to say was said of each run
            warnings.simplefilter("ignore")
            joint = _delong(np.tile(truth, (1, len(runs))), np.hstack(tables), level)

    def ends(mean: float, variance: float, df: float) -> Ends:
        if len(runs) == 1:
            return joint.low, joint.high
        return _logit_ends(mean, variance, _quantile(level, df))

    return _figure(
        [one.estimate for one in single],
        fixed=joint.std_error**2,
        each=float(np.mean([one.std_error**2 for one in single])),
        of_images=(joint.low, joint.high),
        ends=ends,
        level=level,
    )


def acc_figure(runs: Sequence[Outcome], *, level: float = 0.95) -> Figure:
    """ACC of runs that were scored on the same images.

    Ends are Wilson's for ``mean * (1 - mean) / variance`` independent answers (the effective sample
    size of surveys). With a single run and one label per image that is the number of images, and
    the interval Wilson's own. The labels of a multi-label image are one answer, their mean, since
    they do not vary independently.

    Parameters
    ----------
    runs : sequence of Outcome
        One for each seed; all labels are the same.
    level : float, default=0.95

    Returns
    -------
    Figure

    Examples
    --------
    >>> from medfast.results.runs import Outcome
    >>> labels = np.array([[0], [0], [0], [1], [1], [1]])
    >>> scores = np.array([[.1], [.4], [.3], [.2], [.8], [.9]], np.float32)
    >>> figure = acc_figure([Outcome(labels, scores, Task.BINARY)])
    >>> [round(end, 3) for end in figure.interval]  # of 5 in 6
    [0.436, 0.97]
    """
    right = np.stack([_right(run) for run in runs])
    images, values = right.shape[1], right.mean(axis=1).tolist()
    fixed = float(np.var(right.mean(axis=0))) / images

    def ends(mean: float, variance: float, df: float) -> Ends:
        return _wilson_ends(mean, variance, images, _quantile(level, df))

    return _figure(
        values,
        fixed=fixed,
        each=float(np.mean(np.var(right, axis=1))) / images,
        of_images=ends(float(np.mean(values)), fixed, math.inf),
        ends=ends,
        level=level,
    )


def mean_over_sets(figures: Sequence[Figure]) -> Figure:
    """Average figures of different sets, which vary independently.

    Parameters
    ----------
    figures : sequence of Figure
        One for each set.

    Returns
    -------
    Figure
        `values` has the mean of each set; `std`, `of_images` and `of_seeds` are NaN.
    """
    means, weight, level = [one.mean for one in figures], len(figures) ** -2, figures[0].level
    mean, variance = float(np.mean(means)), weight * math.fsum(one.variance for one in figures)
    df = _satterthwaite(variance, ((weight * one.variance, one.df) for one in figures))
    low, high = _around(mean, variance, _quantile(level, df))
    return Figure(
        mean=mean,
        values=tuple(means),
        std=math.nan,
        interval=_within_0_and_1(low, high),
        of_images=_UNDEFINED,
        of_seeds=_UNDEFINED,
        variance=variance,
        seed_variance=weight * math.fsum(one.seed_variance for one in figures),
        df=df,
        level=level,
    )


def compare_auc(
    first: Sequence[Outcome], second: Sequence[Outcome], figures: tuple[Figure, Figure]
) -> Difference:
    """Test whether two recipes have the same AUC on the same images.

    With several runs of both, the variance of the difference of the means is DeLong's for fixed
    networks plus what the seeds of either add, with Satterthwaite's degrees of freedom: the answer
    is about the recipes. Seeds are not paired, since equal seeds do not make two recipes alike.
    With a single run of either, nothing tells how much its seed matters, so the test is DeLong's,
    about these networks.

    Averaging the scores of the seeds first would compare two ensembles, which nobody trained for;
    and a median of p-values of single seeds never gains from more of them.

    Parameters
    ----------
    first, second : sequence of Outcome
        The runs of either; all labels are the same.
    figures : (Figure, Figure)
        What `auc_figure` makes of them.

    Returns
    -------
    Difference
    """
    columns = math.lcm(len(first), len(second))
    # Repeated columns change neither means nor their variance, and make unequal numbers equal.
    a, b = (
        np.tile(np.hstack([_columns(run) for run in runs]), (1, columns // len(runs)))
        for runs in (first, second)
    )
    truth = np.tile(_indicator(first[0]), (1, columns))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = roc_auc_test(
            _flat(truth), _flat(a), _flat(b), level=figures[0].level, undefined="skip"
        )
    if min(len(first), len(second)) > 1:
        return _seeds_and_images(found.difference, found.std_error**2, figures)
    return Difference(found.difference, (found.low, found.high), found.p_value, "DeLong")


def compare_acc(
    first: Sequence[Outcome], second: Sequence[Outcome], figures: tuple[Figure, Figure]
) -> Difference:
    """Test whether two recipes have the same ACC on the same images.

    With several runs of both, as `compare_auc`. With a single run of either, the exact sign test
    over the images that one answers better than the other, which is McNemar's where each image has
    one label and each recipe one run; it is about these networks.

    Parameters
    ----------
    first, second, figures
        As for `compare_auc`, the figures those of `acc_figure`.

    Returns
    -------
    Difference
    """
    from scipy.special import bdtr

    a, b = (np.mean([_right(run) for run in runs], axis=0) for runs in (first, second))
    gain = a - b
    difference, variance = float(gain.mean()), float(np.var(gain)) / len(gain)
    if min(len(first), len(second)) > 1:
        return _seeds_and_images(difference, variance, figures)
    better, worse = int((gain > _ROUNDING).sum()), int((gain < -_ROUNDING).sum())
    p_value = min(1.0, 2 * float(bdtr(min(better, worse), better + worse, 0.5)))
    simple = len(first) == len(second) == 1 and first[0].task is not Task.MULTI_LABEL
    interval = _around(difference, variance, _quantile(figures[0].level, math.inf))
    return Difference(difference, interval, p_value, "McNemar" if simple else "sign")


def compare_values(
    first: Sequence[float], second: Sequence[float], *, level: float = 0.95
) -> Difference:
    """Test whether what is measured of a run has the same mean over seeds in two recipes.

    Welch's test, for measures without a variance over images, such as a loss or a norm.

    Parameters
    ----------
    first, second : sequence of float
        Of each run; not all of one measure need be known (NaN leaves the answer undefined).
    level : float, default=0.95

    Returns
    -------
    Difference
        Interval and p-value are NaN where a recipe has a single run.

    Examples
    --------
    >>> found = compare_values([1.0, 1.2, 1.4], [0.9, 1.0, 1.1])
    >>> round(found.difference, 2), round(found.p_value, 3)
    (0.2, 0.221)
    """
    difference = float(np.mean(first)) - float(np.mean(second))
    if min(len(first), len(second)) < 2 or math.isnan(difference):
        return Difference(difference, _UNDEFINED, math.nan, "Welch")
    shares = [_seed_share(values) for values in (first, second)]
    variance = math.fsum(share for share, _ in shares)
    return _student(difference, variance, _satterthwaite(variance, shares), level, "Welch")


def _seeds_and_images(
    difference: float, fixed: float, figures: tuple[Figure, Figure]
) -> Difference:
    variance = fixed + sum(one.seed_variance for one in figures)
    shares = [_seed_share(one.values) for one in figures]
    # Not below that of the fewest runs, as it would be where two recipes' networks are more alike
    # than one recipe's, and chance over images leaves less than the runs show.
    df = max(_satterthwaite(variance, shares), min(df for _, df in shares))
    return _student(difference, variance, df, figures[0].level, "seeds and images")


def _student(difference: float, variance: float, df: float, level: float, test: str) -> Difference:
    if variance == 0:  # no network and no image differs
        p_value = 1.0 if difference == 0 else math.nan
        return Difference(difference, (difference, difference), p_value, test)
    p_value = 2 * _tail(abs(difference) / math.sqrt(variance), df)
    return Difference(
        difference, _around(difference, variance, _quantile(level, df)), p_value, test
    )


def _figure(
    values: Sequence[float],
    *,
    fixed: float,
    each: float,
    of_images: Ends,
    ends: Callable[[float, float, float], Ends],
    level: float,
) -> Figure:
    """Add what the seeds do to the variance over images, `fixed` of the mean, `each` of one run."""
    mean, runs = float(np.mean(values)), len(values)
    std, of_seeds, seed_variance, df = math.nan, _UNDEFINED, 0.0, math.inf
    if runs > 1:
        std = float(np.std(values, ddof=1))
        luck = (each - fixed) * runs / (runs - 1)
        seed_variance = float(np.maximum(0, std**2 - luck)) / runs  # NaN if it is NaN
        share = _seed_share(values)
        df = _satterthwaite(fixed + seed_variance, [share])
        of_seeds = _around(mean, share[0], _quantile(level, runs - 1))
    return Figure(
        mean=mean,
        values=tuple(values),
        std=std,
        interval=ends(mean, fixed + seed_variance, df),
        of_images=of_images,
        of_seeds=of_seeds,
        variance=fixed + seed_variance,
        seed_variance=seed_variance,
        df=df,
        level=level,
    )


def _seed_share(values: Sequence[float]) -> tuple[float, float]:
    """Return the variance of the mean that the runs show, and its degrees of freedom."""
    return float(np.var(values, ddof=1)) / len(values), len(values) - 1


def _satterthwaite(variance: float, parts: Iterable[tuple[float, float]]) -> float:
    spread = math.fsum(part**2 / df for part, df in parts)
    return variance**2 / spread if spread else math.inf


def _tail(statistic: float, df: float) -> float:
    """Return the probability of a larger t."""
    from scipy.special import stdtr

    return NormalDist().cdf(-statistic) if math.isinf(df) else float(stdtr(df, -statistic))


def _quantile(level: float, df: float) -> float:
    """Return what t stays within, on either side, with the probability `level`."""
    from scipy.special import stdtrit

    if math.isinf(df):
        return NormalDist().inv_cdf((1 + level) / 2)
    return float(stdtrit(df, (1 + level) / 2))


def _around(middle: float, variance: float, quantile: float) -> Ends:
    reach = quantile * math.sqrt(variance)
    return middle - reach, middle + reach


def _logit_ends(mean: float, variance: float, quantile: float) -> Ends:
    from scipy.special import expit

    if mean in (0, 1):
        low, high = _around(mean, variance, quantile)
        return _within_0_and_1(low, high)
    middle, error = math.log(mean / (1 - mean)), math.sqrt(variance) / (mean * (1 - mean))
    low, high = (float(expit(middle + side * quantile * error)) for side in (-1, 1))
    return low, high


def _wilson_ends(mean: float, variance: float, images: int, quantile: float) -> Ends:
    answers = mean * (1 - mean) / variance if variance > 0 else images
    shrink = 1 + quantile**2 / answers
    middle = (mean + quantile**2 / (2 * answers)) / shrink
    spread = mean * (1 - mean) / answers + quantile**2 / (4 * answers**2)
    reach = quantile * math.sqrt(spread) / shrink
    return _within_0_and_1(middle - reach, middle + reach)


def _within_0_and_1(low: float, high: float) -> Ends:
    return float(np.maximum(0, low)), float(np.minimum(1, high))  # NaN if it is NaN


def _indicator(run: Outcome) -> NDArray[np.uint8]:
    """Return a column of 0 and 1 for everything that has an area."""
    if run.task in (Task.BINARY, Task.MULTI_LABEL):
        return run.labels.astype(np.uint8)
    found: NDArray[np.uint8] = (run.labels == np.arange(run.scores.shape[1])).astype(np.uint8)
    return found


def _columns(run: Outcome) -> NDArray[np.float32]:
    """Return the scores for the columns of `_indicator`."""
    return run.scores[:, -1:] if run.task is Task.BINARY else run.scores


def _right(run: Outcome) -> NDArray[np.float64]:
    """Return the share of right answers of each image, by the rules of `metrics.accuracy`."""
    if run.task in (Task.BINARY, Task.MULTI_LABEL):
        right = (_columns(run) > np.float32(0.5)) == run.labels.astype(bool)
    else:
        right = run.scores.argmax(axis=1, keepdims=True) == run.labels
    share: NDArray[np.float64] = right.mean(axis=1)
    return share


def _delong(truth: NDArray[Any], columns: NDArray[Any], level: float) -> RocAucInterval:
    return roc_auc_interval(_flat(truth), _flat(columns), level=level, undefined="skip")


def _flat(table: NDArray[Any]) -> NDArray[Any]:
    return table[:, 0] if table.shape[1] == 1 else table
