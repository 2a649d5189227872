"""What each epoch gave, and which one is the best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class EpochRow:
    """A row of ``metrics.csv``.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    lr : float
    train_loss : float
        Mean over the images of the epoch, each with the weights of its step.
    grad_norm : float
        Mean over the steps of the norm of the whole gradient, as one vector.
    val_loss, val_auc, val_acc : float
        With the weights at the end of the epoch. The AUC is NaN if validation lacks every class.
    train_images_per_second : float
    stall : float
        Share of the time of training in which the network waited for data.
    seconds : float
        Training and validation.
    """

    epoch: int
    lr: float
    train_loss: float
    grad_norm: float
    val_loss: float
    val_auc: float
    val_acc: float
    train_images_per_second: float
    stall: float
    seconds: float


def best_row(history: Sequence[EpochRow]) -> tuple[EpochRow, str]:
    """Choose the epoch with the highest validation AUC, the earliest of equals.

    Where no epoch has an AUC, the lowest validation loss decides.

    Returns
    -------
    row : EpochRow
    criterion : {"val_auc", "val_loss"}
        What decided.

    Examples
    --------
    >>> rows = [EpochRow(n, 1e-3, .5, 1, loss, auc, .9, 100, 0, 1)
    ...         for n, loss, auc in [(1, .4, .8), (2, .3, .9), (3, .2, .9)]]
    >>> row, criterion = best_row(rows)
    >>> row.epoch, criterion
    (2, 'val_auc')
    """
    with_auc = [row for row in history if not math.isnan(row.val_auc)]
    if with_auc:
        return max(with_auc, key=lambda row: row.val_auc), "val_auc"
    return min(history, key=lambda row: row.val_loss), "val_loss"
