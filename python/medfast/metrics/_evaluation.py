"""AUC and ACC as MedMNIST reports them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast import _native
from medfast.errors import InvalidValueError
from medfast.metrics._for_task import TaskProblem, read_for_task
from medfast.metrics._undefined import check_policy, combine, report
from medfast.task import Task

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from medfast.metrics._undefined import Undefined


@dataclass(frozen=True)
class Evaluation:
    """AUC and ACC of one set of predictions.

    Attributes
    ----------
    auc : float
        The mean of the defined areas in `per_class_auc`; NaN if there are none.
    acc : float
        Accuracy.
    per_class_auc : tuple of float
        The area of every class (of the positive class alone for a binary task), NaN where it is
        not defined.
    absent_classes : tuple of int
        The classes without an area, because no sample or every sample is of them; for a binary
        task, the label that no sample has.

    Examples
    --------
    >>> print(Evaluation(0.9131, 0.8462, (0.9131,), ()))
    AUC 0.913 ACC 0.846
    """

    auc: float
    acc: float
    per_class_auc: tuple[float, ...]
    absent_classes: tuple[int, ...]

    def __str__(self) -> str:
        absent = ", ".join(map(str, self.absent_classes))
        note = f" (no AUC for class {absent})" if absent else ""
        return f"AUC {self.auc:.3f} ACC {self.acc:.3f}{note}"

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold: lists for tuples, ``None`` for NaN.

        Examples
        --------
        >>> Evaluation(1.0, 0.75, (1.0, math.nan), (1,)).to_dict()
        {'auc': 1.0, 'acc': 0.75, 'per_class_auc': [1.0, None], 'absent_classes': [1]}
        """
        return {
            "auc": _none_if_nan(self.auc),
            "acc": self.acc,
            "per_class_auc": [_none_if_nan(area) for area in self.per_class_auc],
            "absent_classes": list(self.absent_classes),
        }


def _none_if_nan(value: float) -> float | None:
    return None if math.isnan(value) else value


def evaluate(
    y_true: ArrayLike, y_score: ArrayLike, task: Task | str, *, undefined: Undefined = "skip"
) -> Evaluation:
    """AUC and ACC of predictions, as MedMNIST defines them for each task.

    AUC is the area of the positive class (binary), or the mean over the columns of the area of
    each label (multi-label) or of each class against the rest (multi-class, ordinal). ACC is
    `accuracy` with its default threshold.

    Where `medmnist.Evaluator` (3.0.2) gives numbers, these are the same ones. It gives NaN for a
    class that no sample has, and fails on a single sample; it takes labels outside the classes.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,), (n_samples, 1) or (n_samples, n_labels)
        0 or 1 (binary; multi-label: for each label), or the class number.
    y_score : array-like of shape (n_samples,), (n_samples, 1), (n_samples, 2) or \
            (n_samples, n_classes)
        Scores: of the positive class, or of both (binary); of every label or class otherwise. They
        need not sum to 1.
    task : Task or str
        In medfast's words or in MedMNIST's.
    undefined : {"skip", "nan", "raise"}, default="skip"
        What to do about a class without a defined area: leave it out of the mean (with an
        `UndefinedMetricWarning` only if none is left), return NaN with such a warning, or raise.
        `Evaluation.absent_classes` lists them in any case.

    Returns
    -------
    Evaluation

    Raises
    ------
    ShapeError
        If the shapes are not those of the task.
    InvalidValueError
        If a score is NaN, a label is no class of the task, or, with
        ``undefined="raise"``, an area is not defined.

    Examples
    --------
    >>> from medfast.metrics import evaluate
    >>> print(evaluate([[0], [1], [1]], [[0.8, 0.2], [0.4, 0.6], [0.7, 0.3]], "binary"))
    AUC 1.000 ACC 0.667
    """
    check_policy(undefined)
    problem = read_for_task(y_true, y_score, Task.parse(task))
    areas = _native.roc_auc_per_class(problem.truth, problem.scores, None, 1.0, None)
    undefined_classes = np.flatnonzero(np.isnan(areas)).tolist()
    if problem.task is Task.BINARY and undefined_classes:
        undefined_classes = [0 if problem.truth[0, 0] else 1]
    if undefined == "skip":
        # `absent_classes` says what is left out; only that nothing is left takes a warning.
        report(areas, undefined, "class", problem.classes, stacklevel=2)
        defined = areas[~np.isnan(areas)]
        auc = float(np.mean(defined)) if len(defined) else math.nan
    else:
        auc = combine(areas, None, undefined, "class", problem.classes, stacklevel=2)
    return Evaluation(
        auc=auc,
        acc=accuracy_of(problem, 0.5),
        per_class_auc=tuple(areas.tolist()),
        absent_classes=tuple(undefined_classes),
    )


def accuracy(
    y_true: ArrayLike, y_score: ArrayLike, task: Task | str, *, threshold: float = 0.5
) -> float:
    """Share of right decisions, as MedMNIST defines them for each task.

    Binary and multi-label: the score is above `threshold` (strictly) exactly where the label is 1;
    multi-label counts every label of every sample. Multi-class and ordinal: the class has the
    largest score, the first of equals counting as the largest.

    Parameters
    ----------
    y_true, y_score, task
        As for `evaluate`.
    threshold : float, default=0.5
        For binary and multi-label, in the precision of the scores.

    Returns
    -------
    float

    Raises
    ------
    ShapeError, InvalidValueError
        As `evaluate`.

    Examples
    --------
    >>> from medfast.metrics import accuracy
    >>> accuracy([0, 2, 1], [[0.6, 0.3, 0.1], [0.2, 0.3, 0.5], [0.4, 0.3, 0.3]], "multi-class")
    0.6666666666666666
    """
    return accuracy_of(read_for_task(y_true, y_score, Task.parse(task)), threshold)


def accuracy_of(problem: TaskProblem, threshold: float) -> float:
    """Do as `accuracy`, with labels and scores that are read already."""
    if math.isnan(threshold):
        raise InvalidValueError("threshold is NaN, which no score is above; pass a number")
    if problem.truth.ndim == 1:
        return _native.accuracy_argmax(problem.truth, problem.scores)
    dtype = problem.score_dtype
    if dtype.kind == "f":
        threshold = dtype.type(threshold).item()
    return _native.accuracy_threshold(problem.truth, problem.scores, float(threshold))
