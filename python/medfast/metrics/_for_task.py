"""Labels and scores of a known task, as MedMNIST lays them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from medfast.errors import ShapeError
from medfast.metrics._inputs import (
    Labels,
    read_array,
    read_class_numbers,
    read_indicator,
    read_labels,
    read_scores,
)
from medfast.task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


class TaskProblem(NamedTuple):
    """Labels and scores as the native code takes them."""

    task: Task
    truth: NDArray[Any]
    """A yes or no for every entry of `scores`, or the class number of every row."""
    scores: NDArray[Any]
    score_dtype: np.dtype[Any]
    classes: range


def read_for_task(y_true: ArrayLike, y_score: ArrayLike, task: Task) -> TaskProblem:
    """Read labels and scores of the shapes that `evaluate` takes."""
    labels = read_labels(y_true)
    raw = read_array(y_score, "y_score")
    given = raw.shape
    if task is Task.BINARY:
        # The last column, as a table of one.
        raw = raw.reshape(len(raw), -1)[:, -1:] if raw.ndim == 1 or raw.shape[1] <= 2 else raw
    _check_shapes(labels, raw, given, task)
    scores = read_scores(raw)
    rows, columns = scores.shape
    if task is Task.MULTI_LABEL:
        return TaskProblem(task, read_indicator(labels), scores, raw.dtype, range(columns))
    if task is Task.BINARY:
        truth = read_indicator(labels).reshape(rows, 1)
        return TaskProblem(task, truth, scores, raw.dtype, range(1, 2))
    truth = read_class_numbers(labels, columns)
    return TaskProblem(task, truth, scores, raw.dtype, range(columns))


def _check_shapes(labels: Labels, scores: NDArray[Any], given: tuple[int, ...], task: Task) -> None:
    rows = labels.shape[0]
    if task is Task.MULTI_LABEL:
        fits = len(labels.shape) == 2 and scores.shape == labels.shape
        expected = "(n_samples, n_labels) for both"
    else:
        one_label = labels.shape in ((rows,), (rows, 1))
        if task is Task.BINARY:
            fits = one_label and scores.shape == (rows, 1)
            expected = "(n_samples,) or (n_samples, 1), and up to two columns of scores"
        else:
            fits = one_label and scores.ndim == 2 and scores.shape[0] == rows
            expected = "(n_samples,) or (n_samples, 1), and scores of (n_samples, n_classes)"
    if not fits:
        raise ShapeError(
            f"y_true has shape {labels.shape} and y_score has shape {given}; "
            f"a {task.value} task takes {expected}"
        )
