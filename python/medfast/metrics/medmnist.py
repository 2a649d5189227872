"""MedMNIST's evaluator, call for call, on medfast's metrics.

Replace ``from medmnist import Evaluator`` by ``from medfast.metrics.medmnist import Evaluator``,
and ``medmnist.evaluator.getAUC`` and ``getACC`` by those below. Where medmnist 3.0.2 answers, the
answer is the same; ``docs/PARITY.md`` lists where it fails and this does not.
"""

from __future__ import annotations

import os
import re
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from medfast import _native
from medfast.data.catalog import lookup
from medfast.data.dataset import load_labels
from medfast.data.predictions import prediction_file_name, read_predictions, write_scores
from medfast.data.root import data_root
from medfast.errors import ConfigError, NotProbabilitiesWarning, ShapeError
from medfast.metrics._evaluation import accuracy_of
from medfast.metrics._for_task import TaskProblem, read_for_task
from medfast.metrics._inputs import read_array
from medfast.metrics._undefined import check_policy, combine
from medfast.task import Task

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from medfast.metrics._undefined import Undefined

__all__ = ["Evaluator", "Metrics", "getACC", "getAUC"]

_FILE_NAME = re.compile(r"(?P<flag>.+?)(?:_(?P<size>\d+))?_(?P<split>train|val|test)(?![a-z])")


class Metrics(NamedTuple):
    """What `Evaluator.evaluate` returns."""

    AUC: float
    ACC: float


def getAUC(  # noqa: N802 - medmnist's name
    y_true: ArrayLike, y_score: ArrayLike, task: str, *, undefined: Undefined = "skip"
) -> float:
    """Area under the ROC curve: of the positive class, or the mean over classes or labels.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,), (n_samples, 1) or (n_samples, n_labels)
    y_score : array-like of shape (n_samples,), (n_samples, 1), (n_samples, 2) or \
            (n_samples, n_classes)
    task : str
        In MedMNIST's words or in medfast's.
    undefined : {"skip", "nan", "raise"}, default="skip"
        What to do about a class without an area: leave it out of the mean, with a warning that
        names it; return NaN, as medmnist does; or raise.

    Returns
    -------
    float

    Raises
    ------
    ShapeError, InvalidValueError, ConfigError
        As `medfast.metrics.evaluate`.

    Warns
    -----
    UndefinedMetricWarning
        If a class has no area.

    Examples
    --------
    >>> getAUC([[0], [1], [1]], [[0.8, 0.2], [0.4, 0.6], [0.7, 0.3]], "binary-class")
    1.0
    """
    check_policy(undefined)
    return _auc(read_for_task(y_true, y_score, Task.parse(task)), undefined)


def _auc(problem: TaskProblem, undefined: Undefined) -> float:
    areas = _native.roc_auc_per_class(problem.truth, problem.scores, None, 1.0, None)
    # To the caller of the function that called this one.
    return combine(areas, None, undefined, "class", problem.classes, stacklevel=3)


def getACC(  # noqa: N802 - medmnist's name
    y_true: ArrayLike, y_score: ArrayLike, task: str, threshold: float = 0.5
) -> float:
    """Accuracy: of the largest score, or of comparing scores with `threshold`.

    Parameters
    ----------
    y_true, y_score, task
        As for `getAUC`.
    threshold : float, default=0.5
        For binary and multi-label tasks.

    Returns
    -------
    float

    Raises
    ------
    ShapeError, InvalidValueError, ConfigError
        As `medfast.metrics.accuracy`.

    Warns
    -----
    NotProbabilitiesWarning
        If the threshold lies between 0 and 1 and the scores do not, as with logits.

    Examples
    --------
    >>> getACC([0, 1, 1], [0.2, 0.6, 0.3], "binary-class")
    0.6666666666666666
    """
    return _acc(read_for_task(y_true, y_score, Task.parse(task)), threshold)


def _acc(problem: TaskProblem, threshold: float) -> float:
    found = accuracy_of(problem, threshold)
    if problem.task in (Task.BINARY, Task.MULTI_LABEL) and 0 < threshold < 1:
        low, high = problem.scores.min(), problem.scores.max()
        if low < 0 or high > 1:
            warnings.warn(
                f"the scores reach from {low:.4g} to {high:.4g}, so they are no probabilities, but "
                f"are compared with {threshold}; take the sigmoid of logits, or pass threshold=0",
                NotProbabilitiesWarning,
                stacklevel=3,
            )
    return found


