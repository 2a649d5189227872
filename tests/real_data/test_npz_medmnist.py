"""Every real file, equal to `numpy.load`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from medfast.npz import cache, load_npz, open_npz

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEYS = {f"{split}_{part}" for split in ("train", "val", "test") for part in ("images", "labels")}
FILES = [
    *("adrenalmnist3d", "bloodmnist", "breastmnist", "chestmnist_subset"),
    *("mednist_28", "pneumoniamnist", "retinamnist"),
]


@pytest.mark.real_data
@pytest.mark.parametrize("name", FILES)
def test_equal_to_numpy(
    medmnist_root: Path, name: str, assert_same_arrays: Callable[..., None]
) -> None:
    path = medmnist_root / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"no {path.name} in {medmnist_root}")
    ours = load_npz(path)
    with np.load(path) as theirs:
        assert set(theirs.files) >= KEYS
        assert_same_arrays(ours, dict(theirs))


@pytest.mark.real_data
@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_same_for_any_number_of_threads(medmnist_root: Path, threads: int) -> None:
    path = medmnist_root / "retinamnist.npz"
    reference = load_npz(path)
    for key, array in load_npz(path, threads=threads).items():
        np.testing.assert_array_equal(array, reference[key])


@pytest.mark.real_data
def test_one_split_alone(medmnist_root: Path) -> None:
    arrays = load_npz(medmnist_root / "breastmnist.npz", ["test_labels", "test_images"])
    assert {key: array.shape for key, array in arrays.items()} == {
        "test_labels": (156, 1),
        "test_images": (156, 28, 28),
    }


@pytest.mark.real_data
@pytest.mark.parametrize("name", FILES)
def test_maps_and_rows_are_equal_to_numpy(
    medmnist_root: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDFAST_CACHE", str(tmp_path))
    path = medmnist_root / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"no {path.name} in {medmnist_root}")
    maps = load_npz(path, mmap=True)
    assert not cache.verify(cache.entries()[0])
    with np.load(path) as theirs, open_npz(path) as lazy:
        for key in theirs.files:
            expected = theirs[key]
            assert (maps[key].dtype, maps[key].shape) == (expected.dtype, expected.shape)
            np.testing.assert_array_equal(maps[key], expected)
            middle = slice(len(expected) // 2, len(expected) // 2 + 9)
            np.testing.assert_array_equal(lazy.rows(key, middle), expected[middle])
