"""Finished runs, read back."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from made_runs import make_run, noisy_scores
from medfast.data.dataset import open_dataset, open_file
from medfast.errors import CheckpointError, ConfigError, DatasetNotFoundError, MedfastError
from medfast.results.comparison import compare_runs
from medfast.results.comparison_output import render
from medfast.results.document.writing import html_page
from medfast.results.report.sections import describe
from medfast.results.runs import open_runs
from medfast.results.table import print_result
from medfast.task import Task
from medfast.training.run import resume
from tiny_runs import save_six_keys, tiny_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from medfast.data.dataset import Dataset


@pytest.fixture(params=[Task.BINARY, Task.MULTI_CLASS, Task.MULTI_LABEL])
def dataset(request: pytest.FixtureRequest, tmp_path: Path) -> Dataset:
    path = save_six_keys(tiny_dataset(request.param), tmp_path / "own.npz")
    return open_file(path, task=request.param, label_names=tiny_dataset(request.param).label_names)


@pytest.fixture
def run(dataset: Dataset, tmp_path: Path) -> Path:
    return make_run(tmp_path / "run", dataset)


def the_test_scores(run: Path) -> Path:
    (path,) = (run / "predictions").glob("*_test_*")
    return path


def test_a_run_gives_what_was_written(run: Path, dataset: Dataset) -> None:
    (found,) = open_runs([run])
    assert (found.name, found.flag, found.model, found.seed) == ("run", "own", "resnet18", 0)
    assert (found.task, found.label_names, found.size) == (dataset.task, dataset.label_names, 8)
    assert not found.official
    assert found.recipe.epochs == len(found.history) == 3
    assert [row.epoch for row in found.history] == [1, 2, 3]
    for split in ("train", "val", "test"):
        scores = found.scores(split)
        assert scores.dtype == np.float32
        assert np.array_equal(scores, noisy_scores(dataset, split))
        assert np.array_equal(found.labels(split), dataset.splits[split].labels)
        assert found.figures(split)["images"] == len(scores)


def test_runs_opened_together_share_the_set(dataset: Dataset, tmp_path: Path) -> None:
    paths = [make_run(tmp_path / str(seed), dataset, seed=seed) for seed in range(2)]
    first, second = open_runs(paths)
    assert first.dataset() is second.dataset()


def test_a_folder_of_repeats_stands_for_its_runs(dataset: Dataset, tmp_path: Path) -> None:
    repeats = tmp_path / "repeats"
    for seed in (10, 9, 0):
        make_run(repeats / f"seed-{seed}", dataset, seed=seed)
    (repeats / "seeds.json").write_text('{"seeds": [10, 9]}')
    assert [run.seed for run in open_runs([repeats])] == [10, 9]


def test_a_set_of_the_catalog_is_opened_by_its_name(tmp_path: Path) -> None:
    digits = open_dataset("digits")
    (run,) = open_runs([make_run(tmp_path / "run", digits)])
    assert len(run.labels("test")) == run.figures("test")["images"]


def test_a_metrics_csv_of_another_version_is_read_by_name(run: Path) -> None:
    (run / "metrics.csv").write_text("val_auc,epoch,other\n0.75,1,x\nnan,2,y\n")
    (found,) = open_runs([run])
    assert [row.epoch for row in found.history] == [1, 2]
    assert found.history[0].val_auc == 0.75
    assert math.isnan(found.history[1].val_auc)
    assert math.isnan(found.history[0].train_loss)


def test_a_moved_file_is_found_in_root(run: Path, dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    assert dataset.path is not None
    dataset.path.rename(tmp_path / "elsewhere" / "own.npz")
    (found,) = open_runs([run])
    with pytest.raises(DatasetNotFoundError, match="give the folder that it is in: --root"):
        found.labels("test")
    assert len(found.labels("test", root=tmp_path / "elsewhere")) == 20


def test_a_changed_file_is_refused(run: Path, dataset: Dataset) -> None:
    assert dataset.path is not None
    save_six_keys(tiny_dataset(dataset.task, sizes=(41, 18, 24)), dataset.path)
    (found,) = open_runs([run])
    with pytest.raises(CheckpointError, match="belongs to another set"):
        found.labels("test")


def test_no_runs() -> None:
    with pytest.raises(ConfigError, match="no runs; give folders"):
        open_runs([])


def test_a_missing_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere does not exist"):
        open_runs([tmp_path / "nowhere"])


def test_a_file(run: Path) -> None:
    with pytest.raises(ConfigError, match="is a file; give the folder of a run"):
        open_runs([run / "summary.json"])


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is empty"):
        open_runs([tmp_path])


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(CheckpointError, match="is not the folder of a run"):
        open_runs([tmp_path])


@pytest.mark.parametrize("text", ["{}", '{"seeds": []}', '{"seeds": 3}'])
def test_repeats_without_seeds(tmp_path: Path, text: str) -> None:
    (tmp_path / "seeds.json").write_text(text)
    with pytest.raises(CheckpointError, match="names no seeds"):
        open_runs([tmp_path])


def test_repeats_that_never_finished(dataset: Dataset, tmp_path: Path) -> None:
    make_run(tmp_path / "all" / "seed-0", dataset)
    (tmp_path / "all" / "seeds.json").write_text('{"seeds": [0, 1], "splits": null}')
    with pytest.raises(CheckpointError, match="seed-1 is missing: not every seed is trained"):
        open_runs([tmp_path / "all"])
    make_run(tmp_path / "all" / "seed-1", dataset, seed=1)
    (tmp_path / "all" / "seed-1" / "summary.json").unlink()
    with pytest.raises(
        CheckpointError, match=r"has not finished; go on with it: medfast train --resume \S+/all$"
    ):
        open_runs([tmp_path / "all"])


def test_a_run_given_twice(run: Path) -> None:
    with pytest.raises(ConfigError, match="is given twice"):
        open_runs([run, run / ".." / "run"])


def test_a_run_that_never_finished(run: Path) -> None:
    (run / "summary.json").unlink()
    with pytest.raises(
        CheckpointError, match="has not finished; go on with it: medfast train --resume"
    ):
        open_runs([run])


@pytest.mark.parametrize("key", ["model", "seed", "splits"])
def test_a_summary_that_lacks_something(run: Path, key: str) -> None:
    summary = json.loads((run / "summary.json").read_text())
    del summary[key]
    (run / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(CheckpointError, match="lacks"):
        open_runs([run])


def test_a_summary_that_lacks_the_predictions(run: Path) -> None:
    summary = json.loads((run / "summary.json").read_text())
    del summary["splits"]["val"]["predictions"]
    (run / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(CheckpointError, match="lacks 'predictions' of val"):
        open_runs([run])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": {}}, "lacks 'flag' of the set"),
        ({"dataset_path": 3}, "'dataset_path' must be text or null, came 3"),
        ({"torch_threads": 0}, "torch_threads is 0, expected 1 or more"),
    ],
)
def test_an_environment_edited_by_hand(run: Path, changes: dict[str, Any], message: str) -> None:
    file = run / "environment.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    for use in (resume, lambda path: open_runs([path])):
        with pytest.raises(CheckpointError, match=rf"environment\.json.*{message}"):
            use(run)


def test_a_file_that_is_recorded_nowhere(run: Path) -> None:
    file = run / "environment.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"dataset_path": None}))
    (found,) = open_runs([run])
    (run / "summary.json").unlink()
    for use in (lambda: resume(run), lambda: found.labels("test")):
        with pytest.raises(
            CheckpointError, match=r"environment\.json: 'dataset_path' of a set that"
        ):
            use()


WRONG: tuple[Any, ...] = (None, [], {}, "x", "", 0, -1, 2.5, True, [None], 10**40, math.nan)


def edited_summaries(summary: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Put every wrong value in the place of every value, and leave each out."""
    for part in (None, "test"):
        for key in summary if part is None else summary["splits"][part]:
            for value in (*WRONG, ...):
                changed = json.loads(json.dumps(summary))
                where = changed if part is None else changed["splits"][part]
                if value is ...:
                    del where[key]
                else:
                    where[key] = value
                yield f"{part or 'summary'}: {key} = {value!r}", changed


