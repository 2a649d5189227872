"""The files of scores against MedMNIST's own reader and evaluator."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medfast.data.dataset import open_dataset
from medfast.training.run import train
from tiny_runs import tiny_recipe

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    medmnist = pytest.importorskip("medmnist")


@pytest.mark.real_data
@pytest.mark.parametrize("flag", ["breastmnist", "retinamnist"])
def test_medmnist_reads_our_files_and_finds_our_figures(
    flag: str,
    medmnist_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    dataset = open_dataset(flag, root=medmnist_root, offline=True)
    recipe = tiny_recipe(epochs=1, batch_size=128)
    summary = train(recipe, dataset, tmp_path / "run", device="cpu").summary

    evaluator = medmnist.Evaluator
    # parse_and_evaluate takes no root: give it the real one in place of its default.
    monkeypatch.setattr(evaluator.__init__, "__defaults__", (None, str(medmnist_root)))
    for found in summary["splits"].values():
        path = tmp_path / "run" / found["predictions"]
        before = path.read_bytes()
        auc, acc = evaluator.parse_and_evaluate(str(path))
        assert found["auc"] == pytest.approx(auc, abs=1e-12)
        assert found["acc"] == pytest.approx(acc, abs=1e-12)
        # It writes its own copy under the name that it would choose: ours.
        assert sorted(file.name for file in path.parent.iterdir()) == sorted(
            Path(entry["predictions"]).name for entry in summary["splits"].values()
        )
        ours = np.loadtxt(before.decode().splitlines(), delimiter=",")
        assert np.array_equal(ours, np.loadtxt(path, delimiter=","))
    assert capsys.readouterr().out.count("Metrics(AUC=") == 3
