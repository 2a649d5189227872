"""Runs that are killed at any moment, or run out of disk, end as if they had not been."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import count, groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from forked_runs import ForkedRuns
from medfast.training import archive
from tiny_runs import content, resumptions, save_six_keys, tiny_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forked_runs import Done

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs forks, and /proc")

# The second of three epochs is the best one: `best` is written twice, and not after the last.
RECIPE = """
model: tiny
epochs: 3
batch_size: 14
optimizer: muon
lr: 0.03
momentum: 0.9
schedule: one_cycle
warmup: 0.3
ema_epochs: 0.5
augment: [RandomHorizontalFlip]
test_flips: horizontal
seed: 2
"""

# Finished epochs and steps in the next one: all that a run of this recipe can be resumed from.
PLACES = [(0, 0), (0, 2), (1, 0), (1, 1), (2, 0), (2, 2), (3, 0)]

SPACE = "No space left on device; free some space, or choose another disk\n"


class Runs:
    """A set, a recipe, and what a run that is never stopped makes of them."""

    def __init__(self, folder: Path) -> None:
        data, recipe = save_six_keys(tiny_dataset(), folder / "own.npz"), folder / "thorough.yaml"
        recipe.write_text(RECIPE)
        self._start = ("train", "--data", data, "--task", "multi-class", "--recipe", recipe)
        self._start += ("--device", "cpu", "--precision", "fp32", "--checkpoint-every", 2)
        self.medfast = ForkedRuns(folder, *self._start, "--out", folder / "warm-up")

    def train(self, folder: Path, *more: object, **fault: float) -> Done:
        return self.medfast(folder, *self._start, "--out", folder, *more, **fault)

    def resume(self, folder: Path, **fault: float) -> Done:
        return self.medfast(folder, "train", "--resume", folder, **fault)

    def go_on(self, folder: Path, *more: object, **fault: float) -> Done:
        """Resume, or start again what was stopped before it had begun."""
        if (folder / "recipe.yaml").exists():
            return self.resume(folder, **fault)
        refused = self.resume(folder)
        assert refused.code == 1
        assert "start a run in it" in refused.printed
        return self.train(folder, *more, **fault)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    runs = Runs(tmp_path_factory.mktemp("runs"))
    yield runs
    runs.medfast.close()


@pytest.fixture(scope="module")
def whole(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("whole")
    assert runs.train(folder).code == 0
    found = content(folder)
    assert found["best.safetensors facts"]["epoch"] == found["summary.json"]["chosen_epoch"] == 2
    return found


def names(folder: Path) -> set[str]:
    return {path.name.partition("_[")[0] for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_killed_at_every_change_of_the_folder(
    runs: Runs, whole: dict[str, object], tmp_path: Path
) -> None:
    found_by_resume: set[str] = set()
    places = []
    for change in count(1):
        folder = tmp_path / str(change)
        if not runs.train(folder, kill_at=change).killed:
            break
        found_by_resume |= names(folder)
        assert runs.go_on(folder).code == 0
        assert content(folder) == whole
        places += resumptions(folder)
    assert [place for place, _ in groupby(places)] == PLACES
    files = {"environment.json", "recipe.yaml", "last.safetensors", "best.safetensors"}
    files |= {"metrics.csv", "own_8_train", "own_8_val", "own_8_test", "summary.json"}
    halves = {f".{name}" if name.startswith("own") else f".{name}.tmp" for name in files}
    assert found_by_resume == files | halves | {".lock"}


@pytest.mark.parametrize("seed", range(10))
def test_killed_again_and_again(
    seed: int, runs: Runs, whole: dict[str, object], tmp_path: Path
) -> None:
    """Also where a resumed run makes up for what the one before had left undone."""
    rng = np.random.default_rng(seed)
    while runs.go_on(tmp_path, kill_at=int(rng.integers(1, 60))).killed:
        pass
    assert content(tmp_path) == whole


@pytest.mark.parametrize("seed", range(10))
def test_killed_by_the_clock(
    seed: int, runs: Runs, whole: dict[str, object], tmp_path: Path
) -> None:
    rng, patience = np.random.default_rng(seed), 0.2
    while (done := runs.go_on(tmp_path, seconds=rng.uniform(0, patience))).killed:
        patience *= 1.1  # a slow machine gets to the end too
    assert done.code == 0, done.printed
    assert content(tmp_path) == whole


SEEDS = ("--seeds", "3,1", "--epochs", 1)


@pytest.fixture(scope="module")
def whole_seeds(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("whole-seeds")
    assert runs.train(folder, *SEEDS).code == 0
    return content(folder)


def test_killed_before_the_first_of_several_seeds(
    runs: Runs, whole_seeds: dict[str, object], tmp_path: Path
) -> None:
    for change in count(1):
        folder = tmp_path / str(change)
        assert runs.train(folder, *SEEDS, kill_at=change).killed
        begun = (folder / "seed-3").exists()
        assert runs.go_on(folder, *SEEDS).code == 0
        assert content(folder) == whole_seeds
        if begun:
            break


@pytest.mark.parametrize("seed", range(5))
def test_several_seeds_killed_again_and_again(
    seed: int, runs: Runs, whole_seeds: dict[str, object], tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    while runs.go_on(tmp_path, *SEEDS, kill_at=int(rng.integers(1, 60))).killed:
        pass
    assert content(tmp_path) == whole_seeds


def test_one_run_in_place_of_several_that_never_began(
    runs: Runs, whole: dict[str, object], tmp_path: Path
) -> None:
    for change in count(1):
        assert runs.train(tmp_path, *SEEDS, kill_at=change).killed
        if (tmp_path / "seeds.json").exists():
            break
    assert runs.train(tmp_path).code == 0
    assert content(tmp_path) == whole


def assert_whole_files(folder: Path) -> None:
    """What was written before is as it was, and nothing is beside it."""
    if folder.exists():
        assert not [name for name in names(folder) if name.startswith(".")]
        for path in folder.glob("*.safetensors"):
            archive.load(path)


@pytest.mark.slow
def test_a_disk_that_is_full_from_any_change_on(
    runs: Runs, whole: dict[str, object], tmp_path: Path
) -> None:
    places = []
    for change in count(1):
        folder = tmp_path / str(change)
        done = runs.train(folder, full_at=change)
        if done.code == 0:
            break
        assert done.code == 1
        assert done.printed.endswith(SPACE)
        assert done.printed.count("could not be") == 1
        assert_whole_files(folder)
        assert runs.go_on(folder).code == 0
        assert content(folder) == whole
        places += resumptions(folder)
    assert [place for place, _ in groupby(places)] == PLACES


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small file system cannot be mounted: {error}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_small_disk(runs: Runs, whole: dict[str, object], small_disk: Path) -> None:
    """Pages of a real file system, of which more are left each time."""
    folder, filling = small_disk / "run", small_disk / "filling"
    left = []
    for pages in count():
        space = os.statvfs(small_disk)
        filling.write_bytes(bytes((space.f_bavail - pages) * space.f_bsize))
        done = runs.train(folder)
        if done.code == 0:
            break
        assert done.code == runs.go_on(folder).code == 1
        assert done.printed.endswith(SPACE)
        assert_whole_files(folder)
        left.append(names(folder))
        filling.unlink()
        assert runs.go_on(folder).code == 0
        assert content(folder) == whole
        shutil.rmtree(folder)
    assert set() in left
    assert {"environment.json", "recipe.yaml", "last.safetensors"} in left
