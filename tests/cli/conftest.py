"""Running the command line in this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from medfast.cli.app import run
from tiny_runs import save_six_keys, tiny_dataset


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


class Cli(Protocol):
    def __call__(self, *args: object) -> Done: ...


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.delenv("MEDFAST_DEBUG", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    # Results are compared bit for bit, which only the CPU promises.
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)

    def call(*args: object) -> Done:
        capsys.readouterr()
        code = run([str(arg) for arg in args])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Done(code, captured.out, captured.err)

    return call


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A multi-class set of 8x8 images of one's own."""
    return save_six_keys(tiny_dataset(), tmp_path / "mine.npz")


@pytest.fixture
def run_folder(cli: Cli, data: Path, tmp_path: Path) -> Path:
    """A finished run on `data`."""
    folder = tmp_path / "run"
    args = ("--data", data, "--task", "multi-class", "--model", "tiny", "--epochs", 2)
    assert cli("train", *args, "--out", folder).code == 0
    return folder
