"""Sets of one process share the arrays of their file, in memory or as maps."""

from __future__ import annotations

import gc
import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medfast.data import arrays as module
from medfast.data import open_file
from medfast.data.arrays import read_arrays
from medfast.errors import CacheUnavailableWarning, DatasetNotFoundError
from medfast.npz import cache, load_npz
from medfast.task import Task
from tiny_runs import save_six_keys, tiny_dataset


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDFAST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names that are read from files, call by call."""
    calls: list[list[str]] = []

    def counted(path: Path, keys: list[str], *, mmap: bool) -> Any:
        calls.append(list(keys))
        return load_npz(path, keys, mmap=mmap)

    monkeypatch.setattr(module, "load_npz", counted)
    return calls


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save_six_keys(tiny_dataset(), tmp_path / "mine.npz")


@pytest.mark.parametrize("mmap", [False, True])
def test_sets_of_one_file_share_its_arrays(path: Path, reads: list[list[str]], mmap: bool) -> None:
    first, second = (open_file(path, task="multi-class", mmap=mmap) for _ in range(2))
    assert len(reads) == 1
    for name, split in first.splits.items():
        images = second.splits[name].images
        assert split.images is images
        assert isinstance(images, np.memmap) == mmap
        with pytest.raises(ValueError, match="read-only"):
            images[0] = 0


def test_only_what_is_missing_is_read(path: Path, reads: list[list[str]]) -> None:
    labels = read_arrays(path, ["val_labels"], mmap=False)
    both = read_arrays(path, ["val_images", "val_labels"], mmap=False)
    assert list(both) == ["val_images", "val_labels"]
    assert both["val_labels"] is labels["val_labels"]
    assert reads == [["val_labels"], ["val_images"]]


def test_nothing_is_kept_that_nobody_uses(path: Path, reads: list[list[str]]) -> None:
    for _ in range(2):
        read_arrays(path, ["val_images"], mmap=False)
        gc.collect()
    assert len(reads) == 2
    assert not module._in_use


def test_a_file_that_changed_is_read_again(path: Path, reads: list[list[str]]) -> None:
    old = open_file(path, task="multi-class")
    six = dict(np.load(path))
    six["train_images"] = 255 - six["train_images"]
    np.savez_compressed(path, **six)
    os.utime(path, (1, 1))
    new = open_file(path, task="multi-class")
    assert len(reads) == 2
    np.testing.assert_array_equal(new.splits["train"].images, 255 - old.splits["train"].images)


def test_a_map_and_an_array_are_not_taken_for_each_other(path: Path) -> None:
    loaded, mapped = (open_file(path, task="multi-class", mmap=mmap) for mmap in (False, True))
    assert not isinstance(loaded.splits["test"].images, np.memmap)
    assert isinstance(mapped.splits["test"].images, np.memmap)


def test_a_mapped_set_is_sent_as_a_path(path: Path) -> None:
    dataset = open_file(path, task="multi-class", mmap=True)
    back = pickle.loads(pickle.dumps(dataset.splits["train"]))  # noqa: S301
    assert isinstance(back.images, np.memmap)
    np.testing.assert_array_equal(back.images, dataset.splits["train"].images)


def test_errors_are_those_of_loading(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"absent.npz: no such file"):
        open_file(tmp_path / "absent.npz", task="binary", mmap=True)


def test_a_set_without_a_cache_is_in_memory(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MEDFAST_CACHE", str(tmp_path / "file" / "below"))
    with pytest.warns(CacheUnavailableWarning):
        dataset = open_file(path, task="multi-class", mmap=True)
    assert len(dataset.splits["train"]) == 41


@pytest.mark.parametrize("task", [Task.MULTI_CLASS, Task.MULTI_LABEL])
def test_training_on_maps_is_training(tmp_path: Path, task: Task) -> None:
    from medfast.training.evaluation import evaluate_run
    from medfast.training.run import resume, train
    from tiny_runs import tiny_recipe

    path = save_six_keys(tiny_dataset(task), tmp_path / "own.npz")
    summaries = []
    for mmap in (False, True):
        folder = tmp_path / f"run-{mmap}"
        train(tiny_recipe(), open_file(path, task=task, mmap=mmap), folder, device="cpu")
        summaries.append(json.loads((folder / "summary.json").read_text())["splits"])
    for split in summaries[0].values():
        split.pop("predictions")
    for split in summaries[1].values():
        split.pop("predictions")
    assert summaries[0] == summaries[1]
    assert cache.entries()[0].arrays == 6
    found = evaluate_run(tmp_path / "run-False", mmap=True, device="cpu")
    assert found.metrics["auc"] == summaries[0]["test"]["auc"]
    assert resume(tmp_path / "run-True", mmap=True).summary["splits"]
