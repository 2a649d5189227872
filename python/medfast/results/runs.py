"""Finished runs, read back from their folders."""

from __future__ import annotations

import csv
import json
import math
import shlex
import warnings
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from medfast.data.dataset import SPLITS
from medfast.data.predictions import read_predictions
from medfast.data.storage import storage_error
from medfast.errors import (
    CheckpointError,
    ConfigError,
    CorruptDatasetError,
    DatasetNotFoundError,
    UndefinedMetricWarning,
    nearest,
)
from medfast.metrics import evaluate
from medfast.task import Task
from medfast.training.history import EpochRow
from medfast.training.identity import reopen_dataset
from medfast.training.recipe import stem_for_size
from medfast.training.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    from numpy.typing import NDArray

    from medfast.data.dataset import Dataset
    from medfast.training.recipe import Recipe

STEM_WORDS = {"small": "small stem", "imagenet": "ImageNet stem"}


class Outcome(NamedTuple):
    """Labels and scores of a split.

    Attributes
    ----------
    labels : ndarray of shape (n_samples, 1) or (n_samples, n_labels)
    scores : ndarray of float32 of shape (n_samples, n_classes)
    task : Task
    """

    labels: NDArray[np.integer[Any]]
    scores: NDArray[np.float32]
    task: Task


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A run whose folder is whole.

    Attributes
    ----------
    folder : RunFolder
    summary : mapping
        ``summary.json``.
    recipe : Recipe
        ``recipe.yaml``.
    environment : mapping
        ``environment.json``.
    history : tuple of EpochRow
        ``metrics.csv``; NaN for what an older medfast did not write.
    """

    folder: RunFolder
    summary: Mapping[str, Any]
    recipe: Recipe
    environment: Mapping[str, Any]
    history: tuple[EpochRow, ...]
    _sets: dict[str, Dataset] = field(default_factory=dict, repr=False)
    """The sets opened so far, which runs that were opened together share."""

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.folder.name

    @property
    def flag(self) -> str:
        """MedMNIST's name of the set, or that of a file of one's own."""
        return str(self.summary["dataset"])

    @property
    def official(self) -> bool:
        """Whether the file is, by its MD5, the one that MedMNIST published."""
        return bool(self.summary["official"])

    @property
    def task(self) -> Task:
        """What the labels mean."""
        return Task.parse(self.summary["task"])

    @property
    def label_names(self) -> tuple[str, ...]:
        """The name of each class or label."""
        return tuple(self.summary["label_names"])

    @property
    def size(self) -> int:
        """Side of the images in pixels."""
        return int(self.summary["size"])

    @property
    def input_size(self) -> int:
        """Side in pixels of what the network took in, to which the recipe may have enlarged."""
        return self.recipe.input_size(self.size)

    @property
    def other_stem(self) -> str:
        """The stem in words, where it is not that of networks for this input; empty otherwise."""
        usual, stem = stem_for_size(self.input_size), self.recipe.stem
        return "" if stem in ("auto", usual) else STEM_WORDS[stem]

    @property
    def model(self) -> str:
        """The network."""
        return str(self.summary["model"])

    @property
    def seed(self) -> int:
        """The seed of everything drawn."""
        return int(self.summary["seed"])

    def figures(self, split: str) -> Mapping[str, Any]:
        """Return what ``summary.json`` says of a split.

        Raises
        ------
        ConfigError
            If `split` is no split.
        """
        if split not in SPLITS:
            raise ConfigError(f"unknown split {split!r}; {nearest(str(split), SPLITS)}")
        found: Mapping[str, Any] = self.summary["splits"][split]
        return found

    def scores(self, split: str) -> NDArray[np.float32]:
        """Read the scores that the run wrote of a split.

        Parameters
        ----------
        split : {"train", "val", "test"}

        Returns
        -------
        ndarray of float32 of shape (n_samples, n_classes)
            Probabilities.

        Raises
        ------
        ConfigError
            If `split` is no split.
        CheckpointError
            If the file is missing, damaged, or of other samples or classes.
        """
        figures = self.figures(split)
        path = self.folder.path / figures["predictions"]
        again = f"restore it, or score again with {self._predict_command(split, path)}"
        try:
            found = read_predictions(path).scores
        except DatasetNotFoundError:
            raise CheckpointError(f"{path} is missing; {again}") from None
        except CorruptDatasetError as error:
            raise CheckpointError(f"{error}; {again}") from error
        expected = (figures["images"], len(self.label_names))
        if found.shape != expected:
            raise CheckpointError(
                f"{path}: expected {expected[0]} rows of {expected[1]} scores, as summary.json "
                f"says, came {found.shape[0]} of {found.shape[1]}; {again}"
            )
        if not np.isfinite(found).all():
            row, column = np.argwhere(~np.isfinite(found))[0].tolist()
            raise CheckpointError(
                f"{path}: score {column} of sample {row} is {found[row, column]}; {again}"
            )
        return found.astype(np.float32)

    def labels(
        self, split: str, *, root: str | PathLike[str] | None = None
    ) -> NDArray[np.integer[Any]]:
        """Read the labels of a split from the set that the run was trained on.

        Parameters
        ----------
        split : {"train", "val", "test"}
        root : path, optional
            As for `dataset`.

        Returns
        -------
        ndarray of shape (n_samples, 1) or (n_samples, n_labels)

        Raises
        ------
        ConfigError
            If `split` is no split.
        MedfastError
            As for `dataset`.
        """
        self.figures(split)
        return self.dataset(root=root).splits[split].labels

    def outcome(self, split: str, *, root: str | PathLike[str] | None = None) -> Outcome:
        """Read labels and scores of a split, and check that they come to what the run recorded.

        Parameters
        ----------
        split : {"train", "val", "test"}
        root : path, optional
            As for `dataset`.

        Returns
        -------
        Outcome

        Raises
        ------
        CheckpointError
            If AUC or ACC are not those of ``summary.json``.
        MedfastError
            As for `scores` and `labels`.
        """
        figures, scores = self.figures(split), self.scores(split)
        labels = self.labels(split, root=root)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            found = evaluate(labels, scores, self.task).to_dict()
        for key in ("auc", "acc"):
            was, came = figures.get(key), found[key]
            if was != came and (
                was is None or came is None or not math.isclose(was, came, abs_tol=1e-9)
            ):
                raise CheckpointError(
                    f"{self.folder.path / figures['predictions']} comes to {key.upper()} {came}, "
                    f"{self.folder.summary} says {was}; restore the one that was changed"
                )
        return Outcome(labels, scores, self.task)

    def dataset(self, *, root: str | PathLike[str] | None = None) -> Dataset:
        """Open the set that the run was trained on; runs that were opened together share it.

        Nothing is downloaded.

        Parameters
        ----------
        root : path, optional
            The folder of the file, if it is not where it was; see
            `medfast.training.identity.reopen_dataset`.

        Returns
        -------
        Dataset

        Raises
        ------
        DatasetNotFoundError
            If the file is not there.
        CheckpointError
            If it is no longer the file that the run was trained on.
        """
        identity, path = self.environment["dataset"], self.environment.get("dataset_path")
        key = json.dumps([identity, path, None if root is None else str(root)])
        if key not in self._sets:
            self._sets[key] = self._open_dataset(identity, path, root)
        return self._sets[key]

    def _open_dataset(
        self, identity: Mapping[str, Any], path: str | None, root: str | PathLike[str] | None
    ) -> Dataset:
        data = None
        if identity["source"] == "file" and path is not None:
            data = Path(path)
            if root is not None and Path(root, data.name).is_file():
                data = Path(root, data.name)
            if not data.is_file():
                raise DatasetNotFoundError(
                    f"{data}, which {self.folder.path} was trained on, is missing; if it was "
                    "moved, give the folder that it is in: --root FOLDER; or, under any name and "
                    f"for good: medfast train {self.folder.resume_flag} --data FILE"
                )
        return reopen_dataset(
            self.folder.environment, self.environment, data=data, root=root, offline=True
        )

    def _predict_command(self, split: str, out: Path) -> str:
        data = self.environment.get("dataset_path") or "FILE.npz"
        words = ["medfast", "predict", str(self.folder.path), "--data", data]
        return shlex.join([*words, "--split", split, "--out", str(out)])


def open_runs(paths: Iterable[str | PathLike[str]]) -> list[FinishedRun]:
    """Open finished runs.

    Parameters
    ----------
    paths : iterable of path
        Folders of runs. The folder that ``medfast train --seeds`` makes stands for the runs in it.

    Returns
    -------
    list of FinishedRun
        In the order given.

    Raises
    ------
    ConfigError
        If there is none, one is named twice, or a path is no folder.
    CheckpointError
        If a folder is no run's, a run has not finished, or a file of it is damaged.
    StorageError
        If the operating system refuses to read.
    """
    folders = [folder for path in paths for folder in _run_folders(Path(path))]
    if not folders:
        raise ConfigError("no runs; give folders that medfast train made")
    seen: set[Path] = set()
    for folder in folders:
        place = folder.resolve()
        if place in seen:
            raise ConfigError(f"{folder} is given twice; a run counts once, so name it once")
        seen.add(place)
    sets: dict[str, Dataset] = {}
    return [_open_run(folder, sets) for folder in folders]


def _run_folders(path: Path) -> list[Path]:
    """Return the folder itself, or those of its repeats."""
    try:
        empty = not any(path.iterdir())
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist; check the path") from None
    except NotADirectoryError:
        raise ConfigError(f"{path} is a file; give the folder of a run") from None
    except OSError as error:
        raise storage_error("read", path, error) from error
    if empty:
        raise CheckpointError(f"{path} is empty; give a folder that medfast train made")
    repeats = RunFolder(path)
    if not repeats.seeds.exists():
        return [path]
    folders = [path / f"seed-{seed}" for seed in repeats.read_seeds()]
    for folder in folders:
        if not RunFolder(folder).has_begun:
            raise CheckpointError(
                f"{folder} is missing: not every seed is trained; go on with them: "
                f"medfast train {repeats.resume_flag}"
            )
    return folders


def _open_run(path: Path, sets: dict[str, Dataset]) -> FinishedRun:
    folder = RunFolder.open(path)
    summary, environment = folder.read_summary(), folder.read_environment()
    return FinishedRun(
        folder=folder,
        summary=summary,
        recipe=folder.read_recipe(),
        environment=environment,
        history=_read_history(folder.metrics),
        _sets=sets,
    )


def _read_history(path: Path) -> tuple[EpochRow, ...]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; restore the file") from None
    except OSError as error:
        raise storage_error("read", path, error) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CheckpointError(f"{path} is no table ({error}); restore the file") from error
    if not rows:
        raise CheckpointError(f"{path} has no epochs; restore the file")
    return tuple(_epoch_row(path, number, row) for number, row in enumerate(rows, 2))


def _epoch_row(path: Path, line: int, row: Mapping[str, str | None]) -> EpochRow:
    values: dict[str, Any] = {}
    for item in fields(EpochRow):
        cell = row.get(item.name)
        try:
            if item.name == "epoch":
                values[item.name] = int(cell or "")
            else:
                values[item.name] = float(cell) if cell else math.nan
        except ValueError:
            raise CheckpointError(
                f"{path}, line {line}: {item.name} is {cell!r}, which is no number; "
                "restore the file"
            ) from None
    return EpochRow(**values)
