"""From a recipe to the objects that carry it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from medfast.data.catalog import lookup
from medfast.data.loader import Loader
from medfast.errors import ConfigError
from medfast.models import check_model, create_model, stem_for_size
from medfast.training.device import choose_compute
from medfast.training.losses import loss_targets
from medfast.training.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn
    from torch.optim import Optimizer

    from medfast.data.dataset import Dataset
    from medfast.training.device import Compute
    from medfast.training.recipe import Recipe


def check_settings(
    recipe: Recipe, *, device: str, precision: str, dataset: str | None, out: Path | None
) -> None:
    """Refuse what no data could mend, before any is fetched.

    Raises
    ------
    ConfigError
        If the model, the device or the precision is unknown or not there, the set named `dataset`
        holds volumes, or `out` is not empty.
    """
    check_model(recipe.model)
    choose_compute(device, precision)
    if dataset is not None and dataset.casefold() != "digits":
        info = lookup(dataset, also=["digits"])
        refuse_volumes(info.flag, is_3d=info.is_3d)
    if out is not None:
        RunFolder(out).refuse_occupied()


def refuse_volumes(flag: str, *, is_3d: bool) -> None:
    """Refuse a set that the networks cannot take.

    Raises
    ------
    ConfigError
        If it holds volumes.
    """
    if is_3d:
        raise ConfigError(f"{flag} holds volumes, and the networks take images; choose a 2D set")


def build_model(
    recipe: Recipe, *, size: int, channels: int, n_classes: int, compute: Compute
) -> nn.Module:
    """Make the recipe's network on the device, with weights drawn from the recipe's seed.

    torch's global generators are left as they were.
    """
    with compute.own_randomness(recipe.seed):
        model = create_model(
            recipe.model,
            in_channels=channels,
            n_classes=n_classes,
            stem=stem_for_size(size) if recipe.stem == "auto" else recipe.stem,
        )
    # Also on the CPU, where float32 training is 2.9 times as fast in this order.
    model.to(device=compute.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


def build_optimizer(model: nn.Module, recipe: Recipe) -> Optimizer:
    """Make the recipe's optimizer; the loop sets its rate at each epoch."""
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            model.parameters(),
            lr=recipe.lr,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
    return torch.optim.Adam(
        model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True
    )


def training_loader(recipe: Recipe, dataset: Dataset) -> Loader:
    """Feed the train split, augmented and shuffled.

    Raises
    ------
    ConfigError
        If the augmentation changes the shape of the images: they are scored as they are.
    """
    split = dataset.splits["train"]
    pipelines = [recipe.pipeline(dataset.channels, train=train) for train in (True, False)]
    augmented, plain = (pipeline.output_shape(split.images, 1)[1:] for pipeline in pipelines)
    if augmented != plain:
        raise ConfigError(
            f"recipe {recipe.name!r}: augment turns images of shape {plain} into {augmented}, but "
            "they are scored as they are; crop or resize them back to their size"
        )
    return Loader(
        split.images,
        loss_targets(split.labels, dataset.task),
        pipelines[0],
        batch_size=recipe.batch_size,
        shuffle=True,
        seed=recipe.seed,
    )
