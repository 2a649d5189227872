"""The loss of each task, as it is reported and as a recipe trains with it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

from medfast.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from medfast.training.recipe import Recipe

    Loss = Callable[[Tensor, Tensor], Tensor]


def loss_function(task: Task) -> Loss:
    """Return the mean cross-entropy over classes, or over the labels of a multi-label set."""
    if task is Task.MULTI_LABEL:
        return F.binary_cross_entropy_with_logits
    return F.cross_entropy


def trains_one_vs_rest(recipe: Recipe, task: Task) -> bool:
    """Tell whether a recipe trains a sigmoid for each class of sets of this task.

    Multi-label sets have one for each label in any case, and CORN has its own losses.
    """
    corn = task is Task.ORDINAL and recipe.ordinal == "corn"
    return recipe.multi_class == "one_vs_rest" and task is not Task.MULTI_LABEL and not corn


def training_loss(
    recipe: Recipe, labels: NDArray[Any], task: Task, n_classes: int, device: torch.device
) -> Loss:
    """Return the loss that a recipe trains with: smoothed and weighted as it says.

    Balanced weights are scikit-learn's, ``n / (n_classes * count)``, of the training labels; of a
    multi-label set, the negatives for each positive, on its positives. A class without images
    weighs 1. One-vs-rest takes the classes of an image for its labels, of which it has one.
    """
    one_vs_rest = trains_one_vs_rest(recipe, task)
    if one_vs_rest:
        labels, task = (
            np.eye(n_classes, dtype=np.uint8)[labels.reshape(len(labels))],
            Task.MULTI_LABEL,
        )
    weights = None
    if recipe.class_weights == "balanced":
        weights = torch.from_numpy(_balanced_weights(labels, task, n_classes)).to(device)
    smoothing = recipe.label_smoothing
    if one_vs_rest:
        return partial(_one_vs_rest, smoothing=smoothing, pos_weight=weights)
    if task is Task.MULTI_LABEL:
        return partial(_smoothed_labels, smoothing=smoothing, pos_weight=weights)
    return partial(F.cross_entropy, weight=weights, label_smoothing=smoothing)


def loss_targets(labels: NDArray[Any], task: Task) -> NDArray[Any]:
    """Turn a file's labels into what the loss takes: class numbers, or one float per label."""
    if task is Task.MULTI_LABEL:
        return labels.astype(np.float32)
    return labels.reshape(len(labels)).astype(np.int64)


def corn_log_probabilities(logits: Tensor) -> Tensor:
    """Turn the logits of an ordinal network into the logarithms of the classes' probabilities.

    Logit k tells whether a sample that reaches grade k goes beyond it, so that grade k has the
    probability of going beyond each grade below, and no further. The cross-entropy of the result
    is CORN's loss (Shi, Cao and Raschka, "Deep neural networks for rank-consistent ordinal
    regression based on conditional probabilities", 2023, equation 6), summed over the grades and
    divided by the number of samples instead of that of the conditional tasks.

    Parameters
    ----------
    logits : Tensor of shape (n, n_classes - 1)

    Returns
    -------
    Tensor of shape (n, n_classes)
        Its exponentials sum to 1.

    Examples
    --------
    >>> corn_log_probabilities(torch.zeros(1, 3)).exp().tolist()
    [[0.5, 0.25, 0.125, 0.125]]
    """
    beyond = F.logsigmoid(logits).cumsum(dim=1)
    stays = F.logsigmoid(-logits)
    return torch.cat([stays[:, :1], beyond[:, :-1] + stays[:, 1:], beyond[:, -1:]], dim=1)


def one_vs_rest_log_probabilities(logits: Tensor) -> Tensor:
    """Turn a logit for each class, trained by itself, into logarithms of probabilities.

    They are the sigmoids divided by their sum.

    Parameters
    ----------
    logits : Tensor of shape (n, n_classes)

    Returns
    -------
    Tensor of shape (n, n_classes)
        Its exponentials sum to 1.

    Examples
    --------
    >>> one_vs_rest_log_probabilities(torch.tensor([[0.0, 0.0, 0.0, 0.0]])).exp().tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    return F.log_softmax(F.logsigmoid(logits), dim=1)


def _one_vs_rest(
    logits: Tensor, targets: Tensor, *, smoothing: float, pos_weight: Tensor | None
) -> Tensor:
    if targets.ndim == 1:  # MixUp gives a share of each class
        targets = F.one_hot(targets, logits.shape[1]).to(logits.dtype)
    return _smoothed_labels(logits, targets, smoothing=smoothing, pos_weight=pos_weight)


def _smoothed_labels(
    logits: Tensor, targets: Tensor, *, smoothing: float, pos_weight: Tensor | None
) -> Tensor:
    if smoothing:
        targets = targets * (1 - smoothing) + smoothing / 2
    return F.binary_cross_entropy_with_logits(logits, targets, pos_weight=pos_weight)


def _balanced_weights(labels: NDArray[Any], task: Task, n_classes: int) -> NDArray[np.float32]:
    n = len(labels)
    if task is Task.MULTI_LABEL:
        counts = labels.sum(axis=0, dtype=np.int64)
        weights = (n - counts) / np.maximum(counts, 1)
    else:
        counts = np.bincount(labels.reshape(n), minlength=n_classes)
        weights = n / (n_classes * np.maximum(counts, 1))
    return np.where(counts == 0, 1.0, weights).astype(np.float32)
