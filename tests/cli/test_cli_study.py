"""``medfast study``."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from tiny_study import make_resnets_tiny

DIGITS = ("--quick", "--dataset", "digits", "--seeds", "0..1", "--epochs", 1)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    make_resnets_tiny(monkeypatch)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "study"


def test_questions_are_answered(cli, out):
    done = cli("study", "loss", "d", "--out", out, *DIGITS)
    assert done.code == 0
    assert done.out == f"{out}/STUDY.html\n"
    assert done.err.startswith("10 runs, 10 to be trained: ")
    assert "10/10  digits_one-vs-rest_seed-1  val AUC 0." in done.err
    text = (out / "STUDY.md").read_text("utf-8")
    assert "\nmedfast study augmentation loss --out study --quick --dataset digits" in text
    assert "## (d) Augmentation" in text
    assert "digits: whether a flipped image could exist is not stated." in text
    assert "| digits |  | multi-class | 112 of 1,253 | 180 | 364 | no: " in text
    numbers = json.loads((out / "STUDY.json").read_text("utf-8"))
    assert numbers["questions"].keys() == {"augmentation", "loss"}
    assert len(numbers["questions"]["loss"]["contrasts"]) == 1


def test_it_is_called_again(cli, out):
    assert cli("study", "loss", "--out", out, *DIGITS).code == 0
    before = (out / "STUDY.md").read_bytes()
    (out / "STUDY.md").unlink()
    assert cli("study", "--out", out, "--findings-only").code == 0
    assert (out / "STUDY.md").read_bytes() == before
    done = cli("study", "--out", out)
    assert (done.code, done.err.splitlines()[0][:24]) == (0, "4 runs, 0 to be trained:")
    assert (out / "STUDY.md").read_bytes() == before


def test_its_runs_are_runs_like_any_other(cli, out):
    assert cli("study", "loss", "--out", out, *DIGITS).code == 0
    runs = sorted((out / "runs").iterdir())
    done = cli("compare", *runs)
    assert done.code == 0
    assert "digits_train112, test, 364 images" in done.out
    assert "multi_class=one_vs_rest" in done.out


def test_a_failed_run_gives_the_exit_code(cli, out, monkeypatch):
    from medfast.models import registry

    def resnet18(**_):
        raise RuntimeError("no memory")

    monkeypatch.setitem(registry._FACTORIES, "resnet18", resnet18)
    done = cli("study", "loss", "--out", out, *DIGITS)
    assert done.code == 1
    assert "4 run(s) failed" in done.err
    assert "RuntimeError: no memory" in (out / "STUDY.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("colour",), "unknown question 'colour'; known: augmentation, depth"),
        (("--dataset", "brestmnist"), "did you mean 'breastmnist'?"),
        (("--dataset", "adrenalmnist3d"), "holds volumes"),
        (("--seeds", "0-3"), "seeds must be like 0..4"),
        (("--epochs", "0"), "epochs must be at least 1"),
        (("--dataset", "digits", "--device", "cuda:99"), "device 'cuda:99' asked for"),
        (("--findings-only",), "holds no study"),
    ],
)
def test_a_wrong_call_leaves_nothing(cli, out, given, message):
    done = cli("study", *given, "--out", out)
    assert done.code == 2
    assert message in done.err
    assert not (out / "runs").exists()
    assert not (out / "plan.json").exists()


@pytest.mark.parametrize("missing", ["jinja2", "matplotlib"])
def test_what_the_findings_need_is_missed_before_training(cli, out, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    done = cli("study", "loss", "--out", out, *DIGITS)
    assert done.code == 1
    assert f"needs {missing}, which is not installed: pip install 'medfast[report]'" in done.err
    assert not out.exists()


def test_a_study_of_other_settings_is_not_mixed_with(cli, out):
    assert cli("study", "loss", "--out", out, *DIGITS).code == 0
    for given, message in (
        (("--epochs", 2), "a study with epochs 1; got 2"),
        (("--seeds", "0..2"), "a study with seeds 0, 1; got 0, 1, 2"),
        (("--dataset", "breastmnist"), "a study with datasets digits; got breastmnist"),
    ):
        done = cli("study", "--out", out, *given)
        assert done.code == 2
        assert message in done.err


def test_another_folder_is_left_alone(cli, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    done = cli("study", "loss", "--out", tmp_path, *DIGITS)
    assert done.code == 2
    assert "is not empty, and holds no study" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_is_said(cli, tmp_path):
    (tmp_path / "file").write_text("")
    done = cli("study", "loss", "--out", tmp_path / "file" / "study", *DIGITS)
    assert done.code == 1
    assert "could not be created" in done.err


def test_a_damaged_plan_is_said(cli, out):
    out.mkdir()
    (out / "plan.json").write_text("{")
    assert cli("study", "--out", out).code == 1
    (out / "plan.json").write_text('{"settings": {"quick": true}, "runs": []}')
    done = cli("study", "--out", out)
    assert done.code == 1
    assert "lacks 'questions' of the settings; restore the file" in done.err


def test_a_set_without_three_splits_is_said(cli, out, tmp_path):
    images, labels = np.zeros((9, 28, 28), np.uint8), np.zeros((9, 1), np.uint8)
    parts = {f"{name}_images": images for name in ("train", "test")}
    np.savez(
        tmp_path / "breastmnist.npz",
        **parts,
        **{key.replace("images", "labels"): labels for key in parts},
    )
    done = cli("study", "--out", out, "--dataset", "breastmnist", "--root", tmp_path)
    assert done.code == 1
    assert "val_images" in done.err
    assert not (out / "plan.json").exists()


def test_a_finished_run_without_its_scores_is_said(cli, out):
    assert cli("study", "loss", "--out", out, *DIGITS).code == 0
    (scores,) = out.glob("runs/digits_baseline_seed-0/predictions/*_test_*")
    scores.unlink()
    before = (out / "STUDY.md").read_bytes()
    done = cli("study", "--out", out)
    assert done.code == 1
    assert f"{scores} is missing" in done.err
    assert (out / "STUDY.md").read_bytes() == before
