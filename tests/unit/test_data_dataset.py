"""Opening sets: what is accepted, and what each fault is told."""

from __future__ import annotations

import dataclasses
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from loopback import Loopback
from medfast.data import Dataset, dataset, lookup, open_dataset, open_file
from medfast.data.download import md5_of
from medfast.errors import (
    ConfigError,
    CorruptDatasetError,
    DatasetNotFoundError,
    DownloadError,
    InvalidValueError,
    MissingKeyError,
    ShapeError,
)
from medfast.task import Task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from medfast.data.catalog import DatasetInfo

N = {"train": 6, "val": 3, "test": 4}


def arrays(
    image: tuple[int, ...] = (8, 8), *, n_classes: int = 2, n_labels: int = 0, **replaced: Any
) -> dict[str, NDArray[Any]]:
    """Make the six arrays; a key of None is left out."""
    random = np.random.default_rng(0)
    six: dict[str, Any] = {}
    for split, n in N.items():
        six[f"{split}_images"] = random.integers(0, 256, (n, *image), dtype=np.uint8)
        labels = np.arange(n)[:, None] % n_classes
        if n_labels:
            labels = (np.arange(n)[:, None] + np.arange(n_labels)) % 2
        six[f"{split}_labels"] = labels.astype(np.uint8)
    return {key: value for key, value in (six | replaced).items() if value is not None}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine.npz"


def opened(
    path: Path, six: Mapping[str, NDArray[Any]], task: str = "binary", **more: Any
) -> Dataset:
    np.savez_compressed(path, **six)
    return open_file(path, task=task, **more)


@pytest.mark.parametrize(
    ("image", "kept", "channels", "is_3d"),
    [
        ((8, 8), (8, 8), 1, False),
        ((8, 8, 1), (8, 8), 1, False),
        ((8, 8, 3), (8, 8, 3), 3, False),
        ((3, 3, 3), (3, 3, 3), 3, False),
        ((8, 8, 8), (8, 8, 8), 1, True),
    ],
)
def test_images_are_told_apart_by_shape(
    path: Path, image: tuple[int, ...], kept: tuple[int, ...], channels: int, is_3d: bool
) -> None:
    six = arrays(image)
    mine = opened(path, six)
    assert (mine.flag, mine.path, mine.info) == ("mine", path, None)
    assert (mine.size, mine.channels, mine.is_3d) == (image[0], channels, is_3d)
    for split, n in N.items():
        images = mine.splits[split].images
        assert len(mine.splits[split]) == n
        assert images.shape == (n, *kept)
        assert np.array_equal(images.ravel(), six[f"{split}_images"].ravel())


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int8", "int32", ">i4", "int64", "uint64"])
@pytest.mark.parametrize("flat", [False, True])
def test_labels_of_any_integer_come_as_columns(path: Path, dtype: str, flat: bool) -> None:
    six = arrays()
    for split in N:
        labels = six[f"{split}_labels"].astype(dtype)
        six[f"{split}_labels"] = labels[:, 0] if flat else labels
    labels = opened(path, six).splits["train"].labels
    assert labels.tolist() == [[0], [1], [0], [1], [0], [1]]
    assert labels.dtype == ("uint8" if dtype in ("uint8", "bool") else "int64")


@pytest.mark.parametrize("task", ["multi-class", "ordinal"])
def test_classes_are_counted_over_all_splits(path: Path, task: str) -> None:
    six = arrays(n_classes=2, test_labels=np.array([0, 1, 3, 3]))
    mine = opened(path, six, task)
    assert mine.task is Task.parse(task)
    assert mine.label_names == ("0", "1", "2", "3")
    assert mine.class_counts("train").tolist() == [3, 3, 0, 0]
    assert mine.class_counts("test").tolist() == [1, 1, 0, 2]


def test_names_say_how_many_classes_there_are(path: Path) -> None:
    mine = opened(path, arrays(), "multi-class", label_names=["a", "b", "c"])
    assert mine.n_classes == 3
    assert mine.class_counts("val").tolist() == [2, 1, 0]


def test_labels_of_a_multi_label_set_are_counted_one_by_one(path: Path) -> None:
    absent = np.array([[0, 1, 0], [0, 1, 0], [0, 0, 0]])
    mine = opened(path, arrays(n_labels=3, val_labels=absent), "multi-label, binary-class")
    assert mine.n_classes == 3
    assert mine.class_counts("val").tolist() == [0, 2, 0]


def test_other_arrays_in_the_file_do_not_matter(path: Path) -> None:
    assert opened(path, arrays() | {"patients": np.arange(3)}).n_classes == 2


def test_the_md5_is_that_of_the_file_and_computed_once(path: Path) -> None:
    mine = opened(path, arrays())
    md5 = md5_of(path)
    assert mine.md5 == md5
    path.write_bytes(b"")
    assert mine.md5 == md5


