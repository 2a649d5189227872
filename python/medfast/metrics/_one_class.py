"""One class against the rest: which labels are positive, by scikit-learn's rules."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from medfast.errors import ConfigError, ShapeError
from medfast.metrics._inputs import Labels, read_array, read_labels, read_scores, read_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Labels of which 1 is the positive one without being named.
_EVIDENT = ([0, 1], [-1, 1], [0], [-1], [1])


class OneClass(NamedTuple):
    """Labels, scores and weights of one class, as the native code takes them."""

    labels: NDArray[np.bool_]
    scores: NDArray[Any]
    weights: NDArray[np.float64] | None
    score_dtype: np.dtype[Any]
    """That of the scores before they were read."""


def read_one_class(
    y_true: ArrayLike,
    y_score: ArrayLike,
    pos_label: float | str | None,
    sample_weight: ArrayLike | None,
) -> OneClass:
    """Read labels and scores of which those with `pos_label` are the positive ones.

    Without `pos_label`, labels of 0 or -1 and 1 are no and yes, and others are refused.

    Parameters
    ----------
    y_true, y_score, pos_label, sample_weight
        As for `roc_curve`.

    Returns
    -------
    OneClass
    """
    if pos_label is not None:
        check_pos_label(pos_label)
    truth = read_labels(y_true)
    if len(truth.shape) == 2 and truth.shape[1] > 1:
        raise ShapeError(
            f"y_true has shape {truth.shape}: multilabel-indicator format is not supported; "
            "a curve is of one class, pass one column"
        )
    if pos_label is None:
        if len(truth.classes) > 2:
            raise ConfigError(
                f"multiclass format is not supported: y_true holds {len(truth.classes)} distinct "
                "labels; name the one whose curve it is with pos_label="
            )
        if truth.classes.tolist() not in _EVIDENT:
            raise ConfigError(
                f"y_true holds {truth.classes.tolist()}, of which none is evidently the positive "
                "label; name it with pos_label="
            )
        pos_label = 1
    return one_class(truth, y_score, pos_label, sample_weight)


def check_pos_label(pos_label: object) -> None:
    """Raise unless `pos_label` is of a type that labels have."""
    if not isinstance(pos_label, (Real, str, np.bool_)):
        raise ConfigError(
            f"pos_label={pos_label!r} is of type {type(pos_label).__name__}; a label is a number, "
            "a boolean or a string"
        )


def one_class(
    truth: Labels, y_score: ArrayLike, pos_label: float | str, sample_weight: ArrayLike | None
) -> OneClass:
    """Tell the class of `pos_label` from the rest."""
    given = read_array(y_score, "y_score")
    rows = truth.shape[0]
    if given.shape not in ((rows,), (rows, 1)):
        raise ShapeError(
            f"y_true has shape {truth.shape} and y_score has shape {given.shape}: the binary case "
            f"takes one score for each sample, expected ({rows},)"
        )
    place = place_of(pos_label, truth)
    # A code that no label has stands for a positive class without samples.
    labels = truth.class_codes == (len(truth.classes) if place is None else place)
    weights = None if sample_weight is None else read_weights(sample_weight, rows)
    return OneClass(labels, read_scores(given).reshape(-1), weights, given.dtype)


def place_of(label: float | str, truth: Labels) -> int | None:
    """Find the place of a label among the classes."""
    classes = truth.classes.tolist()
    return classes.index(label) if label in classes else None
