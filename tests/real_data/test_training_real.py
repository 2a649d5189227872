"""Real sets end to end: that the path holds, not how good the scores get."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from medfast.data.dataset import open_dataset, open_file
from medfast.training.evaluation import evaluate_run, predict_file
from medfast.training.recipe import load_recipe
from medfast.training.run import train
from tiny_runs import tiny_recipe

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


def read_scores(path: Path) -> np.ndarray:
    with path.open() as file:
        return np.array([[float(cell) for cell in row[1:]] for row in csv.reader(file)])


def test_breastmnist(medmnist_root: Path, tmp_path: Path) -> None:
    dataset = open_dataset("breastmnist", root=medmnist_root, offline=True)
    recipe = load_recipe("report", {"epochs": 1})
    result = train(recipe, dataset, tmp_path / "run", device="cpu")
    assert result.summary["parameters"] == 11_168_706
    assert "breastmnist_test_[AUC]" in result.summary["splits"]["test"]["predictions"]
    again = evaluate_run(result.folder, "test", root=medmnist_root, offline=True, device="cpu")
    assert again.metrics["auc"] == again.recorded["auc"]
    written = predict_file(result.folder, dataset.path, device="cpu")
    recorded = result.folder / result.summary["splits"]["test"]["predictions"]
    assert written.read_bytes() == recorded.read_bytes()


def test_a_multi_label_set_of_ones_own_with_an_absent_class(
    medmnist_root: Path, tmp_path: Path
) -> None:
    path = medmnist_root / "chestmnist_subset.npz"
    if not path.is_file():
        pytest.skip(f"no {path.name}")
    dataset = open_file(path, task="multi-label")
    recipe = tiny_recipe(epochs=2, batch_size=128)
    summary = train(recipe, dataset, tmp_path / "run", device="cpu").summary
    for name in ("val", "test"):
        found = summary["splits"][name]
        assert found["absent_classes"] == ["13"]  # hernia
        scores = read_scores(tmp_path / "run" / found["predictions"])
        labels = dataset.splits[name].labels
        present = [c for c in range(14) if 0 < labels[:, c].sum() < len(labels)]
        areas = [roc_auc_score(labels[:, c], scores[:, c]) for c in present]
        assert found["auc"] == pytest.approx(np.mean(areas), abs=1e-12)
        assert len(areas) == 13
