"""From a network and images to scores, losses and metrics."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from medfast import metrics
from medfast.errors import InvalidValueError, UndefinedMetricWarning
from medfast.task import Task
from medfast.training.losses import loss_function, loss_targets
from medfast.training.setup import scoring_loader

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from medfast.data.dataset import Split
    from medfast.metrics import Evaluation
    from medfast.training.device import Compute
    from medfast.training.recipe import Recipe

# The dimensions of (N, C, H, W) to flip along, for each view of an image.
_VIEWS: dict[str, tuple[tuple[int, ...], ...]] = {
    "none": ((),),
    "horizontal": ((), (-1,)),
    "both": ((), (-1,), (-2,), (-2, -1)),
}


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
        Logits, on the CPU; the mean over an image and its flips, if the recipe has any.

    Raises
    ------
    InvalidValueError
        If a logit is NaN or infinite.
    """
    loader = scoring_loader(recipe, images, channels, compute)
    views = _VIEWS[recipe.test_flips]
    model.eval()
    parts = []
    with torch.inference_mode(), compute.autocast():
        for batch, _ in loader.tensors(compute.device):
            # float32 before any score: probabilities in bfloat16 collapse into ties.
            flipped = [model(batch.flip(view) if view else batch).float() for view in views]
            parts.append(torch.stack(flipped).mean(dim=0))
    logits = torch.cat(parts)
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
