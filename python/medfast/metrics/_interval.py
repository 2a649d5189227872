"""Confidence intervals of areas under the ROC curve."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from medfast import _native
from medfast.errors import ConfigError, DegenerateIntervalWarning, nearest
from medfast.metrics._problem import Problem, read_problem
from medfast.metrics._resampling import (
    read_count,
    read_groups,
    read_level,
    read_seed,
    tables_of,
    truth_of,
)
from medfast.metrics._undefined import check_policy, report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from medfast.metrics._undefined import Undefined

IntervalMethod = Literal["delong", "bootstrap"]
IntervalAverage = Literal["macro", "weighted"]

AVERAGES = ("macro", "weighted")
_METHODS = ("delong", "bootstrap")
_SUBJECTS = {"binary": "class", "multi-class": "class", "multi-label": "column"}


@dataclass(frozen=True)
class RocAucInterval:
    """An area under the ROC curve with its confidence interval.

    Attributes
    ----------
    estimate : float
        The area, or the average of the classes' areas.
    low, high : float
        The ends of the interval, within [0, 1].
    std_error : float
        The standard error of `estimate`: DeLong's, or the standard deviation of the replicates.
    level : float
        The confidence level.
    method : {"delong", "bootstrap"}
    name : object
        The class or label, in `per_class`; None for a whole.
    per_class : tuple of RocAucInterval
        The same for every class or label; empty in the binary case.
    left_out : tuple
        The classes or labels that have no area, and that `estimate` is therefore not about.
    n_resamples : int
        The replicates that the bootstrap used: those in which every class kept its positives and
        negatives. 0 for DeLong.

    Examples
    --------
    >>> print(RocAucInterval(0.9129, 0.8634, 0.9624, 0.0253, 0.95, "delong"))
    AUC 0.913 [0.863, 0.962]
    """

    estimate: float
    low: float
    high: float
    std_error: float
    level: float
    method: str
    name: Any = None
    per_class: tuple[RocAucInterval, ...] = ()
    left_out: tuple[Any, ...] = ()
    n_resamples: int = 0

    def __str__(self) -> str:
        absent = ", ".join(map(str, self.left_out))
        note = f" (no AUC for class {absent})" if absent else ""
        return f"AUC {self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]{note}"

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold: lists for tuples, ``None`` for NaN.

        Examples
        --------
        >>> RocAucInterval(0.9, 0.8, 0.95, 0.04, 0.95, "delong").to_dict()["low"]
        0.8
        """
        return to_dict(self)


def to_dict(result: Any) -> dict[str, Any]:
    """Return the fields of a result as JSON can hold them."""
    return {name: _plain(value) for name, value in vars(result).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, tuple):
        return [to_dict(item) if hasattr(item, "to_dict") else _plain(item) for item in value]
    return value