def test_a_summary_edited_by_hand_is_read_or_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save_six_keys(tiny_dataset(Task.BINARY), tmp_path / "own.npz")
    run = make_run(tmp_path / "run", open_file(path, task="binary"))
    summary = json.loads((run / "summary.json").read_text())
    refused, opened = [], 0
    for what, changed in edited_summaries(summary):
        (run / "summary.json").write_text(json.dumps(changed))
        try:
            print_result(resume(run))
        except CheckpointError as error:
            refused.append(str(error))
        try:
            found = open_runs([run])
            render(compare_runs(found), "markdown")
            if "absent" in what or "per_class" in what:
                html_page(describe(found))
            opened += 1
        except MedfastError:
            continue
    capsys.readouterr()
    assert len(refused) > 100
    assert all("summary.json" in message for message in refused)
    assert opened > 10


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("epochs", "3", "'epochs' must be an integer, came '3'"),
        ("label_names", ["a", 1], "'label_names' must be a list, each text, came ['a', 1]"),
        ("splits", [], "'splits' must be an object, came []"),
        ("official", 1, "'official' must be true or false, came 1"),
    ],
)
def test_a_summary_tells_what_was_expected(run: Path, key: str, value: Any, words: str) -> None:
    file = run / "summary.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
    with pytest.raises(CheckpointError, match=re.escape(f"summary.json: {words}; restore")):
        resume(run)


