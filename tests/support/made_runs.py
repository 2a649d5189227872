"""Folders of finished runs with chosen scores, made without training."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.errors import UndefinedMetricWarning
from medfast.metrics import evaluate
from medfast.task import Task
from medfast.training.history import EpochRow
from medfast.training.recipe import load_recipe
from medfast.training.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from medfast.data.dataset import Dataset

ENVIRONMENT = {
    "command": "medfast train",
    "device": "cpu",
    "precision": "fp32",
    "deterministic": False,
    "compile": False,
    "checkpoint_every": 0,
    "torch_threads": 1,
}


def noisy_scores(dataset: Dataset, split: str, *, noise: float = 1.0, seed: int = 0) -> np.ndarray:
    """Probabilities that know the labels, less so the more noise there is."""
    rng = np.random.default_rng(seed)
    labels = dataset.splits[split].labels
    if dataset.task is not Task.MULTI_LABEL:
        labels = np.eye(dataset.n_classes)[labels[:, 0]]
    logits = labels + rng.normal(0, noise, labels.shape)
    if dataset.task is Task.MULTI_LABEL:
        return (1 / (1 + np.exp(-logits))).astype(np.float32)
    odds = np.exp(logits)
    return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)


def make_run(
    path: Path,
    dataset: Dataset,
    *,
    noise: float = 1.0,
    scores: Mapping[str, np.ndarray] | None = None,
    official: bool = False,
    **recipe: Any,
) -> Path:
    """Write what `medfast train` leaves, but for the weights; `recipe` changes the official one."""
    settings = load_recipe("official", {"model": "resnet18", "epochs": 3, **recipe})
    folder = RunFolder.create(path)
    folder.begin(settings, ENVIRONMENT, dataset)
    values = {
        "lr": settings.lr,
        "train_loss": 0.5,
        "val_loss": 0.6,
        "val_auc": 0.8,
        "val_acc": 0.7,
        "train_images_per_second": 100.0,
        "seconds": 1.0,
    }
    known = EpochRow.__dataclass_fields__
    rest = dict.fromkeys(known.keys() - values.keys() - {"epoch"}, 0.0)
    history = [EpochRow(epoch=n + 1, **values, **rest) for n in range(settings.epochs)]
    folder.write_metrics(history)
    splits = {}
    for split in dataset.splits:
        table = (scores or {}).get(split)
        if table is None:
            table = noisy_scores(dataset, split, noise=noise, seed=settings.seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            found = evaluate(dataset.splits[split].labels, table, dataset.task)
        file = folder.write_predictions(dataset, split, table, found)
        figures = found.to_dict()
        figures["absent_classes"] = [dataset.label_names[n] for n in found.absent_classes]
        figures |= {"images": len(table), "loss": 0.5, "predictions": f"predictions/{file.name}"}
        splits[split] = figures
    summary = {
        "dataset": dataset.flag,
        "official": official,
        "task": dataset.task.value,
        "size": dataset.size,
        "input_size": settings.input_size(dataset.size),
        "label_names": list(dataset.label_names),
        "model": settings.model,
        "parameters": 11_000_000,
        "recipe": settings.name,
        "epochs": settings.epochs,
        "seed": settings.seed,
        "chosen_epoch": 2,
        "chosen_by": "val_auc",
        "device": "cpu",
        "precision": "fp32",
        "train_seconds": 3.0,
        "splits": splits,
    }
    folder.write_json(folder.summary, summary)
    return path
