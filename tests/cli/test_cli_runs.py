"""``medfast evaluate`` and ``medfast predict``, and the group of verbs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from medfast.cli.app import VERBS
from tiny_runs import save_six_keys, tiny_dataset


def test_help_names_every_verb(cli):
    done = cli("--help")
    assert done.code == 0
    for verb in VERBS:
        assert f"\n  {verb} " in done.out
        assert cli(verb, "--help").code == 0


def test_an_unknown_verb_names_the_nearest(cli):
    done = cli("trian")
    assert done.code == 2
    assert "did you mean 'train'" in done.err


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_evaluate_gives_what_the_run_recorded(cli, run_folder, split):
    done = cli("evaluate", run_folder, "--split", split)
    assert done.code == 0
    assert "the same to the last digit" in done.out
    found = json.loads(cli("evaluate", run_folder, "--split", split, "--json").out)
    summary = json.loads((run_folder / "summary.json").read_text())
    for key in ("auc", "acc", "loss", "per_class_auc", "absent_classes"):
        assert found["metrics"][key] == summary["splits"][split][key]


def test_evaluate_writes_json_for_classes_without_an_auc(cli, tmp_path):
    labels = {"test": np.zeros((20, 1))}
    data = save_six_keys(tiny_dataset(labels=labels), tmp_path / "mine.npz")
    args = ("--data", data, "--task", "multi-class", "--model", "tiny", "--epochs", 1)
    assert cli("train", *args, "--out", tmp_path / "run").code == 0
    found = json.loads(cli("evaluate", tmp_path / "run", "--json").out)
    assert found["metrics"]["per_class_auc"] == [None, None, None]
    assert found["metrics"]["auc"] is None


def test_evaluate_of_an_unknown_split_is_a_wrong_call(cli, run_folder):
    done = cli("evaluate", run_folder, "--split", "tset")
    assert done.code == 2
    assert "did you mean 'test'" in done.err


def test_evaluate_after_the_data_changed_refuses(cli, run_folder, data):
    save_six_keys(tiny_dataset(sizes=(41, 18, 24)), data)
    done = cli("evaluate", run_folder)
    assert done.code == 1
    assert "belongs to another set" in done.err


@pytest.mark.parametrize("command", [("evaluate",), ("compare",), ("train", "--resume")])
def test_a_file_with_other_classes_is_another_file(cli, run_folder, data, command):
    """It is not the task that is wrong, nor the number of names."""
    save_six_keys(tiny_dataset(n_classes=5), data)
    if command[0] == "train":
        (run_folder / "summary.json").unlink()
    done = cli(*command, run_folder)
    assert done.code == 1
    assert "belongs to another set: the MD5 was" in done.err


def test_resuming_notes_where_the_file_is_now(cli, run_folder, data, tmp_path):
    environment = run_folder / "environment.json"
    before = json.loads(environment.read_text())
    other = save_six_keys(tiny_dataset(sizes=(41, 18, 24)), tmp_path / "other.npz")
    moved = data.rename(tmp_path / "moved.npz")
    done = cli("train", "--resume", run_folder, "--data", other)
    assert done.code == 1
    assert "belongs to another set" in done.err
    assert cli("compare", run_folder).code == 1
    assert json.loads(environment.read_text()) == before
    done = cli("train", "--resume", run_folder, "--data", moved)
    assert done.code == 0
    assert "is finished: nothing is left to train" in done.err
    assert cli("compare", run_folder).code == 0
    assert json.loads(environment.read_text()) == {**before, "dataset_path": str(moved)}


def test_resuming_seeds_notes_where_the_file_is_now(cli, data, tmp_path):
    args = ("--data", data, "--task", "multi-class", "--model", "tiny", "--epochs", 1)
    folder = tmp_path / "seeds"
    assert cli("train", *args, "--seeds", "0,1", "--out", folder).code == 0
    (folder / "seed-1" / "summary.json").unlink()
    moved = data.rename(tmp_path / "moved.npz")
    assert cli("train", "--resume", folder, "--data", moved).code == 0
    assert cli("compare", folder).code == 0


def test_a_moved_file_is_found_by_its_new_place(cli, run_folder, data, tmp_path):
    moved = data.rename(tmp_path / "moved.npz")
    done = cli("evaluate", run_folder)
    assert done.code == 1
    assert "--data" in done.err
    done = cli("evaluate", run_folder, "--data", moved)
    assert done.code == 0
    assert "the same to the last digit" in done.out


def test_predict_writes_the_scores_of_the_run(cli, run_folder, data, tmp_path):
    done = cli("predict", run_folder, "--data", data, "--out", tmp_path / "scores.csv")
    assert done.code == 0
    assert done.out.strip() == str(tmp_path / "scores.csv")
    (recorded,) = (run_folder / "predictions").glob("mine_8_test_*.csv")
    assert (tmp_path / "scores.csv").read_bytes() == recorded.read_bytes()


def test_predict_does_not_write_over_its_data(cli, run_folder, data):
    before = data.read_bytes()
    done = cli("predict", run_folder, "--data", data, "--out", data)
    assert done.code == 2
    assert data.read_bytes() == before


def test_predict_refuses_a_folder_for_a_file(cli, run_folder, data, tmp_path):
    done = cli("predict", run_folder, "--data", data, "--out", tmp_path)
    assert done.code == 2
    assert cli("predict", run_folder, "--data", data, "--out", "").code == 2


def test_last_in_the_place_of_best_is_refused(cli, run_folder):
    (run_folder / "best.safetensors").write_bytes((run_folder / "last.safetensors").read_bytes())
    done = cli("evaluate", run_folder)
    assert done.code == 1
    assert "not a 'best' checkpoint" in done.err


@pytest.mark.parametrize("name", ["summary.json", "environment.json"])
def test_an_emptied_json_file_is_said(cli, run_folder, name):
    (run_folder / name).write_text("{}")
    done = cli("evaluate", run_folder)
    assert done.code == 1
    assert name in done.err
    assert "bug" not in done.err


def test_predict_refuses_images_of_another_size(cli, run_folder, tmp_path):
    np.savez(tmp_path / "other.npz", images=np.zeros((3, 9, 9), np.uint8))
    done = cli("predict", run_folder, "--data", tmp_path / "other.npz")
    assert done.code == 1
    assert "(3, 9, 9)" in done.err


def test_predict_names_the_array_it_misses(cli, run_folder, tmp_path):
    np.savez(tmp_path / "other.npz", scans=np.zeros((3, 8, 8), np.uint8))
    done = cli("predict", run_folder, "--data", tmp_path / "other.npz")
    assert done.code == 1
    assert "'test_images'" in done.err


def test_a_checkpoint_of_another_run_is_refused(cli, run_folder, data, tmp_path):
    args = ("--data", data, "--task", "multi-class", "--model", "tiny", "--epochs", 1)
    assert cli("train", *args, "--seed", 5, "--out", tmp_path / "other").code == 0
    (tmp_path / "other" / "best.safetensors").replace(run_folder / "best.safetensors")
    done = cli("evaluate", run_folder)
    assert done.code == 1
    assert "seed" in done.err or "epochs" in done.err
