"""The training loop, read from top to bottom; `medfast.training.run` starts it.

Every random number follows from the recipe's seed, the epoch and the step, so that the middle of
an epoch is a place to go on from, like its beginning.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from medfast.training import checkpoint
from medfast.training.history import EpochRow, best_row
from medfast.training.identity import describe_dataset
from medfast.training.losses import training_loss
from medfast.training.optimizers import build_optimizers
from medfast.training.scoring import score_split
from medfast.training.setup import (
    build_average,
    build_mixing,
    build_model,
    refuse_volumes,
    training_loader,
)
from medfast.training.summary import describe_run

if TYPE_CHECKING:
    from torch import Tensor

    from medfast.data.dataset import Dataset
    from medfast.training.device import Compute
    from medfast.training.progress import Progress
    from medfast.training.recipe import Recipe
    from medfast.training.run_folder import RunFolder
    from medfast.training.scoring import SplitScores


class Loop:
    """A run, from where its state is to its end.

    Parameters
    ----------
    recipe : Recipe
        Resolved.
    dataset : Dataset
    compute : Compute
    progress : Progress
        Is told how the run goes.
    checkpoint_every : int
        Steps between checkpoints in the middle of an epoch; 0 for none.

    Attributes
    ----------
    state : medfast.training.checkpoint.State
        What changes from step to step.
    """

    def __init__(
        self,
        recipe: Recipe,
        dataset: Dataset,
        compute: Compute,
        progress: Progress,
        *,
        checkpoint_every: int = 0,
    ) -> None:
        refuse_volumes(dataset.flag, is_3d=dataset.is_3d)
        self.recipe, self.dataset, self.compute, self.progress = recipe, dataset, compute, progress
        self.checkpoint_every = checkpoint_every
        self.identity = {"recipe": asdict(recipe), "set": describe_dataset(dataset)}
        task, n_classes = dataset.task, dataset.n_classes
        model = build_model(
            recipe, task=task, channels=dataset.channels, n_classes=n_classes, compute=compute
        )
        self.loader = training_loader(recipe, dataset, compute)
        self.state = checkpoint.State(
            model,
            build_optimizers(model, recipe),
            build_average(model, recipe, len(self.loader)),
        )
        self.network = compute.compiled(model)
        self.mix = build_mixing(recipe, n_classes)
        train_labels = dataset.splits["train"].labels
        self.loss_of = training_loss(recipe, train_labels, task, n_classes, compute.device)

    def go_on(self, folder: RunFolder) -> dict[str, Any]:
        """Train the epochs that are left, score every split with the best one, and sum it up."""
        history = self.state.history
        self.progress.start(epochs=self.recipe.epochs, images=len(self.loader.images))
        try:
            with self.compute.settings(tune=True):
                with checkpoint.Writer(folder, self.identity) as writer:
                    while len(history) < self.recipe.epochs:
                        row = self.train_epoch(writer)
                        self.state.end_epoch(row)
                        writer.save(self.state)
                        self.progress.epoch(row, best=best_row(history)[0] is row)
                return self.finish(folder)
        finally:
            self.progress.stop()

    def train_epoch(self, writer: checkpoint.Writer) -> EpochRow:
        """Visit every training image once, then score validation."""
        state, epoch = self.state, len(self.state.history)
        meter = state.meter
        batches = self.loader.tensors(self.compute.device, epoch, meter.steps, meter.wait)
        meter.start()
        with self.compute.own_randomness(self.recipe.seed):
            for images, targets in batches:
                meter.add(*self.train_step(images, targets, epoch, meter.steps), len(images))
                if self._checkpoint_is_due(epoch):
                    writer.save(state)
                self.progress.batch(epoch + 1, len(images), meter.latest)
        train_loss, speed, stall = meter.mean_loss(), meter.images_per_second(), meter.stall()
        if state.average is not None and self.recipe.averages_after(epoch):
            state.average.update()
        began = time.perf_counter()
        val = self.score("val")
        return EpochRow(
            epoch=epoch + 1,
            lr=self.recipe.learning_rate(epoch),
            train_loss=train_loss,
            grad_norm=meter.mean_norm(),
            val_loss=val.loss,
            val_auc=val.evaluation.auc,
            val_acc=val.evaluation.acc,
            train_images_per_second=speed,
            stall=stall,
            seconds=meter.seconds + time.perf_counter() - began,
        )

    def train_step(
        self, images: Tensor, targets: Tensor, epoch: int, step: int
    ) -> tuple[Tensor, Tensor]:
        """Change the weights by the gradient of one batch; return its loss and gradient's norm."""
        state, recipe = self.state, self.recipe
        seed = np.random.SeedSequence([recipe.seed, epoch, step]).generate_state(1, np.uint64)
        self.compute.seed(int(seed[0]))
        state.model.train()
        if self.mix is not None:
            images, targets = self.mix(images, targets)
        with self.compute.autocast():
            logits: Tensor = self.network(images)
        loss = self.loss_of(logits.float(), targets)
        for optimizer in state.optimizers:
            optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.get_total_norm(
            [weight.grad for weight in state.model.parameters() if weight.grad is not None]
        )
        rate = recipe.learning_rate(epoch + step / len(self.loader))
        for optimizer in state.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
        if state.average is not None and recipe.ema_epochs:
            state.average.update()
        return loss, norm

    def score(self, name: str) -> SplitScores:
        """Score a split with the present weights, or their mean."""
        split, dataset = self.dataset.splits[name], self.dataset
        return score_split(
            self.state.scored, split, dataset.task, dataset.channels, self.recipe, self.compute
        )

    def finish(self, folder: RunFolder) -> dict[str, Any]:
        """Score every split with the best epoch; only here is the test split looked at."""
        history = self.state.history
        checkpoint.load_weights(self.state.scored, self.state.best)
        if best_row(history)[1] == "val_loss":
            self.progress.note("no class of val has an AUC: the epoch was chosen by its loss")
        splits = {}
        for name in self.dataset.splits:
            found = self.score(name)
            path = folder.write_predictions(self.dataset, name, found.scores, found.evaluation)
            splits[name] = found.to_dict(self.dataset.label_names)
            splits[name]["predictions"] = f"predictions/{path.name}"
        facts = describe_run(self.recipe, self.dataset, self.compute, self.state.model, history)
        folder.write_json(folder.summary, {**facts, "splits": splits})
        return folder.read_summary()

    def _checkpoint_is_due(self, epoch: int) -> bool:
        steps = self.state.meter.steps
        # The end of an epoch has a checkpoint of its own.
        if not self.checkpoint_every or steps == len(self.loader):
            return False
        return (epoch * len(self.loader) + steps) % self.checkpoint_every == 0
