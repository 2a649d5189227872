"""Training, from a recipe and a set to a run folder, read from top to bottom.

::

    recipe = load_recipe("official", {"epochs": 8})
    result = train(recipe, open_dataset("digits"), "runs/first", progress=progress_on())
    result.summary["splits"]["test"]["auc"]
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from medfast.models import stem_for_size
from medfast.training import checkpoint
from medfast.training.device import choose_compute
from medfast.training.environment import describe_environment
from medfast.training.history import EpochRow, best_row
from medfast.training.identity import describe_dataset, refuse_another, reopen_dataset
from medfast.training.losses import LossMeter, loss_function
from medfast.training.progress import Silent
from medfast.training.run_folder import RunFolder
from medfast.training.scoring import score_split
from medfast.training.setup import (
    build_model,
    build_optimizer,
    refuse_volumes,
    training_loader,
)
from medfast.training.summary import describe_run

if TYPE_CHECKING:
    from os import PathLike

    from torch import Tensor

    from medfast.data.dataset import Dataset
    from medfast.training.device import Compute
    from medfast.training.progress import Progress
    from medfast.training.recipe import Recipe
    from medfast.training.scoring import SplitScores


@dataclass(frozen=True)
class Result:
    """Where a finished run is, and what its ``summary.json`` says."""

    folder: Path
    summary: dict[str, Any]


def train(
    recipe: Recipe,
    dataset: Dataset,
    out: str | PathLike[str] | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress | None = None,
) -> Result:
    """Train a network, score the three splits with its best epoch, and write the run folder.

    On the CPU the result depends on the recipe, the data, and torch and its number of threads
    alone; torch's global generators are left as they were. Whatever ends the run early, a
    ``KeyboardInterrupt`` too, leaves the folder at the last finished epoch for `resume`.

    Parameters
    ----------
    recipe : Recipe
    dataset : Dataset
        Of images, not volumes.
    out : path, optional
        A folder that is new or empty; ``runs/<set>-<model>-<time>`` by default.
    device, precision : str
        See `medfast.training.device.choose_compute`.
    progress : Progress, optional
        Is told how the run goes.

    Returns
    -------
    Result

    Raises
    ------
    ConfigError
        If a setting is unknown or does not fit the set, or `out` is not empty or in use.
    InvalidValueError
        If the loss or a logit becomes NaN or infinite.
    StorageError
        If the folder cannot be written.
    """
    compute = choose_compute(device, precision)
    if recipe.stem == "auto":
        recipe = replace(recipe, stem=stem_for_size(dataset.size))
    run = _Run(recipe, dataset, compute, progress or Silent())
    if out is None:
        folder = RunFolder.create_default(dataset, recipe.model)
    else:
        RunFolder(Path(out)).check_names(dataset)
        folder = RunFolder.create(out)
    with folder.exclusive():
        folder.write_recipe(recipe)
        folder.write_environment(describe_environment(compute), dataset)
        return run.go_on(folder)


def resume(
    path: str | PathLike[str],
    *,
    dataset: Dataset | None = None,
    data: str | PathLike[str] | None = None,
    root: str | PathLike[str] | None = None,
    offline: bool = False,
    mmap: bool = False,
    device: str | None = None,
    precision: str | None = None,
    progress: Progress | None = None,
) -> Result:
    """Go on with a run after its last finished epoch; a finished run is returned as it is.

    On the CPU it ends, bit for bit, as it would have without the interruption, if torch has as many
    threads as it had.

    Parameters
    ----------
    path : path
        The folder of the run.
    dataset : Dataset, optional
        The set of the run; opened again from what the folder says if not given.
    data : path, optional
        Where the file of one's own is now, if it was moved.
    root, offline, mmap
        See `medfast.data.dataset.open_dataset`.
    device, precision : str, optional
        Those of the run if not given.
    progress : Progress, optional
        Is told how the run goes.

    Returns
    -------
    Result

    Raises
    ------
    CheckpointError
        If the folder is no run's, or its checkpoint is damaged or of another recipe or set.
    ConfigError
        If another process is training in the folder.
    """
    folder = RunFolder.open(path)
    recipe, environment = folder.read_recipe(), folder.read_environment()
    if folder.summary.exists():
        return Result(folder.path, folder.read_summary())
    dataset = dataset or reopen_dataset(
        environment, data=data, root=root, offline=offline, mmap=mmap
    )
    refuse_another(folder.environment, "set", environment["dataset"], describe_dataset(dataset))
    compute = choose_compute(device or environment["device"], precision or environment["precision"])
    run = _Run(recipe, dataset, compute, progress or Silent())
    if torch.get_num_threads() != environment["torch_threads"]:
        run.progress.note(
            f"torch has {torch.get_num_threads()} threads and had {environment['torch_threads']}: "
            "the last bits of the result may differ"
        )
    with folder.exclusive():
        run.history = checkpoint.restore(folder, run.model, run.optimizer, run.identity)
        folder.add_resumption(len(run.history), describe_environment(compute))
        return run.go_on(folder)


class _Run:
    """What changes from step to step: weights, optimizer, history."""

    def __init__(
        self, recipe: Recipe, dataset: Dataset, compute: Compute, progress: Progress
    ) -> None:
        refuse_volumes(dataset.flag, is_3d=dataset.is_3d)
        self.recipe, self.dataset, self.compute, self.progress = recipe, dataset, compute, progress
        self.identity = {"recipe": asdict(recipe), "set": describe_dataset(dataset)}
        self.loader = training_loader(recipe, dataset)
        self.loss_of = loss_function(dataset.task)
        self.model = build_model(
            recipe,
            size=dataset.size,
            channels=dataset.channels,
            n_classes=dataset.n_classes,
            compute=compute,
        )
        self.optimizer = build_optimizer(self.model, recipe)
        self.history: list[EpochRow] = []

    def go_on(self, folder: RunFolder) -> Result:
        """Train the epochs that are left, then score every split with the best one."""
        self.progress.start(epochs=self.recipe.epochs, images=len(self.loader.images))
        try:
            self.progress.note(f"{self.recipe.model} on {self.dataset.flag}, {self.compute}")
            if self.dataset.info is not None and not self.dataset.is_official:
                self.progress.note(
                    f"{self.dataset.path} has not the MD5 of the official file: figures on it are "
                    "not MedMNIST's"
                )
            for epoch in range(len(self.history), self.recipe.epochs):
                self.history.append(self.train_epoch(epoch))
                newest, (best, _) = self.history[-1], best_row(self.history)
                checkpoint.save(folder, self.model, self.optimizer, self.history, self.identity)
                self.progress.epoch(newest, best=best is newest)
            return Result(folder.path, self.finish(folder))
        except KeyboardInterrupt:
            self.progress.note(f"go on with: medfast train {folder.resume_flag}")
            raise
        finally:
            self.progress.stop()

    def train_epoch(self, epoch: int) -> EpochRow:
        """Visit every training image once, then score validation."""
        began = time.perf_counter()
        lr = self.recipe.learning_rate(epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        # Seeded anew for each epoch, so that no checkpoint needs the state of a generator.
        seed = np.random.SeedSequence([self.recipe.seed, epoch]).generate_state(1, np.uint64)
        with self.compute.own_randomness(int(seed[0])):
            train_loss = self.train_steps(epoch)
        trained = time.perf_counter()
        val = self.score("val")
        return EpochRow(
            epoch=epoch + 1,
            lr=lr,
            train_loss=train_loss,
            val_loss=val.loss,
            val_auc=val.evaluation.auc,
            val_acc=val.evaluation.acc,
            train_images_per_second=len(self.loader.images) / (trained - began),
            seconds=time.perf_counter() - began,
        )

    def train_steps(self, epoch: int) -> float:
        """Take one step of the optimizer per batch, and return the mean loss."""
        self.model.train()
        losses = LossMeter(epoch + 1)
        for images, targets in self.loader.tensors(self.compute.device, epoch):
            with self.compute.autocast():
                logits: Tensor = self.model(images)
            loss = self.loss_of(logits.float(), targets)
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            losses.add(loss, len(images))
            self.progress.batch(epoch + 1, len(images), losses.latest)
        return losses.mean()

    def score(self, name: str) -> SplitScores:
        """Score a split with the present weights."""
        split, dataset = self.dataset.splits[name], self.dataset
        return score_split(
            self.model, split, dataset.task, dataset.channels, self.recipe, self.compute
        )

    def finish(self, folder: RunFolder) -> dict[str, Any]:
        """Score every split with the best epoch; only here is the test split looked at."""
        best, criterion = best_row(self.history)
        weights = checkpoint.load_best(folder, self.identity, epoch=best.epoch)
        checkpoint.load_weights(self.model, weights)
        if criterion == "val_loss":
            self.progress.note("no class of val has an AUC: the epoch was chosen by its loss")
        splits = {}
        for name in self.dataset.splits:
            found = self.score(name)
            path = folder.write_predictions(self.dataset, name, found.scores, found.evaluation)
            splits[name] = found.to_dict(self.dataset.label_names)
            splits[name]["predictions"] = f"predictions/{path.name}"
        facts = describe_run(self.recipe, self.dataset, self.compute, self.model, self.history)
        folder.write_json(folder.summary, {**facts, "splits": splits})
        return folder.read_summary()