def test_a_set_survives_pickling(path: Path) -> None:
    mine = pickle.loads(pickle.dumps(opened(path, arrays())))  # noqa: S301
    assert mine.class_counts("train").tolist() == [3, 3]


FAULTS: dict[str, tuple[dict[str, Any], str, type[Exception], str]] = {
    "keys missing": (
        {"val_images": None, "test_labels": None},
        "binary",
        MissingKeyError,
        "no array 'val_images'.*a set has the arrays train_images, .*, test_labels",
    ),
    "float images": (
        {"train_images": np.zeros((6, 8, 8), np.float32)},
        "binary",
        ShapeError,
        r"train_images: expected uint8 .* came float32 of shape \(6, 8, 8\)",
    ),
    "channels first": (
        {"val_images": np.zeros((3, 3, 8, 8), np.uint8)},
        "binary",
        ShapeError,
        r"val_images: .* came uint8 of shape \(3, 3, 8, 8\)",
    ),
    "four channels": (
        {"val_images": np.zeros((3, 8, 8, 4), np.uint8)},
        "binary",
        ShapeError,
        "val_images",
    ),
    "not square": (
        {"val_images": np.zeros((3, 8, 9), np.uint8)},
        "binary",
        ShapeError,
        "val_images",
    ),
    "no pixels": (
        {"val_images": np.zeros((3, 0, 0), np.uint8)},
        "binary",
        ShapeError,
        "val_images",
    ),
    "scalar images": ({"val_images": np.uint8(3)}, "binary", ShapeError, "val_images"),
    "flat images": ({"val_images": np.zeros((3, 64), np.uint8)}, "binary", ShapeError, "val_im"),
    "rank 5": (
        {"val_images": np.zeros((3, 8, 8, 8, 1), np.uint8)},
        "binary",
        ShapeError,
        "val_images",
    ),
    "empty split": (
        {"val_images": np.zeros((0, 8, 8), np.uint8), "val_labels": np.zeros((0, 1), np.uint8)},
        "binary",
        ShapeError,
        "val_images: expected at least one image",
    ),
    "float labels": (
        {"test_labels": np.zeros((4, 1))},
        "binary",
        ShapeError,
        "test_labels: expected integers .* came float64",
    ),
    "rank 3 labels": (
        {"test_labels": np.zeros((4, 1, 1), int)},
        "binary",
        ShapeError,
        "test_labels: expected integers",
    ),
    "no label columns": (
        {"test_labels": np.zeros((4, 0), int)},
        "binary",
        ShapeError,
        "test_labels",
    ),
    "fewer labels than images": (
        {"test_labels": np.zeros((3, 1), int)},
        "binary",
        ShapeError,
        "test_images holds 4 images and test_labels 3 rows",
    ),
    "images of two sizes": (
        {"test_images": np.zeros((4, 9, 9), np.uint8)},
        "binary",
        ShapeError,
        r"test_images has rows of shape \(9, 9\), train_images of shape \(8, 8\)",
    ),
    "label columns of two lengths": (
        {
            f"{split}_labels": np.eye(n, 3 if split == "val" else 4, dtype=int)
            for split, n in N.items()
        },
        "multi-label",
        ShapeError,
        r"val_labels has rows of shape \(3,\), train_labels of shape \(4,\)",
    ),
    "a multi-label set called binary": (
        {"train_labels": np.eye(6, 3, dtype=int)},
        "binary",
        ShapeError,
        "the task may be 'multi-label'",
    ),
    "a binary set called multi-label": ({}, "multi-label", ShapeError, "the task may be 'binary'"),
    "a class too many": (
        {"val_labels": np.array([[0], [2], [1]])},
        "binary",
        InvalidValueError,
        "val_labels, row 1: expected 0 to 1, came 2",
    ),
    "a negative label": (
        {"test_labels": np.array([0, 1, 1, -1])},
        "multi-class",
        InvalidValueError,
        "test_labels, row 3: expected 0 to 1, came -1",
    ),
    "a label of 2 in a multi-label set": (
        {
            "train_labels": np.eye(6, 3, dtype=int),
            "val_labels": np.array([[0, 1, 0], [0, 0, 2], [0, 0, 0]]),
            "test_labels": np.eye(4, 3, dtype=int),
        },
        "multi-label",
        InvalidValueError,
        "val_labels, row 1, column 2: expected 0 to 1, came 2",
    ),
    "labels that are no class numbers": (
        {"train_labels": np.array([0, 1, 2, 3, 4, 10**12])},
        "multi-class",
        InvalidValueError,
        "a label is 1000000000000, but there are only 13 images",
    ),
    "labels beyond int64": (
        {"train_labels": np.array([0, 1, 2, 3, 4, 2**63], np.uint64)},
        "multi-class",
        InvalidValueError,
        "train_labels, row 5",
    ),
    "one class to train on": (
        {"train_labels": np.ones((6, 1), int)},
        "binary",
        InvalidValueError,
        "all 6 rows of train_labels are the same",
    ),
    "an unknown task": ({}, "multiclass", ConfigError, "did you mean 'multi-class'"),
}


