"""The folder of a run: what is in it, under which names."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from medfast.data.dataset import SPLITS
from medfast.data.predictions import prediction_file_name, run_label, write_scores
from medfast.data.storage import storage_error, write_text
from medfast.errors import CheckpointError, ConfigError, StorageError
from medfast.training.fields import check_fields, read_json
from medfast.training.history import EpochRow
from medfast.training.identity import describe_dataset
from medfast.training.plain import plain
from medfast.training.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray

    from medfast.data.dataset import Dataset
    from medfast.metrics import Evaluation


# What file systems take, in bytes, less room for the name under which a file is written.
_LONGEST_NAME = 240

# A killed process has its lock until its memory is given back, and a child that it was making until
# that is another program.
_SECONDS_FOR_THE_DEAD = 3

# What a run leaves that was stopped before it had begun, and another may put its own in place of.
_NOT_BEGUN = {
    ".lock",
    ".seeds.json.tmp",
    "seeds.json",
    ".environment.json.tmp",
    "environment.json",
    ".recipe.yaml.tmp",
}

_SET = {
    "flag": str,
    "source": str,
    "task": str,
    "size": int,
    "channels": int,
    "label_names": [str],
}
_ENVIRONMENT = {
    "dataset": dict,
    "dataset_path": str | None,  # null for the set that is no file
    "device": str,
    "precision": str,
    "deterministic": bool,
    "compile": bool,
    "torch_threads": int,
    "checkpoint_every": int,
    "resumed": list,
}
_RESUMPTION = {"device": str, "precision": str, "torch_threads": int}
_SUMMARY = {
    "dataset": str,
    "official": bool,
    "task": str,
    "size": int,
    "input_size": int,
    "label_names": [str],
    "model": str,
    "parameters": int,
    "recipe": str,
    "epochs": int,
    "seed": int,
    "chosen_epoch": int,
    "chosen_by": str,
    "train_seconds": float,
    "splits": dict,
}
_SPLIT = {
    "images": int,
    "loss": float,
    "auc": float | None,
    "acc": float,
    "per_class_auc": [float | None],
    "absent_classes": [str],
    "predictions": str,
}


@dataclass(frozen=True)
class RunFolder:
    """Paths in a run's folder, and the files that are text."""

    path: Path

    @classmethod
    def create(cls, path: str | PathLike[str]) -> RunFolder:
        """Make a new folder.

        Raises
        ------
        ConfigError
            If there is something in it already.
        StorageError
            If it cannot be made.
        """
        folder = Path(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error("created", folder, error) from error
        cls(folder).refuse_occupied()
        return cls(folder)

    @classmethod
    def create_default(cls, dataset: Dataset, model: str) -> RunFolder:
        """Make ``runs/<set>-<model>-<time>``, numbered if another run has just taken that name.

        Raises
        ------
        ConfigError
            If the name of the set is too long, see `check_names`.
        StorageError
            If it cannot be made.
        """
        name = f"{dataset.flag}-{model}-{time.strftime('%Y%m%d-%H%M%S')}"
        path, number = Path("runs", name), 1
        while True:
            cls(path).check_names(dataset)
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                number += 1
                path = Path("runs", f"{name}-{number}")
            except OSError as error:
                raise storage_error("created", path, error) from error
            else:
                return cls(path)

    def refuse_occupied(self) -> None:
        """Refuse a folder with something in it, but for what is left of a run that never began.

        Raises
        ------
        ConfigError
            If there is.
        StorageError
            If the operating system refuses to tell.
        """
        try:
            occupied = any(entry.name not in _NOT_BEGUN for entry in self.path.iterdir())
        except FileNotFoundError:
            return
        except OSError as error:
            raise storage_error("read", self.path, error) from error
        if occupied:
            go_on = f", or go on with the run in it: {self.resume_flag}"
            raise ConfigError(
                f"{self.path} is not empty; choose another folder{go_on if self.has_begun else ''}"
            )

    def check_names(self, dataset: Dataset) -> None:
        """Refuse names too long for the files of scores, before a run is spent on them.

        Raises
        ------
        ConfigError
            If they are.
        """
        name = prediction_file_name(
            dataset.flag, dataset.size, "train", auc=1.0, acc=1.0, run=run_label(self.name)
        )
        if len(os.fsencode(name)) > _LONGEST_NAME:
            raise ConfigError(
                f"the names of the set ({dataset.flag}) and of the run ({self.name}) are too long "
                "to name a file after; shorten the file's name, or choose another --out"
            )

    @classmethod
    def open(cls, path: str | PathLike[str]) -> RunFolder:
        """Open the folder of a run that was started.

        Raises
        ------
        CheckpointError
            If it is not one.
        """
        folder = cls(Path(path))
        for file in (folder.recipe, folder.environment):
            if not file.is_file():
                then = "give a folder that medfast train made, or start a run in it"
                if folder.has_begun or folder.metrics.exists():  # no run can start in it
                    then = f"restore the file, or {folder.again}"
                raise CheckpointError(
                    f"{folder.path} is not the folder of a run: it has no {file.name}; {then}"
                )
        return folder

    def refuse_repeats(self) -> None:
        """Refuse a folder of several runs where one is wanted.

        Raises
        ------
        ConfigError
            If it is one.
        """
        if self.seeds.exists():
            raise ConfigError(
                f"{self.path} holds a run for each of several seeds; give one of them, such as "
                f"{self.path / 'seed-'}{self.read_seeds()[0]}"
            )

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other processes from training in the folder while the block runs.

        Raises
        ------
        ConfigError
            If another process is at it, and stays.
        StorageError
            If the folder cannot be written.
        """
        lock = FileLock(self.lock, timeout=_SECONDS_FOR_THE_DEAD)
        try:
            lock.acquire()
        except Timeout:
            raise ConfigError(
                f"{self.path}: another process is training in it; wait for it to end, "
                "or choose another folder"
            ) from None
        except OSError as error:
            raise storage_error("written", self.path, error) from error
        try:
            yield
        finally:
            self.lock.unlink(missing_ok=True)
            lock.release()

    @property
    def name(self) -> str:
        """The run's name, which its files of scores carry."""
        return self.path.resolve().name

    @property
    def resume_flag(self) -> str:
        """What to give ``medfast train`` to go on with the run, quoted for a shell."""
        repeats = RunFolder(self.path.parent)
        path = repeats.path if repeats.seeds.exists() else self.path
        return f"--resume {shlex.quote(str(path))}"

    @property
    def again(self) -> str:
        """What to do about a run that nothing goes on with."""
        if RunFolder(self.path.parent).seeds.exists():
            return f"remove {self.path} and train the seed again: medfast train {self.resume_flag}"
        return "train again in another folder"

    @property
    def seeds(self) -> Path:
        """In a folder of runs from several seeds: which, and what they come to together."""
        return self.path / "seeds.json"

    @property
    def lock(self) -> Path:
        """Held by the process that trains; empty, and left behind only by one that was killed."""
        return self.path / ".lock"

    @property
    def recipe(self) -> Path:
        """Every setting, resolved."""
        return self.path / "recipe.yaml"

    @property
    def has_begun(self) -> bool:
        """Whether there is all that a run is resumed with; otherwise it can be started here."""
        return self.recipe.exists()

    @property
    def environment(self) -> Path:
        """The conditions: versions, device, git state, the set and its MD5."""
        return self.path / "environment.json"

    @property
    def metrics(self) -> Path:
        """One row per finished epoch."""
        return self.path / "metrics.csv"

    @property
    def last(self) -> Path:
        """Everything that the next epoch depends on."""
        return self.path / "last.safetensors"

    @property
    def best(self) -> Path:
        """The weights of the best epoch, under torchvision's names."""
        return self.path / "best.safetensors"

    @property
    def summary(self) -> Path:
        """Every metric of every split; written last."""
        return self.path / "summary.json"

    @property
    def predictions(self) -> Path:
        """Folder of one file of scores per split."""
        return self.path / "predictions"

    def begin(
        self,
        recipe: Recipe,
        environment: Mapping[str, Any],
        dataset: Dataset,
        seeds: Sequence[int] | None = None,
    ) -> None:
        """Write what a run, or one from each of several seeds, is resumed with.

        ``recipe.yaml`` comes last: with it, the run has begun. Called while the folder is
        `exclusive`, since another run may have begun in it before.

        Raises
        ------
        ConfigError
            If one has.
        """
        self.refuse_occupied()
        if seeds is None:
            self.seeds.unlink(missing_ok=True)
        else:
            self.write_json(self.seeds, {"seeds": list(seeds), "splits": None})
        self.write_environment(environment, dataset)
        write_text(self.recipe, recipe.to_yaml())

    def read_seeds(self) -> list[int]:
        """Read from ``seeds.json`` which runs the folder is of.

        Raises
        ------
        CheckpointError
            If it names no seeds, a seed twice, or what is no seed.
        """
        seeds = self.read_json(self.seeds).get("seeds")
        if not isinstance(seeds, list) or not seeds:
            raise CheckpointError(f"{self.seeds} names no seeds; restore the file")
        for seed in seeds:
            # A bool is an int to Python.
            if type(seed) is not int or not 0 <= seed < 2**64 or seeds.count(seed) > 1:
                raise CheckpointError(
                    f"{self.seeds}: expected different integers from 0, came {seed!r} among the "
                    "seeds; restore the file"
                )
        return seeds

    def read_recipe(self) -> Recipe:
        """Read ``recipe.yaml``."""
        return load_recipe(self.recipe)

    def write_environment(self, environment: Mapping[str, Any], dataset: Dataset) -> None:
        """Write ``environment.json`` of a new run."""
        facts: dict[str, Any] = {
            "dataset": describe_dataset(dataset),
            "dataset_path": _place_of(dataset),
            "resumed": [],
        }
        self.write_json(self.environment, {**environment, **facts})

    def note_place(self, dataset: Dataset) -> None:
        """Note in ``environment.json`` where the file of the set is, if that is elsewhere now."""
        environment, place = self.read_environment(), _place_of(dataset)
        if place is not None and place != environment["dataset_path"]:
            self.write_json(self.environment, {**environment, "dataset_path": place})

    def read_environment(self) -> dict[str, Any]:
        """Read ``environment.json``."""
        environment = self.read_json(self.environment)
        check_fields(self.environment, environment, _ENVIRONMENT)
        if environment["torch_threads"] < 1:
            raise CheckpointError(
                f"{self.environment}: torch_threads is {environment['torch_threads']}, expected 1 "
                "or more; restore the file"
            )
        check_fields(self.environment, environment["dataset"], _SET, " of the set")
        for resumption in environment["resumed"]:
            check_fields(self.environment, resumption, _RESUMPTION, " of a resumption")
        return environment

    def read_summary(self) -> dict[str, Any]:
        """Read ``summary.json``."""
        summary = self.read_json(self.summary)
        check_fields(self.summary, summary, _SUMMARY)
        check_fields(self.summary, summary["splits"], dict.fromkeys(SPLITS, dict), " of the splits")
        for split in SPLITS:
            check_fields(self.summary, summary["splits"][split], _SPLIT, f" of {split}")
        return summary

    def add_resumption(self, conditions: Mapping[str, Any]) -> None:
        """Note in ``environment.json`` from where, and under what conditions, the run goes on."""
        before = self.read_environment()
        before["resumed"].append(dict(conditions))
        self.write_json(self.environment, before)

    def write_json(self, path: Path, values: Mapping[str, Any]) -> None:
        """Write a JSON file; what is not finite becomes null."""
        write_text(path, json.dumps(plain(values), indent=2, allow_nan=False) + "\n")

    def read_json(self, path: Path) -> dict[str, Any]:
        """Read a JSON file.

        Raises
        ------
        CheckpointError
            If it is missing or malformed.
        """
        try:
            values = read_json(path)
        except FileNotFoundError:
            if path == self.summary and self.environment.exists():
                then = f"the run has not finished; go on with it: medfast train {self.resume_flag}"
            else:  # no run goes on without it
                then = f"restore the file, or {self.again}"
            raise CheckpointError(f"{path} is missing: {then}") from None
        except OSError as error:
            raise storage_error("read", path, error) from error
        if not isinstance(values, dict):
            raise CheckpointError(f"{path} holds no JSON object; restore the file")
        return values

    def write_metrics(self, history: Sequence[EpochRow]) -> None:
        """Write ``metrics.csv``."""
        text = io.StringIO()
        writer = csv.DictWriter(text, [item.name for item in fields(EpochRow)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in history)
        write_text(self.metrics, text.getvalue())

    def write_predictions(
        self, dataset: Dataset, split: str, scores: NDArray[np.float32], found: Evaluation
    ) -> Path:
        """Write the scores of a split in place of earlier ones."""
        run = run_label(self.name)
        name = prediction_file_name(
            dataset.flag, dataset.size, split, auc=found.auc, acc=found.acc, run=run
        )
        path = self.predictions / name
        try:
            self.predictions.mkdir(exist_ok=True)
            write_scores(path, scores)
            for other in self.predictions.iterdir():
                same_split = other.name.startswith(name[: name.index("[AUC]") + 5])
                if same_split and other != path:
                    other.unlink()
        except StorageError:
            raise
        except OSError as error:
            raise storage_error("written", path, error) from error
        return path


def stages(environment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the conditions of each process that trained a run, from its ``environment.json``.

    The first is what began it, the last what scored it.
    """
    return [environment, *environment["resumed"]]


def _place_of(dataset: Dataset) -> str | None:
    return None if dataset.path is None else str(dataset.path.resolve())
