"""From a recipe to the objects that carry it out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from medfast.data.catalog import lookup
from medfast.data.loader import Loader
from medfast.data.statistics import channel_mean_std
from medfast.errors import ConfigError, ShapeError
from medfast.models import check_model, create_model
from medfast.task import Task
from medfast.training.average import RunningMean
from medfast.training.device import choose_compute
from medfast.training.losses import (
    corn_log_probabilities,
    loss_targets,
    one_vs_rest_log_probabilities,
    trains_one_vs_rest,
)
from medfast.training.recipe import stem_for_size
from medfast.training.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from medfast.data.dataset import Dataset
    from medfast.training.device import Compute
    from medfast.training.recipe import Recipe

# Training keeps the activations of every layer, scoring those of a few: on a GPU four batches of
# training fit at once, but not any number: a layer's output for 2,700 images of 224 pixels has 2^31
# elements, which not every kernel counts. A CPU is fastest at one, nearer to its caches.
_MOST_AT_ONCE = 1024


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


def resolve(recipe: Recipe, dataset: Dataset) -> Recipe:
    """Put what a recipe leaves to the set in its place: stem, flips, mean and std of the pixels."""
    recipe = recipe.with_flips_of(dataset.flag)
    if recipe.stem == "auto":
        recipe = replace(recipe, stem=stem_for_size(recipe.input_size(dataset.size)))
    if recipe.mean == "auto":
        mean, std = channel_mean_std(dataset.splits["train"].images, dataset.channels)
        recipe = replace(recipe, mean=mean, std=std)
    return recipe


def build_model(
    recipe: Recipe, *, task: Task, channels: int, n_classes: int, compute: Compute
) -> nn.Module:
    """Make the recipe's network on the device, with weights drawn from the recipe's seed.

    Of an ordinal set with ``ordinal: corn`` it has a logit less than classes, and gives the
    logarithms of the classes' probabilities, which are logits like any other; so it does, outside
    training, with ``multi_class: one_vs_rest``.
    torch's global generators are left as they were.
    """
    corn = recipe.ordinal == "corn" and task is Task.ORDINAL
    with compute.own_randomness(recipe.seed):
        model = create_model(
            recipe.model,
            in_channels=channels,
            n_classes=n_classes - 1 if corn else n_classes,
            stem=recipe.stem if recipe.stem != "auto" else "small",
        )
    if corn:
        model.register_forward_hook(_corn_hook)
    elif trains_one_vs_rest(recipe, task):
        model.register_forward_hook(_one_vs_rest_hook)
    # Also on the CPU, where a step is 7 to 13 % faster in this order.
    model.to(device=compute.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


def build_average(model: nn.Module, recipe: Recipe, steps: int) -> RunningMean | None:
    """Make the running mean of the weights, which is scored in place of the newest ones.

    ``ema_epochs`` is the time constant of an exponential mean, of which a step counts
    ``1 / (ema_epochs * steps)``, or evenly while there are fewer; from ``swa_start`` on, all
    weights count alike.

    Parameters
    ----------
    model : nn.Module
    recipe : Recipe
    steps : int
        In an epoch.
    """
    if recipe.ema_epochs:
        return RunningMean(model, window=recipe.ema_epochs * steps)
    if recipe.swa_start < 1:
        return RunningMean(model)
    return None


def training_loader(recipe: Recipe, dataset: Dataset, compute: Compute) -> Loader:
    """Feed the train split, augmented and shuffled.

    Raises
    ------
    ConfigError
        If the augmentation is not for images of this shape, or changes it: they are scored as they
        are.
    """
    split, channels = dataset.splits["train"], dataset.channels
    try:
        augmented, plain = (
            recipe.pipeline(channels, train=train).output_shape(split.images, 1)[1:]
            for train in (True, False)
        )
    except ShapeError as error:
        raise ConfigError(
            f"recipe {recipe.name!r}: augment does not fit the images: {error}"
        ) from error
    if augmented != plain:
        raise ConfigError(
            f"recipe {recipe.name!r}: augment turns images of shape {plain} into {augmented}, but "
            "they are scored as they are; crop or resize them back to their size"
        )
    targets = loss_targets(split.labels, dataset.task)
    return _loader(recipe, split.images, targets, channels, compute, train=True)


def scoring_loader(
    recipe: Recipe, images: NDArray[np.uint8], channels: int, compute: Compute
) -> Loader:
    """Feed images in their order, without augmentation."""
    return _loader(recipe, images, np.zeros(len(images)), channels, compute, train=False)


def _loader(
    recipe: Recipe,
    images: NDArray[np.uint8],
    targets: NDArray[Any],
    channels: int,
    compute: Compute,
    *,
    train: bool,
) -> Loader:
    # CUDA gets bytes, a quarter of the transfer, and normalises them itself.
    on_device = compute.device.type == "cuda"
    batch_size = recipe.batch_size
    if on_device and not train:
        batch_size = max(batch_size, min(4 * batch_size, _MOST_AT_ONCE))
    return Loader(
        images,
        targets,
        recipe.pipeline(channels, train=train, normalize=not on_device),
        batch_size=batch_size,
        shuffle=train,
        seed=recipe.seed,
        finish=_normalizer(recipe, compute.device) if on_device else None,
    )


def build_mixing(
    recipe: Recipe, n_classes: int
) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None:
    """Make torchvision's MixUp or CutMix of a batch, or one of them at random.

    Raises
    ------
    ConfigError
        If the recipe has one, and torchvision is not there.
    """
    if not (recipe.mixup or recipe.cutmix):
        return None
    try:
        from torchvision.transforms import v2
    except ImportError:
        raise ConfigError(
            f"recipe {recipe.name!r}: mixup and cutmix are torchvision's, which is not installed; "
            "pip install torchvision, or set them to 0"
        ) from None
    kinds = [(v2.MixUp, recipe.mixup), (v2.CutMix, recipe.cutmix)]
    return v2.RandomChoice(  # type: ignore[no-any-return]
        [kind(alpha=alpha, num_classes=n_classes) for kind, alpha in kinds if alpha]
    )


def _normalizer(recipe: Recipe, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Do on the device what the pipeline would have done, in the same order of roundings."""
    mean, std = (
        torch.tensor(values, dtype=torch.float32, device=device).view(-1, 1, 1)
        for values in (recipe.mean, recipe.std)
    )

    def normalize(images: Tensor) -> Tensor:
        return images.to(torch.float32).mul_(1 / 255).sub_(mean).div_(std)

    return normalize


def _corn_hook(_model: nn.Module, _inputs: object, logits: Tensor) -> Tensor:
    return corn_log_probabilities(logits)


def _one_vs_rest_hook(model: nn.Module, _inputs: object, logits: Tensor) -> Tensor:
    return logits if model.training else one_vs_rest_log_probabilities(logits)
