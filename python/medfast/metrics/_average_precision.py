"""Average precision, with scikit-learn's contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

import numpy as np

from medfast import _native
from medfast.errors import ConfigError, nearest
from medfast.metrics._inputs import read_labels, read_weights
from medfast.metrics._one_class import check_pos_label, one_class, place_of
from medfast.metrics._problem import TOGETHER, Problem, problem_of
from medfast.metrics._undefined import AVERAGE_PRECISION, check_policy, combine, report

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from medfast.metrics._undefined import Undefined

_AVERAGES = ("macro", "micro", "weighted", "samples")


@overload
def average_precision_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    average: Literal["macro", "micro", "weighted", "samples"] = ...,
    pos_label: float | str = ...,
    sample_weight: ArrayLike | None = ...,
    undefined: Undefined = ...,
) -> float: ...
@overload
def average_precision_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    average: None,
    pos_label: float | str = ...,
    sample_weight: ArrayLike | None = ...,
    undefined: Undefined = ...,
) -> float | NDArray[np.float64]: ...
def average_precision_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    average: Literal["macro", "micro", "weighted", "samples"] | None = "macro",
    pos_label: float | str = 1,
    sample_weight: ArrayLike | None = None,
    undefined: Undefined = "nan",
) -> float | NDArray[np.float64]:
    """Average precision, as `sklearn.metrics.average_precision_score` defines it.

    The sum, over the distinct scores from the highest down, of the precision of calling everything
    from there up positive, times the share of the positives that have that score. Nothing is
    interpolated. The number of threads never changes a bit of the result.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_classes)
        Labels. Two distinct ones make the binary case, more the multi-class case (each class
        against the rest); a table of 0 or -1 and 1 with two or more columns makes the multi-label
        case.
    y_score : array-like of shape (n_samples,) or (n_samples, n_classes)
        Scores, compared in their own precision: float16/32/64, or integers. Infinities are
        ordered. One score for each sample in the binary case, otherwise one for each sample and
        class, in the order of the sorted labels.
    average : {"macro", "micro", "weighted", "samples"} or None, default="macro"
        How the values of several classes become one number: their mean, the value of all entries
        together, the mean weighted by the number of positives, or the mean of the values of the
        samples. ``None`` returns the values of the classes. Ignored in the binary case.
    pos_label : int, float, bool or str, default=1
        The positive label in the binary case; otherwise it must be 1.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the samples.
    undefined : {"nan", "skip", "raise"}, default="nan"
        What to do about a class (or sample) without positives. ``"nan"`` gives scikit-learn's
        answer, which counts it as 0, with an `UndefinedMetricWarning`. ``"skip"`` averages over
        the others, and warns of those left out; NaN stands for a value that is not defined.
        ``"raise"`` raises.

    Returns
    -------
    float or ndarray of shape (n_classes,)

    Raises
    ------
    ShapeError
        If the shapes do not go together.
    InvalidValueError
        If a score is NaN, a weight is not finite, a label is none, or, with
        ``undefined="raise"``, a value is not defined.
    ConfigError
        If an option is unknown, or has no meaning for these labels.
    UnsupportedError
        If a dtype is not offered.

    Examples
    --------
    >>> from medfast.metrics import average_precision_score
    >>> average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.8333333333333333
    >>> y_score = [[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.2, 0.5, 0.3]]
    >>> average_precision_score([0, 1, 2], y_score, average=None).tolist()
    [1.0, 1.0, 1.0]
    """
    if average is not None and average not in _AVERAGES:
        raise ConfigError(f"average={average!r}; {nearest(str(average), _AVERAGES)} (or None)")
    check_policy(undefined)
    check_pos_label(pos_label)
    truth = read_labels(y_true)
    is_table = len(truth.shape) == 2 and truth.shape[1] > 1
    if is_table or len(truth.classes) > 2:
        if pos_label != 1:
            kind = "multi-label" if is_table else "multi-class"
            raise ConfigError(
                f"pos_label={pos_label!r} has no meaning for {kind} labels, of which every class "
                "is the positive one in turn; leave it out"
            )
        problem = problem_of(truth, y_score, multi_class="ovr")
        rows = truth.shape[0]
        weights = None if sample_weight is None else read_weights(sample_weight, rows)
        return _many_classes(problem, weights, average, undefined)
    if len(truth.classes) == 2 and place_of(pos_label, truth) is None:
        raise ConfigError(
            f"pos_label={pos_label} is not a valid label. It should be one of {truth.classes}"
        )
    one = one_class(truth, y_score, pos_label, sample_weight)
    area = _native.average_precision(one.labels, one.scores, one.weights)
    if np.isnan(area):
        areas = report(
            np.array([area]),
            undefined,
            "class",
            [pos_label],
            stacklevel=2,
            metric=AVERAGE_PRECISION,
        )
        return float(areas[0])
    return area


def _many_classes(
    problem: Problem,
    weights: NDArray[np.float64] | None,
    average: str | None,
    undefined: str,
) -> float | NDArray[np.float64]:
    truth, scores, names = problem.truth, problem.scores, problem.names
    subject = "column" if problem.kind == "multi-label" else "class"
    support = None
    if average == "micro":
        area = _native.average_precision_micro(truth, scores, weights)
        areas, subject, names = np.array([area]), TOGETHER, [""]
    elif average == "samples":
        if problem.kind == "multi-class":
            truth = truth[:, np.newaxis] == np.arange(len(names))
        areas = _native.average_precision_per_sample(truth, scores, None)
        subject, names, support = "row", list(range(len(areas))), weights
    else:
        areas = _native.average_precision_per_class(truth, scores, weights, None)
        if average is None:
            return report(areas, undefined, subject, names, stacklevel=3, metric=AVERAGE_PRECISION)
        if average == "weighted":
            support = problem.support(weights)
            if undefined == "nan" and not support.any():
                # Scikit-learn's answer where no class weighs anything, without a warning.
                return 0.0
    return combine(
        areas, support, undefined, subject, names, stacklevel=3, metric=AVERAGE_PRECISION
    )
