"""How much a network computes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch.utils.flop_counter import FlopCounterMode

from medfast.models import create_model

if TYPE_CHECKING:
    from medfast.models.registry import Stem
    from medfast.results.runs import FinishedRun


def operations(run: FinishedRun) -> int:
    """Count the floating-point operations of scoring one image, two for a multiplication and a sum.

    Parameters
    ----------
    run : FinishedRun
    """
    channels = run.environment["dataset"]["channels"]
    stem: Stem = "imagenet" if run.recipe.stem == "imagenet" else "small"
    return count_operations(run.model, stem, channels, len(run.label_names), run.input_size)


@lru_cache
def count_operations(model: str, stem: Stem, channels: int, n_classes: int, size: int) -> int:
    """Count the floating-point operations of a network on one image.

    Parameters
    ----------
    model, stem
        See `medfast.models.create_model`.
    channels, n_classes, size : int

    Examples
    --------
    >>> count_operations("resnet18", "imagenet", 3, 1000, 224)
    3628146688
    """
    with torch.random.fork_rng([]):
        network = create_model(model, in_channels=channels, n_classes=n_classes, stem=stem).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, channels, size, size))
    return int(counter.get_total_flops())