def test_a_run_without_its_environment_cannot_go_on(run: Path) -> None:
    """Neither one that is finished, nor one that is not: `--resume` would not help."""
    (run / "environment.json").unlink()
    for _ in range(2):
        for use in (resume, lambda path: open_runs([path])):
            with pytest.raises(CheckpointError, match=r"restore|has no") as error:
                use(run)
            assert "--resume" not in str(error.value)
        (run / "summary.json").unlink(missing_ok=True)


def test_json_too_deep_to_read(run: Path) -> None:
    (run / "summary.json").write_text("[" * 100_000)
    with pytest.raises(CheckpointError, match=r"summary\.json is not JSON"):
        open_runs([run])


def test_an_environment_that_lacks_something(run: Path) -> None:
    environment = json.loads((run / "environment.json").read_text())
    del environment["dataset"]["channels"]
    (run / "environment.json").write_text(json.dumps(environment))
    with pytest.raises(CheckpointError, match=r"environment.json lacks 'channels' of the set"):
        open_runs([run])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no epochs"),
        ("epoch,lr\n", "has no epochs"),
        ("epoch,lr\n1,x\n", "line 2: lr is 'x'"),
        ("lr\n1\n", "line 2: epoch is None"),
    ],
)
def test_a_damaged_metrics_csv(run: Path, text: str, words: str) -> None:
    (run / "metrics.csv").write_text(text)
    with pytest.raises(CheckpointError, match=words):
        open_runs([run])


def test_an_unknown_split(run: Path) -> None:
    (found,) = open_runs([run])
    for method in (found.figures, found.scores, found.labels):
        with pytest.raises(ConfigError, match="unknown split 'tset'; did you mean 'test'"):
            method("tset")


def test_missing_predictions(run: Path) -> None:
    the_test_scores(run).unlink()
    (found,) = open_runs([run])
    with pytest.raises(
        CheckpointError, match="is missing; restore it, or score again with medfast"
    ):
        found.scores("test")
    assert len(found.scores("val")) == 18


def test_predictions_of_other_samples(run: Path) -> None:
    path = the_test_scores(run)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    (found,) = open_runs([run])
    with pytest.raises(CheckpointError, match=r"expected 20 rows of . scores.*came 19 of"):
        found.scores("test")


@pytest.mark.parametrize(
    ("cell", "words"), [("x", "expected a number"), ("nan", "of sample 19 is nan")]
)
def test_damaged_predictions(run: Path, cell: str, words: str) -> None:
    path = the_test_scores(run)
    lines = path.read_text().splitlines()
    lines[-1] = f"{lines[-1].rpartition(',')[0]},{cell}"
    path.write_text("\n".join(lines))
    (found,) = open_runs([run])
    with pytest.raises(CheckpointError, match=words):
        found.scores("test")


def test_labels_and_scores_come_to_what_was_recorded(run: Path, dataset: Dataset) -> None:
    (found,) = open_runs([run])
    outcome = found.outcome("test")
    assert outcome.task is dataset.task
    assert np.array_equal(outcome.scores, found.scores("test"))
    assert np.array_equal(outcome.labels, found.labels("test"))


def test_exchanged_predictions_are_refused(run: Path) -> None:
    path = the_test_scores(run)
    lines = path.read_text().splitlines()
    values = [line.partition(",")[2] for line in lines]
    path.write_text("\n".join(f"{n},{value}" for n, value in enumerate(values[::-1])))
    (found,) = open_runs([run])
    with pytest.raises(CheckpointError, match=r"comes to AUC .*, .*summary.json says"):
        found.outcome("test")


def test_a_split_without_an_auc_is_read(tmp_path: Path) -> None:
    labels = {"test": np.zeros((20, 1))}
    path = save_six_keys(tiny_dataset(labels=labels), tmp_path / "own.npz")
    (found,) = open_runs([make_run(tmp_path / "run", open_file(path, task="multi-class"))])
    assert found.figures("test")["auc"] is None
    assert len(found.outcome("test").scores) == 20
