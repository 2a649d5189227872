"""Tests of the difference between the areas of two models."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np

from medfast import _native
from medfast.errors import ConfigError, ShapeError, nearest
from medfast.metrics._interval import (
    average_weights,
    check_average,
    count_units,
    mean,
    standard_error,
    to_dict,
    warn_if_degenerate,
)
from medfast.metrics._problem import Problem, read_problem
from medfast.metrics._resampling import (
    read_count,
    read_groups,
    read_level,
    read_seed,
    refuse_nan,
    tables_of,
    truth_of,
)
from medfast.metrics._undefined import check_policy, report

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from medfast.metrics._interval import IntervalAverage
    from medfast.metrics._undefined import Undefined

Alternative = Literal["two-sided", "less", "greater"]
TestMethod = Literal["delong", "permutation"]

_ALTERNATIVES = ("two-sided", "less", "greater")
_METHODS = ("delong", "permutation")
# Differences of areas that rounding alone has set apart.
_ROUNDING = 1e-12
# Samples or groups for which every exchange is tried: 2**24 are the most.
_MOST_UNITS = 24


@dataclass(frozen=True)
class RocAucTest:
    """The difference of two areas under the ROC curve, and whether chance explains it.

    Attributes
    ----------
    difference : float
        The area of the first model minus that of the second.
    low, high : float
        The ends of DeLong's two-sided interval of `difference`.
    std_error : float
        DeLong's standard error of `difference`.
    statistic : float
        z, `difference` divided by its standard error, NaN (as `p_value`) where that is 0 and the
        areas differ; the difference of the areas itself for a
        permutation test.
    p_value : float
        The probability of a statistic as far out as this if both areas were the same.
    estimate_a, estimate_b : float
        The areas.
    level : float
        The confidence level of the interval.
    alternative : {"two-sided", "less", "greater"}
    method : {"delong", "permutation"}
    name : object
        The class or label, in `per_class`; None for a whole.
    per_class : tuple of RocAucTest
        The same for every class or label; empty in the binary case.
    left_out : tuple
        The classes or labels that have no area, and that `difference` is therefore not about.
    n_resamples : int
        The exchanges that a permutation test made. 0 for DeLong.

    Examples
    --------
    >>> result = RocAucTest(0.04, 0.01, 0.07, 0.0153, 2.61, 0.009, 0.91, 0.87, 0.95)
    >>> print(result)
    AUC 0.910 - 0.870 = 0.040 [0.010, 0.070], z = 2.61, p = 0.009
    """

    difference: float
    low: float
    high: float
    std_error: float
    statistic: float
    p_value: float
    estimate_a: float
    estimate_b: float
    level: float
    alternative: str = "two-sided"
    method: str = "delong"
    name: Any = None
    per_class: tuple[RocAucTest, ...] = ()
    left_out: tuple[Any, ...] = ()
    n_resamples: int = 0

    @property
    def estimate(self) -> float:
        """The same as `difference`."""
        return self.difference

    def __str__(self) -> str:
        areas = f"AUC {self.estimate_a:.3f} - {self.estimate_b:.3f}"
        ends = f"[{self.low:.3f}, {self.high:.3f}]"
        statistic = f"z = {self.statistic:.2f}, " if self.method == "delong" else ""
        absent = ", ".join(map(str, self.left_out))
        note = f" (no AUC for class {absent})" if absent else ""
        p_value = f"p = {self.p_value:.3g}"
        return f"{areas} = {self.difference:.3f} {ends}, {statistic}{p_value}{note}"

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold: lists for tuples, ``None`` for NaN, a string for infinity.

        Examples
        --------
        >>> result = RocAucTest(0.04, 0.01, 0.07, 0.0153, 2.61, 0.009, 0.91, 0.87, 0.95)
        >>> result.to_dict()["p_value"]
        0.009
        """
        return to_dict(self)


