"""Files of scores against labels: areas with intervals, accuracy, and a test between two models."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from medfast.data.catalog import lookup
from medfast.data.dataset import load_labels
from medfast.data.digits import LABEL_NAMES
from medfast.data.predictions import Predictions, read_labels, read_predictions
from medfast.errors import ConfigError, InvalidValueError, ShapeError
from medfast.metrics import RocAucInterval, RocAucTest, roc_auc_interval, roc_auc_test
from medfast.metrics.medmnist import getACC
from medfast.task import Task

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from medfast.metrics._interval import IntervalMethod

    PathLike = str | os.PathLike[str]

_Result = TypeVar("_Result", RocAucInterval, RocAucTest)


@dataclass(frozen=True)
class Comparison:
    """Another model on the same samples.

    Attributes
    ----------
    path : str
        The file of its scores.
    acc : float
        Its accuracy.
    test : RocAucTest
        The first model's area minus its area.
    """

    path: str
    acc: float
    test: RocAucTest


@dataclass(frozen=True)
class Score:
    """What a file of scores comes to.

    Attributes
    ----------
    path : str
        The file.
    labels : str
        Where the labels are from.
    task : Task
    n_samples : int
    class_names : tuple of str
        The name of each class or label.
    positives : tuple of int
        The samples of each class or label.
    acc : float
        Accuracy, as `medfast.metrics.accuracy`.
    auc : RocAucInterval
        The area of the positive class, or the mean over the classes that have one.
    absent_classes : tuple of str
        Classes without an area, as no sample or every sample is of them.
    comparison : Comparison or None
    notes : tuple of str
        What is to be known of these figures.
    """

    path: str
    labels: str
    task: Task
    n_samples: int
    class_names: tuple[str, ...]
    positives: tuple[int, ...]
    acc: float
    auc: RocAucInterval
    absent_classes: tuple[str, ...]
    comparison: Comparison | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        comparison = self.comparison
        return {
            **vars(self),
            "task": self.task.value,
            "auc": self.auc.to_dict(),
            "comparison": comparison and {**vars(comparison), "test": comparison.test.to_dict()},
        }


def score_predictions(
    path: PathLike,
    *,
    dataset: str | None = None,
    split: str = "test",
    size: int = 28,
    root: PathLike | None = None,
    labels: PathLike | None = None,
    task: str | Task | None = None,
    compare: PathLike | None = None,
    level: float = 0.95,
    method: IntervalMethod = "delong",
    random_state: Any = None,
) -> Score:
    """Score a file of predictions.

    The labels are those of a split of an official set, of a file, or of the predictions' own
    columns ``true_0``, ....

    Parameters
    ----------
    path : path
        See `medfast.data.predictions.read_predictions`.
    dataset, split, size, root
        As for `medfast.data.dataset.load_labels`.
    labels : path, optional
        See `medfast.data.predictions.read_labels`.
    task : str or Task, optional
        What the labels mean; by default the set's task, or what the columns tell: several of
        labels are multi-label, more than two of scores are multi-class, others binary.
    compare : path, optional
        The scores of another model for the same samples.
    level, method, random_state
        As for `roc_auc_interval`.

    Returns
    -------
    Score

    Raises
    ------
    ConfigError
        If there are no labels, or two sources of them, or an option is unknown.
    DatasetNotFoundError, CorruptDatasetError
        If a file is missing or damaged.
    ShapeError, InvalidValueError
        If labels and scores do not go together.
    """
    predictions = read_predictions(path)
    source = _find_labels(path, predictions, dataset, split, size, root, labels)
    chosen = _choose_task(task, source, predictions)
    _check_columns(chosen, source, predictions)
    truth = source.labels
    _check_rows(path, predictions, source)
    other = None
    if compare is not None:
        other = read_predictions(compare)
        _check_rows(compare, other, source)
        if other.scores.shape != predictions.scores.shape:
            raise ShapeError(
                f"{compare} has {other.scores.shape[1]} scores for each sample, {path} has "
                f"{predictions.scores.shape[1]}; compare models of the same classes"
            )
    names = source.names or tuple(map(str, range(max(2, predictions.scores.shape[1]))))
    comparison = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        acc = getACC(truth, predictions.scores, chosen)
        y_true, y_score, options = _problem(truth, predictions.scores, chosen)
        options |= {"level": level, "undefined": "skip"}
        auc: RocAucInterval = roc_auc_interval(
            y_true, y_score, method=method, random_state=random_state, **options
        )
        if other is not None:
            test = roc_auc_test(
                y_true, y_score, _problem(truth, other.scores, chosen)[1], **options
            )
            acc_of_other = getACC(truth, other.scores, chosen)
            comparison = Comparison(str(compare), acc_of_other, _named(test, names))
    counts = _count_positives(truth, chosen, len(names))
    return Score(
        path=str(path),
        labels=source.where,
        task=chosen,
        n_samples=len(truth),
        class_names=names,
        positives=counts,
        acc=acc,
        auc=_named(auc, names),
        absent_classes=tuple(
            name for name, count in zip(names, counts, strict=True) if count in (0, len(truth))
        ),
        comparison=comparison,
        notes=tuple(dict.fromkeys(str(warning.message) for warning in caught)),
    )


class _Labels(NamedTuple):
    where: str
    labels: NDArray[np.integer[Any]]
    task: Task | None = None
    names: tuple[str, ...] = ()


def _find_labels(
    path: PathLike,
    predictions: Predictions,
    dataset: str | None,
    split: str,
    size: int,
    root: PathLike | None,
    labels: PathLike | None,
) -> _Labels:
    if dataset is not None and labels is not None:
        raise ConfigError("dataset and labels both name labels; pass one of them")
    if labels is not None:
        return _Labels(str(labels), read_labels(labels))
    if dataset is not None:
        found = load_labels(dataset, split, size=size, root=root)
        if dataset.casefold() == "digits":
            return _Labels(f"digits {split}", found, Task.MULTI_CLASS, LABEL_NAMES)
        info = lookup(dataset)
        return _Labels(f"{info.flag} {split}", found, info.task, info.label_names)
    if predictions.labels is None:
        raise ConfigError(
            f"{path} has no columns true_0, ..., so the labels must come from elsewhere: pass "
            "dataset and split (--dataset, --split), or labels (--labels)"
        )
    return _Labels(str(path), predictions.labels)


def _choose_task(task: str | Task | None, source: _Labels, predictions: Predictions) -> Task:
    if task is not None:
        chosen = Task.parse(task)
        if source.task is not None and source.task is not chosen:
            raise ConfigError(
                f"the task of {source.where} is {source.task.value!r}, not {chosen.value!r}"
            )
        return chosen
    if source.task is not None:
        return source.task
    if source.labels.shape[1] > 1:
        return Task.MULTI_LABEL
    return Task.BINARY if predictions.scores.shape[1] <= 2 else Task.MULTI_CLASS


def _check_columns(task: Task, source: _Labels, predictions: Predictions) -> None:
    labels, scores = source.labels.shape[1], predictions.scores.shape[1]
    if task is Task.MULTI_LABEL:
        fits, expected = labels == scores > 1, "several labels, and a score for each"
    elif task is Task.BINARY:
        fits, expected = labels == 1 and scores <= 2, "one label, and one or two scores"
    else:
        fits, expected = labels == 1 and scores > 1, "one label, and a score for each class"
    if not fits:
        raise ShapeError(
            f"{source.where} has {labels} label(s) for each sample and the predictions {scores} "
            f"score(s); the task {task.value!r} takes {expected}"
        )


def _check_rows(path: PathLike, predictions: Predictions, source: _Labels) -> None:
    samples = len(source.labels)
    if len(predictions.scores) != samples:
        raise ShapeError(
            f"{path} has scores of {len(predictions.scores)} samples, but {source.where} has "
            f"{samples} labels; is it the right split?"
        )
    own = predictions.labels
    if own is not None and not np.array_equal(own, source.labels):
        differ = "other columns"
        if own.shape == source.labels.shape:
            rows = np.flatnonzero((own != source.labels).any(axis=1))
            differ = f"{len(rows)} of {samples} samples, the first of them {rows[0]}"
        raise InvalidValueError(
            f"the labels in {path} are not those of {source.where}: they differ in {differ}"
        )


def _problem(
    truth: NDArray[Any], scores: NDArray[np.float64], task: Task
) -> tuple[NDArray[Any], NDArray[np.float64], dict[str, Any]]:
    """Lay labels and scores out as the metrics take them."""
    classes = scores.shape[1]
    if task is Task.BINARY:
        return truth[:, 0], scores[:, -1], {}
    if task is Task.MULTI_LABEL:
        return truth, scores, {}
    if classes > 2:
        return truth[:, 0], scores, {"labels": range(classes)}
    # Two classes with a score each: the metrics would take them for the binary case.
    return (truth == np.arange(classes)).astype(np.uint8), scores, {}


def _count_positives(truth: NDArray[Any], task: Task, classes: int) -> tuple[int, ...]:
    if task is Task.MULTI_LABEL:
        return tuple(np.count_nonzero(truth, axis=0).tolist())
    return tuple(np.bincount(truth[:, 0], minlength=classes).tolist())


def _named(result: _Result, names: Sequence[str]) -> _Result:
    per_class = tuple(
        replace(part, name=name) for part, name in zip(result.per_class, names, strict=False)
    )
    left_out = tuple(names[place] for place in result.left_out)
    return replace(result, per_class=per_class, left_out=left_out)
