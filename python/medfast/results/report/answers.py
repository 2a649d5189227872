"""What a network said of a split, beside what is true."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

_THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class Answers:
    """Labels and scores of the same images.

    Attributes
    ----------
    task : Task
    names : tuple of str
        The K classes or labels.
    labels : ndarray of shape (n, 1), or (n, K) for a multi-label task
        As a set holds them.
    scores : ndarray of shape (n, K)
        Probabilities.
    """

    task: Task
    names: tuple[str, ...]
    labels: NDArray[np.integer[Any]]
    scores: NDArray[np.floating[Any]]

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def multi_label(self) -> bool:
        """Whether an image may have several labels, or none."""
        return self.task is Task.MULTI_LABEL

    @cached_property
    def truth(self) -> NDArray[np.bool_]:
        """Whether an image is of a class or has a label, of shape (n, K)."""
        if self.multi_label:
            return self.labels.astype(np.bool_)
        return self._one_of_classes(self.labels)

    @cached_property
    def decided(self) -> NDArray[np.bool_]:
        """What the scores decide, as `medfast.metrics.accuracy` does, of shape (n, K)."""
        if self.multi_label:
            return self._above_threshold(self.scores)
        return self._one_of_classes(self.chosen[:, np.newaxis])

    @cached_property
    def chosen(self) -> NDArray[np.intp]:
        """The class decided for, of shape (n,); of no meaning for a multi-label task."""
        if self.task is Task.BINARY:
            return self._above_threshold(self.scores[:, -1]).astype(np.intp)
        found: NDArray[np.intp] = self.scores.argmax(axis=1)
        return found

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Whether each decision is right: of shape (n, 1), or (n, K) for a multi-label task."""
        same: NDArray[np.bool_] = np.asarray(self.truth == self.decided)
        if not self.multi_label:
            same = np.asarray(same.all(axis=1, keepdims=True))
        return same

    def _one_of_classes(self, numbers: NDArray[Any]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = numbers == np.arange(len(self.names))
        return found

    def _above_threshold(self, scores: NDArray[Any]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = scores > _THRESHOLD
        return found

    @property
    def ranked(self) -> tuple[int, ...]:
        """The classes that have a curve of their own: of a binary task, the positive one alone."""
        return (1,) if self.task is Task.BINARY else tuple(range(len(self.names)))

    def is_defined(self, column: int) -> bool:
        """Whether a class has an area: some images are of it, and some are not."""
        return bool(0 < np.count_nonzero(self.truth[:, column]) < len(self))

    def is_lone(self, column: int) -> bool:
        """Whether a class has a single image, or all but one."""
        return int(np.count_nonzero(self.truth[:, column])) in (1, len(self) - 1)
