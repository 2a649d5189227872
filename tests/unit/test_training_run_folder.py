"""The text files of a run."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest

from medfast.data.predictions import write_scores
from medfast.training.device import choose_compute
from medfast.training.environment import describe_environment
from medfast.training.history import EpochRow, best_row
from medfast.training.progress import Bar, Lines, progress_on
from medfast.training.run_folder import RunFolder


def row(epoch: int, auc: float, loss: float = 0.5) -> EpochRow:
    return EpochRow(epoch, 1e-3, 0.1, 1.0, loss, auc, 0.9, 1000.0, 0.01, 2.0)


def test_scores_keep_every_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((50, 3), dtype=np.float32) ** 9
    scores[0] = [0, 1, np.finfo(np.float32).tiny]
    write_scores(tmp_path / "scores.csv", scores)
    back = np.loadtxt(tmp_path / "scores.csv", delimiter=",")
    assert np.array_equal(back[:, 0], np.arange(50))
    assert np.array_equal(back[:, 1:], scores.astype(np.float64))


def test_json_has_null_for_what_is_not_finite(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_json(folder.summary, {"a": math.nan, "b": [1.5, (-math.inf,)], "c": {"d": "ä"}})
    assert folder.read_json(folder.summary) == {"a": None, "b": [1.5, [None]], "c": {"d": "ä"}}


@pytest.mark.parametrize(
    ("areas", "losses", "expected"),
    [
        ([0.5, 0.9, 0.9, 0.8], [1, 1, 0, 0], (2, "val_auc")),
        ([math.nan, 0.2, math.nan], [0, 9, 0], (2, "val_auc")),
        ([math.nan] * 3, [3, 1, 1], (2, "val_loss")),
    ],
)
def test_best_row(areas: list[float], losses: list[float], expected: tuple[int, str]) -> None:
    history = [row(n, *pair) for n, pair in enumerate(zip(areas, losses, strict=True), start=1)]
    best, criterion = best_row(history)
    assert (best.epoch, criterion) == expected


def test_environment_is_json_and_names_what_matters() -> None:
    found = json.loads(json.dumps(describe_environment(choose_compute("cpu", "fp32"))))
    assert {"medfast", "python", "numpy", "torch", "scikit-learn"} <= found["versions"].keys()
    assert (found["device"], found["precision"]) == ("cpu", "fp32")


def test_git_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    monkeypatch.chdir(tmp_path)
    compute = choose_compute("cpu", "fp32")
    assert describe_environment(compute)["git"] is None
    identity = ["-c", "user.name=a", "-c", "user.email=b"]
    Path("file").write_text("1")
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "m"]):
        subprocess.run(["git", *command], check=True)
    clean = describe_environment(compute)["git"]
    assert len(clean["commit"]) == 40
    assert clean["modified"] is False
    Path("file").write_text("2")
    assert describe_environment(compute)["git"] == {**clean, "modified": True}
    monkeypatch.setenv("PATH", "")
    assert describe_environment(compute)["git"] is None


def test_lines_without_a_terminal() -> None:
    stream = io.StringIO()
    progress = progress_on(stream)
    assert isinstance(progress, Lines)
    progress.start(epochs=2, images=10)
    progress.note("device")
    progress.batch(1, 10, 0.5)
    progress.epoch(row(1, math.nan), best=True)
    progress.stop()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "device"
    assert lines[1].startswith("epoch 1/2  loss 0.1000  val loss 0.5000 AUC undefined ACC 0.9000")
    assert len(lines) == 2


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    progress = progress_on(stream)
    assert isinstance(progress, Bar)
    progress.start(epochs=2, images=10)
    for epoch in (1, 2):
        progress.batch(epoch, 4, math.nan)
        progress.batch(epoch, 6, 0.25)
        progress.epoch(row(epoch, 0.75), best=epoch == 1)
    progress.stop()
    progress.stop()
    text = stream.getvalue()
    assert "epoch 1/2" in text
    assert "img/s" in text
    assert text.count("AUC 0.7500") == 2
    assert text.rstrip().count("best") == 1