@overload
def roc_auc_test(
    y_true: ArrayLike | tuple[ArrayLike, ArrayLike],
    score_a: ArrayLike,
    score_b: ArrayLike,
    *,
    paired: bool = ...,
    alternative: Alternative = ...,
    level: float = ...,
    method: TestMethod = ...,
    average: IntervalAverage = ...,
    multi_class: Literal["ovr"] = ...,
    labels: ArrayLike | None = ...,
    groups: ArrayLike | tuple[ArrayLike, ArrayLike] | None = ...,
    n_resamples: int = ...,
    random_state: Any = ...,
    undefined: Undefined = ...,
) -> RocAucTest: ...
@overload
def roc_auc_test(
    y_true: ArrayLike | tuple[ArrayLike, ArrayLike],
    score_a: ArrayLike,
    score_b: ArrayLike,
    *,
    paired: bool = ...,
    alternative: Alternative = ...,
    level: float = ...,
    method: TestMethod = ...,
    average: None,
    multi_class: Literal["ovr"] = ...,
    labels: ArrayLike | None = ...,
    groups: ArrayLike | tuple[ArrayLike, ArrayLike] | None = ...,
    n_resamples: int = ...,
    random_state: Any = ...,
    undefined: Undefined = ...,
) -> tuple[RocAucTest, ...]: ...
def roc_auc_test(
    y_true: ArrayLike | tuple[ArrayLike, ArrayLike],
    score_a: ArrayLike,
    score_b: ArrayLike,
    *,
    paired: bool = True,
    alternative: Alternative = "two-sided",
    level: float = 0.95,
    method: TestMethod = "delong",
    average: IntervalAverage | None = "macro",
    multi_class: Literal["ovr"] = "ovr",
    labels: ArrayLike | None = None,
    groups: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None,
    n_resamples: int = 10_000,
    random_state: Any = None,
    undefined: Undefined = "nan",
) -> RocAucTest | tuple[RocAucTest, ...]:
    """Test whether two models have the same area under the ROC curve.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_classes), or pair of them
        As for `roc_auc_interval`. With ``paired=False`` the labels of the first model's samples
        and those of the second's.
    score_a, score_b : array-like of shape (n_samples,) or (n_samples, n_classes)
        The scores of the two models: for the same samples in the same order, or each for its own.
    paired : bool, default=True
        Whether both models scored the same samples. What they have in common is then no part of
        the uncertainty.
    alternative : {"two-sided", "less", "greater"}, default="two-sided"
        What is held against equal areas: that they differ, that the first is less, or greater.
    level : float, default=0.95
        The confidence level of the interval, which is two-sided and DeLong's in any case.
    method : {"delong", "permutation"}, default="delong"
        ``"delong"``: z and the normal distribution. ``"permutation"``, for few samples, and paired
        only: the share of the ways to exchange the two models' scores, as mid-ranks, that set the
        areas as far apart. All ways are tried if there are at most `n_resamples` and 2**24;
        otherwise `n_resamples` random ones are, and the p-value counts the given one too.
    average, multi_class, labels, undefined
        As for `roc_auc_interval`.
    groups : array-like of shape (n_samples,), optional; or pair of them
        As for `roc_auc_interval`; a pair with ``paired=False``. Groups are exchanged whole.
    n_resamples : int, default=10000
        The exchanges of the permutation test.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default=None
        Seeds the permutation test.

    Returns
    -------
    RocAucTest, or tuple of RocAucTest of length n_classes
        The tuple with ``average=None`` and several classes.

    Raises
    ------
    ShapeError, InvalidValueError, ConfigError
        As `roc_auc_interval`.

    Warns
    -----
    DegenerateIntervalWarning, UndefinedMetricWarning
        As `roc_auc_interval`.

    References
    ----------
    E. DeLong, D. DeLong and D. Clarke-Pearson, "Comparing the areas under two or more correlated
    receiver operating characteristic curves", Biometrics 44 (1988). A. Bandos, H. Rockette and
    D. Gur, "A permutation test sensitive to differences in areas for comparing ROC curves from a
    paired design", Statistics in Medicine 24 (2005).

    Examples
    --------
    >>> from medfast.metrics import roc_auc_test
    >>> y_true = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    >>> first = [0.1, 0.2, 0.3, 0.35, 0.7, 0.4, 0.5, 0.6, 0.8, 0.9]
    >>> second = [0.4, 0.1, 0.7, 0.3, 0.6, 0.5, 0.2, 0.8, 0.55, 0.9]
    >>> print(roc_auc_test(y_true, first, second))
    AUC 0.880 - 0.680 = 0.200 [-0.151, 0.551], z = 1.12, p = 0.264
    >>> roc_auc_test(y_true, first, second, method="permutation").n_resamples
    1024
    """
    level = read_level(level)
    if alternative not in _ALTERNATIVES:
        raise ConfigError(
            f"alternative={alternative!r}; {nearest(str(alternative), _ALTERNATIVES)}"
        )
    if method not in _METHODS:
        raise ConfigError(f"method={method!r}; {nearest(str(method), _METHODS)}")
    if method == "permutation" and not paired:
        raise ConfigError("method='permutation' exchanges scores of the same samples: paired=True")
    check_average(average, multi_class)
    check_policy(undefined)
    setup = _paired if paired else _unpaired
    areas, variance, problem, clusters, samples = setup(y_true, score_a, score_b, labels, groups)
    subject = "column" if problem[0].kind == "multi-label" else "class"
    gone = np.isnan(areas[0]) | np.isnan(areas[1])
    shown = np.where(gone, np.nan, areas[0])
    report(shown, undefined, subject, problem[0].names, stacklevel=2)
    exchanges = None
    if method == "permutation":
        exchanges = _exchanges(problem, clusters, n_resamples, random_state)

    def test(weights: NDArray[np.float64], **rest: Any) -> RocAucTest:
        estimates = [float(mean(of, weights)) for of in areas]
        difference = estimates[0] - estimates[1]
        error = standard_error(variance, weights)
        statistic = _ratio(difference, error)
        p_value, count = _tail(statistic, alternative), 0
        if exchanges is not None:
            statistic, count = difference, len(exchanges.differences)
            p_value = exchanges.p_value(weights, alternative)
        reach = NormalDist().inv_cdf((1 + level) / 2) * error
        return RocAucTest(
            difference=difference,
            low=difference - reach,
            high=difference + reach,
            std_error=error,
            statistic=statistic,
            p_value=p_value,
            estimate_a=estimates[0],
            estimate_b=estimates[1],
            level=level,
            alternative=alternative,
            method=method,
            n_resamples=count,
            **rest,
        )

    units = np.eye(len(gone))
    if problem[0].kind == "binary":
        result = test(units[0])
        warn_if_degenerate([result], samples, of="difference")
        return result
    names = problem[0].names
    per_class = tuple(test(unit, name=name) for unit, name in zip(units, names, strict=True))
    if average is None:
        warn_if_degenerate(per_class, samples, of="difference")
        return per_class
    weights, left_out = average_weights(shown, problem[0], average, undefined)
    result = test(weights, per_class=per_class, left_out=left_out)
    warn_if_degenerate((result, *per_class), samples, of="difference")
    return result


