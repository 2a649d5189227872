"""The sets of a study, as its runs are trained on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from medfast.data.catalog import lookup
from medfast.data.dataset import open_file
from medfast.data.root import data_root
from medfast.data.storage import storage_error
from medfast.npz import save_npz
from medfast.results.study.plan import REAL_SIZE, SetFacts
from medfast.training.setup import refuse_volumes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike
    from pathlib import Path

    from medfast.data.dataset import Dataset
    from medfast.results.study.plan import Settings

    OpenSet = Callable[[str, int], Dataset]
    """Opens the set of a flag and a size."""


class StudySet(NamedTuple):
    """A set in each of its sizes at hand.

    Attributes
    ----------
    facts : SetFacts
    files : dict of int to Dataset
        By the size of the images.
    whole : int
        How many images the train split has, of which a study may take a part.
    official : bool
        Whether the file, or that of which a part is taken, is the one that MedMNIST published.
    """

    facts: SetFacts
    files: dict[int, Dataset]
    whole: int
    official: bool


def check_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the flags of sets, each once.

    Raises
    ------
    ConfigError
        If a set is unknown, or holds volumes.

    Examples
    --------
    >>> check_names(["BreastMNIST", "digits"])
    ('breastmnist', 'digits')
    """
    flags = []
    for name in names:
        if name.casefold() == "digits":
            flags.append("digits")
        else:
            info = lookup(name, also=["digits"])
            refuse_volumes(info.flag, is_3d=info.is_3d)
            flags.append(info.flag)
    return tuple(dict.fromkeys(flags))


def open_sets(
    settings: Settings, folder: Path, root: str | PathLike[str] | None, open_set: OpenSet
) -> dict[str, StudySet]:
    """Open the sets of a study, and write the parts of them that a quick one trains on.

    Parameters
    ----------
    settings : Settings
    folder : Path
        For the parts.
    root : path or None
        See `medfast.data.root.data_root`.
    open_set : callable

    Raises
    ------
    MedfastError
        As `medfast.data.dataset.open_dataset`.
    """
    found = {}
    for flag in settings.datasets:
        dataset = open_set(flag, 28)
        refuse_volumes(flag, is_3d=dataset.is_3d)
        whole = len(dataset.splits["train"])
        files = {28: _part_of(dataset, settings.scale.train_images, folder)}
        if not settings.quick and "resolution" in settings.questions and _has_real(flag, root):
            files[REAL_SIZE] = open_set(flag, REAL_SIZE)
        images = {name: len(split) for name, split in files[28].splits.items()}
        facts = SetFacts(flag, dataset.task, images, tuple(files))
        found[flag] = StudySet(facts, files, whole, dataset.is_official)
    return found


def _has_real(flag: str, root: str | PathLike[str] | None) -> bool:
    if flag == "digits":
        return False
    info = lookup(flag)
    return REAL_SIZE in info.sizes and (data_root(root) / info.file_name(REAL_SIZE)).is_file()


def _part_of(dataset: Dataset, images: int, folder: Path) -> Dataset:
    """Write a set with some of the training images only, if it has more: a file of one's own."""
    train = dataset.splits["train"]
    if not 0 < images < len(train):
        return dataset
    rows = np.sort(np.random.default_rng(0).permutation(len(train))[:images])
    arrays = {}
    for name, split in dataset.splits.items():
        taken = rows if name == "train" else slice(None)
        arrays[f"{name}_images"] = np.ascontiguousarray(split.images[taken])
        arrays[f"{name}_labels"] = np.ascontiguousarray(split.labels[taken])
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise storage_error("created", folder, error) from error
    path = folder / f"{dataset.flag}_train{images}.npz"
    save_npz(path, arrays)  # the same bytes as in an earlier call
    return open_file(path, task=dataset.task, label_names=dataset.label_names)
