"""Using a finished run: score a split again, or images that it never saw."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.data.dataset import SPLITS
from medfast.data.predictions import run_label, write_scores
from medfast.errors import ConfigError, ShapeError, nearest
from medfast.npz import load_npz
from medfast.task import Task
from medfast.training import checkpoint
from medfast.training.device import Compute, choose_compute
from medfast.training.identity import describe_dataset, reopen_dataset
from medfast.training.run_folder import RunFolder, stages
from medfast.training.scoring import probabilities, score_images, score_split
from medfast.training.setup import build_model

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray
    from torch import nn

    from medfast.data.dataset import Dataset
    from medfast.training.recipe import Recipe


@dataclass(frozen=True)
class RunEvaluation:
    """The metrics of a run on a split, beside those it recorded.

    Attributes
    ----------
    dataset, split : str
    metrics : dict
        As a split has them in ``summary.json``: images, auc, acc, loss, per_class_auc,
        absent_classes.
    recorded : dict or None
        What ``summary.json`` says of the split; None for a set that the run was not trained on.
    """

    dataset: str
    split: str
    metrics: dict[str, Any]
    recorded: dict[str, Any] | None


def evaluate_run(
    path: str | PathLike[str],
    split: str = "test",
    *,
    dataset: Dataset | None = None,
    data: str | PathLike[str] | None = None,
    root: str | PathLike[str] | None = None,
    offline: bool = False,
    mmap: bool = False,
    device: str = "auto",
    precision: str | None = None,
) -> RunEvaluation:
    """Score a split with the best weights of a finished run; nothing is written.

    Parameters
    ----------
    path : path
        The folder of the run.
    split : {"train", "val", "test"}
        Of the set.
    dataset : Dataset, optional
        Another set of the same task, image size, channels and number of classes; by default that
        of the run, opened again from what the folder says.
    data : path, optional
        Where the run's file of one's own is now, if it was moved.
    root, offline, mmap
        See `medfast.data.dataset.open_dataset`.
    device, precision : str, optional
        See `medfast.training.device.choose_compute`; the precision of the run if not given.

    Returns
    -------
    RunEvaluation

    Raises
    ------
    CheckpointError
        If the folder is not that of a finished run, a file in it is damaged, or the run's set is
        no longer what it was.
    ConfigError
        If the split is unknown, or the set does not fit the network.
    """
    if split not in SPLITS:
        raise ConfigError(f"unknown split {split!r}; {nearest(split, SPLITS)}")
    run = _FinishedRun(path, device, precision)
    if dataset is None:
        dataset = reopen_dataset(
            run.folder.environment,
            run.environment,
            data=data,
            root=root,
            offline=offline,
            mmap=mmap,
        )
    present = describe_dataset(dataset)
    run.check_fit(
        dataset.flag,
        task=present["task"],
        size=present["size"],
        channels=present["channels"],
        n_classes=dataset.n_classes,
    )
    with run.compute.settings():
        found = score_split(
            run.model,
            dataset.splits[split],
            dataset.task,
            dataset.channels,
            run.recipe,
            run.compute,
        )
    return RunEvaluation(
        dataset=dataset.flag,
        split=split,
        metrics=found.to_dict(dataset.label_names),
        recorded=run.summary["splits"][split] if present == run.trained_on else None,
    )


def predict(
    path: str | PathLike[str],
    images: NDArray[np.uint8],
    *,
    device: str = "auto",
    precision: str | None = None,
) -> NDArray[np.float32]:
    """Score images with the best weights of a finished run.

    Parameters
    ----------
    path : path
        The folder of the run.
    images : ndarray of uint8 of shape (n, size, size), (n, size, size, 1) or (n, size, size, 3)
        Of the size and channels that the run was trained on.
    device, precision : str, optional
        As in `evaluate_run`.

    Returns
    -------
    ndarray of float32 of shape (n, n_classes)
        Probabilities.

    Raises
    ------
    CheckpointError
        If the folder is not that of a finished run, or a file in it is damaged.
    ShapeError
        If the images do not fit the network.
    """
    return _FinishedRun(path, device, precision).predict(images)


def predict_file(
    path: str | PathLike[str],
    data: str | PathLike[str],
    *,
    split: str | None = None,
    out: str | PathLike[str] | None = None,
    device: str = "auto",
    precision: str | None = None,
) -> Path:
    """Score the images of an ``.npz`` and write ``index,score,...``, without needing labels.

    Parameters
    ----------
    path : path
        The folder of the run.
    data : path
        An ``.npz`` with ``images`` or ``{split}_images``.
    split : str, optional
        Which ``{split}_images`` to take; by default ``images``, else ``test_images``.
    out : path, optional
        The file to write; ``predictions/{data}_{split}@{run}.csv`` in the run by default, which
        MedMNIST's evaluator reads.
    device, precision : str, optional
        As in `evaluate_run`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigError
        If `out` is the data, or a folder.
    MissingKeyError
        If the archive has no such array.
    ShapeError
        If the images do not fit the network.
    """
    data = Path(data)
    if out is not None:
        _refuse_target(Path(out), data)
    run = _FinishedRun(path, device, precision)
    key, images = _images_of(data, split)
    scores = run.predict(images)
    stem = data.stem if key == "images" else f"{data.stem}_{key.removesuffix('_images')}"
    target = (
        Path(out) if out else run.folder.predictions / f"{stem}@{run_label(run.folder.name)}.csv"
    )
    write_scores(target, scores)
    return target


def _refuse_target(target: Path, data: Path) -> None:
    if target.is_dir():
        raise ConfigError(f"{target} is a folder; name a file in it")
    if target.exists() and data.exists() and target.samefile(data):
        raise ConfigError(f"{target} is the data; name another file for the scores")


def _images_of(data: Path, split: str | None) -> tuple[str, NDArray[np.uint8]]:
    if split is None:
        try:
            return "images", load_npz(data, ["images"])["images"]
        except KeyError:
            split = "test"
    key = f"{split}_images"
    return key, load_npz(data, [key])[key]


class _FinishedRun:
    """The network of a run with its best weights, and what its folder says."""

    def __init__(self, path: str | PathLike[str], device: str, precision: str | None) -> None:
        self.folder = RunFolder.open(path)
        self.folder.refuse_repeats()
        self.recipe: Recipe = self.folder.read_recipe()
        self.environment = self.folder.read_environment()
        self.summary = self.folder.read_summary()
        self.trained_on: dict[str, Any] = self.environment["dataset"]
        scored_in = stages(self.environment)[-1]["precision"]
        self.compute: Compute = choose_compute(
            device, precision or scored_in, deterministic=self.environment["deterministic"]
        )
        self.model: nn.Module = build_model(
            self.recipe,
            task=Task.parse(self.trained_on["task"]),
            channels=self.trained_on["channels"],
            n_classes=len(self.trained_on["label_names"]),
            compute=self.compute,
        )
        identity = {"recipe": asdict(self.recipe), "set": self.trained_on}
        best = checkpoint.load_best(
            self.folder, identity, epoch=self.summary.get("chosen_epoch", 0)
        )
        checkpoint.load_weights(self.model, best)

    def check_fit(self, name: str, **present: object) -> None:
        trained = {**self.trained_on, "n_classes": len(self.trained_on["label_names"])}
        for field, value in present.items():
            if value != trained[field]:
                raise ConfigError(
                    f"{name} does not fit {self.folder.path}: its {field} is {value!r}, the run "
                    f"was trained for {trained[field]!r}; give a set like {trained['flag']}"
                )

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        images = np.asarray(images)
        size, channels = self.trained_on["size"], self.trained_on["channels"]
        fits = [(size, size, channels)] + ([(size, size)] if channels == 1 else [])
        if images.dtype != np.uint8 or images.shape[1:] not in fits or len(images) == 0:
            raise ShapeError(
                f"the run in {self.folder.path} takes uint8 images of shape "
                f"(n, {', '.join(map(str, fits[-1]))}), n >= 1; "
                f"got {images.dtype} of shape {images.shape}"
            )
        with self.compute.settings():
            logits = score_images(self.model, images, channels, self.recipe, self.compute)
        return probabilities(logits, Task.parse(self.trained_on["task"]))
