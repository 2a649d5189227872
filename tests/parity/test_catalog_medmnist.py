"""The catalog says what `medmnist.INFO` says."""

from __future__ import annotations

import medmnist
import pytest
from medmnist import INFO

from medfast.data.catalog import CATALOG, DatasetInfo, file_stem

BOTH = pytest.mark.parametrize("flag", INFO)


def key(name: str, size: int) -> str:
    return file_stem(name, size)


def test_the_sets_are_the_same_in_the_same_order() -> None:
    assert list(CATALOG) == list(INFO)


@BOTH
def test_the_facts_are_the_same(flag: str) -> None:
    ours, theirs = CATALOG[flag], INFO[flag]
    assert ours.flag == flag
    assert ours.class_name == theirs["python_class"]
    assert ours.task.medmnist == theirs["task"]
    assert {str(i): name for i, name in enumerate(ours.label_names)} == theirs["label"]
    assert ours.n_classes == len(theirs["label"])
    assert ours.channels == theirs["n_channels"]
    assert ours.n_samples == theirs["n_samples"]
    assert list(ours.n_samples) == list(theirs["n_samples"])
    assert ours.license == theirs["license"]


@BOTH
def test_the_files_are_the_same(flag: str) -> None:
    ours, theirs = CATALOG[flag], INFO[flag]
    assert {key("MD5", size): ours.md5[size] for size in ours.sizes} == {
        name: value for name, value in theirs.items() if name.startswith("MD5")
    }
    assert {key("url", size): ours.url(size) for size in ours.sizes} == {
        name: value for name, value in theirs.items() if name.startswith("url")
    }


@BOTH
def test_sizes_and_dimensions_are_those_of_the_class(flag: str) -> None:
    ours: DatasetInfo = CATALOG[flag]
    theirs = getattr(medmnist, ours.class_name)
    assert list(ours.sizes) == theirs.available_sizes
    assert ours.is_3d == issubclass(theirs, medmnist.dataset.MedMNIST3D)


@BOTH
def test_the_descriptions_are_our_own(flag: str) -> None:
    ours = CATALOG[flag].description
    assert ours.endswith(".")
    assert ours not in INFO[flag]["description"]