@overload
def roc_auc_interval(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    level: float = ...,
    method: IntervalMethod = ...,
    transform: Literal["logit"] | None = ...,
    average: IntervalAverage = ...,
    multi_class: Literal["ovr"] = ...,
    labels: ArrayLike | None = ...,
    groups: ArrayLike | None = ...,
    n_resamples: int = ...,
    random_state: Any = ...,
    undefined: Undefined = ...,
) -> RocAucInterval: ...
@overload
def roc_auc_interval(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    level: float = ...,
    method: IntervalMethod = ...,
    transform: Literal["logit"] | None = ...,
    average: None,
    multi_class: Literal["ovr"] = ...,
    labels: ArrayLike | None = ...,
    groups: ArrayLike | None = ...,
    n_resamples: int = ...,
    random_state: Any = ...,
    undefined: Undefined = ...,
) -> tuple[RocAucInterval, ...]: ...
def roc_auc_interval(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    level: float = 0.95,
    method: IntervalMethod = "delong",
    transform: Literal["logit"] | None = "logit",
    average: IntervalAverage | None = "macro",
    multi_class: Literal["ovr"] = "ovr",
    labels: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    n_resamples: int = 2000,
    random_state: Any = None,
    undefined: Undefined = "nan",
) -> RocAucInterval | tuple[RocAucInterval, ...]:
    """Area under the ROC curve with a confidence interval.

    The estimate is that of `roc_auc_score`: of the positive class, or the average over the classes
    (each against the rest) or labels. All classes are scored on the same samples, so their areas
    vary together; the interval of the average takes that into account.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_classes)
        As for `roc_auc_score`.
    y_score : array-like of shape (n_samples,) or (n_samples, n_classes)
        As for `roc_auc_score`, but the scores of a sample need not sum to 1.
    level : float, default=0.95
        The confidence level, between 0 and 1.
    method : {"delong", "bootstrap"}, default="delong"
        ``"delong"``: the variance from the structural components of the areas, and a normal
        distribution. ``"bootstrap"``: the percentiles of the areas of resampled samples, drawn
        within each class; multi-label samples, which are in several classes, are drawn from all.
    transform : {"logit"} or None, default="logit"
        Where DeLong's interval is symmetric: on the logit scale, where it cannot leave [0, 1] and
        covers better near 1; or on the scale of the area, clipped to [0, 1]. Percentiles are the
        same on both.
    average : {"macro", "weighted"} or None, default="macro"
        The mean of the classes' areas, or their mean weighted by the number of positives (which is
        taken as given). ``None`` returns the intervals of the classes alone. Ignored in the binary
        case.
    multi_class : {"ovr"}, default="ovr"
        Each class against the rest.
    labels : array-like of shape (n_classes,), optional
        As for `roc_auc_score`.
    groups : array-like of shape (n_samples,), optional
        What samples belong together, as the images of a patient do: integers or strings. Samples
        of different groups are independent, those of one need not be.
    n_resamples : int, default=2000
        The replicates of the bootstrap.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default=None
        Seeds the bootstrap. The same integer gives the same interval on any number of threads.
    undefined : {"nan", "skip", "raise"}, default="nan"
        What to do about a class without an area: let NaN into the average with an
        `UndefinedMetricWarning`; average over the others, which `RocAucInterval.left_out` tells;
        or raise.

    Returns
    -------
    RocAucInterval, or tuple of RocAucInterval of length n_classes
        The tuple with ``average=None`` and several classes.

    Raises
    ------
    ShapeError, InvalidValueError
        As `roc_auc_score`.
    ConfigError
        If an option is unknown or out of its range.

    Warns
    -----
    DegenerateIntervalWarning
        If the interval has no width, which says that the samples are too few or too well
        separated to estimate it, and not that the area is certain; if a class has a single
        positive or negative, so that there is nothing to estimate a variance from (the ends are
        NaN, or the bootstrap's too close); or if replicates had to be left out.
    UndefinedMetricWarning
        If an area is not defined, see `undefined`.

    References
    ----------
    E. DeLong, D. DeLong and D. Clarke-Pearson, "Comparing the areas under two or more correlated
    receiver operating characteristic curves", Biometrics 44 (1988). N. Obuchowski, "Nonparametric
    analysis of clustered ROC curve data", Biometrics 53 (1997), for `groups`. X. Sun and W. Xu,
    "Fast implementation of DeLong's algorithm", IEEE Signal Processing Letters 21 (2014), for the
    components by ranks. M. Pepe, "The statistical evaluation of medical tests" (2003), for the
    logit scale.

    Examples
    --------
    >>> from medfast.metrics import roc_auc_interval
    >>> y_true = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    >>> y_score = [0.1, 0.2, 0.3, 0.35, 0.7, 0.4, 0.5, 0.6, 0.8, 0.9]
    >>> found = roc_auc_interval(y_true, y_score)
    >>> print(found)
    AUC 0.880 [0.398, 0.988]
    >>> round(found.std_error, 3)
    0.13
    """
    level = read_level(level)
    _check_options(method, transform, average, multi_class)
    check_policy(undefined)
    problem = read_problem(y_true, y_score, multi_class="ovr", labels=labels)
    clusters = read_groups(groups, len(problem.scores))
    if method == "delong":
        areas, covariance = _native.roc_auc_covariance(
            truth_of(problem), tables_of(problem), clusters, None
        )
        spread: _Spread = _Normal(covariance, level, transform)
        requested = 0
    else:
        requested, seed = (
            read_count("n_resamples", n_resamples, len(problem.names)),
            read_seed(random_state),
        )
        spread = _Replicates(_replicates(problem, clusters, requested, seed), level)
        areas = _native.roc_auc_per_class(truth_of(problem), tables_of(problem)[0], None, 1.0, None)
    report(areas, undefined, _SUBJECTS[problem.kind], problem.names, stacklevel=2)

    def interval(weights: NDArray[np.float64], **rest: Any) -> RocAucInterval:
        estimate = float(mean(areas, weights))
        std_error, low, high, used = spread.of(estimate, weights)
        return RocAucInterval(
            estimate, low, high, std_error, level, method, n_resamples=used, **rest
        )

    units = np.eye(len(areas))
    samples = count_units(problem, clusters)
    lone = _lone(problem, clusters) if requested else []
    if problem.kind == "binary":
        result = interval(units[0])
        lone = [None] if lone else []
        warn_if_degenerate([result], samples, requested, lone=lone)
        return result
    per_class = tuple(
        interval(unit, name=name) for unit, name in zip(units, problem.names, strict=True)
    )
    if average is None:
        warn_if_degenerate(per_class, samples, requested, lone=lone)
        return per_class
    weights, left_out = average_weights(areas, problem, average, undefined)
    result = interval(weights, per_class=per_class, left_out=left_out)
    warn_if_degenerate((result, *per_class), samples, requested, lone=lone)
    return result