@pytest.mark.parametrize(("replaced", "task", "error", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named(
    path: Path, replaced: dict[str, Any], task: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        opened(path, arrays(**replaced), task)
    if error is not ConfigError:
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(("task", "n_labels"), [("binary", 0), ("multi-label", 2)])
def test_names_must_be_as_many_as_classes(path: Path, task: str, n_labels: int) -> None:
    with pytest.raises(ConfigError, match="3 label names for 2 classes"):
        opened(path, arrays(n_labels=n_labels), task, label_names=["a", "b", "c"])


def test_a_label_beyond_the_names(path: Path) -> None:
    with pytest.raises(InvalidValueError, match="train_labels, row 2: expected 0 to 1, came 2"):
        opened(path, arrays(n_classes=3), "ordinal", label_names=["a", "b"])


def test_a_file_that_is_not_there(path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"mine\.npz"):
        open_file(path, task="binary")


@pytest.mark.parametrize("damage", ["not a zip", "truncated"])
def test_a_file_that_is_damaged(path: Path, damage: str) -> None:
    np.savez_compressed(path, **arrays())
    path.write_bytes(path.read_bytes()[:-100] if damage == "truncated" else b"some text")
    with pytest.raises(CorruptDatasetError, match=r"mine\.npz"):
        open_file(path, task="binary")


@pytest.fixture
def small_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DatasetInfo:
    """Stand in for the BreastMNIST of the catalog, with a file served from the loopback."""
    source = tmp_path / "source.npz"
    np.savez_compressed(source, **arrays((28, 28)))
    info = dataclasses.replace(
        lookup("breastmnist"),
        n_samples=N,
        md5={28: md5_of(source)},
        record_url="http://127.0.0.1:9",
    )
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(dataset, "lookup", lambda _name, *, also: info)
    return info


def test_a_missing_file_is_fetched_once(
    small_set: DatasetInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback((tmp_path / "source.npz").read_bytes()).running() as server:
        info = dataclasses.replace(small_set, record_url=server.url)
        monkeypatch.setattr(dataset, "lookup", lambda _name, *, also: info)
        calls: list[int] = []
        for _ in range(2):
            fetched = open_dataset(
                "breastmnist",
                root=tmp_path / "root",
                progress=lambda done, _total, /: calls.append(done),
            )
            assert fetched.path == tmp_path / "root" / "breastmnist.npz"
            assert fetched.label_names == ("malignant", "normal, benign")
        assert len(server.requests) == 1
        assert calls[-1] == len(server.body)


def test_offline_a_missing_file_is_an_error_that_says_where_it_belongs(
    small_set: DatasetInfo, tmp_path: Path
) -> None:
    with pytest.raises(DatasetNotFoundError) as caught:
        open_dataset("breastmnist", root=tmp_path, offline=True)
    assert str(tmp_path / "breastmnist.npz") in str(caught.value)
    assert small_set.url(28) in str(caught.value)


@pytest.mark.usefixtures("small_set")
def test_a_server_out_of_reach_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="to do it by hand"):
        open_dataset("breastmnist", root=tmp_path)


@pytest.mark.usefixtures("small_set")
@pytest.mark.parametrize(
    "six",
    [arrays((28, 28, 3)), arrays((32, 32)), arrays((28, 28, 28))],
    ids=["channels", "size", "volume"],
)
def test_a_file_of_other_images_is_not_the_official_one(
    tmp_path: Path, six: dict[str, NDArray[Any]]
) -> None:
    np.savez_compressed(tmp_path / "breastmnist.npz", **six)
    with pytest.raises(CorruptDatasetError, match=r"train_images: expected shape \(6, 28, 28\)"):
        open_dataset("breastmnist", root=tmp_path, offline=True)


def test_a_file_with_other_counts_is_not_the_official_one(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "breastmnist.npz", **arrays((28, 28)))
    with pytest.raises(CorruptDatasetError, match=r"expected shape \(546, 28, 28\).*came \(6, 28"):
        open_dataset("BreastMNIST", root=tmp_path, offline=True)


def test_an_unknown_set_proposes_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"unknown set 'digitz'; did you mean 'digits'\?"):
        open_dataset("digitz")


def test_an_unknown_size(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="its sizes are 28, 64"):
        open_dataset("nodulemnist3d", size=128, root=tmp_path)
