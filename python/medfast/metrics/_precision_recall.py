"""The precision-recall curve, with scikit-learn's contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from medfast import _native
from medfast.metrics._one_class import read_one_class
from medfast.metrics._roc_curve import check_drop_intermediate
from medfast.metrics._undefined import check_policy, tell

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from medfast.metrics._undefined import Undefined


def precision_recall_curve(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    pos_label: float | str | None = None,
    sample_weight: ArrayLike | None = None,
    drop_intermediate: bool = False,
    undefined: Undefined = "nan",
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[Any]]:
    """Points of precision and recall, as `sklearn.metrics.precision_recall_curve` defines them.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels.
    y_score : array-like of shape (n_samples,)
        Scores, compared in their own precision: float16/32/64, or integers. Infinities are
        ordered.
    pos_label : int, float, bool or str, optional
        The positive label; all others are negative. Needed unless the labels are 0 or -1 and 1.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the samples.
    drop_intermediate : bool, default=False
        Leave out points whose neighbours on both sides have the same recall.
    undefined : {"nan", "skip", "raise"}, default="nan"
        What to do without positives, where recall is not defined. ``"nan"`` gives scikit-learn's
        answer, which is a recall of 1 at every threshold; ``"skip"`` gives NaN. Both come with an
        `UndefinedMetricWarning`. ``"raise"`` raises.

    Returns
    -------
    precision : ndarray of shape (n_thresholds + 1,), float64
        Of the samples that score ``thresholds[i]`` or more, the share of positives; the last is 1.
    recall : ndarray of shape (n_thresholds + 1,), float64
        The share of the positives that score ``thresholds[i]`` or more; the last is 0.
    thresholds : ndarray of shape (n_thresholds,), dtype of `y_score`
        Distinct scores, the lowest first.

    Raises
    ------
    ShapeError, InvalidValueError, ConfigError, UnsupportedError
        As `roc_curve`.

    Examples
    --------
    >>> from medfast.metrics import precision_recall_curve
    >>> precision, recall, thresholds = precision_recall_curve([0, 1, 1], [0.4, 0.3, 0.8])
    >>> precision.tolist(), recall.tolist()
    ([0.6666666666666666, 0.5, 1.0, 1.0], [1.0, 0.5, 0.5, 0.0])
    >>> thresholds.tolist()
    [0.3, 0.4, 0.8]
    """
    check_policy(undefined)
    check_drop_intermediate(drop_intermediate)
    problem = read_one_class(y_true, y_score, pos_label, sample_weight)
    precision, recall, thresholds = _native.precision_recall_curve(
        problem.labels, problem.scores, problem.weights, bool(drop_intermediate)
    )
    if problem.score_dtype.kind != "O":
        thresholds = thresholds.astype(problem.score_dtype, copy=False)
    if recall is None:
        message = "No positive class found in y_true: recall is not defined"
        if undefined == "nan":
            message += ", and is 1 here as in scikit-learn"
        tell(message, undefined, stacklevel=2)
        recall = np.full(len(precision), 1.0 if undefined == "nan" else np.nan)
        recall[-1] = 0.0
    return precision, recall, thresholds
