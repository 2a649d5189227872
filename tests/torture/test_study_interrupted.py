"""Studies that end early, and runs of them that fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from medfast.errors import ConfigError, InvalidValueError
from medfast.models import registry
from medfast.results.study import runner
from medfast.training import archive
from medfast.training.run_folder import RunFolder
from tiny_runs import tiny
from tiny_study import TinySets, make_resnets_tiny, study

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WANTED: dict[str, Any] = {"datasets": ("breastmnist",), "epochs": 2}
QUESTIONS = ("depth", "loss")
# What depends on how fast it went.
TIMES = {"seconds", "images per second", "at_equal_time", "answers"}


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    make_resnets_tiny(monkeypatch)


@pytest.fixture
def sets(tmp_path: Path) -> TinySets:
    return TinySets(tmp_path / "sets")


def findings(out: Path) -> Any:
    def timeless(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: timeless(item) for key, item in value.items() if key not in TIMES}
        return [timeless(item) for item in value] if isinstance(value, list) else value

    return timeless(json.loads((out / "STUDY.json").read_text()))


@pytest.fixture
def whole(sets: TinySets, tmp_path: Path) -> Any:
    study(tmp_path / "whole", sets, *QUESTIONS, **WANTED)
    return findings(tmp_path / "whole")


def interrupt_at_save(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    save, saved = archive.save, []

    def interrupted(*given: Any) -> None:
        saved.append(given)
        if len(saved) == number:
            raise KeyboardInterrupt
        save(*given)

    monkeypatch.setattr(archive, "save", interrupted)


def test_interrupted_again_and_again_it_finds_the_same(
    whole: Any, sets: TinySets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, calls = tmp_path / "study", 0
    for number in (2, 7, 4, 6):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
            interrupt_at_save(patch, number)
            study(out, sets, *QUESTIONS, **WANTED)
        calls += 1
        assert "go on with: medfast study --out" in capsys.readouterr().err
        assert len(json.loads((out / "plan.json").read_text())["runs"]) == 6
    assert calls == 4
    study(out, sets, quick=None)  # all settings are in the folder
    assert findings(out) == whole
    assert not list(out.rglob("*.safetensors"))


def test_findings_of_a_part_are_found_without_training(sets: TinySets, tmp_path: Path) -> None:
    out = tmp_path / "study"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        interrupt_at_save(patch, 6)
        study(out, sets, *QUESTIONS, **WANTED)
    study(out, sets, train=False, quick=None)
    states = [row["state"] for row in findings(out)["runs"]]
    assert states == ["finished", "begun", "planned", "planned", "planned", "planned"]
    assert "**5 runs have not finished: " in (out / "STUDY.md").read_text()


KILLED_AT_A_WRITE = """
import os, signal, sys
from pathlib import Path
import pytest
from tiny_study import TinySets, make_resnets_tiny, study

make_resnets_tiny(pytest.MonkeyPatch())
left, replace = int(sys.argv[3]), Path.replace

def replace_until_killed(self, target):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return replace(self, target)

sets = TinySets(Path(sys.argv[1]))
Path.replace = replace_until_killed
study(Path(sys.argv[2]), sets, "depth", "loss", datasets=("breastmnist",), epochs=2)
"""


@pytest.mark.parametrize("files_written", [0, 1, 2, 8, 17])
def test_killed_by_the_system_at_a_write(
    files_written: int, whole: Any, sets: TinySets, tmp_path: Path
) -> None:
    out = tmp_path / "study"
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_A_WRITE, sets.folder, out, str(files_written)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    study(out, sets, *QUESTIONS, **WANTED)
    assert findings(out) == whole


def failing(message: str) -> Callable[..., Any]:
    def resnet50(**_: object) -> None:
        raise RuntimeError(message)

    return resnet50


def test_a_run_that_fails_does_not_stop_the_rest(
    whole: Any, sets: TinySets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "study"
    monkeypatch.setitem(registry._FACTORIES, "resnet50", failing(f"no memory for {out}/runs/x"))
    found = study(out, sets, *QUESTIONS, **WANTED)
    assert set(found.errors) == {f"breastmnist_resnet50_seed-{seed}" for seed in (0, 1)}
    text = (out / "STUDY.md").read_text()
    assert "4 of 6 runs finished" in text
    assert "- breastmnist_resnet50_seed-0: RuntimeError: no memory for runs/x" in text
    assert "breastmnist: no finished run of ResNet-50." in text
    states = {row["run"]: (row["state"], row["error"]) for row in findings(out)["runs"]}
    assert states["breastmnist_resnet50_seed-1"] == (
        "failed",
        "RuntimeError: no memory for runs/x",
    )
    assert states["breastmnist_one-vs-rest_seed-1"] == ("finished", None)
    again = study(out, sets, train=False, quick=None)
    assert again.errors == found.errors
    # What failed is tried again.
    monkeypatch.setitem(registry._FACTORIES, "resnet50", tiny)
    assert not study(out, sets, quick=None).errors
    assert findings(out) == whole


def test_divergence_is_recorded(
    sets: TinySets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = runner._begin_or_resume

    def diverges(found: Any, row: Any, *rest: Any) -> Any:
        if row.treatment == "one-vs-rest":
            raise InvalidValueError("the loss became nan in epoch 1, step 2: training diverges")
        return begin(found, row, *rest)

    monkeypatch.setattr(runner, "_begin_or_resume", diverges)
    found = study(tmp_path / "study", sets, "loss", **WANTED)
    assert set(found.errors.values()) == {
        "the loss became nan in epoch 1, step 2: training diverges"
    }


def test_a_new_question_takes_the_runs_that_are_there(sets: TinySets, tmp_path: Path) -> None:
    out = tmp_path / "study"
    study(out, sets, "loss", **WANTED)
    before = {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("summary.json")}
    assert len(before) == 4
    found = study(out, sets, "depth", quick=None)
    assert found.settings.questions == QUESTIONS
    after = {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("summary.json")}
    assert len(after) == 6
    assert before.items() <= after.items()


def test_two_processes_do_not_train_one_study(sets: TinySets, tmp_path: Path) -> None:
    out = tmp_path / "study"
    out.mkdir()
    with (
        RunFolder(out).exclusive(),
        pytest.raises(ConfigError, match="another process is training in it"),
    ):
        study(out, sets, "loss", **WANTED)
    assert not (out / "runs").exists()


def test_the_precision_is_not_timed_anew(sets: TinySets, tmp_path: Path) -> None:
    out = tmp_path / "study"
    found = study(out, sets, "loss", **WANTED)
    first = found.folder.run(found.rows[0])
    environment = first.read_environment()
    other = {"fp32": "bf16", "bf16": "fp32"}[environment["precision"]]
    first.write_json(first.environment, {**environment, "precision": other})
    found = study(out, sets, "depth", quick=None)
    precisions = {
        row.treatment: found.folder.run(row).read_environment()["precision"] for row in found.rows
    }
    assert precisions["resnet50"] == other
