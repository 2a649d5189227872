"""The real files open as what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from medfast.data import CATALOG, open_dataset, open_file
from medfast.data.dataset import SPLITS
from medfast.task import Task

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_data

OFFICIAL = ["breastmnist", "pneumoniamnist", "retinamnist", "bloodmnist", "adrenalmnist3d"]


@pytest.mark.parametrize("flag", OFFICIAL)
def test_an_official_file_opens_as_numpy_reads_it(medmnist_root: Path, flag: str) -> None:
    dataset = open_dataset(flag, root=medmnist_root, offline=True)
    info = CATALOG[flag]
    assert dataset.info is info
    assert dataset.md5 == info.md5[28]
    assert (dataset.flag, dataset.task, dataset.label_names) == (flag, info.task, info.label_names)
    assert (dataset.size, dataset.channels, dataset.is_3d) == (28, info.channels, info.is_3d)
    with np.load(medmnist_root / f"{flag}.npz") as expected:
        for split in SPLITS:
            assert np.array_equal(dataset.splits[split].images, expected[f"{split}_images"])
            assert np.array_equal(dataset.splits[split].labels, expected[f"{split}_labels"])


@pytest.mark.parametrize("flag", OFFICIAL)
def test_mean_and_std_of_the_catalog_are_those_of_the_train_split(
    medmnist_root: Path, flag: str
) -> None:
    info = CATALOG[flag]
    images = open_dataset(flag, root=medmnist_root, offline=True).splits["train"].images
    channels = images.reshape(-1, info.channels) / 255
    assert channels.mean(axis=0) == pytest.approx(info.mean, abs=1e-6)
    assert channels.std(axis=0) == pytest.approx(info.std, abs=1e-6)


def test_a_multi_label_file_of_ones_own(medmnist_root: Path) -> None:
    names = CATALOG["chestmnist"].label_names
    dataset = open_file(
        medmnist_root / "chestmnist_subset.npz", task="multi-label", label_names=names
    )
    assert (dataset.flag, dataset.info, dataset.n_classes) == ("chestmnist_subset", None, 14)
    hernia = names.index("hernia")
    assert dataset.class_counts("train")[hernia] > 0
    assert dataset.class_counts("val")[hernia] == dataset.class_counts("test")[hernia] == 0


def test_a_multi_class_file_of_ones_own(medmnist_root: Path) -> None:
    dataset = open_file(medmnist_root / "mednist_28.npz", task=Task.MULTI_CLASS)
    assert dataset.label_names == ("0", "1", "2", "3", "4", "5")
    assert {split: len(dataset.splits[split]) for split in SPLITS} == {
        "train": 47_163,
        "val": 5_896,
        "test": 5_895,
    }
    assert (dataset.class_counts("test") > 0).all()
