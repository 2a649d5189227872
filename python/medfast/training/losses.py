"""The loss of each task, and its mean over an epoch."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

from medfast.errors import InvalidValueError
from medfast.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

_SECONDS_BETWEEN_FETCHES = 0.25


def loss_function(task: Task) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the mean cross-entropy over classes, or over the labels of a multi-label set."""
    if task is Task.MULTI_LABEL:
        return F.binary_cross_entropy_with_logits
    return F.cross_entropy


def loss_targets(labels: NDArray[Any], task: Task) -> NDArray[Any]:
    """Turn a file's labels into what the loss takes: class numbers, or one float per label."""
    if task is Task.MULTI_LABEL:
        return labels.astype(np.float32)
    return labels.reshape(len(labels)).astype(np.int64)


class LossMeter:
    """The losses of an epoch, fetched from the device now and then instead of at every step.

    Parameters
    ----------
    epoch : int
        Counted from 1, for the error.

    Attributes
    ----------
    latest : float
        The newest loss that was fetched; NaN before the first.
    """

    def __init__(self, epoch: int) -> None:
        self.latest = math.nan
        self._epoch = epoch
        self._waiting: list[Tensor] = []
        self._values: list[float] = []
        self._images: list[int] = []
        self._fetched = time.perf_counter()

    def add(self, loss: Tensor, images: int) -> None:
        """Take the mean loss of a batch.

        Raises
        ------
        InvalidValueError
            If a loss so far is not finite; the message names the epoch and the step.
        """
        self._waiting.append(loss.detach())
        self._images.append(images)
        if time.perf_counter() - self._fetched >= _SECONDS_BETWEEN_FETCHES:
            self._fetch()

    def mean(self) -> float:
        """Return the mean over the images; raises as `add` does."""
        self._fetch()
        return float(np.average(self._values, weights=self._images))

    def _fetch(self) -> None:
        values = torch.stack(self._waiting).tolist() if self._waiting else []
        self._waiting.clear()
        for step, value in enumerate(values, start=len(self._values) + 1):
            if not math.isfinite(value):
                raise InvalidValueError(
                    f"the loss became {value} in epoch {self._epoch}, step {step}: training "
                    "diverges; lower the learning rate, or use fp32"
                )
        self._values += values
        self.latest = self._values[-1]
        self._fetched = time.perf_counter()
