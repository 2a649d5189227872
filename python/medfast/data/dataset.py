"""Opening a set: an official one by its name, or any six-key ``.npz`` by its path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from medfast.data import digits
from medfast.data.arrays import read_arrays
from medfast.data.catalog import lookup
from medfast.data.download import by_hand, download, md5_of
from medfast.data.root import data_root
from medfast.errors import (
    ConfigError,
    CorruptDatasetError,
    DatasetNotFoundError,
    InvalidValueError,
    MissingKeyError,
    ShapeError,
    nearest,
)
from medfast.npz import load_npz
from medfast.task import Task

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from medfast.data.catalog import DatasetInfo
    from medfast.data.download import Progress

SPLITS = ("train", "val", "test")

_KEYS = tuple(f"{split}_{part}" for split in SPLITS for part in ("images", "labels"))


@dataclass(frozen=True, eq=False)
class Split:
    """One of the three parts of a set; sets that are opened from one file share its arrays.

    Attributes
    ----------
    name : str
        ``"train"``, ``"val"`` or ``"test"``.
    images : ndarray of uint8
        Read-only. Shape (n, size, size) for gray images, (n, size, size, 3) for RGB ones, and
        (n, size, size, size) for volumes.
    labels : ndarray of uint8 or int64
        Shape (n, 1) with the number of a class, or (n, n_classes) with 0 and 1 in a multi-label
        set.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.integer[Any]]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A set whose arrays were checked when it was opened.

    Attributes
    ----------
    flag : str
        MedMNIST's name of the set; of a set of one's own, the name of the file without ``.npz``.
    task : Task
        What the labels mean.
    label_names : tuple of str
        The name of each class, or of each label of a multi-label set, in order.
    splits : mapping of str to Split
        ``"train"``, ``"val"`` and ``"test"``.
    size : int
        Height, width and, of a volume, depth in pixels.
    channels : int
        1 (gray) or 3 (RGB).
    path : Path or None
        The file; None for ``digits``.
    info : DatasetInfo or None
        The entry of the catalog, if the set was opened by its name.
    """

    flag: str
    task: Task
    label_names: tuple[str, ...]
    splits: Mapping[str, Split]
    size: int
    channels: int
    path: Path | None = None
    info: DatasetInfo | None = None

    @property
    def n_classes(self) -> int:
        """Number of classes, or of labels in a multi-label set."""
        return len(self.label_names)

    @property
    def is_3d(self) -> bool:
        """Whether an image is a volume."""
        return self.channels == 1 and self.splits["train"].images.ndim == 4

    @cached_property
    def md5(self) -> str | None:
        """MD5 of the file, None for ``digits``; computed when first asked for."""
        return None if self.path is None else md5_of(self.path)

    @property
    def is_official(self) -> bool:
        """Whether the file is, by its MD5, the one that MedMNIST published."""
        return self.info is not None and self.md5 == self.info.md5[self.size]

    def class_counts(self, split: str) -> NDArray[np.intp]:
        """Count the samples of each class, or the positive ones of each label, in one split.

        A class may be absent from a split; it then counts 0.

        Parameters
        ----------
        split : str
            ``"train"``, ``"val"`` or ``"test"``.

        Returns
        -------
        ndarray of shape (n_classes,)

        Examples
        --------
        >>> open_dataset("digits").class_counts("val")
        array([18, 18, 18, 18, 18, 18, 18, 18, 18, 18])
        """
        labels = self.splits[split].labels
        counts: NDArray[np.intp]
        if self.task is Task.MULTI_LABEL:
            counts = np.count_nonzero(labels, axis=0)
        else:
            counts = np.bincount(labels[:, 0], minlength=self.n_classes)
        return counts


def open_dataset(
    name: str,
    *,
    size: int = 28,
    root: str | os.PathLike[str] | None = None,
    offline: bool = False,
    mmap: bool = False,
    progress: Progress | None = None,
) -> Dataset:
    """Open an official set, or ``digits``, by its name.

    The file is fetched when it is missing. One that is there is checked by the number and the shape
    of the official images and by the CRC-32 of each array, but not by its MD5, which costs over
    a second per GB: `Dataset.md5` computes it, `medfast.data.download.download` compares it.

    Parameters
    ----------
    name : str
        A flag, a class name or an alias of `medfast.data.catalog.CATALOG`, in any case, or
        ``"digits"``.
    size : int
        Size of the images in pixels.
    root : path, optional
        See `medfast.data.root.data_root`.
    offline : bool
        Never ask the network.
    mmap : bool
        Map the arrays into memory out of a cache on the disk, see `medfast.npz.cache`; for sets
        that do not fit into memory, and for many processes on one host.
    progress : Progress, optional
        See `medfast.data.download.download`.

    Returns
    -------
    Dataset

    Raises
    ------
    ConfigError
        If no set has that name, or the set has no such size.
    DatasetNotFoundError
        If the file is missing and `offline` is set.
    DownloadError, StorageError
        If the file could not be fetched.
    CorruptDatasetError, MissingKeyError, ShapeError, InvalidValueError
        If the file is damaged, or is not the official one.

    Examples
    --------
    >>> digits = open_dataset("digits")
    >>> digits.task, digits.n_classes, len(digits.splits["train"])
    (<Task.MULTI_CLASS: 'multi-class'>, 10, 1253)
    """
    if name.casefold() == "digits":
        if size != digits.SIZE:
            raise ConfigError(f"digits has no size {size!r}; its size is {digits.SIZE}")
        return _checked(
            digits.load_digits(), "digits", "digits", Task.MULTI_CLASS, digits.LABEL_NAMES
        )
    info = lookup(name, also=["digits"])
    path = data_root(root) / info.file_name(size)
    try:
        arrays = _read(path, mmap=mmap)
    except DatasetNotFoundError:
        if offline:
            raise DatasetNotFoundError(
                f"{path} is missing, and downloads are off; {by_hand(info, size, path)}"
            ) from None
        arrays = _read(download(info, size=size, root=root, progress=progress), mmap=mmap)
    dataset = _checked(
        arrays, str(path), info.flag, info.task, info.label_names, path=path, info=info
    )
    _compare(dataset, info, size)
    return dataset


def open_file(
    path: str | os.PathLike[str],
    *,
    task: str | Task,
    label_names: Sequence[str] | None = None,
    mmap: bool = False,
) -> Dataset:
    """Open a set of one's own: any ``.npz`` with MedMNIST's six keys.

    Parameters
    ----------
    path : path
        A file with ``{train,val,test}_images``, uint8 of shape (n, size, size) or
        (n, size, size, 1) for gray images, (n, size, size, 3) for RGB ones and
        (n, size, size, size) for volumes, and ``{train,val,test}_labels``, integers of shape (n,),
        (n, 1) or, for a multi-label set, (n, n_labels).
    task : str or Task
        What the labels mean.
    label_names : sequence of str, optional
        A name for each class or label. Without it they are called ``"0"``, ``"1"``, ..., and a
        multi-class or ordinal set has as many classes as its largest label says.
    mmap : bool
        As for `open_dataset`.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetNotFoundError
        If there is no such file.
    MissingKeyError
        If it lacks one of the keys.
    CorruptDatasetError
        If it is no ``.npz``, or is damaged. See `medfast.npz.load_npz` for what else can be wrong.
    ShapeError
        If an array has the wrong dtype or shape, or a split is empty.
    InvalidValueError
        If a label is no class, or the train split has but one.
    ConfigError
        If the task is unknown, or the number of names is not that of the classes.
    """
    path = Path(path)
    arrays = _read(path, mmap=mmap)
    return _checked(arrays, str(path), path.stem, Task.parse(task), label_names, path=path)


def load_labels(
    name: str, split: str, *, size: int = 28, root: str | os.PathLike[str] | None = None
) -> NDArray[np.integer[Any]]:
    """Read the labels of a split, and no images; the labels of a few splits are remembered.

    Parameters
    ----------
    name : str
        As for `open_dataset`.
    split : {"train", "val", "test"}
    size : int
        Of the images in the file.
    root : path, optional
        See `medfast.data.root.data_root`.

    Returns
    -------
    ndarray of shape (n_samples, 1) or (n_samples, n_labels)
        Read-only. uint8, or int64 where the file holds others.

    Raises
    ------
    ConfigError
        If no set has that name, the set has no such size, or `split` is no split.
    DatasetNotFoundError
        If the file is missing: it is not fetched.
    CorruptDatasetError, MissingKeyError, ShapeError
        If the file is damaged, or is no set.

    Examples
    --------
    >>> load_labels("digits", "test")[:3].tolist()
    [[9], [7], [2]]
    """
    if split not in SPLITS:
        raise ConfigError(f"unknown split {split!r}; {nearest(str(split), SPLITS)}")
    if name.casefold() == "digits":
        return open_dataset(name, size=size).splits[split].labels
    info = lookup(name, also=["digits"])
    path = data_root(root) / info.file_name(size)
    try:
        status = path.stat()
    except OSError:
        raise DatasetNotFoundError(
            f"{path} is missing; fetch it with `medfast download {info.flag} --size {size}`, or "
            f"{by_hand(info, size, path)}"
        ) from None
    return _remembered_labels(path, split, info.task, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=8)
def _remembered_labels(
    path: Path,
    split: str,
    task: Task,
    version: tuple[int, int],  # noqa: ARG001 - of the file: another one is read again
) -> NDArray[np.integer[Any]]:
    key = f"{split}_labels"
    labels = _labels(f"{path}: {key}", load_npz(path, [key])[key], task)
    labels.flags.writeable = False
    return labels


def _read(path: Path, *, mmap: bool) -> dict[str, NDArray[Any]]:
    try:
        return read_arrays(path, _KEYS, mmap=mmap)
    except MissingKeyError as error:
        raise MissingKeyError(f"{error}; a set has the arrays {', '.join(_KEYS)}") from None


def _checked(
    arrays: Mapping[str, NDArray[Any]],
    where: str,
    flag: str,
    task: Task,
    label_names: Sequence[str] | None,
    *,
    path: Path | None = None,
    info: DatasetInfo | None = None,
) -> Dataset:
    """Build a set of six arrays, or say what is wrong with them."""
    splits = {
        split: Split(
            split,
            _images(f"{where}: {split}_images", arrays[f"{split}_images"]),
            _labels(f"{where}: {split}_labels", arrays[f"{split}_labels"], task),
        )
        for split in SPLITS
    }
    _check_agreement(where, splits)
    if label_names is None:
        label_names = [str(number) for number in range(_count_classes(where, splits, task))]
    names = tuple(label_names)
    _check_classes(where, splits, task, names)
    images = splits["train"].images
    return Dataset(
        flag=flag,
        task=task,
        label_names=names,
        splits=splits,
        size=images.shape[1],
        channels=3 if images.ndim == 4 and images.shape[3] == 3 else 1,
        path=path,
        info=info,
    )


def _images(where: str, array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    # A last axis of 3 means colour: no volume is that thin.
    spatial = array.shape[1:3] if array.ndim == 4 and array.shape[3] == 3 else array.shape[1:]
    square = array.ndim in (3, 4) and len(set(spatial)) == 1 and spatial[0] > 0
    if array.dtype != np.uint8 or not square:
        raise ShapeError(
            f"{where}: expected uint8 of shape (n, size, size), (n, size, size, 3) or, for "
            f"volumes, (n, size, size, size), came {array.dtype} of shape {array.shape}; "
            "convert the images and save them again"
        )
    if len(array) == 0:
        raise ShapeError(f"{where}: expected at least one image, came none; every split needs some")
    return array


def _labels(where: str, array: NDArray[Any], task: Task) -> NDArray[np.integer[Any]]:
    if array.dtype.kind not in "biu" or array.ndim not in (1, 2):
        raise ShapeError(
            f"{where}: expected integers of shape (n, 1) or (n, n_labels), came {array.dtype} of "
            f"shape {array.shape}; number the classes from 0"
        )
    columns = array[:, np.newaxis] if array.ndim == 1 else array
    if (task is Task.MULTI_LABEL) != (columns.shape[1] > 1):
        wanted = "(n, n_labels) with n_labels > 1" if task is Task.MULTI_LABEL else "(n, 1)"
        other = "binary" if task is Task.MULTI_LABEL else "multi-label"
        raise ShapeError(
            f"{where}: the task {task.value!r} needs labels of shape {wanted}, came {array.shape}; "
            f"the task may be {other!r}"
        )
    if columns.dtype == np.uint8:
        return columns
    return columns.astype(np.uint8 if columns.dtype == np.bool_ else np.int64)


def _check_agreement(where: str, splits: Mapping[str, Split]) -> None:
    """Check the arrays against each other."""
    train = splits["train"]
    for split in splits.values():
        if len(split.images) != len(split.labels):
            raise ShapeError(
                f"{where}: {split.name}_images holds {len(split.images)} images and "
                f"{split.name}_labels {len(split.labels)} rows; each image needs one row of labels"
            )
        for part in ("images", "labels"):
            expected, came = (getattr(each, part).shape[1:] for each in (train, split))
            if came != expected:
                raise ShapeError(
                    f"{where}: {split.name}_{part} has rows of shape {came}, train_{part} of shape "
                    f"{expected}; all splits need the same"
                )


def _count_classes(where: str, splits: Mapping[str, Split], task: Task) -> int:
    """Infer the number of classes from all splits."""
    if task is Task.MULTI_LABEL:
        return int(splits["train"].labels.shape[1])
    if task is Task.BINARY:
        return 2
    largest = max(int(split.labels.max()) for split in splits.values())
    # Also keeps labels that are no class numbers (patients, files, ...) from taking the memory.
    n_samples = sum(map(len, splits.values()))
    if largest >= n_samples:
        raise InvalidValueError(
            f"{where}: a label is {largest}, but there are only {n_samples} images; number the "
            "classes from 0"
        )
    return largest + 1


def _check_classes(
    where: str, splits: Mapping[str, Split], task: Task, names: tuple[str, ...]
) -> None:
    """Check every label against the classes, and that the train split can teach something."""
    expected = {Task.BINARY: 2, Task.MULTI_LABEL: splits["train"].labels.shape[1]}.get(task)
    if expected not in (None, len(names)):
        raise ConfigError(
            f"{where}: {len(names)} label names for {expected} classes; give one name for each"
        )
    limit = 2 if task is Task.MULTI_LABEL else len(names)
    for split in splits.values():
        wrong = (split.labels < 0) | (split.labels >= limit)
        if wrong.any():
            row, column = map(int, np.argwhere(wrong)[0])
            place = f"row {row}, column {column}" if task is Task.MULTI_LABEL else f"row {row}"
            raise InvalidValueError(
                f"{where}: {split.name}_labels, {place}: expected 0 to {limit - 1}, came "
                f"{split.labels[row, column]}; check the task, or number the classes from 0"
            )
    labels = splits["train"].labels
    if (labels == labels[0]).all():
        raise InvalidValueError(
            f"{where}: all {len(labels)} rows of train_labels are the same "
            f"({', '.join(map(str, labels[0]))}); training needs two classes at least"
        )


def _compare(dataset: Dataset, info: DatasetInfo, size: int) -> None:
    """Check an official file against the catalog."""
    depth = (size,) if info.is_3d else (3,) if info.channels == 3 else ()
    for split in dataset.splits.values():
        expected = (info.n_samples[split.name], size, size, *depth)
        if split.images.shape != expected:
            raise CorruptDatasetError(
                f"{dataset.path}: {split.name}_images: expected shape {expected} in the official "
                f"file, came {split.images.shape}; move it away to fetch that file, or open this "
                "one by its path as a set of your own"
            )
