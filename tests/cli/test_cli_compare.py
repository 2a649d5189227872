"""``medfast compare``."""

from __future__ import annotations

import json
import shlex

import pytest

from medfast.cli.app import EXTRAS

TINY = ("--task", "multi-class", "--model", "tiny", "--epochs", 1)


@pytest.fixture
def repeats(cli, data, tmp_path):
    folder = tmp_path / "repeats"
    args = ("--data", data, *TINY, "--seeds", "0..1", "--out", folder)
    assert cli("train", *args).code == 0
    return folder


def test_runs_are_compared(cli, repeats, run_folder):
    done = cli("compare", repeats, run_folder)
    assert done.code == 0
    assert done.out.startswith("mine, test, 20 images\n")
    assert "tiny, 8 px, official, epochs=1     2" in done.out
    assert "tiny, 8 px, official, epochs=2     1" in done.out
    assert "mine has no published row" in done.out
    assert "DeLong" in done.out


def test_the_split_and_the_level_are_chosen(cli, run_folder):
    done = cli("compare", run_folder, "--split", "val", "--level", 0.9)
    assert done.code == 0
    assert "mine, val, 18 images" in done.out
    assert "90 % interval" in done.out


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        ("md", "## mine"),
        ("tex", "% \\usepackage"),
        ("csv", "kind,set"),
        ("json", "{"),
        ("", "mine"),
    ],
)
def test_a_file_is_written_as_it_ends(cli, run_folder, tmp_path, ending, start):
    out = tmp_path / f"table.{ending}"
    done = cli("compare", run_folder, "--out", out)
    assert (done.code, done.out) == (0, "")
    assert out.read_text("utf-8").startswith(start)
    printed = cli("compare", run_folder, "--format", "json").out
    assert json.loads(printed)["split"] == "test"


def test_a_moved_file_is_found_in_root(cli, run_folder, data, tmp_path):
    (tmp_path / "moved").mkdir()
    data.rename(tmp_path / "moved" / data.name)
    done = cli("compare", run_folder)
    assert done.code == 1
    assert "give the folder that it is in: --root FOLDER" in done.err
    assert cli("compare", run_folder, "--root", tmp_path / "moved").code == 0


def test_no_run_is_a_wrong_call(cli):
    assert cli("compare").code == 2


def test_a_missing_folder_is_a_wrong_call(cli, tmp_path):
    done = cli("compare", tmp_path / "nowhere")
    assert done.code == 2
    assert "does not exist" in done.err


@pytest.mark.parametrize("option", [("--split", "tset"), ("--format", "latxe"), ("--level", 2)])
def test_a_wrong_option_is_a_wrong_call(cli, run_folder, option):
    assert cli("compare", run_folder, *option).code == 2


def test_an_empty_folder_is_said(cli, tmp_path):
    (tmp_path / "empty").mkdir()
    done = cli("compare", tmp_path / "empty")
    assert done.code == 1
    assert "is empty" in done.err


def test_a_run_that_never_finished_is_said(cli, run_folder):
    (run_folder / "summary.json").unlink()
    done = cli("compare", run_folder)
    assert done.code == 1
    assert f"go on with it: medfast train --resume {run_folder}" in done.err


def test_missing_predictions_are_said_and_can_be_made_again(cli, run_folder):
    (scores,) = (run_folder / "predictions").glob("*_test_*")
    before = scores.read_bytes()
    scores.unlink()
    done = cli("compare", run_folder)
    assert done.code == 1
    command = done.err.partition("score again with medfast ")[2].strip()
    assert cli(*shlex.split(command)).code == 0
    assert scores.read_bytes() == before
    assert cli("compare", run_folder).code == 0


def test_an_unwritable_target_fails_and_leaves_nothing(cli, run_folder, tmp_path):
    done = cli("compare", run_folder, "--out", tmp_path / "no" / "table.md")
    assert done.code == 1
    assert "make its folder first" in done.err
    done = cli("compare", run_folder, "--out", tmp_path)
    assert done.code == 2
    assert "is a folder" in done.err
    assert not list(tmp_path.glob("*.tmp"))


def test_scipy_comes_with_train():
    assert EXTRAS["scipy"] == "train"
