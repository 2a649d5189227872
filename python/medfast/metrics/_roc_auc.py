"""The area under the ROC curve, with scikit-learn's contract."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Literal, overload

import numpy as np

from medfast import _native
from medfast.errors import ConfigError, UnsupportedError, nearest
from medfast.metrics._inputs import read_weights
from medfast.metrics._problem import TOGETHER, Problem, read_problem
from medfast.metrics._undefined import check_policy, combine, report

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from medfast.metrics._undefined import Undefined

Average = Literal["macro", "micro", "weighted", "samples"]

_AVERAGES = ("macro", "micro", "weighted", "samples")
# From `combine` and `report` over the function of the kind of labels and `roc_auc_score`.
_TO_CALLER = 3


class NotOfferedError(UnsupportedError, NotImplementedError):
    """Well-defined, but neither scikit-learn nor medfast computes it."""


@overload
def roc_auc_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    average: Average = ...,
    sample_weight: ArrayLike | None = ...,
    max_fpr: float | None = ...,
    multi_class: Literal["raise", "ovr", "ovo"] = ...,
    labels: ArrayLike | None = ...,
    undefined: Undefined = ...,
) -> float: ...
@overload
def roc_auc_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    average: None,
    sample_weight: ArrayLike | None = ...,
    max_fpr: float | None = ...,
    multi_class: Literal["raise", "ovr", "ovo"] = ...,
    labels: ArrayLike | None = ...,
    undefined: Undefined = ...,
) -> float | NDArray[np.float64]: ...
def roc_auc_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    average: Average | None = "macro",
    sample_weight: ArrayLike | None = None,
    max_fpr: float | None = None,
    multi_class: Literal["raise", "ovr", "ovo"] = "raise",
    labels: ArrayLike | None = None,
    undefined: Undefined = "nan",
) -> float | NDArray[np.float64]:
    """Area under the ROC curve, as `sklearn.metrics.roc_auc_score` defines it.

    The share of (positive, negative) pairs that the scores put in the right order, a tie counting
    half. Without weights it is counted in integers and rounded once; with weights it is summed in
    one fixed order. The number of threads never changes a bit of the result. Scores are ranked as
    they are: logits and probabilities are treated alike.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_classes)
        Labels. Two distinct ones (numbers, booleans, strings; the greater is the positive one)
        make the binary case, more the multi-class case; a table of 0 or -1 and 1 with two or more
        columns makes the multi-label case.
    y_score : array-like of shape (n_samples,) or (n_samples, n_classes)
        Scores, compared in their own precision: float16/32/64, or integers. They may be infinite,
        the lowest and the highest, but not NaN. One score for
        each sample in the binary case. Otherwise one for each sample and class; in the multi-class
        case the scores of a sample must sum to 1.
    average : {"macro", "micro", "weighted", "samples"} or None, default="macro"
        How the areas of several classes become one number: their mean, the area of all entries
        together, the mean weighted by the number of positives, or the mean of the areas of the
        samples. ``None`` returns the areas of the classes. Ignored in the binary case. Multi-class
        takes no ``"samples"``, and with ``multi_class="ovo"`` only ``"macro"`` and ``"weighted"``.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the samples. Not with ``multi_class="ovo"``.
    max_fpr : float in (0, 1], optional
        Below 1, the partial area up to this false positive rate, standardised so that chance is
        0.5 (McClish 1989). Not in the multi-class case.
    multi_class : {"raise", "ovr", "ovo"}, default="raise"
        Multi-class only, and required there: each class against the rest, or each pair of classes
        (Hand and Till 2001).
    labels : array-like of shape (n_classes,), optional
        Multi-class only: the label of each column of `y_score`, ascending. By default the sorted
        labels of `y_true`.
    undefined : {"nan", "skip", "raise"}, default="nan"
        What to do about a class (or sample) that lacks positives or negatives. ``"nan"`` warns
        and lets NaN into the average, as scikit-learn does; but one-vs-one leaves the pairs of an
        absent class out, and says nothing, as it does too. ``"skip"`` averages over the defined
        areas, and warns of those left out. ``"raise"`` raises.

    Returns
    -------
    float or ndarray of shape (n_classes,)

    Raises
    ------
    ShapeError
        If the shapes do not go together.
    InvalidValueError
        If a score is NaN, a weight NaN or infinite, a label is no class, or, with
        ``undefined="raise"``, an area is not defined.
    ConfigError
        If an option is unknown, or has no meaning for these labels.
    UnsupportedError
        If a dtype or a combination of options is not offered.

    Warns
    -----
    UndefinedMetricWarning
        If an area is not defined, see `undefined`.

    References
    ----------
    D. McClish, "Analyzing a portion of the ROC curve", Medical Decision Making 9 (1989).

    D. Hand and R. Till, "A simple generalisation of the area under the ROC curve for multiple
    class classification problems", Machine Learning 45 (2001).

    Examples
    --------
    >>> from medfast.metrics import roc_auc_score
    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    >>> y_true = [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
    >>> y_score = [[0.9, 0.2, 0.1], [0.6, 0.7, 0.2], [0.5, 0.6, 0.3]]
    >>> roc_auc_score(y_true, y_score, average=None, undefined="skip").tolist()
    [0.5, 1.0, nan]
    """
    if average is not None and average not in _AVERAGES:
        raise ConfigError(f"average={average!r}; {nearest(str(average), _AVERAGES)} (or None)")
    check_policy(undefined)
    limit = 1.0 if max_fpr is None else _read_limit(max_fpr)
    problem = read_problem(
        y_true, y_score, multi_class=multi_class, labels=labels, probabilities=True
    )
    rows = len(problem.scores)
    weights = None if sample_weight is None else read_weights(sample_weight, rows)
    if problem.kind == "binary":
        return _binary(problem, weights, limit, undefined)
    if problem.kind == "multi-label":
        return _multi_label(problem, weights, average, limit, undefined)
    if limit != 1.0:
        raise ConfigError(f"max_fpr={max_fpr!r} has no meaning for multi-class labels")
    if multi_class == "ovo":
        return _one_vs_one(problem, weights, average, undefined)
    return _one_vs_rest(problem, weights, average, undefined)


def _read_limit(max_fpr: object) -> float:
    if isinstance(max_fpr, Real) and 0 < float(max_fpr) <= 1:
        return float(max_fpr)
    raise ConfigError(f"max_fpr={max_fpr!r}; it must be a number above 0 and up to 1, or None")


def _binary(
    problem: Problem, weights: NDArray[np.float64] | None, limit: float, undefined: str
) -> float:
    area = _native.roc_auc(problem.truth, problem.scores, weights, limit)
    if np.isnan(area):
        report(np.array([area]), undefined, "class", problem.names, stacklevel=_TO_CALLER)
    return area


def _multi_label(
    problem: Problem,
    weights: NDArray[np.float64] | None,
    average: str | None,
    limit: float,
    undefined: str,
) -> float | NDArray[np.float64]:
    truth, scores = problem.truth, problem.scores
    if average == "micro":
        area = _native.roc_auc_micro(truth, scores, weights, limit)
        return combine(np.array([area]), None, undefined, TOGETHER, [""], stacklevel=_TO_CALLER)
    if average == "samples":
        areas = _native.roc_auc_per_sample(truth, scores, limit, None)
        return combine(areas, weights, undefined, "row", stacklevel=_TO_CALLER)
    areas = _native.roc_auc_per_class(truth, scores, weights, limit, None)
    if average is None:
        report(areas, undefined, "column", stacklevel=_TO_CALLER)
        return areas
    support = problem.support(weights) if average == "weighted" else None
    return combine(areas, support, undefined, "column", stacklevel=_TO_CALLER)


def _one_vs_rest(
    problem: Problem,
    weights: NDArray[np.float64] | None,
    average: str | None,
    undefined: str,
) -> float | NDArray[np.float64]:
    if average == "samples":
        raise ConfigError(
            "average must be one of ('micro', 'macro', 'weighted', None) for multiclass problems; "
            "a sample has one class, so 'samples' has no meaning"
        )
    codes, scores, names = problem.truth, problem.scores, problem.names
    if average == "micro":
        area = _native.roc_auc_micro(codes, scores, weights, 1.0)
        return combine(np.array([area]), None, undefined, TOGETHER, [""], stacklevel=_TO_CALLER)
    areas = _native.roc_auc_per_class(codes, scores, weights, 1.0, None)
    if average is None:
        report(areas, undefined, "class", names, stacklevel=_TO_CALLER)
        return areas
    support = problem.support(weights) if average == "weighted" else None
    return combine(areas, support, undefined, "class", names, stacklevel=_TO_CALLER)


def _one_vs_one(
    problem: Problem,
    weights: NDArray[np.float64] | None,
    average: str | None,
    undefined: str,
) -> float:
    if average is None:
        raise NotOfferedError(
            "average=None is not implemented for multi_class='ovo', where an area is of a pair of "
            "classes"
        )
    if average not in ("macro", "weighted"):
        raise ConfigError(
            "average must be one of ('macro', 'weighted', None) for multiclass problems with "
            f"multi_class='ovo', not {average!r}"
        )
    if weights is not None:
        raise ConfigError("sample_weight has no meaning with multi_class='ovo'")
    codes, names = problem.truth, problem.names
    absent = np.bincount(codes, minlength=len(names)) == 0
    # Pairs with an absent class are left out, by scikit-learn too, which says nothing of it.
    if undefined != "nan" or np.count_nonzero(~absent) < 2:
        areas = np.where(absent | (len(names) - absent.sum() < 2), np.nan, 1.0)
        report(areas, undefined, "class", names, stacklevel=_TO_CALLER, averaged=True)
    return _native.roc_auc_one_vs_one(codes, problem.scores, average == "weighted", None)
