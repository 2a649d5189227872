"""A network, sets and recipes small enough to train in a blink, and how to compare runs."""

from __future__ import annotations

import csv
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from medfast.data.dataset import Dataset, Split
from medfast.models import register_model
from medfast.task import Task
from medfast.training.archive import load
from medfast.training.progress import Silent
from medfast.training.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from pathlib import Path

# Steps this small are 50 times as slow on two threads that share a busy core.
torch.set_num_threads(1)

# Every kind of state that a run may have.
STATES: dict[str, tuple[Task, dict[str, Any]]] = {
    "adam, multistep": (Task.MULTI_CLASS, {}),
    "adamw, one_cycle": (
        Task.MULTI_CLASS,
        {"optimizer": "adamw", "weight_decay": 0.05, "schedule": "one_cycle", "warmup": 0.4},
    ),
    "sgd": (Task.BINARY, {"optimizer": "sgd", "schedule": "constant"}),
    "nesterov, warm-up, cosine": (
        Task.MULTI_CLASS,
        {
            "optimizer": "sgd",
            "momentum": 0.9,
            "nesterov": True,
            "schedule": "cosine",
            "warmup": 0.3,
        },
    ),
    "muon": (
        Task.MULTI_CLASS,
        {"optimizer": "muon", "momentum": 0.95, "nesterov": True, "weight_decay": 0.1},
    ),
    "ema": (Task.MULTI_CLASS, {"ema_epochs": 0.5, "lr": 0.03}),
    "swa": (Task.MULTI_CLASS, {"swa_start": 0.3, "lr": 0.03}),
    "mixup": (Task.MULTI_CLASS, {"mixup": 0.4, "label_smoothing": 0.1}),
    "mixup, cutmix, ema, muon": (
        Task.MULTI_CLASS,
        {"mixup": 0.4, "cutmix": 1.0, "ema_epochs": 1.0, "optimizer": "muon", "momentum": 0.9},
    ),
    "corn": (Task.ORDINAL, {"ordinal": "corn", "swa_start": 0.5}),
    "balanced labels": (
        Task.MULTI_LABEL,
        {"class_weights": "balanced", "label_smoothing": 0.1, "optimizer": "adamw"},
    ),
    "augment, test_flips": (
        Task.MULTI_CLASS,
        {
            "augment": ["TrivialAugmentWide", "RandomHorizontalFlip", "RandomErasing"],
            "test_flips": "both",
        },
    ),
}

TIMES = {"seconds", "stall", "train_images_per_second", "train_seconds", "waited"}


@register_model
def tiny(*, in_channels: int, n_classes: int, **_: str) -> nn.Module:
    """Two convolutions, batch normalisation and dropout: every kind of state that a run has."""
    return nn.Sequential(
        nn.Conv2d(in_channels, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Linear(8, n_classes),
    )


def tiny_dataset(
    task: Task = Task.MULTI_CLASS,
    *,
    n_classes: int = 3,
    channels: int = 1,
    sizes: tuple[int, int, int] = (41, 18, 20),
    labels: dict[str, Any] | None = None,
    path: Path | None = None,
) -> Dataset:
    """Make images whose brightness tells the class; `labels` replaces those of a split."""
    rng = np.random.default_rng(0)
    n_classes = 2 if task is Task.BINARY else n_classes
    splits = {}
    for name, n in zip(("train", "val", "test"), sizes, strict=True):
        if task is Task.MULTI_LABEL:
            wanted = rng.integers(0, 2, (n, n_classes))
        else:
            wanted = rng.permutation(np.arange(n) % n_classes)[:, None]
        wanted = np.asarray((labels or {}).get(name, wanted)).astype(np.uint8)
        shape = (n, 8, 8) if channels == 1 else (n, 8, 8, channels)
        noise = rng.integers(0, 100, shape)
        level = wanted.mean(axis=1) * 40 // max(1, n_classes - 1)
        images = np.clip(noise + level.reshape(-1, *[1] * (len(shape) - 1)), 0, 255)
        splits[name] = Split(name, images.astype(np.uint8), wanted)
    return Dataset(
        flag="tinyset",
        task=task,
        label_names=tuple("abcdefgh"[:n_classes]),
        splits=MappingProxyType(splits),
        size=8,
        channels=channels,
        path=path,
    )


def save_six_keys(dataset: Dataset, path: Path) -> Path:
    """Write a set as the file that MedMNIST would have made of it."""
    arrays = {}
    for name, split in dataset.splits.items():
        arrays[f"{name}_images"], arrays[f"{name}_labels"] = split.images, split.labels
    np.savez_compressed(path, **arrays)
    return path


def tiny_recipe(**changes: Any) -> Recipe:
    settings = {"model": "tiny", "epochs": 4, "batch_size": 8, "lr": 0.01, **changes}
    return load_recipe("official", settings)


class Notes(Silent):
    """Keep what a run tells."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.rows: list[Any] = []
        self.images = 0

    def note(self, text: str) -> None:
        self.notes.append(text)

    def batch(self, _epoch: int, images: int, _loss: float) -> None:
        self.images += images

    def epoch(self, row: Any, *, best: bool) -> None:
        self.rows.append((row, best))


class StopAt(Silent):
    """Raise, as ctrl-C would, right after an epoch, or in the batch of it with this number."""

    def __init__(self, epoch: int, *, in_batch: int = 0) -> None:
        self.stop_at, self.in_batch, self.seen = epoch, in_batch, 0

    def batch(self, epoch: int, *_: object) -> None:
        if epoch == self.stop_at:
            self.seen += 1
            if self.seen == self.in_batch:
                raise KeyboardInterrupt

    def epoch(self, row: Any, **_: object) -> None:
        if not self.in_batch and row.epoch == self.stop_at:
            raise KeyboardInterrupt


def resumptions(folder: Path) -> list[tuple[int, int]]:
    """Tell from where a run was resumed each time: finished epochs, and steps in the next one."""
    environment = json.loads((folder / "environment.json").read_text())
    return [(entry["after_epoch"], entry["after_step"]) for entry in environment["resumed"]]


def content(folder: Path) -> dict[str, Any]:
    """Collect all that two equal runs must share: everything but times and conditions."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder)).partition("@")[0]
        if path.suffix == ".safetensors":
            tensors, facts = load(path)
            found[name] = {key: tensor.numpy().tobytes() for key, tensor in tensors.items()}
            for row in [*facts.get("history", []), facts.get("steps", {})]:
                for key in TIMES & row.keys():
                    del row[key]
            found[f"{name} facts"] = facts
        elif path.name == "metrics.csv":
            with path.open() as file:
                rows = list(csv.DictReader(file))
            found[name] = [{k: v for k, v in row.items() if k not in TIMES} for row in rows]
        elif path.name == "summary.json":
            summary = json.loads(path.read_text())
            for split in summary["splits"].values():
                split["predictions"] = split["predictions"].partition("@")[0]
            found[name] = {key: value for key, value in summary.items() if key not in TIMES}
        elif path.is_file() and path.name != "environment.json":
            found[name] = path.read_bytes()
    return found