def _check_options(method: object, transform: object, average: object, multi_class: object) -> None:
    if method not in _METHODS:
        raise ConfigError(f"method={method!r}; {nearest(str(method), _METHODS)}")
    if transform not in ("logit", None):
        raise ConfigError(f"transform={transform!r}; it must be 'logit' or None")
    check_average(average, multi_class)


def check_average(average: object, multi_class: object) -> None:
    """Raise unless the average of these areas has an interval."""
    if average is not None and average not in AVERAGES:
        raise ConfigError(f"average={average!r}; {nearest(str(average), AVERAGES)} (or None)")
    if multi_class != "ovr":
        raise ConfigError(
            f"multi_class={multi_class!r}; intervals and tests take 'ovr', each class against the "
            "rest"
        )


def average_weights(
    areas: NDArray[np.float64], problem: Problem, average: str, undefined: str
) -> tuple[NDArray[np.float64], tuple[Any, ...]]:
    """Weigh the classes in their average; tell which are left out."""
    weights = np.ones(len(areas))
    if average == "weighted":
        weights = problem.support(None).astype(np.float64)
    left_out: tuple[Any, ...] = ()
    missing = np.isnan(areas)
    if undefined == "skip":
        left_out = tuple(name for name, gone in zip(problem.names, missing, strict=True) if gone)
        if not missing.all():
            weights[missing] = 0
    return weights, left_out


