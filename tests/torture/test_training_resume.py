"""Runs that end early, in every way, and go on as if they had not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from medfast.data.dataset import open_file
from medfast.errors import CheckpointError, ConfigError, DatasetNotFoundError
from medfast.task import Task
from medfast.training import archive
from medfast.training.run import resume, train
from medfast.training.run_folder import RunFolder
from tiny_runs import StopAt, content, save_six_keys, tiny_dataset, tiny_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from medfast.data.dataset import Dataset

SGD = {"optimizer": "sgd", "momentum": 0.9, "schedule": "cosine"}
AUGMENTED = {"augment": ["RandomHorizontalFlip", {"ColorJitter": {"contrast": 0.5}}]}


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    return save_six_keys(tiny_dataset(Task.BINARY), tmp_path / "own.npz")


def interrupted(folder: Path, dataset: Dataset, stopper: StopAt, **changes: Any) -> Path:
    with pytest.raises(KeyboardInterrupt):
        train(tiny_recipe(**changes), dataset, folder, device="cpu", progress=stopper)
    return folder


def interrupted_after_its_best_epoch(tmp_path: Path) -> Path:
    """Stop where ``best`` is not the newest epoch, and so cannot be made from ``last``."""
    folder = interrupted(tmp_path / "run", tiny_dataset(), StopAt(3), lr=1e-12)
    assert archive.load(folder / "best.safetensors")[1]["epoch"] < 3
    return folder


@pytest.mark.parametrize("changes", [{}, {"optimizer": "sgd"}, SGD, AUGMENTED])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("in_batch", [False, True])
def test_an_interrupted_run_ends_as_if_it_had_not_been(
    changes: dict[str, Any], precision: str, in_batch: bool, tmp_path: Path
) -> None:
    dataset, recipe = tiny_dataset(), tiny_recipe(**changes)
    train(recipe, dataset, tmp_path / "whole", device="cpu", precision=precision)
    expected = content(tmp_path / "whole")
    for epoch in (1, 2, 4):
        folder = tmp_path / f"stopped-{epoch}"
        stopper = StopAt(epoch, in_batch=in_batch)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, dataset, folder, device="cpu", precision=precision, progress=stopper)
        resume(folder, dataset=dataset)
        assert content(folder) == expected


def test_a_run_interrupted_in_every_epoch(own_file: Path, tmp_path: Path) -> None:
    dataset = open_file(own_file, task="binary")
    train(tiny_recipe(), dataset, tmp_path / "whole", device="cpu")
    folder = interrupted(tmp_path / "run", dataset, StopAt(1))
    for epoch in (2, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            resume(folder, progress=StopAt(epoch))
    resume(folder)
    assert content(folder) == content(tmp_path / "whole")
    environment = json.loads((folder / "environment.json").read_text())
    assert [entry["after_epoch"] for entry in environment["resumed"]] == [1, 2, 3, 4]


@pytest.mark.parametrize("best", [1, 2])
def test_killed_between_last_and_best(
    best: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"device": "cpu", "precision": "fp32"}
    dataset, save, saved = tiny_dataset(), archive.save, []
    train(tiny_recipe(), dataset, tmp_path / "whole", **options)

    def killed_before_a_best(path: Path, *rest: Any) -> None:
        saved.append(path.name)
        if saved.count("best.safetensors") == best:
            raise KeyboardInterrupt
        save(path, *rest)

    monkeypatch.setattr(archive, "save", killed_before_a_best)
    with pytest.raises(KeyboardInterrupt):
        train(tiny_recipe(), dataset, tmp_path / "run", **options)
    monkeypatch.undo()
    assert saved[-2:] == ["last.safetensors", "best.safetensors"]
    resume(tmp_path / "run", dataset=dataset)
    assert content(tmp_path / "run") == content(tmp_path / "whole")


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


KILLED_AT_A_WRITE = """
import os, signal, sys
from pathlib import Path
from tiny_runs import tiny_recipe
from medfast.data.dataset import open_file
from medfast.training.run import train

left, replace = int(sys.argv[3]), Path.replace

def replace_until_killed(self, target):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return replace(self, target)