class Evaluator:
    """Scores of one split of an official set, evaluated as MedMNIST does.

    Parameters
    ----------
    flag : str
        The set: ``"breastmnist"``.
    split : {"train", "val", "test"}
    size : int, optional
        Size of the images in pixels, 28 by default.
    root : path, optional
        Folder of the data files; ``$MEDMNIST_ROOT`` or ``~/.medmnist`` by default. The labels alone
        are read, once for all evaluators of the split.

    Attributes
    ----------
    labels : ndarray of shape (n_samples, 1) or (n_samples, n_labels)
        Read-only.
    info : DatasetInfo
        The facts of the set; ``info.task.medmnist`` is ``medmnist.INFO[flag]["task"]``.

    Raises
    ------
    ConfigError
        If no set has that name, split or size.
    DatasetNotFoundError
        If its file is missing.
    CorruptDatasetError, MissingKeyError
        If its file is damaged.
    """

    def __init__(
        self,
        flag: str,
        split: str,
        size: int | str | None = None,
        root: str | os.PathLike[str] | None = None,
    ) -> None:
        self.info = lookup(flag)
        self.flag = self.info.flag
        self.split = split
        try:
            self.size = 28 if size is None else int(str(size))
        except ValueError:
            raise ConfigError(f"size={size!r}; it must be a number of pixels, as 64") from None
        self.size_flag = "" if self.size == 28 else f"_{self.size}"
        self.root = data_root(root)
        self.labels = load_labels(flag, split, size=self.size, root=root)

    def evaluate(
        self,
        y_score: ArrayLike,
        save_folder: str | os.PathLike[str] | None = None,
        run: object = None,
    ) -> Metrics:
        """Return AUC and ACC, and write the scores to a folder if one is given.

        Parameters
        ----------
        y_score : array-like of shape (n_samples,), (n_samples, 1), (n_samples, 2) or \
                (n_samples, n_classes)
        save_folder : path, optional
            Gets a file of the name that `get_standard_evaluation_filename` returns.
        run : object, optional
            Ends that name.

        Returns
        -------
        Metrics

        Raises
        ------
        ShapeError, InvalidValueError
            If the scores are not for this split.
        StorageError
            If the file cannot be written; nothing is left of it.
        """
        scores = read_array(y_score, "y_score")
        if len(scores) != len(self.labels):
            raise ShapeError(
                f"y_score has shape {scores.shape}, but {self.flag} {self.split} has "
                f"{len(self.labels)} samples; score every one, in their order"
            )
        problem = read_for_task(self.labels, scores, self.info.task)
        metrics = Metrics(_auc(problem, "skip"), _acc(problem, 0.5))
        if save_folder is not None:
            path = Path(save_folder) / self.get_standard_evaluation_filename(metrics, run)
            write_scores(path, scores.reshape(len(scores), -1))
        return metrics

    def get_standard_evaluation_filename(self, metrics: Metrics, run: object = None) -> str:
        """Name a file of scores; the time in seconds stands for a run without a name.

        Raises
        ------
        ConfigError
            If `run` cannot be part of a file name.
        """
        label = str(time.time() if run is None else run)
        if set(label) & {"/", os.sep, "\0"}:
            raise ConfigError(f"run={label!r} cannot be part of a file name; leave the slashes out")
        return prediction_file_name(
            self.flag, self.size, self.split, auc=metrics.AUC, acc=metrics.ACC, run=label
        )

    def get_dummy_prediction(self) -> NDArray[np.float64]:
        """Return random scores of the right shape; those of classes sum to 1."""
        rng = np.random.default_rng()
        if self.info.task in (Task.BINARY, Task.MULTI_LABEL):
            return rng.random(self.labels.shape)
        scores = rng.random((len(self.labels), self.info.n_classes))
        summed: NDArray[np.float64] = scores / scores.sum(axis=1, keepdims=True)
        return summed

    @classmethod
    def parse_and_evaluate(
        cls,
        path: str | os.PathLike[str],
        run: object = None,
        *,
        root: str | os.PathLike[str] | None = None,
    ) -> Metrics:
        """Evaluate a file of scores, of the set and split that its name begins with.

        Parameters
        ----------
        path : path
            Rows ``number,score,...``. The name begins with ``{flag}_{split}`` or
            ``{flag}_{size}_{split}``.
        run : object, optional
            Ends the name of the file that is written beside it; by default what stands between the
            last ``@`` and the next dot of `path`.
        root : path, optional
            As for `Evaluator`.

        Returns
        -------
        Metrics

        Raises
        ------
        ConfigError
            If the name tells no set and split, or no run.
        DatasetNotFoundError, CorruptDatasetError
            If the file is missing or is no table of scores.
        """
        path = Path(path)
        match = _FILE_NAME.match(path.name)
        if match is None:
            raise ConfigError(
                f"{path.name} does not begin with a set and a split, as breastmnist_test or "
                "breastmnist_64_test do; rename it, or use Evaluator(flag, split)"
            )
        if run is None:
            if "@" not in path.name:
                raise ConfigError(f"{path.name} names no run after an @; pass run=")
            run = path.name.split("@")[-1].split(".")[0]
        evaluator = cls(match["flag"], match["split"], match["size"], root)
        return evaluator.evaluate(read_predictions(path).scores, path.parent, run)
