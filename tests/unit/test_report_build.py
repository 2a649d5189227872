"""From folders of runs to files: the same bytes, and all of them or none."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from made_runs import make_run
from medfast.data.dataset import open_file
from medfast.errors import CheckpointError, ConfigError, DatasetNotFoundError, StorageError
from medfast.results.report.build import write_report
from medfast.task import Task
from tiny_runs import save_six_keys, tiny_dataset


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = save_six_keys(tiny_dataset(Task.BINARY), tmp_path / "own.npz")
    return make_run(tmp_path / "run", open_file(path, task="binary"))


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_run_gives_the_same_bytes(run: Path, tmp_path: Path) -> None:
    page = write_report([run], tmp_path / "one")
    assert page == tmp_path / "one" / "report.html"
    write_report([run], tmp_path / "two" / "report.html")
    first = content(tmp_path / "one")
    assert first == content(tmp_path / "two")
    assert {Path(name).parts[0] for name in first} == {
        "report.html",
        "report.md",
        "report_files",
    }
    write_report([run], tmp_path / "one")
    assert content(tmp_path / "one") == first


def test_where_a_report_is_written(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert write_report([run]) == run / "report.html"
    dataset = open_file(tmp_path / "own.npz", task="binary")
    other = make_run(tmp_path / "other", dataset, seed=1)
    monkeypatch.chdir(tmp_path)
    assert write_report([run, other]) == Path("report.html")
    named = write_report([run], tmp_path / "new" / "my page.html")
    assert (tmp_path / "new" / "my page.md").is_file()
    assert "(my%20page_files/1-own-auc.png)" in named.with_suffix(".md").read_text("utf-8")
    assert (tmp_path / "new" / "my page_files" / "1-own-auc.png").is_file()


def test_a_full_disk_leaves_the_earlier_report(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_report([run], out)
    before = content(out)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    for place in (out, tmp_path / "new"):
        with pytest.raises(StorageError, match="No space left"):
            write_report([run], place, split="val")
    assert content(out) == before
    assert list((tmp_path / "new").iterdir()) == []


def test_places_that_cannot_hold_a_page(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for out in (file, tmp_path / "report.md", tmp_path / "report.PDF"):
        with pytest.raises(ConfigError, match=r"is no page of HTML; give a file that ends in"):
            write_report([run], out)
    assert not (tmp_path / "report.md").exists()
    with pytest.raises(StorageError, match="could not be created"):
        write_report([run], file / "below")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ConfigError, match="is a folder"):
        write_report([run], tmp_path / "folder.html")
    assert file.read_text() == ""


def test_what_is_missing_is_said_before_anything_is_written(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (scores,) = (run / "predictions").glob("*_test_*")
    kept = scores.read_bytes()
    scores.unlink()
    with pytest.raises(CheckpointError, match="medfast predict"):
        write_report([run], out)
    scores.write_bytes(kept)
    (tmp_path / "own.npz").rename(tmp_path / "moved.npz")
    with pytest.raises(DatasetNotFoundError, match="--root"):
        write_report([run], out)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "moved.npz").rename(tmp_path / "elsewhere" / "own.npz")
    (run / "summary.json").rename(run / "kept.json")
    with pytest.raises(CheckpointError, match="has not finished"):
        write_report([run], out, root=tmp_path / "elsewhere")
    (run / "kept.json").rename(run / "summary.json")
    with pytest.raises(ConfigError, match="unknown split 'tset'"):
        write_report([run], out, split="tset")
    assert not out.exists()
    assert write_report([run], out, root=tmp_path / "elsewhere").is_file()


def test_scores_that_are_no_probabilities_are_refused(run: Path, tmp_path: Path) -> None:
    (scores,) = (run / "predictions").glob("*_test_*")
    rows = [line.split(",") for line in scores.read_text().splitlines()]
    doubled = [",".join([n, repr(2 * float(a)), repr(2 * float(b))]) for n, a, b in rows]
    scores.write_text("\n".join(doubled))
    with pytest.raises(CheckpointError):
        write_report([run], tmp_path / "out")
