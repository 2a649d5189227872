"""Which set a run was trained on, without the folder that happens to hold it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medfast.data.dataset import open_dataset, open_file
from medfast.data.download import md5_of
from medfast.errors import (
    CheckpointError,
    ConfigError,
    DatasetNotFoundError,
    MedfastError,
    StorageError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from medfast.data.dataset import Dataset


def describe_dataset(dataset: Dataset) -> dict[str, Any]:
    """Tell a set apart from every other, in values that JSON can hold."""
    return {
        "flag": dataset.flag,
        "source": "file" if dataset.info is None and dataset.path else "catalog",
        "task": dataset.task.value,
        "size": dataset.size,
        "channels": dataset.channels,
        "label_names": list(dataset.label_names),
        "images": {name: len(split) for name, split in dataset.splits.items()},
        "md5": dataset.md5,
    }


def reopen_dataset(
    recorded_in: Path,
    environment: Mapping[str, Any],
    *,
    dataset: Dataset | None = None,
    data: str | PathLike[str] | None = None,
    root: str | PathLike[str] | None = None,
    offline: bool = False,
    mmap: bool = False,
) -> Dataset:
    """Open the set that ``environment.json`` names, and refuse another.

    A set of the catalog is looked for under `root`, then where it was, then under the usual root;
    a file of one's own at `data`, or else where it was.

    Parameters
    ----------
    recorded_in : Path
        Of ``environment.json``, for errors.
    environment : mapping
        What is in it.
    dataset : Dataset, optional
        The set, if the caller has opened it; the rest is of no account then.
    data, root, offline, mmap
        See `medfast.data.dataset.open_dataset` and `open_file`.

    Raises
    ------
    CheckpointError
        If it is not the set that was recorded, or no longer, or it is not recorded where it was.
    ConfigError
        If `data` is given for a set of the catalog.
    DatasetNotFoundError
        If the file is not there.
    """
    identity, path = environment["dataset"], environment["dataset_path"]
    if dataset is None and identity["source"] == "file":
        place = data or path
        if place is None:
            raise CheckpointError(
                f"{recorded_in}: 'dataset_path' of a set that is a file must be text, came None; "
                "restore the file"
            )
        dataset = _reopen_file(recorded_in, identity, Path(place), mmap=mmap)
    elif dataset is None:
        if data is not None:
            raise ConfigError(
                f"--data is for runs on files of one's own; this one is on {identity['flag']}"
            )
        if root is None and path is not None and Path(path).is_file():
            root = Path(path).parent
        dataset = open_dataset(
            identity["flag"], size=identity["size"], root=root, offline=offline, mmap=mmap
        )
    refuse_another(recorded_in, "set", identity, describe_dataset(dataset))
    return dataset


def _reopen_file(
    recorded_in: Path, identity: Mapping[str, Any], path: Path, *, mmap: bool
) -> Dataset:
    try:
        dataset = open_file(
            path, task=identity["task"], label_names=identity["label_names"], mmap=mmap
        )
    except DatasetNotFoundError as error:
        raise DatasetNotFoundError(f"{error}; if it was moved, say where to with --data") from None
    except StorageError:
        raise
    except MedfastError as error:
        # What is wrong with it, when read as the run read it, may come of its being another file.
        was, came = identity.get("md5"), md5_of(path)
        if was == came:
            raise
        raise CheckpointError(
            f"{recorded_in} belongs to another set: the MD5 was {was!r}, that of {path} is "
            f"{came!r}; give the set of the run, or start a new run"
        ) from error
    # Under the name it had: the MD5 tells whether it is the same file.
    return replace(dataset, flag=identity["flag"])


def refuse_another(
    path: Path, what: str, recorded: Mapping[str, Any], present: Mapping[str, Any]
) -> None:
    """Compare what a file of the run recorded with what is at hand.

    Raises
    ------
    CheckpointError
        If they differ; the message names the first field that does.
    """
    present = json.loads(json.dumps(present))
    for field in dict.fromkeys([*recorded, *present]):
        was, came = recorded.get(field), present.get(field)
        if was != came:
            raise CheckpointError(
                f"{path} belongs to another {what}: {field} was {was!r}, came {came!r}; "
                f"give the {what} of the run, or start a new run"
            )
