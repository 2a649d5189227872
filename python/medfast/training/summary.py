"""What ``summary.json`` says of a run, apart from its splits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from medfast.training.history import EpochRow, best_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from medfast.data.dataset import Dataset
    from medfast.training.device import Compute
    from medfast.training.recipe import Recipe


def describe_run(
    recipe: Recipe,
    dataset: Dataset,
    compute: Compute,
    model: nn.Module,
    history: Sequence[EpochRow],
) -> dict[str, Any]:
    """Collect the conditions that a figure is quoted with."""
    best, criterion = best_row(history)
    return {
        "dataset": dataset.flag,
        "official": dataset.is_official,
        "task": dataset.task.value,
        "size": dataset.size,
        "input_size": recipe.input_size(dataset.size),
        "label_names": list(dataset.label_names),
        "model": recipe.model,
        "stem": recipe.stem,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "recipe": recipe.name,
        "epochs": recipe.epochs,
        "seed": recipe.seed,
        "chosen_epoch": best.epoch,
        "chosen_by": criterion,
        "device": str(compute.device),
        "precision": compute.precision,
        "train_seconds": math.fsum(row.seconds for row in history),
    }
