"""``medfast train``."""

from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from medfast.cli import train as train_verb
from medfast.models import register_model
from medfast.task import Task
from medfast.training.progress import Lines
from tiny_runs import StopAt, content, save_six_keys, tiny_dataset

TINY = ("--model", "tiny", "--epochs", 3)
RUN_FILES = {
    "best.safetensors",
    "environment.json",
    "last.safetensors",
    "metrics.csv",
    "predictions",
    "recipe.yaml",
    "summary.json",
}


def test_a_run_prints_its_table_and_leaves_a_folder(cli, data, tmp_path):
    done = cli("train", "--data", data, "--task", "multi-class", *TINY, "--out", tmp_path / "run")
    assert done.code == 0
    words = done.out.split()
    assert {"split", "train", "val", "test", "AUC", "ACC"} <= set(words)
    assert f"run: {tmp_path / 'run'}" in done.out
    assert done.err.count("\nepoch ") == 3
    assert {path.name for path in (tmp_path / "run").iterdir()} == RUN_FILES


def test_json_is_all_of_standard_output(cli, data, tmp_path):
    args = ("--task", "multi-class", *TINY, "--out", tmp_path / "run", "--json")
    done = cli("train", "--data", data, *args)
    result = json.loads(done.out)
    assert result["run"] == str(tmp_path / "run")
    assert result["published_test"] is None
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert result["splits"] == summary["splits"]