class _Setup(NamedTuple):
    areas: tuple[NDArray[np.float64], NDArray[np.float64]]
    variance: NDArray[np.float64]
    """The covariance of the differences of the classes' areas."""
    problems: tuple[Problem, Problem]
    clusters: NDArray[np.uintp] | None
    samples: str


def _paired(
    y_true: Any, score_a: ArrayLike, score_b: ArrayLike, labels: ArrayLike | None, groups: Any
) -> _Setup:
    first = read_problem(y_true, score_a, multi_class="ovr", labels=labels)
    second = read_problem(y_true, score_b, multi_class="ovr", labels=labels)
    if first.scores.shape != second.scores.shape:
        raise ShapeError(
            f"score_a has shape {first.scores.shape} and score_b has shape {second.scores.shape}; "
            "a paired test takes scores of both models for the same samples and classes"
        )
    clusters = read_groups(groups, len(first.scores))
    tables = tables_of(first, second)
    for name, table in zip(("score_a", "score_b"), tables, strict=True):
        refuse_nan(table, name)
    areas, covariance = _native.roc_auc_covariance(truth_of(first), tables, clusters, None)
    classes = len(areas) // 2
    a, b = slice(None, classes), slice(classes, None)
    variance = covariance[a, a] + covariance[b, b] - covariance[a, b] - covariance[b, a]
    samples = count_units(first, clusters)
    return _Setup((areas[a], areas[b]), variance, (first, second), clusters, samples)


