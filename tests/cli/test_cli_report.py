"""``medfast report``."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def test_a_run_is_reported(cli: Any, run_folder: Path) -> None:
    done = cli("report", run_folder)
    page = run_folder / "report.html"
    assert (done.code, done.out, done.err) == (0, f"{page}\n", "")
    text = page.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "tiny, official, epochs=2" in text
    assert page.with_suffix(".md").is_file()
    assert list((run_folder / "report_files").glob("*.png"))
    resumed = cli("train", "--resume", run_folder)
    assert resumed.code == 0


def test_a_file_and_a_split_are_chosen(cli: Any, run_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    done = cli("report", run_folder, "--out", out, "--split", "val", "--root", tmp_path)
    assert (done.code, done.out) == (0, f"{out}\n")
    assert "images of val" in out.read_text("utf-8")


def test_the_command_trains_the_same_run_again(
    cli: Any, run_folder: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("report", run_folder).code == 0
    markdown = (run_folder / "report.md").read_text("utf-8")
    command, recipe = re.findall("```\n(.*?)\n```", markdown, re.DOTALL)
    monkeypatch.chdir(data.parent)
    (tmp_path / "recipe.yaml").write_text(recipe)
    threads, program, *args = shlex.split(command)
    assert (threads, program) == ("OMP_NUM_THREADS=1", "medfast")
    assert cli(*args, "--out", tmp_path / "again" / "run").code == 0
    for path in (run_folder / "predictions").iterdir():
        again = tmp_path / "again" / "run" / "predictions" / path.name
        assert again.read_bytes() == path.read_bytes()


def test_what_is_wrong_is_said(cli: Any, run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    for args, code, message in (
        ((), 2, "RUN"),
        ((tmp_path / "missing",), 2, "does not exist"),
        ((tmp_path / "empty",), 1, "is empty"),
        ((run_folder, run_folder), 2, "twice"),
        ((run_folder, "--split", "tset"), 2, "test"),
        ((run_folder, "--out", tmp_path / "file"), 2, "is no page of HTML"),
        ((run_folder, "--out", tmp_path / "file" / "below"), 1, "could not be created"),
    ):
        done = cli("report", *args)
        assert (done.code, done.out) == (code, "")
        assert message in done.err
    assert sorted(tmp_path.rglob("*")) == before
    (run_folder / "summary.json").unlink()
    done = cli("report", run_folder)
    assert done.code == 1
    assert "has not finished" in done.err


def test_what_must_be_installed_is_said(
    cli: Any, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = cli("report", run_folder)
    assert done.code == 1
    assert "pip install 'medfast[report]'" in done.err
    assert not (run_folder / "report.html").exists()
