"""What kind of problem labels and scores make, by scikit-learn's rules."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from medfast import _native
from medfast.errors import ConfigError, InvalidValueError, ShapeError, nearest
from medfast.metrics._inputs import (
    Labels,
    read_array,
    read_indicator,
    read_labels,
    read_scores,
    recode,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Kind = Literal["binary", "multi-class", "multi-label"]
MultiClass = Literal["raise", "ovr", "ovo"]

_MULTI_CLASS = ("raise", "ovr", "ovo")

# What an area over all entries of a table is of.
TOGETHER = "all entries together"


class Problem(NamedTuple):
    """Labels and scores of one kind, as the native code takes them."""

    kind: Kind
    truth: NDArray[Any]
    """Binary: a yes or no per sample. Multi-class: the column of each sample's class.
    Multi-label: a yes or no for every entry of `scores`."""
    scores: NDArray[Any]
    """Of shape (n_samples,) in the binary case, (n_samples, n_classes) otherwise."""
    names: list[Any]
    """The class of each column; the positive class alone in the binary case."""

    def support(self, weights: NDArray[np.float64] | None) -> NDArray[Any]:
        """Count, or weigh, the positives of every class."""
        if self.kind == "multi-class":
            return np.bincount(self.truth, weights=weights, minlength=len(self.names))
        counted = self.truth if weights is None else self.truth * weights[:, np.newaxis]
        support: NDArray[Any] = counted.sum(axis=0)
        return support


def read_problem(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    multi_class: MultiClass = "raise",
    labels: ArrayLike | None = None,
    probabilities: bool = False,
) -> Problem:
    """Read labels and scores, and tell the kind of problem by scikit-learn's rules.

    Two distinct labels make the binary case, more (or more than two columns of scores) the
    multi-class case, a table of labels with two or more columns the multi-label case.

    Parameters
    ----------
    y_true, y_score, multi_class, labels
        As for `roc_auc_score`.
    probabilities : bool, default=False
        Whether the scores of a sample must sum to 1 in the multi-class case.

    Returns
    -------
    Problem
    """
    if multi_class not in _MULTI_CLASS:
        raise ConfigError(f"multi_class={multi_class!r}; {nearest(str(multi_class), _MULTI_CLASS)}")
    return problem_of(
        read_labels(y_true),
        y_score,
        multi_class=multi_class,
        labels=labels,
        probabilities=probabilities,
    )


def problem_of(
    truth: Labels,
    y_score: ArrayLike,
    *,
    multi_class: MultiClass,
    labels: ArrayLike | None = None,
    probabilities: bool = False,
) -> Problem:
    """Do as `read_problem`, with labels that are read already."""
    scores = read_scores(y_score)
    rows = truth.shape[0]
    if scores.shape[0] != rows:
        raise ShapeError(
            f"y_true has shape {truth.shape} and y_score has shape {scores.shape}: "
            f"{rows} and {scores.shape[0]} samples"
        )
    columns = 1 if scores.ndim == 1 else scores.shape[1]
    if len(truth.shape) == 2 and truth.shape[1] > 1:
        return _multi_label(truth, scores)
    if len(truth.classes) > 2 or columns > 2:
        return _multi_class(truth, scores, multi_class, labels, probabilities)
    if columns > 1:
        raise ShapeError(
            f"y_score has shape {scores.shape}, but the binary case takes one score for "
            "each sample: pass the positive class's, y_score[:, 1]"
        )
    return Problem("binary", truth.codes, scores.reshape(-1), truth.classes[-1:].tolist())


def _multi_label(truth: Labels, scores: NDArray[Any]) -> Problem:
    indicator = read_indicator(truth, negatives=(0, -1))
    if scores.shape != truth.shape:
        raise ShapeError(
            f"y_true has shape {truth.shape} and y_score has shape {scores.shape}: "
            "multi-label labels take a score for each of them"
        )
    return Problem("multi-label", indicator, scores, list(range(scores.shape[1])))


def _multi_class(
    truth: Labels,
    scores: NDArray[Any],
    multi_class: str,
    labels: ArrayLike | None,
    probabilities: bool,
) -> Problem:
    if multi_class == "raise":
        raise ConfigError(
            "multi_class must be in ('ovo', 'ovr') for labels of more than two classes: each "
            "pair of classes, or each class against the rest"
        )
    if scores.ndim != 2:
        raise ShapeError(
            f"y_score has shape {scores.shape}; with {len(truth.classes)} classes in y_true "
            "`y_score` needs to be of shape `(n_samples, n_classes)`, a score for each class"
        )
    if probabilities:
        _native.check_probabilities(scores)
    codes, classes = _class_columns(truth, scores.shape[1], labels)
    return Problem("multi-class", codes, scores, classes.tolist())


def _class_columns(
    truth: Labels, columns: int, labels: ArrayLike | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give every label its column, and every column its class."""
    if labels is None:
        if len(truth.classes) != columns:
            raise ShapeError(
                f"y_true holds {len(truth.classes)} distinct labels, but y_score has {columns} "
                "columns; name the label of each column with labels="
            )
        return truth.class_codes, truth.classes
    known = read_array(labels, "labels").reshape(-1)
    if len(set(known.tolist())) < len(known):
        raise ConfigError(f"Parameter 'labels' must be unique; it is {known.tolist()}")
    if not all(map(operator.lt, known[:-1], known[1:])):
        raise ConfigError(f"Parameter 'labels' must be ordered; it is {known.tolist()}")
    if len(known) != columns:
        raise ShapeError(f"labels names {len(known)} classes, but y_score has {columns} columns")
    place_of = {label: place for place, label in enumerate(known.tolist())}
    places = [place_of.get(label, -1) for label in truth.classes.tolist()]
    if -1 in places:
        stranger = truth.classes.tolist()[places.index(-1)]
        raise InvalidValueError(
            f"'y_true' contains labels not in parameter 'labels': {stranger!r} for one"
        )
    return recode(truth, np.array(places), columns), known
