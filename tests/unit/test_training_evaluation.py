"""Using a finished run: the same figures again, other sets, other images."""

from __future__ import annotations

import csv
import json
import shutil
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from medfast.data.dataset import Dataset, open_file
from medfast.errors import (
    CheckpointError,
    ConfigError,
    CorruptDatasetError,
    DatasetNotFoundError,
    MissingKeyError,
    ShapeError,
    StorageError,
)
from medfast.results.groups import conditions
from medfast.results.runs import open_runs
from medfast.task import Task
from medfast.training.device import Compute
from medfast.training.evaluation import evaluate_run, predict, predict_file
from medfast.training.run import resume, train
from tiny_runs import StopAt, save_six_keys, tiny_dataset, tiny_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module", params=[Task.MULTI_CLASS, Task.MULTI_LABEL])
def task(request: pytest.FixtureRequest) -> Task:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def dataset(task: Task, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("data") / "own.npz"
    return open_file(save_six_keys(tiny_dataset(task), path), task=task)


@pytest.fixture(scope="module")
def run(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "first.run"
    return train(tiny_recipe(), dataset, out, device="cpu").folder


def read_scores(path: Path) -> np.ndarray:
    with path.open() as file:
        return np.array([[float(cell) for cell in row[1:]] for row in csv.reader(file)])


def test_a_run_is_scored_in_the_precision_that_it_ended_with(
    dataset: Dataset, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(tiny_recipe(), dataset, out, device="cpu", precision="bf16", progress=StopAt(2))
    with pytest.raises(KeyboardInterrupt):
        resume(out, precision="fp32", progress=StopAt(3))
    resume(out)
    assert json.loads((out / "summary.json").read_text())["precision"] == "fp32"
    found = evaluate_run(out, device="cpu")
    assert found.recorded is not None
    assert found.metrics.items() <= found.recorded.items()
    assert conditions(open_runs([out])) == ("bf16 on cpu", "fp32 on cpu")


def test_a_run_is_scored_under_the_settings_that_it_had(
    run: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which on CUDA are as strict as those of the run; here, that they are set at all."""
    strict = tmp_path / "run"
    shutil.copytree(run, strict)
    environment = json.loads((strict / "environment.json").read_text())
    environment["deterministic"] = True
    (strict / "environment.json").write_text(json.dumps(environment))
    found: list[bool] = []

    @contextmanager
    def settings(compute: Compute, *, tune: bool = False) -> Iterator[None]:
        assert not tune
        found.append(compute.deterministic)
        yield
        found.append(False)

    monkeypatch.setattr(Compute, "settings", settings)
    evaluate_run(strict, dataset=dataset, device="cpu")
    predict(strict, dataset.splits["test"].images, device="cpu")
    assert found == [True, False, True, False]


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_evaluation_finds_the_recorded_figures(run: Path, split: str) -> None:
    found = evaluate_run(run, split, device="cpu")
    summary = json.loads((run / "summary.json").read_text())
    assert found.recorded == summary["splits"][split]
    assert found.metrics == {
        key: value for key, value in found.recorded.items() if key != "predictions"
    }


def test_another_set_is_evaluated_without_a_record(run: Path, task: Task) -> None:
    other = tiny_dataset(task, sizes=(41, 18, 33))
    found = evaluate_run(run, "test", dataset=other, device="cpu")
    assert found.recorded is None
    assert found.metrics["images"] == 33


@pytest.mark.parametrize("field", ["task", "channels", "size", "n_classes"])
def test_a_set_that_does_not_fit_is_refused(run: Path, task: Task, field: str) -> None:
    other = tiny_dataset(task)
    if field == "task":
        other = tiny_dataset(Task.ORDINAL)
    elif field == "channels":
        other = tiny_dataset(task, channels=3)
    elif field == "size":
        other = replace(other, size=9)
    else:
        other = tiny_dataset(task, n_classes=4)
    with pytest.raises(ConfigError, match=f"tinyset does not fit .*: its {field} is"):
        evaluate_run(run, dataset=other)


def test_unknown_split(run: Path) -> None:
    with pytest.raises(ConfigError, match="unknown split 'tset'; did you mean 'test'"):
        evaluate_run(run, "tset")


def test_predictions_are_those_of_the_run(run: Path, dataset: Dataset) -> None:
    split = dataset.splits["test"]
    scores = predict(run, split.images, device="cpu")
    recorded = json.loads((run / "summary.json").read_text())["splits"]["test"]["predictions"]
    assert scores.dtype == np.float32
    assert np.array_equal(scores, read_scores(run / recorded))
    assert np.array_equal(scores, predict(run, split.images[..., None], device="cpu"))
    backwards = predict(run, split.images[::-1], device="cpu")
    assert backwards[::-1] == pytest.approx(scores, abs=1e-6)


def test_a_file_without_labels(run: Path, dataset: Dataset, tmp_path: Path) -> None:
    images = dataset.splits["val"].images
    np.savez(tmp_path / "new.npz", images=images, test_images=images[:3])
    written = predict_file(run, tmp_path / "new.npz", device="cpu")
    assert written == run / "predictions" / "new@first-run.csv"
    assert np.array_equal(read_scores(written), predict(run, images, device="cpu"))
    out = tmp_path / "scores.csv"
    assert predict_file(run, tmp_path / "new.npz", split="test", out=out, device="cpu") == out
    assert len(read_scores(out)) == 3
    written = predict_file(run, dataset.path, device="cpu")
    assert written.name == "own_test@first-run.csv"
    assert len(read_scores(written)) == 20


def test_files_that_cannot_be_predicted(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.npz"
    with pytest.raises(DatasetNotFoundError):
        predict_file(run, path)
    path.write_bytes(b"no zip")
    with pytest.raises(CorruptDatasetError):
        predict_file(run, path)
    np.savez(path, labels=np.zeros(3))
    with pytest.raises(MissingKeyError, match="test_images"):
        predict_file(run, path)
    with pytest.raises(MissingKeyError, match="val_images"):
        predict_file(run, path, split="val")


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 8, 8), np.float32),
        np.zeros((2, 9, 9), np.uint8),
        np.zeros((2, 8, 8, 3), np.uint8),
        np.zeros((8, 8), np.uint8),
        np.zeros((0, 8, 8), np.uint8),
    ],
)
def test_images_that_do_not_fit(run: Path, images: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r"takes uint8 images of shape \(n, 8, 8\)"):
        predict(run, images)


def test_scores_that_cannot_be_written(run: Path, dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="could not be written"):
        predict_file(run, dataset.path, out=tmp_path / "missing" / "scores.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_has_not_finished(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(tiny_recipe(), tiny_dataset(), tmp_path / "run", device="cpu", progress=StopAt(2))
    with pytest.raises(
        CheckpointError, match=r"summary\.json is missing: .*medfast train --resume"
    ):
        evaluate_run(tmp_path / "run")
    with pytest.raises(CheckpointError, match="is not the folder of a run"):
        predict(tmp_path, np.zeros((1, 8, 8), np.uint8))


def test_a_catalog_set_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from medfast.training import identity

    asked: list[Any] = []
    monkeypatch.setattr(identity, "open_dataset", lambda *args, **kw: asked.append((args, kw)))
    monkeypatch.setattr(identity, "describe_dataset", lambda _: described)
    (tmp_path / "breastmnist.npz").touch()
    described = {"flag": "breastmnist", "source": "catalog", "size": 28}
    for path, root in (("here", None), ("gone", None), ("here", "elsewhere")):
        known = tmp_path / "breastmnist.npz" if path == "here" else tmp_path / "gone" / "x.npz"
        environment = {"dataset": described, "dataset_path": str(known)}
        identity.reopen_dataset(tmp_path / "environment.json", environment, root=root)
    assert [kw["root"] for _, kw in asked] == [tmp_path, None, "elsewhere"]