def test_the_default_folder_names_set_and_model(cli, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli("train", "--data", data, "--task", "multi-class", *TINY).code == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("mine-tiny-")


def test_a_class_that_a_split_lacks_is_said(cli, tmp_path):
    labels = {"test": np.zeros((20, 1))}
    data = save_six_keys(tiny_dataset(labels=labels), tmp_path / "mine.npz")
    done = cli("train", "--data", data, "--task", "multi-class", *TINY, "--out", tmp_path / "run")
    assert done.code == 0
    assert "test has no AUC" in done.out
    assert "undefined" in done.out


def test_an_absent_class_is_named(cli, tmp_path):
    labels = {"test": np.arange(20).reshape(-1, 1) % 2}
    data = save_six_keys(tiny_dataset(labels=labels), tmp_path / "mine.npz")
    done = cli("train", "--data", data, "--task", "multi-class", *TINY, "--out", tmp_path / "run")
    assert "test cannot rank 2; its AUC is the mean over the other 2" in done.out
    args = ("--data", data, "--task", "multi-class", *TINY, "--out", tmp_path / "runs")
    done = cli("train", *args, "--seeds", "0,1")
    assert "test cannot rank 2; its AUC is the mean over the other 2" in done.out
    done = cli("compare", tmp_path / "runs")
    assert "mine: test cannot rank 2; AUC is the mean of the others" in done.out


@pytest.mark.parametrize("task", list(Task))
def test_every_task_trains(cli, tmp_path, task):
    data = save_six_keys(tiny_dataset(task), tmp_path / "mine.npz")
    args = ("--data", data, "--task", task.value, *TINY, "--out", tmp_path / "run")
    assert cli("train", *args).code == 0


def test_an_interrupted_run_says_how_to_go_on_and_goes_on(cli, data, tmp_path, monkeypatch):
    args = ("train", "--data", data, "--task", "multi-class", *TINY)
    assert cli(*args, "--out", tmp_path / "whole").code == 0

    class Heard(StopAt):
        def note(self, text: str) -> None:
            Lines().note(text)

    with monkeypatch.context() as patch:
        patch.setattr("medfast.training.progress.progress_on", lambda: Heard(2, in_batch=True))
        done = cli(*args, "--out", tmp_path / "broken")
    assert done.code == 130
    assert f"medfast train --resume {tmp_path / 'broken'}" in done.err
    assert not (tmp_path / "broken" / "summary.json").exists()

    assert cli("train", "--resume", tmp_path / "broken").code == 0
    assert content(tmp_path / "broken") == content(tmp_path / "whole")


@register_model
def hungry(**_: object) -> torch.nn.Module:
    """Ask for more memory than there is."""
    return torch.nn.Linear(1 << 30, 1 << 30)


def test_memory_that_is_not_there(cli, data, tmp_path):
    args = ("--data", data, "--task", "multi-class", "--model", "hungry")
    done = cli("train", *args, "--out", tmp_path / "run")
    assert done.code == 1
    assert done.err.startswith("medfast: out of memory: ")
    assert "tried to allocate 4611686018427387904 bytes" in done.err
    assert "; end what else uses it, or take smaller batches" in done.err
    assert not (tmp_path / "run").exists()


def test_a_gpu_without_memory_leaves_a_run_to_go_on_with(cli, data, tmp_path, monkeypatch):
    def step(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has")

    monkeypatch.setattr("medfast.training.loop.Loop.train_step", step)
    done = cli("train", "--data", data, "--task", "multi-class", *TINY, "--out", tmp_path / "run")
    assert done.code == 1
    assert f"go on with: medfast train --resume {tmp_path / 'run'}" in done.err
    assert "medfast: out of memory: CUDA out of memory. Tried to allocate 2.00 GiB" in done.err


@pytest.mark.slow
def test_compiling_without_a_compiler(cli, data, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    torch.compiler.reset()
    args = ("--data", data, "--task", "multi-class", *TINY, "--compile")
    with torch._inductor.config.patch({"cpp.cxx": (None, str(tmp_path / "c++"))}):
        done = cli("train", *args, "--out", tmp_path / "run")
    assert done.code == 1
    assert "medfast: torch.compile failed: " in done.err
    assert "; train without --compile, in another folder" in done.err


def test_ctrl_c_exits_130_and_keeps_the_last_epoch(tmp_path):
    data = save_six_keys(tiny_dataset(), tmp_path / "mine.npz")
    command = [sys.executable, "-m", "medfast.cli", "train", "--data", str(data)]
    command += ["--task", "multi-class", "--epochs", "10000", "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("epoch"):
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
        assert process.wait(60) == 130
    assert f"medfast train --resume {tmp_path / 'run'}" in rest
    assert "Traceback" not in rest
    assert (tmp_path / "run" / "last.safetensors").is_file()


WRONG_CALLS = {
    "no set": ((), "give a set"),
    "two sets": (("--dataset", "digits", "--data", "x.npz"), "not both"),
    "a set of volumes": (("--dataset", "organmnist3d"), "choose a 2D set"),
    "a model before a download": (("--dataset", "pathmnist", "--model", "vgg"), "unknown model"),
    "a file without a task": (("--data", "x.npz"), "--data needs --task"),
    "a task for a known set": (("--dataset", "digits", "--task", "binary"), "is known"),
    "an unknown set": (("--dataset", "brestmnist"), "did you mean 'breastmnist'"),
    "an unknown size": (("--dataset", "breastmnist", "--size", 32), "28, 64, 128, 224"),
    "an unknown model": (("--dataset", "digits", "--model", "resnet81"), "did you mean 'resnet18'"),
    "an unknown recipe": (("--dataset", "digits", "--recipe", "oficial"), "'official'"),
    "an empty recipe": (("--dataset", "digits", "--recipe", ""), "unknown recipe ''"),
    "an empty device": (("--dataset", "digits", "--device", ""), "unknown device ''"),
    "an empty precision": (("--dataset", "digits", "--precision", ""), "unknown precision ''"),
    "an empty folder's name": (("--dataset", "digits", "--out", ""), "the path is empty"),
    "an empty file's name": (("--data", "", "--task", "binary"), "the path is empty"),
    "a root for a file": (
        ("--data", "x.npz", "--task", "binary", "--root", "here"),
        "--data names the file itself",
    ),
    "no epochs": (("--dataset", "digits", "--epochs", 0), "epochs must be an integer >= 1"),
    "an unknown device": (("--dataset", "digits", "--device", "gpu"), "unknown device 'gpu'"),
    "an unknown precision": (("--dataset", "digits", "--precision", "fp16"), "did you mean"),
    "an unknown option": (("--dataset", "digits", "--epoch", 3), "--epochs"),
    "no number": (("--dataset", "digits", "--lr", "fast"), "'fast'"),
    "one seed and several": (("--dataset", "digits", "--seed", 1, "--seeds", "1,2"), "not both"),
    "no seeds": (("--dataset", "digits", "--seeds", "4..1"), "like 0..4"),
    "negative steps": (("--dataset", "digits", "--checkpoint-every", -1), "x>=0"),
}


@pytest.mark.parametrize(("args", "words"), WRONG_CALLS.values(), ids=WRONG_CALLS.keys())
def test_a_wrong_call_exits_2_and_makes_no_folder(cli, tmp_path, monkeypatch, args, words):
    monkeypatch.chdir(tmp_path)
    done = cli("train", *args)
    assert done.code == 2
    assert words in done.err
    assert not list(tmp_path.iterdir())


def test_an_unknown_recipe_key_names_the_nearest(cli, tmp_path):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("optimiser: sgd\n")
    done = cli("train", "--dataset", "digits", "--recipe", recipe)
    assert done.code == 2
    assert "'optimiser'" in done.err
    assert "did you mean 'optimizer'" in done.err


def test_cuda_where_there_is_none_is_a_wrong_call(cli):
    done = cli("train", "--dataset", "digits", "--device", "cuda")
    assert done.code == 2
    assert "use cpu or auto" in done.err


def test_a_folder_with_something_in_it_is_left_alone(cli, data, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    done = cli("train", "--data", data, "--task", "multi-class", *TINY, "--out", tmp_path / "run")
    assert done.code == 2
    assert "is not empty" in done.err
    assert "--resume" not in done.err
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_names_too_long_for_the_files_of_scores_are_found_before_training(cli, data, tmp_path):
    out = tmp_path / ("run" * 70)
    done = cli("train", "--data", data, "--task", "multi-class", *TINY, "--out", out)
    assert done.code == 2
    assert "too long" in done.err
    assert "epoch" not in done.err
    assert not out.exists()


def test_the_published_row_needs_the_official_file(cli, tmp_path, monkeypatch):
    from medfast.data import catalog

    splits = tiny_dataset(Task.BINARY, sizes=(40, 20, 20)).splits
    arrays = {}
    for name, split in splits.items():
        arrays[f"{name}_images"] = np.repeat(np.repeat(split.images, 4, 1), 4, 2)[:, :28, :28]
        arrays[f"{name}_labels"] = split.labels
    np.savez(tmp_path / "breastmnist.npz", **arrays)
    counts = {name: len(split) for name, split in splits.items()}
    info = dataclasses.replace(catalog.lookup("breastmnist"), n_samples=counts)
    monkeypatch.setattr("medfast.data.dataset.lookup", lambda *_, **__: info)
    args = ("--dataset", "breastmnist", "--root", tmp_path, *TINY, "--out", tmp_path / "run")
    done = cli("train", *args)
    assert done.code == 0
    assert "has not the MD5 of the official file" in done.err
    assert "\npublished" not in done.out


def test_progress_that_nobody_reads_does_not_end_a_run(cli, data, tmp_path, monkeypatch):
    class Unread(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("sys.stderr", Unread())
    done = cli("train", "--data", data, "--task", "multi-class", *TINY, "--out", tmp_path / "run")
    assert done.code == 0


@pytest.mark.parametrize(
    "option", [("--epochs", 9), ("--dataset", "digits"), ("--lr", 0.1), ("--seed", 0)]
)
def test_resume_takes_no_new_settings(cli, run_folder, option):
    done = cli("train", "--resume", run_folder, *option)
    assert done.code == 2
    assert f"leave {option[0]} out" in done.err


def test_resume_of_no_run_fails(cli, tmp_path):
    done = cli("train", "--resume", tmp_path)
    assert done.code == 1
    assert "is not the folder of a run" in done.err


def damage_truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def damage_text(path: Path) -> None:
    path.write_text("<html>not found</html>")


def damage_keys(path: Path) -> None:
    np.savez(path, images=np.zeros((3, 8, 8), np.uint8))


def damage_length(path: Path) -> None:
    arrays = dict(np.load(path))
    np.savez(path, **{**arrays, "test_labels": arrays["test_labels"][:-1]})


def damage_split(path: Path) -> None:
    arrays = dict(np.load(path))
    empty = {key: value[:0] for key, value in arrays.items() if key.startswith("val")}
    np.savez(path, **{**arrays, **empty})


BAD_FILES = {
    "missing": (Path.unlink, "no such file"),
    "truncated": (damage_truncate, "mine.npz"),
    "not a zip": (damage_text, "mine.npz"),
    "wrong keys": (damage_keys, "train_images"),
    "a label that is no class": (lambda path: None, "row 4: expected 0 to 1, came 2"),
    "mismatched lengths": (damage_length, "test_labels 19 rows"),
    "an empty split": (damage_split, "expected at least one image"),
}


@pytest.mark.parametrize(("damage", "words"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_exits_1_and_makes_no_folder(cli, data, tmp_path, damage, words):
    damage(data)
    task = "binary" if "came 2" in words else "multi-class"
    done = cli("train", "--data", data, "--task", task, *TINY, "--out", tmp_path / "run")
    assert done.code == 1
    assert words in done.err
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_fails(cli, data, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    done = cli("train", "--data", data, "--task", "binary", "--out", tmp_path / "locked" / "run")
    assert done.code == 1


def test_a_file_in_the_way_of_the_folder_fails(cli, data):
    out = data / "run"
    done = cli("train", "--data", data, "--task", "multi-class", *TINY, "--out", out)
    assert done.code == 1
    assert str(out) in done.err


def test_a_full_disk_fails_cleanly_and_the_run_goes_on_afterwards(tmp_path):
    """No file may grow beyond 1 MB: the table of epochs fits, the checkpoint does not."""
    data = save_six_keys(tiny_dataset(), tmp_path / "mine.npz")
    out = tmp_path / "run"
    command = [sys.executable, "-m", "medfast.cli", "train", "--data", str(data)]
    command += ["--task", "multi-class", "--epochs", "1", "--out", str(out)]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))

    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)
    assert done.returncode == 1
    assert "last.safetensors" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in out.iterdir()} == {"environment.json", "recipe.yaml"}
    resumed = [sys.executable, "-m", "medfast.cli", "train", "--resume", str(out)]
    assert subprocess.run(resumed, capture_output=True, check=False).returncode == 0
    assert {path.name for path in out.iterdir()} == RUN_FILES


def test_a_bug_is_called_one_and_debug_shows_where(cli, monkeypatch, capsys):
    def bug(_: object) -> None:
        raise RuntimeError("surprise")

    monkeypatch.setattr(train_verb, "_start", bug)
    done = cli("train", "--dataset", "digits")
    assert done.code == 1
    assert "surprise" in done.err
    assert "MEDFAST_DEBUG=1" in done.err
    monkeypatch.setenv("MEDFAST_DEBUG", "1")
    from medfast.cli.app import run

    assert run(["train", "--dataset", "digits"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_training_on_memory_maps(cli, data, tmp_path, monkeypatch):
    monkeypatch.setenv("MEDFAST_CACHE", str(tmp_path / "cache"))
    args = ("train", "--data", data, "--task", "multi-class", *TINY)
    assert cli(*args, "--out", tmp_path / "loaded").code == 0
    assert not (tmp_path / "cache").exists()
    assert cli(*args, "--out", tmp_path / "mapped", "--mmap").code == 0
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == 6
    assert content(tmp_path / "loaded") == content(tmp_path / "mapped")
    assert cli("train", "--resume", tmp_path / "mapped", "--mmap").code == 0
    assert cli("evaluate", tmp_path / "mapped", "--mmap").code == 0


def test_seeds_print_their_mean_and_go_on(cli, data, tmp_path):
    args = ("--data", data, "--task", "multi-class", *TINY, "--out", tmp_path / "runs")
    done = cli("train", *args, "--seeds", "0..2", "--checkpoint-every", 3)
    assert done.code == 0
    assert "95 % interval" in done.out
    assert "seeds 0, 1, 2" in done.out
    assert f"runs: {tmp_path / 'runs'}" in done.out
    assert {path.name for path in (tmp_path / "runs" / "seed-2").iterdir()} == RUN_FILES
    again = cli("train", "--resume", tmp_path / "runs", "--json")
    assert again.code == 0
    found = json.loads(again.out)
    assert found["runs"] == [str(tmp_path / "runs" / f"seed-{n}") for n in range(3)]
    assert len(found["splits"]["test"]["auc"]["values"]) == 3
    one = cli("evaluate", tmp_path / "runs")
    assert one.code == 2
    assert "give one of them, such as" in one.err


def test_an_interrupted_seed_names_the_folder_of_all(cli, data, tmp_path, monkeypatch):
    class Heard(StopAt):
        def note(self, text: str) -> None:
            Lines().note(text)

    args = ("--data", data, "--task", "multi-class", *TINY, "--out", tmp_path / "runs")
    with monkeypatch.context() as patch:
        patch.setattr("medfast.training.progress.progress_on", lambda: Heard(2, in_batch=True))
        done = cli("train", *args, "--seeds", "3,4")
    assert done.code == 130
    assert f"medfast train --resume {tmp_path / 'runs'}\n" in done.err
    assert cli("train", "--resume", tmp_path / "runs").code == 0


def test_the_network_waits_little_for_data(cli, tmp_path):
    """The stall is told for each epoch; how small it is, the benchmarks tell."""
    data = save_six_keys(tiny_dataset(), tmp_path / "mine.npz")
    args = ("--data", data, "--task", "multi-class", *TINY, "--out", tmp_path / "run")
    done = cli("train", *args)
    assert done.err.count("stall") == 3
    header, *rows = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    column = header.split(",").index("stall")
    assert all(0 <= float(row.split(",")[column]) <= 1 for row in rows)
