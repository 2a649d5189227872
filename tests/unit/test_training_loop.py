"""Training: what a run folder says must be so, and what cannot be trained must be refused."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, roc_auc_score

from medfast.data.dataset import Split, open_file
from medfast.errors import ConfigError, InvalidValueError, StorageError
from medfast.task import Task
from medfast.training import loop, scoring
from medfast.training.run import train
from medfast.transforms import Compose
from tiny_runs import Notes, StopAt, content, save_six_keys, tiny_dataset, tiny_recipe

TASKS = [(task, channels) for task in Task for channels in (1, 3)]


def read_scores(path: Path) -> np.ndarray:
    with path.open() as file:
        table = np.array([[float(cell) for cell in row] for row in csv.reader(file)])
    assert table[:, 0].tolist() == list(range(len(table)))
    return table[:, 1:]


def sklearn_figures(task: Task, labels: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    if task is Task.MULTI_LABEL:
        return roc_auc_score(labels, scores), np.mean((scores > 0.5) == labels)
    labels = labels[:, 0]
    if task is Task.BINARY:
        return roc_auc_score(labels, scores[:, 1]), accuracy_score(labels, scores[:, 1] > 0.5)
    areas = [roc_auc_score(labels == c, scores[:, c]) for c in range(scores.shape[1])]
    return np.mean(areas), accuracy_score(labels, scores.argmax(axis=1))


@pytest.mark.parametrize(("task", "channels"), TASKS)
def test_the_figures_are_sklearns_on_the_written_files(
    task: Task, channels: int, tmp_path: Path
) -> None:
    dataset = tiny_dataset(task, channels=channels)
    result = train(tiny_recipe(), dataset, tmp_path / "run", device="cpu")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert result.summary == summary
    for name, split in dataset.splits.items():
        found = summary["splits"][name]
        scores = read_scores(tmp_path / "run" / found["predictions"])
        assert scores.shape == (len(split), dataset.n_classes)
        assert np.array_equal(scores, scores.astype(np.float32))
        auc, acc = sklearn_figures(task, split.labels, scores)
        assert found["auc"] == pytest.approx(auc, abs=1e-12)
        assert found["acc"] == pytest.approx(acc, abs=1e-12)
        assert f"tinyset_8_{name}_[AUC]{auc:.3f}_[ACC]{acc:.3f}@run.csv" in found["predictions"]


def test_the_folder_and_its_table(tmp_path: Path) -> None:
    progress = Notes()
    dataset = tiny_dataset()
    result = train(tiny_recipe(), dataset, tmp_path / "run", device="cpu", progress=progress)
    assert sorted(path.name for path in result.folder.iterdir()) == [
        "best.safetensors",
        "environment.json",
        "last.safetensors",
        "metrics.csv",
        "predictions",
        "recipe.yaml",
        "summary.json",
    ]
    with (result.folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4]
    assert [float(row["lr"]) for row in rows] == pytest.approx([1e-2, 1e-2, 1e-3, 1e-4])
    assert all(float(row["train_images_per_second"]) > 0 for row in rows)
    areas = [float(row["val_auc"]) for row in rows]
    assert result.summary["chosen_epoch"] == 1 + areas.index(max(areas))
    assert result.summary["splits"]["val"]["auc"] == max(areas)
    assert progress.images == 4 * 41
    assert [row.val_auc for row, _ in progress.rows] == areas
    environment = json.loads((result.folder / "environment.json").read_text())
    assert environment["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert environment["dataset"]["images"] == {"train": 41, "val": 18, "test": 20}


def test_it_learns_what_can_be_learnt(tmp_path: Path) -> None:
    recipe = tiny_recipe(epochs=25, schedule="cosine")
    dataset = tiny_dataset(Task.BINARY, sizes=(80, 40, 40))
    summary = train(recipe, dataset, tmp_path / "run", device="cpu").summary
    assert summary["splits"]["test"]["auc"] > 0.95


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "schedule": "cosine"},
        {"augment": ["RandomHorizontalFlip", {"ColorJitter": {"brightness": 0.4}}]},
    ],
)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_equal_seeds_give_equal_runs(
    changes: dict[str, Any], precision: str, tmp_path: Path
) -> None:
    dataset = tiny_dataset(channels=3)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        recipe = tiny_recipe(seed=seed, epochs=2, **changes)
        train(recipe, dataset, tmp_path / name, device="cpu", precision=precision)
        torch.rand(3)  # what the caller draws meanwhile must not matter
    first, second, other = (content(tmp_path / name) for name in "abc")
    assert first == second
    assert first["best.safetensors"] != other["best.safetensors"]


def test_the_threads_of_the_pipeline_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny_recipe(epochs=2, augment=["TrivialAugmentWide", {"GaussianNoise": {}}])
    whole, used = Compose.__call__, []
    for threads in (1, 3):

        def call(*args: Any, threads: int = threads, **options: Any) -> Any:
            used.append(threads)
            return whole(*args, threads=threads, **options)

        monkeypatch.setattr(Compose, "__call__", call)
        train(recipe, tiny_dataset(channels=3), tmp_path / str(threads), device="cpu")
    assert set(used) == {1, 3}
    assert content(tmp_path / "1") == content(tmp_path / "3")


def test_the_largest_seed(tmp_path: Path) -> None:
    recipe = tiny_recipe(epochs=1, seed=2**64 - 1)
    assert (
        train(recipe, tiny_dataset(), tmp_path / "run", device="cpu").summary["seed"] == 2**64 - 1
    )


def test_the_callers_randomness_is_left_alone(tmp_path: Path) -> None:
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    train(tiny_recipe(epochs=1), tiny_dataset(), tmp_path / "run", device="cpu")
    after = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert torch.equal(before[0], after[0])
    assert before[1] == after[1]


def test_the_test_split_is_scored_once_and_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[str] = []

    def spy(model: Any, split: Split, *rest: Any) -> scoring.SplitScores:
        scored.append(split.name)
        return scoring.score_split(model, split, *rest)

    monkeypatch.setattr(loop, "score_split", spy)
    train(tiny_recipe(epochs=3), tiny_dataset(), tmp_path / "run", device="cpu")
    assert scored == ["val", "val", "val", "train", "val", "test"]


def test_a_class_absent_from_a_split_is_skipped_and_named(tmp_path: Path) -> None:
    labels = {"val": np.arange(18)[:, None] % 2}
    dataset = tiny_dataset(labels=labels)
    summary = train(tiny_recipe(), dataset, tmp_path / "run", device="cpu").summary
    val = summary["splits"]["val"]
    assert val["absent_classes"] == ["c"]
    assert val["per_class_auc"][2] is None
    assert val["auc"] == pytest.approx(np.mean(val["per_class_auc"][:2]), abs=1e-15)
    assert summary["chosen_by"] == "val_auc"


def test_without_any_auc_the_loss_decides(tmp_path: Path) -> None:
    labels = {"val": np.ones((18, 1))}
    progress = Notes()
    dataset = tiny_dataset(Task.BINARY, labels=labels)
    summary = train(
        tiny_recipe(), dataset, tmp_path / "run", device="cpu", progress=progress
    ).summary
    losses = [row.val_loss for row, _ in progress.rows]
    assert summary["chosen_by"] == "val_loss"
    assert summary["chosen_epoch"] == 1 + losses.index(min(losses))
    assert summary["splits"]["val"]["auc"] is None
    assert "no class of val has an AUC: the epoch was chosen by its loss" in progress.notes
    names = [path.name for path in (tmp_path / "run" / "predictions").iterdir()]
    assert any(name.startswith("tinyset_8_val_[AUC]nan_[ACC]") for name in names)


def test_a_loss_that_diverges_names_epoch_and_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = loop.training_loss

    def nan_at_the_ninth_step(*settings: Any) -> Any:
        steps, loss_of = iter(range(1, 1000)), real(*settings)
        return lambda *args: loss_of(*args) * (math.nan if next(steps) == 9 else 1)

    monkeypatch.setattr(loop, "training_loss", nan_at_the_ninth_step)
    with pytest.raises(InvalidValueError, match="the loss became nan in epoch 2, step 4: "):
        train(tiny_recipe(), tiny_dataset(), tmp_path / "run", device="cpu")
    assert not (tmp_path / "run" / "summary.json").exists()


def test_a_rate_far_too_high_is_told(tmp_path: Path) -> None:
    recipe = tiny_recipe(lr=1e30, optimizer="sgd")
    with pytest.raises(InvalidValueError, match="lower the learning rate"):
        train(recipe, tiny_dataset(), tmp_path / "run", device="cpu")


def test_volumes_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    splits = {
        name: Split(name, np.zeros((4, 8, 8, 8), np.uint8), np.zeros((4, 1), np.uint8))
        for name in ("train", "val", "test")
    }
    volumes = replace(tiny_dataset(Task.BINARY), splits=MappingProxyType(splits))
    with pytest.raises(ConfigError, match="tinyset holds volumes"):
        train(tiny_recipe(), volumes, tmp_path / "run", device="cpu")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("changes", [{"model": "resnet81"}, {"mean": [0.5] * 3, "std": [0.5] * 3}])
def test_wrong_settings_leave_no_folder(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        train(tiny_recipe(**changes), tiny_dataset(), tmp_path / "run", device="cpu")
    assert not (tmp_path / "run").exists()


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("work")
    with pytest.raises(ConfigError, match=r"is not empty; choose another folder$"):
        train(tiny_recipe(), tiny_dataset(), tmp_path, device="cpu")
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_place_that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(StorageError, match="could not be created"):
            train(tiny_recipe(), tiny_dataset(), out, device="cpu")


def test_the_default_folder_is_new_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.strftime", lambda _: "now")
    folders = [train(tiny_recipe(epochs=1), tiny_dataset(), device="cpu").folder for _ in range(2)]
    assert [str(folder) for folder in folders] == [
        str(Path("runs", name)) for name in ("tinyset-tiny-now", "tinyset-tiny-now-2")
    ]


def test_an_interrupt_passes_through_and_leaves_the_finished_epochs(tmp_path: Path) -> None:
    stopper = StopAt(3, in_batch=True)
    with pytest.raises(KeyboardInterrupt):
        train(tiny_recipe(), tiny_dataset(), tmp_path / "run", device="cpu", progress=stopper)
    with (tmp_path / "run" / "metrics.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2
    assert (tmp_path / "run" / "last.safetensors").exists()


def test_a_set_of_ones_own_from_a_file(tmp_path: Path) -> None:
    path = save_six_keys(tiny_dataset(Task.MULTI_LABEL), tmp_path / "own_set.npz")
    dataset = open_file(path, task="multi-label")
    train(tiny_recipe(epochs=1), dataset, tmp_path / "run", device="cpu")
    environment = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert environment["dataset"]["source"] == "file"
    assert environment["dataset_path"] == str(path)
    assert environment["dataset"]["md5"] == dataset.md5
