"""Runs that end early, in every way, and go on as if they had not."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from shutil import copytree
from threading import Timer
from typing import TYPE_CHECKING, Any

import pytest
import torch

from medfast import build_info
from medfast.data.dataset import open_file
from medfast.errors import CheckpointError, ConfigError, DatasetNotFoundError
from medfast.task import Task
from medfast.training import archive
from medfast.training.evaluation import evaluate_run
from medfast.training.run import resume, train
from medfast.training.run_folder import RunFolder
from medfast.training.seeds import resume_seeds, train_seeds
from tiny_runs import (
    STATES,
    StopAt,
    content,
    resumptions,
    save_six_keys,
    tiny_dataset,
    tiny_recipe,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from medfast.data.dataset import Dataset

# Steps between checkpoints; where the run is stopped, and where the resumed one, as an epoch and
# the number of a batch in it (0: after it); what each goes on from, in whole epochs and steps.
STOPS = [
    (0, [(1, 0), (3, 2)], [(1, 0), (2, 0)]),
    (1, [(1, 4), (2, 1)], [(0, 4), (1, 1)]),
    (2, [(3, 4), (3, 1)], [(2, 4), (2, 4)]),
    (3, [(2, 3), (2, 4)], [(1, 1), (1, 4)]),
]


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


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("task", "changes"), STATES.values(), ids=STATES)
def test_an_interrupted_run_ends_as_if_it_had_not_been(
    task: Task, changes: dict[str, Any], precision: str, tmp_path: Path
) -> None:
    dataset, recipe = tiny_dataset(task), tiny_recipe(epochs=3, **changes)
    train(recipe, dataset, tmp_path / "whole", device="cpu", precision=precision)
    expected = content(tmp_path / "whole")
    for every, stops, places in STOPS:
        folder = tmp_path / f"every-{every}"
        (epoch, batch), then = stops
        options = {"device": "cpu", "precision": precision, "checkpoint_every": every}
        with pytest.raises(KeyboardInterrupt):
            train(recipe, dataset, folder, **options, progress=StopAt(epoch, in_batch=batch))
        with pytest.raises(KeyboardInterrupt):
            resume(folder, dataset=dataset, progress=StopAt(then[0], in_batch=then[1]))
        resume(folder, dataset=dataset)
        assert content(folder) == expected
        assert resumptions(folder) == places


class ThreadsUntil(StopAt):
    """Notes how many threads torch has in each batch."""

    def __init__(self, epoch: int, **options: int) -> None:
        super().__init__(epoch, **options)
        self.threads: set[int] = set()

    def batch(self, *arguments: Any) -> None:
        self.threads.add(torch.get_num_threads())
        super().batch(*arguments)


@pytest.mark.skipif(build_info()["threads"] < 2, reason="needs two cores")
@pytest.mark.parametrize(("at_first", "later"), [(1, 2), (2, 1)])
def test_it_goes_on_with_as_many_threads_as_it_had(
    at_first: int, later: int, tmp_path: Path
) -> None:
    dataset, recipe = tiny_dataset(), tiny_recipe(epochs=2, batch_size=20)
    first, second = ThreadsUntil(2, in_batch=1), ThreadsUntil(3)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(at_first)
        train(recipe, dataset, tmp_path / "whole", device="cpu", precision="fp32")
        with pytest.raises(KeyboardInterrupt):
            train(recipe, dataset, tmp_path / "run", device="cpu", precision="fp32", progress=first)
        torch.set_num_threads(later)
        resume(tmp_path / "run", dataset=dataset, progress=second)
        assert torch.get_num_threads() == later
    finally:
        torch.set_num_threads(before)
    assert first.threads == second.threads == {at_first}
    assert content(tmp_path / "run") == content(tmp_path / "whole")


@pytest.mark.skipif(build_info()["threads"] < 2, reason="needs two cores")
def test_seeds_still_to_come_have_as_many_threads_as_the_first(tmp_path: Path) -> None:
    dataset, recipe = tiny_dataset(), tiny_recipe(epochs=1, batch_size=20)
    with pytest.raises(KeyboardInterrupt):
        train_seeds(recipe, dataset, (0, 1), tmp_path / "run", progress=StopAt(1, in_batch=1))
    progress, before = ThreadsUntil(2), torch.get_num_threads()
    try:
        torch.set_num_threads(before + 1)
        resume_seeds(tmp_path / "run", dataset=dataset, progress=progress)
    finally:
        torch.set_num_threads(before)
    assert progress.threads == {before}


class AtOnce(ThreadPoolExecutor):
    """Has everything done by the caller."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:  # type: ignore[override]
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future