def _unpaired(
    y_true: Any, score_a: ArrayLike, score_b: ArrayLike, labels: ArrayLike | None, groups: Any
) -> _Setup:
    truths = _pair("y_true", y_true)
    clusters = (None, None) if groups is None else _pair("groups", groups)
    problems: list[Problem] = []
    areas, variances = [], []
    for truth, scores, of_model in zip(truths, (score_a, score_b), clusters, strict=True):
        problem = read_problem(truth, scores, multi_class="ovr", labels=labels)
        refuse_nan(problem.scores, ("score_a", "score_b")[len(problems)])
        numbers = read_groups(of_model, len(problem.scores))
        found, covariance = _native.roc_auc_covariance(
            truth_of(problem), tables_of(problem), numbers, None
        )
        problems.append(problem)
        areas.append(found)
        variances.append(covariance)
    first, second = problems
    # A single label names itself, whether it is the positive one or not, and has no area.
    unnamed = first.kind == second.kind == "binary" and np.isnan([*areas[0], *areas[1]]).any()
    if (first.kind, first.names) != (second.kind, second.names) and not unnamed:
        raise ShapeError(
            f"the first model's problem is {first.kind} with classes {first.names}, the second's "
            f"{second.kind} with classes {second.names}; name the classes of both with labels="
        )
    samples = f"{len(first.scores) + len(second.scores)} samples"
    variance = variances[0] + variances[1]
    return _Setup((areas[0], areas[1]), variance, (first, second), None, samples)


def _pair(name: str, value: Any) -> tuple[Any, Any]:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ShapeError(
            f"with paired=False, {name} must be a pair, ({name} of the first model's samples, "
            f"{name} of the second's), but is {type(value).__name__}"
        )
    return value[0], value[1]


def _ratio(difference: float, error: float) -> float:
    if error == 0:
        # Two models that differ without a variance tell nothing of the size of chance.
        return 0.0 if difference == 0 else math.nan
    return difference / error


def _tail(statistic: float, alternative: str) -> float:
    if alternative == "two-sided":
        return math.erfc(abs(statistic) / math.sqrt(2))
    sign = 1 if alternative == "greater" else -1
    return math.erfc(sign * statistic / math.sqrt(2)) / 2


class _Exchanges(NamedTuple):
    given: NDArray[np.float64]
    """The differences of the classes' areas without an exchange."""
    differences: NDArray[np.float64]
    complete: bool

    def p_value(self, weights: NDArray[np.float64], alternative: str) -> float:
        given = float(mean(self.given, weights))
        if math.isnan(given):
            return math.nan
        found = mean(self.differences, weights)
        if alternative == "two-sided":
            extreme = np.abs(found) >= abs(given) - _ROUNDING
        elif alternative == "greater":
            extreme = found >= given - _ROUNDING
        else:
            extreme = found <= given + _ROUNDING
        count = int(np.count_nonzero(extreme))
        # One of all exchanges is none; of random ones, none is counted on top.
        return count / len(found) if self.complete else (count + 1) / (len(found) + 1)


def _exchanges(
    problems: tuple[Problem, Problem],
    clusters: NDArray[np.uintp] | None,
    n_resamples: object,
    random_state: Any,
) -> _Exchanges:
    classes = len(problems[0].names)
    count, seed = read_count("n_resamples", n_resamples, classes), read_seed(random_state)
    truth, tables = truth_of(problems[0]), tables_of(*problems)
    units = len(truth) if clusters is None else int(clusters.max()) + 1
    complete = units <= _MOST_UNITS and 2**units <= count
    random = None if complete else (count, seed)
    areas = [_native.roc_auc_per_class(truth, table, None, 1.0, None) for table in tables]
    differences = _native.roc_auc_exchanges(truth, tables, clusters, random, None)
    return _Exchanges(areas[0] - areas[1], differences, complete)
