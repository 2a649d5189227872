"""From a network and images to scores, losses and metrics."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from medfast import metrics
from medfast.data.loader import Loader
from medfast.errors import InvalidValueError, UndefinedMetricWarning
from medfast.task import Task
from medfast.training.losses import loss_function, loss_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from medfast.data.dataset import Split
    from medfast.metrics import Evaluation
    from medfast.training.device import Compute
    from medfast.training.recipe import Recipe

# Training keeps the activations of every layer, scoring those of a few: this many batches of
# training fit at once. A CPU is fastest at one, whose activations stay nearer to its caches.
_BATCHES_AT_ONCE = {"cpu": 1, "cuda": 4}


@dataclass(frozen=True, eq=False)
class SplitScores:
    """A network's answer on a split.

    Attributes
    ----------
    scores : ndarray of float32 of shape (n, n_classes)
        Probabilities in the order of the file: softmax over classes, sigmoid for each label.
    loss : float
        Mean over the images.
    evaluation : Evaluation
        AUC and ACC as MedMNIST defines them, the AUC over the classes that have one.
    """

    scores: NDArray[np.float32]
    loss: float
    evaluation: Evaluation

    def to_dict(self, label_names: Sequence[str]) -> dict[str, Any]:
        """Return what ``summary.json`` holds of a split, classes without an AUC by name."""
        return {
            "images": len(self.scores),
            "loss": self.loss,
            **self.evaluation.to_dict(),
            "absent_classes": [label_names[index] for index in self.evaluation.absent_classes],
        }


def score_images(
    model: nn.Module, images: NDArray[np.uint8], channels: int, recipe: Recipe, compute: Compute
) -> Tensor:
    """Run a network over images, in their order and without augmentation.

    Returns
    -------
    torch.Tensor of float32 of shape (n, n_classes)
        Logits, on the CPU.

    Raises
    ------
    InvalidValueError
        If a logit is NaN or infinite.
    """
    loader = Loader(
        images,
        np.zeros(len(images), np.uint8),
        recipe.pipeline(channels, train=False),
        batch_size=_BATCHES_AT_ONCE[compute.device.type] * recipe.batch_size,
    )
    model.eval()
    with torch.inference_mode(), compute.autocast():
        # float32 before any score: probabilities in bfloat16 collapse into ties.
        logits = torch.cat([model(batch).float() for batch, _ in loader.tensors(compute.device)])
    wrong = (~logits.isfinite()).any(dim=1).nonzero()
    if len(wrong):
        raise InvalidValueError(
            f"the network gives a logit that is no finite number, first for image {int(wrong[0])}: "
            "training has diverged; lower the learning rate, or use fp32"
        )
    return logits.cpu()


def probabilities(logits: Tensor, task: Task) -> NDArray[np.float32]:
    """Turn float32 logits into scores."""
    scores = logits.sigmoid() if task is Task.MULTI_LABEL else logits.softmax(dim=1)
    return scores.numpy()


def score_split(
    model: nn.Module, split: Split, task: Task, channels: int, recipe: Recipe, compute: Compute
) -> SplitScores:
    """Score a split of a set; raises as `score_images` does."""
    logits = score_images(model, split.images, channels, recipe, compute)
    scores = probabilities(logits, task)
    targets = torch.from_numpy(loss_targets(split.labels, task))
    with warnings.catch_warnings():
        # The summary and the table say of a split that it has no AUC.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        evaluation = metrics.evaluate(split.labels, scores, task, undefined="skip")
    return SplitScores(
        scores=scores,
        loss=float(loss_function(task)(logits, targets)),
        evaluation=evaluation,
    )