def mean(areas: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average over the last axis; what weighs nothing may be NaN, and nothing at all is NaN.

    The weights are whole numbers, divided by last: so the mean of ones is 1 to the bit.
    """
    used = weights != 0
    if not used.any():
        return np.full(areas.shape[:-1], np.nan)
    found: NDArray[np.float64] = areas[..., used] @ weights[used] / weights.sum()
    return found


class _Spread:
    def of(self, estimate: float, weights: NDArray[np.float64]) -> tuple[float, float, float, int]:
        """Return the standard error, the ends, and the number of replicates."""
        raise NotImplementedError


class _Normal(_Spread):
    def __init__(
        self, covariance: NDArray[np.float64], level: float, transform: str | None
    ) -> None:
        self.covariance = covariance
        self.quantile = NormalDist().inv_cdf((1 + level) / 2)
        self.transform = transform

    def of(self, estimate: float, weights: NDArray[np.float64]) -> tuple[float, float, float, int]:
        std_error = standard_error(self.covariance, weights)
        reach = self.quantile * std_error
        if self.transform == "logit" and 0 < estimate < 1:
            centre = math.log(estimate / (1 - estimate))
            reach /= estimate * (1 - estimate)
            return std_error, _logistic(centre - reach), _logistic(centre + reach), 0
        low, high = estimate - reach, estimate + reach
        if math.isnan(reach):
            return std_error, math.nan, math.nan, 0
        return std_error, max(low, 0.0), min(high, 1.0), 0


def standard_error(covariance: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the standard error of what `mean` returns."""
    used = weights != 0
    variance = float(weights[used] @ covariance[np.ix_(used, used)] @ weights[used])
    if math.isnan(variance) or not used.any():
        return math.nan
    return math.sqrt(max(variance, 0.0)) / float(weights.sum())


def _logistic(value: float) -> float:
    if value < 0:
        power = math.exp(value)
        return power / (1 + power)
    return 1 / (1 + math.exp(-value))


class _Replicates(_Spread):
    def __init__(self, areas: NDArray[np.float64], level: float) -> None:
        self.areas = areas
        self.tails = ((1 - level) / 2, (1 + level) / 2)

    def of(self, estimate: float, weights: NDArray[np.float64]) -> tuple[float, float, float, int]:
        replicates = mean(self.areas, weights)
        replicates = replicates[~np.isnan(replicates)]
        if math.isnan(estimate) or len(replicates) < 2:
            return math.nan, math.nan, math.nan, len(replicates)
        low, high = np.quantile(replicates, self.tails).tolist()
        return float(np.std(replicates, ddof=1)), low, high, len(replicates)


def count_units(problem: Problem, clusters: NDArray[np.uintp] | None) -> str:
    """Say how many samples or groups there are."""
    if clusters is None:
        return f"{len(problem.scores)} samples"
    return f"{int(clusters.max()) + 1} groups"


def _lone(problem: Problem, clusters: NDArray[np.uintp] | None) -> list[Any]:
    """Name the classes with a single positive or negative, or group of them."""
    truth = truth_of(problem)
    lone = []
    for column, name in enumerate(problem.names):
        positive = truth == column if problem.kind == "multi-class" else truth[:, column] != 0
        for side in (positive, ~positive):
            units = np.flatnonzero(side) if clusters is None else np.unique(clusters[side])
            if len(units) == 1:
                lone.append(name)
    return lone


def _replicates(
    problem: Problem, clusters: NDArray[np.uintp] | None, count: int, seed: int
) -> NDArray[np.float64]:
    strata = None
    if clusters is None and problem.kind != "multi-label":
        strata = np.unique(problem.truth, return_inverse=True)[1].reshape(-1).astype(np.uintp)
    return _native.roc_auc_bootstrap(
        truth_of(problem), tables_of(problem), count, seed, strata, clusters, None
    )


def warn_if_degenerate(
    results: Iterable[Any],
    samples: str,
    requested: int = 0,
    *,
    of: str = "AUC",
    lone: Iterable[Any] = (),
) -> None:
    """Tell the caller's caller which intervals are not what they seem.

    Parameters
    ----------
    results : iterable of RocAucInterval or RocAucTest
    samples : str
        How many samples or groups there are.
    requested : int
        The replicates that were asked for.
    of : str
        What the intervals are of.
    lone : iterable
        The names of resampled classes with a single positive or negative.
    """
    lone = set(lone)
    endless, flat, thinned, single = [], [], [], []
    for result in results:
        subject = "the whole" if result.name is None else f"class {result.name}"
        if math.isnan(result.estimate):
            continue
        if math.isnan(result.low):
            endless.append(subject)
        elif result.low == result.high:
            flat.append(subject)
        elif result.name in lone:
            single.append(subject)
        if 0 < result.n_resamples < requested:
            thinned.append(f"{subject} ({requested - result.n_resamples})")
    messages = [
        (endless, "has no interval, for a class with a single positive or negative (or group of "
         "them) gives nothing to estimate a variance from; collect more samples"),
        (flat, f"has an interval of no width, for its {samples} show no variation of it, which "
         "says nothing about new ones; report their number with it"),
        (single, "has an interval without the variation of a single positive or negative (or group "
         "of them), so that it is too narrow; collect more samples"),
        (thinned, f"had replicates without positives or negatives, which were left out of "
         f"{requested}; its interval is too narrow to that extent"),
    ]  # fmt: skip
    for subjects, message in messages:
        if subjects:
            text = f"the {of} of {', '.join(subjects)} {message}"
            warnings.warn(text, DegenerateIntervalWarning, stacklevel=3)