def test_neither_checkpoints_nor_the_loaders_thread_change_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, changes = STATES["augment, test_flips"]
    dataset, recipe = tiny_dataset(task), tiny_recipe(**changes, ema_epochs=1)
    for every in (0, 1, 3):
        train(recipe, dataset, tmp_path / f"{every}", device="cpu", checkpoint_every=every)
    monkeypatch.setattr("medfast.data.loader.ThreadPoolExecutor", AtOnce)
    train(recipe, dataset, tmp_path / "no-thread", device="cpu")
    expected, *others = (content(folder) for folder in tmp_path.iterdir())
    assert others == [expected] * 3


def test_a_run_interrupted_in_every_epoch(own_file: Path, tmp_path: Path) -> None:
    dataset = open_file(own_file, task="binary")
    train(tiny_recipe(), dataset, tmp_path / "whole", device="cpu")
    folder = interrupted(tmp_path / "run", dataset, StopAt(1))
    for epoch in (2, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            resume(folder, progress=StopAt(epoch))
    resume(folder)
    assert content(folder) == content(tmp_path / "whole")
    assert resumptions(folder) == [(1, 0), (2, 0), (3, 0), (4, 0)]


@pytest.mark.parametrize("best", [1, 2])
def test_killed_between_last_and_best(
    best: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"device": "cpu", "precision": "fp32"}
    dataset, save, saved = tiny_dataset(), archive.save, []
    train(tiny_recipe(), dataset, tmp_path / "whole", **options)

    def killed_before_a_best(path: Path, *rest: Any) -> None:
        if saved.count("best.safetensors") < best:  # and dead from then on
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


DAMAGES = [
    (lambda data: data[: len(data) // 2], "is not a whole checkpoint"),
    (lambda _: b"", "is not a whole checkpoint"),
    (lambda data: data[:-4] + bytes(4), "has been altered"),
    (lambda data: b"\0" * len(data), "is not a whole checkpoint"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGES)
def test_a_damaged_last(damage: Callable[[bytes], bytes], message: str, tmp_path: Path) -> None:
    folder = interrupted_after_its_best_epoch(tmp_path)
    path = folder / "last.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(CheckpointError, match=message):
        resume(folder, dataset=tiny_dataset())
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("damage", [None, *(damage for damage, _ in DAMAGES)])
def test_best_is_made_again_from_last(
    damage: Callable[[bytes], bytes] | None, tmp_path: Path
) -> None:
    folder = interrupted_after_its_best_epoch(tmp_path)
    path = folder / "best.safetensors"
    expected = path.read_bytes()
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(expected))
    with pytest.raises(KeyboardInterrupt):
        resume(folder, dataset=tiny_dataset(), progress=StopAt(4, in_batch=1))
    assert path.read_bytes() == expected


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    return train(tiny_recipe(epochs=1), tiny_dataset(), folder, device="cpu").folder


@pytest.mark.parametrize(("damage", "message"), DAMAGES)
def test_a_damaged_best_of_a_finished_run(
    damage: Callable[[bytes], bytes], message: str, finished: Path, tmp_path: Path
) -> None:
    folder = copytree(finished, tmp_path / "run")
    path = folder / "best.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match=message):
        evaluate_run(folder, "test", dataset=tiny_dataset())


def test_best_of_another_epoch_is_refused(finished: Path, tmp_path: Path) -> None:
    folder = copytree(finished, tmp_path / "run")
    weights, facts = archive.load(folder / "best.safetensors")
    archive.save(folder / "best.safetensors", weights, {**facts, "epoch": 3})
    with pytest.raises(CheckpointError, match="holds epoch 3, but the best one is 1"):
        evaluate_run(folder, "test", dataset=tiny_dataset())


@pytest.mark.parametrize("left", ["metrics.csv", "best.safetensors"])
def test_a_lost_checkpoint_is_no_reason_to_begin_again(left: str, tmp_path: Path) -> None:
    folder = interrupted(tmp_path / "run", tiny_dataset(), StopAt(2))
    for name in {"metrics.csv", "best.safetensors", "last.safetensors"} - {left}:
        (folder / name).unlink()
    before = (folder / left).read_bytes()
    with pytest.raises(
        CheckpointError, match=r"last\.safetensors is missing: restore the file, or"
    ):
        resume(folder, dataset=tiny_dataset())
    assert (folder / left).read_bytes() == before


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


def test_a_lock_that_outlives_its_process_for_a_moment(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    folder = RunFolder.create(tmp_path / "run")
    descriptor = os.open(folder.lock, os.O_CREAT | os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    Timer(0.3, os.close, [descriptor]).start()
    with folder.exclusive():
        pass
    assert list(folder.path.iterdir()) == []


def test_a_run_does_not_begin_over_one_that_came_before_it_to_the_lock(tmp_path: Path) -> None:
    dataset = tiny_dataset()
    folder = RunFolder.create(tmp_path / "run")
    train(tiny_recipe(), dataset, folder.path)
    before = content(folder.path)
    with folder.exclusive(), pytest.raises(ConfigError, match="is not empty"):
        folder.begin(tiny_recipe(), {}, dataset)
    assert content(folder.path) == before
