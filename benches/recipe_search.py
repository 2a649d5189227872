"""Choose the settings of the recipe `medfast` on validation data, and record every run of it.

    MEDMNIST_ROOT=... python benches/recipe_search.py benches/record/recipe_search.csv
    MEDMNIST_ROOT=... python benches/recipe_search.py ... --stem imagenet   # a tenth of the time

The test split is never read. Train and validation images are pooled and split anew for each fold:
512 images to train on, as few as the small sets have, and up to 1,000 to validate on, because those
of the files are few where it matters (78 of breastmnist). Every setting changes one thing in the
one that it names as its base. The AUC is that of the last epoch, so that no epoch is chosen by the
figure it is compared with; a run tells it for the newest weights and their mean, and with and
without flips of the validation images.

With the ImageNet stem the network sees 7x7 positions of 28x28 pixels: it ranks worse, and takes a
thirteenth of the operations, so that many settings and folds can be tried. What it says of settings
is a hint for the network with the small stem, and no more.

A run that the file holds already is not repeated, so the search goes on where it ended.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import StratifiedShuffleSplit

if TYPE_CHECKING:
    from medfast.data.dataset import Dataset

EPOCHS = 30
TRAIN_IMAGES, VAL_IMAGES = 512, 1000
FLIPS = ("none", "horizontal")
COLUMNS = (
    *("setting", "stem", "dataset", "fold", "epochs"),
    *("train_images", "val_images", "precision"),
    *(f"auc_{weights}_{flips}" for weights in ("newest", "mean") for flips in FLIPS),
    *("val_loss", "seconds"),
)

FLIP_AND_SHIFT: list[Any] = [
    {"RandomHorizontalFlip": {"p": 0.5}},
    {"RandomCrop": {"size": 28, "padding": 2}},
]
AFFINE: list[Any] = [
    {"RandomHorizontalFlip": {"p": 0.5}},
    {
        "RandomAffine": {
            "degrees": 15,
            "translate": [0.08, 0.08],
            "scale": [0.9, 1.1],
            "interpolation": "bilinear",
        }
    },
]
BASE: dict[str, Any] = {
    "batch_size": 64,
    "optimizer": "adamw",
    "lr": 1e-3,
    "weight_decay": 0.05,
    "schedule": "cosine",
    "warmup": 0.1,
    "ema_epochs": 1.0,
    "augment": FLIP_AND_SHIFT,
    "mean": "auto",
    "std": "auto",
}
WIDE: dict[str, Any] = {**BASE, "augment": [FLIP_AND_SHIFT[0], "TrivialAugmentWide"]}
SETTINGS: dict[str, dict[str, Any]] = {
    "official": {},
    "base": BASE,
    "base, TrivialAugmentWide": WIDE,
    "wide, corn": {**WIDE, "ordinal": "corn"},
    "base, no augmentation": {**BASE, "augment": []},
    "base, affine": {**BASE, "augment": AFFINE},
    "official, 100 epochs": {"epochs": 100},
    "wide, 100 epochs": {**WIDE, "epochs": 100},
    "base, muon": {**BASE, "optimizer": "muon", "momentum": 0.95, "nesterov": True},
    "wide, muon": {**WIDE, "optimizer": "muon", "momentum": 0.95, "nesterov": True},
    "wide, sgd": {
        **WIDE,
        "optimizer": "sgd",
        "lr": 0.05,
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 5e-4,
    },
    "wide, lr 0.003": {**WIDE, "lr": 3e-3},
    "wide, batch 32": {**WIDE, "batch_size": 32},
    "wide, label smoothing 0.1": {**WIDE, "label_smoothing": 0.1},
    "wide, mixup 0.2": {**WIDE, "mixup": 0.2},
    "wide, cutmix 1": {**WIDE, "cutmix": 1.0},
    "wide, balanced": {**WIDE, "class_weights": "balanced"},
    "wide, erasing": {**WIDE, "augment": [*WIDE["augment"], {"RandomErasing": {"p": 0.25}}]},
    "wide, one cycle": {**WIDE, "schedule": "one_cycle", "warmup": 0.3},
}
SETS = ("retinamnist", "pneumoniamnist", "bloodmnist")


def main(path: Path, stem: str, folds: int, workers: int) -> None:
    """Run what the file lacks, each run on a thread."""
    done = set()
    if path.exists():
        with path.open() as file:
            done = {
                (row["setting"], row["stem"], row["dataset"], int(row["fold"]))
                for row in csv.DictReader(file)
            }
    jobs = [
        job
        for fold in range(folds)
        for setting in SETTINGS
        for flag in SETS
        if ("corn" not in setting or flag == "retinamnist")
        and (job := (setting, stem, flag, fold)) not in done
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers) as pool, path.open("a") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if not done:
            writer.writeheader()
        for future in as_completed([pool.submit(run, *job) for job in jobs]):
            writer.writerow(future.result())
            file.flush()


def run(setting: str, stem: str, flag: str, fold: int) -> dict[str, Any]:
    """Train one setting on one fold of a set, and score its validation images."""
    import torch

    from medfast.data.dataset import open_dataset
    from medfast.training.device import choose_compute
    from medfast.training.loop import Loop
    from medfast.training.progress import Silent
    from medfast.training.recipe import load_recipe
    from medfast.training.scoring import score_split
    from medfast.training.setup import resolve

    torch.set_num_threads(1)
    began = time.perf_counter()
    opened = open_dataset(flag, root=os.environ["MEDMNIST_ROOT"], offline=True)
    dataset = split_anew(opened, fold)
    changes = {"epochs": EPOCHS, "seed": fold, "stem": stem, **SETTINGS[setting]}
    recipe = resolve(load_recipe("official", changes), dataset)
    compute = choose_compute("cpu", threads=1)
    loop = Loop(recipe, dataset, compute, Silent())
    with compute.settings():
        for epoch in range(recipe.epochs):
            for step, batch in enumerate(loop.loader.tensors(compute.device, epoch)):
                loop.train_step(*batch, epoch, step)
        row: dict[str, Any] = {}
        for weights, model in (("newest", loop.state.model), ("mean", loop.state.scored)):
            for flips in FLIPS:
                scored = score_split(
                    model,
                    dataset.splits["val"],
                    dataset.task,
                    dataset.channels,
                    replace(recipe, test_flips=flips),
                    compute,
                )
                row[f"auc_{weights}_{flips}"] = f"{scored.evaluation.auc:.6f}"
                if flips == "none":
                    row["val_loss"] = f"{scored.loss:.6f}"
    return {
        **row,
        "setting": setting,
        "stem": stem,
        "dataset": flag,
        "fold": fold,
        "epochs": recipe.epochs,
        "train_images": len(dataset.splits["train"]),
        "val_images": len(dataset.splits["val"]),
        "precision": compute.precision,
        "seconds": f"{time.perf_counter() - began:.1f}",
    }


def split_anew(dataset: Dataset, fold: int) -> Dataset:
    """Pool train and validation, and take some of each class alike for either."""
    from medfast.data.dataset import Split

    images, labels = (
        np.concatenate([getattr(dataset.splits[name], part) for name in ("train", "val")])
        for part in ("images", "labels")
    )
    sizes = {"train": TRAIN_IMAGES, "val": min(VAL_IMAGES, len(images) - TRAIN_IMAGES)}
    splitter = StratifiedShuffleSplit(
        1, train_size=sizes["train"], test_size=sizes["val"], random_state=fold
    )
    parts = zip(sizes, next(splitter.split(labels, labels)), strict=True)
    splits = {name: Split(name, images[rows], labels[rows]) for name, rows in parts}
    return replace(dataset, splits=MappingProxyType(splits))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("path", type=Path, metavar="FILE.csv")
    parser.add_argument("--stem", choices=["small", "imagenet"], default="small")
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args()
    main(given.path, given.stem, given.folds, given.workers)
