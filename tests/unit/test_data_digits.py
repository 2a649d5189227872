"""The set that comes with scikit-learn."""

from __future__ import annotations

import hashlib
import sys

import numpy as np
import pytest

from medfast.data import digits, open_dataset
from medfast.errors import ConfigError
from medfast.task import Task


def test_the_arrays_never_change() -> None:
    arrays = digits.load_digits()
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(arrays[name].tobytes())
    assert digest.hexdigest() == "502f65bfca8801936773a3ba0e58d4536ad5b4ce0c2f055f2e11fce18e4a6269"


def test_every_image_is_in_one_split_and_classes_are_shared_out_evenly() -> None:
    dataset = open_dataset("Digits")
    assert (dataset.task, dataset.n_classes, dataset.size, dataset.channels) == (
        Task.MULTI_CLASS,
        10,
        28,
        1,
    )
    assert dataset.path is dataset.info is dataset.md5 is None
    counts = {split: dataset.class_counts(split) for split in dataset.splits}
    whole = sum(counts.values())
    assert whole.sum() == 1797
    for split, share in (("train", 0.7), ("val", 0.1), ("test", 0.2)):
        assert np.abs(counts[split] - share * whole).max() <= 1
    images = np.concatenate([split.images for split in dataset.splits.values()])
    assert len(np.unique(images, axis=0)) == len(images)


def test_enlarging_is_bilinear() -> None:
    torch = pytest.importorskip("torch")
    datasets = pytest.importorskip("sklearn.datasets")
    small = datasets.load_digits().images
    exact = torch.nn.functional.interpolate(
        torch.from_numpy(small * 255 / 16)[:, None], size=(28, 28), mode="bilinear"
    )[:, 0].numpy()
    ours = digits._enlarge(small.astype(np.int64))
    assert np.abs(ours - exact).max() <= 0.5 + 1e-9


def test_another_size_is_an_error() -> None:
    with pytest.raises(ConfigError, match="digits has no size 64; its size is 28"):
        open_dataset("digits", size=64)


def test_scikit_learn_is_named_when_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ConfigError, match=r"pip install 'medfast\[train\]'"):
        open_dataset("digits")
