"""Decisions counted: for each class, and for each pair of classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from medfast.results.report.answers import Answers


@dataclass(frozen=True, eq=False)
class ClassFigures:
    """Figures of each class or label, after a decision.

    Attributes
    ----------
    precision : ndarray of shape (K,)
        Of the images said to be of the class, the share that is; NaN if none was said to be.
    recall : ndarray of shape (K,)
        Of the images of the class, the share that was said to be; NaN if there is none.
    f1 : ndarray of shape (K,)
        Their harmonic mean.
    support : ndarray of shape (K,)
        The images of the class.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.integer[Any]]


def class_figures(answers: Answers) -> ClassFigures:
    """Count by scikit-learn, for each class against the rest."""
    from sklearn.metrics import precision_recall_fscore_support

    return ClassFigures(
        *precision_recall_fscore_support(
            answers.truth, answers.decided, average=None, zero_division=np.nan
        )
    )


def confusion_counts(answers: Answers) -> NDArray[np.integer[Any]]:
    """Count the images of each class (row) that were taken for each class (column).

    Returns
    -------
    ndarray of shape (K, K)
    """
    from sklearn.metrics import confusion_matrix

    found: NDArray[np.integer[Any]] = confusion_matrix(
        answers.labels[:, 0], answers.chosen, labels=range(len(answers.names))
    )
    return found


def label_counts(answers: Answers) -> NDArray[np.integer[Any]]:
    """Count for each label the images that have it or not (row), and are said to or not (column).

    Returns
    -------
    ndarray of shape (K, 2, 2)
        First "no", then "yes".
    """
    from sklearn.metrics import multilabel_confusion_matrix

    found: NDArray[np.integer[Any]] = multilabel_confusion_matrix(answers.truth, answers.decided)
    return found
