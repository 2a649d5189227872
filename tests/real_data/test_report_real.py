"""Reports of runs on real sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from medfast.data.dataset import open_dataset, open_file
from medfast.results.report.build import write_report
from medfast.training.run import train
from medfast.training.seeds import train_seeds
from tiny_runs import tiny_recipe

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_data


def test_an_official_set(medmnist_root: Path, tmp_path: Path) -> None:
    dataset = open_dataset("breastmnist", root=medmnist_root, offline=True)
    recipe = tiny_recipe(epochs=1, batch_size=128)
    train_seeds(recipe, dataset, (0, 1), tmp_path / "runs", device="cpu")
    page = write_report([tmp_path / "runs"]).read_text("utf-8")
    assert "BreastMNIST: 2 runs" in page
    assert "--dataset breastmnist --size 28" in page
    assert "add --seeds 0,1" in page
    assert "147 (27\xa0%)" in page


def test_a_multi_label_set_with_an_absent_class(medmnist_root: Path, tmp_path: Path) -> None:
    path = medmnist_root / "chestmnist_subset.npz"
    if not path.is_file():
        pytest.skip(f"no {path.name}")
    recipe = tiny_recipe(epochs=1, batch_size=128)
    train(recipe, open_file(path, task="multi-label"), tmp_path / "run", device="cpu")
    page = write_report([tmp_path / "run"]).read_text("utf-8")
    assert "No curve of “13”" in page
    assert "Of “7” there is a single image, or all but one: too few to say" in page
    assert page.count("<svg") == 1 + 2 + 2 * 13 + 2
