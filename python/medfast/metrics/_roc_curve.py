"""The ROC curve, with scikit-learn's contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from medfast import _native
from medfast.errors import ConfigError
from medfast.metrics._one_class import read_one_class
from medfast.metrics._undefined import check_policy, tell

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from medfast.metrics._undefined import Undefined


def roc_curve(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    pos_label: float | str | None = None,
    sample_weight: ArrayLike | None = None,
    drop_intermediate: bool = True,
    undefined: Undefined = "nan",
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Points of the ROC curve, as `sklearn.metrics.roc_curve` defines them.

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
    drop_intermediate : bool, default=True
        Leave out points that lie on the line between their neighbours.
    undefined : {"nan", "skip", "raise"}, default="nan"
        What to do without negatives or without positives: return NaN for the rate that is not
        defined, with an `UndefinedMetricWarning` (``"nan"`` and ``"skip"``: there is no other
        class to turn to), or raise.

    Returns
    -------
    fpr : ndarray of shape (n_thresholds,), float64
        The share of the negatives that score ``thresholds[i]`` or more; the first is 0.
    tpr : ndarray of shape (n_thresholds,), float64
        The share of the positives that score ``thresholds[i]`` or more; the first is 0.
    thresholds : ndarray of shape (n_thresholds,), float64
        Infinity, then distinct scores, the highest first.

    Raises
    ------
    ShapeError
        If the shapes do not go together.
    InvalidValueError
        If a score is NaN, a weight is not finite, or, with ``undefined="raise"``, a rate is not
        defined.
    ConfigError
        If `pos_label` is needed, or an option is unknown.
    UnsupportedError
        If a dtype is not offered.

    Examples
    --------
    >>> from medfast.metrics import roc_curve
    >>> fpr, tpr, thresholds = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> fpr.tolist(), tpr.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0])
    >>> thresholds.tolist()
    [inf, 0.8, 0.4, 0.35, 0.1]
    """
    check_policy(undefined)
    check_drop_intermediate(drop_intermediate)
    problem = read_one_class(y_true, y_score, pos_label, sample_weight)
    fpr, tpr, thresholds = _native.roc_curve(
        problem.labels, problem.scores, problem.weights, bool(drop_intermediate)
    )
    if fpr is None:
        tell(
            "No negative samples in y_true: the false positive rate is not defined",
            undefined,
            stacklevel=2,
        )
        fpr = np.full(len(thresholds), np.nan)
    if tpr is None:
        tell(
            "No positive samples in y_true: the true positive rate is not defined",
            undefined,
            stacklevel=2,
        )
        tpr = np.full(len(thresholds), np.nan)
    return fpr, tpr, thresholds


def check_drop_intermediate(drop_intermediate: object) -> None:
    """Raise unless `drop_intermediate` is a yes or a no."""
    if not isinstance(drop_intermediate, (bool, np.bool_)):
        raise ConfigError(f"drop_intermediate={drop_intermediate!r}; it must be True or False")