Path.replace = replace_until_killed
train(tiny_recipe(), open_file(sys.argv[1], task="binary"), sys.argv[2], device="cpu")
"""


@pytest.mark.parametrize("files_written", [2, 4, 9])
def test_killed_by_the_system_at_a_write(
    files_written: int, own_file: Path, tmp_path: Path
) -> None:
    """SIGKILL while a temporary file lies there, as a power cut would leave it."""
    train(tiny_recipe(), open_file(own_file, task="binary"), tmp_path / "whole", device="cpu")
    run = tmp_path / "run"
    assert run_python(KILLED_AT_A_WRITE, own_file, run, files_written).returncode == -signal.SIGKILL
    assert list(run.rglob("*.tmp"))
    resume(run)
    assert content(run) == content(tmp_path / "whole")
    assert not list(run.rglob("*.tmp"))


def test_a_finished_run_is_returned_as_it_is(own_file: Path, tmp_path: Path) -> None:
    dataset = open_file(own_file, task="binary")
    result = train(tiny_recipe(epochs=1), dataset, tmp_path / "run", device="cpu")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    own_file.unlink()
    assert resume(tmp_path / "run") == result
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}


def test_the_set_is_gone(own_file: Path, tmp_path: Path) -> None:
    dataset = open_file(own_file, task="binary")
    folder = interrupted(tmp_path / "run", dataset, StopAt(1))
    own_file.unlink()
    with pytest.raises(DatasetNotFoundError, match=r"own\.npz"):
        resume(folder)


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (tiny_dataset(n_classes=4), "label_names"),
        (tiny_dataset(Task.ORDINAL), "task"),
        (tiny_dataset(channels=3), "channels"),
        (tiny_dataset(sizes=(40, 18, 20)), "images"),
    ],
)
def test_another_set_is_refused(other: Dataset, field: str, tmp_path: Path) -> None:
    folder = interrupted(tmp_path / "run", tiny_dataset(), StopAt(1))
    with pytest.raises(CheckpointError, match=f"belongs to another set: {field} was"):
        resume(folder, dataset=other)


def test_a_set_whose_bytes_changed_is_refused(own_file: Path, tmp_path: Path) -> None:
    folder = interrupted(tmp_path / "run", open_file(own_file, task="binary"), StopAt(1))
    changed = tiny_dataset(Task.BINARY)
    changed.splits["test"].images[0, 0, 0] ^= 1
    save_six_keys(changed, own_file)
    with pytest.raises(CheckpointError, match="another set: md5 was"):
        resume(folder)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("lr: 0.01", "lr"),
        ("epochs: 4", "epochs"),
        ("model: tiny", "model"),
        ("seed: 0", "seed"),
    ],
)
def test_an_edited_recipe_is_refused(line: str, field: str, tmp_path: Path) -> None:
    folder = interrupted(tmp_path / "run", tiny_dataset(), StopAt(1))
    text = (folder / "recipe.yaml").read_text()
    assert line in text
    edited = {"lr": "0.02", "epochs": "9", "model": "resnet18", "seed": "1"}[field]
    (folder / "recipe.yaml").write_text(text.replace(line, f"{field}: {edited}"))
    with pytest.raises(CheckpointError, match=f"belongs to another recipe: {field} was"):
        resume(folder, dataset=tiny_dataset())


@pytest.mark.parametrize("name", ["last.safetensors", "best.safetensors"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], "is not a whole checkpoint"),
        (lambda _: b"", "is not a whole checkpoint"),
        (lambda data: data[:-4] + bytes(4), "has been altered"),
        (lambda data: b"\0" * len(data), "is not a whole checkpoint"),
    ],
)
def test_damaged_checkpoints(
    name: str, damage: Callable[[bytes], bytes], message: str, tmp_path: Path
) -> None:
    folder = interrupted_after_its_best_epoch(tmp_path)
    path = folder / name
    path.write_bytes(damage(path.read_bytes()))
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(CheckpointError, match=message):
        resume(folder, dataset=tiny_dataset())
    assert {path: path.read_bytes() for path in before} == before


def test_best_of_another_epoch_is_refused(tmp_path: Path) -> None:
    folder = interrupted_after_its_best_epoch(tmp_path)
    weights, facts = archive.load(folder / "best.safetensors")
    archive.save(folder / "best.safetensors", weights, {**facts, "epoch": 3})
    with pytest.raises(CheckpointError, match="holds epoch 3, but the best one is"):
        resume(folder, dataset=tiny_dataset())


@pytest.mark.parametrize("missing", ["recipe.yaml", "environment.json"])
def test_what_is_no_run(missing: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not the folder of a run"):
        resume(tmp_path / "nothing")
    folder = interrupted(tmp_path / "run", tiny_dataset(), StopAt(1))
    (folder / missing).unlink()
    with pytest.raises(CheckpointError, match=f"it has no {missing}"):
        resume(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is not JSON"), ("[]", "holds no JSON object"), ("{}", "lacks 'dataset'")],
)
def test_a_damaged_environment(text: str, message: str, tmp_path: Path) -> None:
    folder = interrupted(tmp_path / "run", tiny_dataset(), StopAt(1))
    (folder / "environment.json").write_text(text)
    with pytest.raises(CheckpointError, match=message):
        resume(folder)


FULL_DISK = """
import resource, sys
from tiny_runs import tiny_dataset, tiny_recipe
from medfast.errors import StorageError
from medfast.training.run import train

resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
try:
    train(tiny_recipe(), tiny_dataset(), sys.argv[1], device="cpu")
except StorageError as error:
    print(error)
"""


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """The system lets no file grow beyond 4,000 bytes: a checkpoint needs more."""
    run = tmp_path / "run"
    done = run_python(FULL_DISK, run)
    assert "last.safetensors could not be written: File too large; lift the limit" in done.stdout
    assert sorted(path.name for path in run.iterdir()) == ["environment.json", "recipe.yaml"]
    result = resume(run, dataset=tiny_dataset())  # with space again
    assert result.summary["epochs"] == 4


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    other = RunFolder(folder.path)
    with (
        folder.exclusive(),
        pytest.raises(ConfigError, match="another process is training"),
        other.exclusive(),
    ):
        pytest.fail("both are in")
    assert list(folder.path.iterdir()) == []
