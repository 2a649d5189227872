"""What is trained to compare speeds, by medfast and by the authors' script."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import torch

from arithmetic import operations, synchronize
from authors_script import AuthorsScript
from medfast.data.dataset import Split, open_dataset
from medfast.training import checkpoint
from medfast.training.device import choose_compute
from medfast.training.loop import Loop
from medfast.training.progress import Silent
from medfast.training.recipe import load_recipe
from medfast.training.setup import resolve
from medfast.transforms import functional

if TYPE_CHECKING:
    from collections.abc import Callable

    from medfast.data.dataset import Dataset
    from medfast.training.recipe import Recipe
    from medfast.training.run_folder import RunFolder

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
FLAG = {"cpu": "breastmnist", "cuda": "bloodmnist"}[DEVICE]

# Of each split, where they are enlarged in memory.
_ENLARGED = 2048


@dataclass(frozen=True)
class Work:
    """A network, the size of its images and of its batches; the recipe is the authors'."""

    model: str
    size: int
    batch: int

    def __str__(self) -> str:
        return f"{self.model}, {FLAG} {self.size}x{self.size}, batch {self.batch}, {DEVICE}"

    @cached_property
    def dataset(self) -> Dataset:
        """The set, or its first images enlarged."""
        dataset = open_dataset(FLAG, root=os.environ["MEDMNIST_ROOT"], offline=True)
        if self.size == dataset.size:
            return dataset
        splits = {
            name: Split(
                name,
                functional.resize(split.images[:_ENLARGED], [self.size, self.size]),
                split.labels[:_ENLARGED],
            )
            for name, split in dataset.splits.items()
        }
        return replace(dataset, splits=splits, size=self.size)

    @cached_property
    def recipe(self) -> Recipe:
        """The authors' recipe."""
        changes = {"model": self.model, "batch_size": self.batch}
        return resolve(load_recipe("official", changes), self.dataset)

    @cached_property
    def operations(self) -> int:
        """Floating-point operations of a training step."""
        return operations(steps_of(self.loop("fp32")))

    def loop(self, precision: str = "auto", *, compile: bool = False) -> Loop:  # noqa: A002
        """Make medfast's loop."""
        compute = choose_compute(DEVICE, precision, compile=compile)
        return Loop(self.recipe, self.dataset, compute, Silent())

    def script(self) -> AuthorsScript:
        """Make the authors' script, on the same images."""
        script = AuthorsScript(
            FLAG,
            os.environ["MEDMNIST_ROOT"],
            model=self.model,
            small=self.recipe.stem == "small",
            batch_size=self.batch,
            device=DEVICE,
        )
        splits = self.dataset.splits.items()
        script.replace_arrays({name: (split.images, split.labels) for name, split in splits})
        return script


def steps_of(
    loop: Loop, steps: int = 1, memory_format: torch.memory_format = torch.channels_last
) -> Callable[[], None]:
    """Return training steps of a loop on one batch that stays on the device.

    The pixels are noise, in the order of elements that the weights get too.
    """
    images, targets = next(loop.loader.tensors(loop.compute.device))
    images = torch.randn_like(images, memory_format=torch.contiguous_format)
    images = images.contiguous(memory_format=memory_format)
    loop.state.model.to(memory_format=memory_format)  # type: ignore[call-overload]

    def run() -> None:
        for step in range(steps):
            loop.train_step(images, targets, 0, step)
        synchronize(loop.compute.device)

    return run


def epoch_of(loop: Loop, folder: RunFolder, *, scored: bool = True) -> Callable[[], None]:
    """Return what `Loop.go_on` does for an epoch, or the training alone."""
    if not scored:
        known = loop.score("val")
        loop.score = lambda _name: known  # type: ignore[method-assign]

    writer = checkpoint.Writer(folder, loop.identity)

    def run() -> None:
        loop.state.end_epoch(loop.train_epoch(writer))
        if scored:
            writer.save(loop.state)

    return run
