"""`medfast.metrics.medmnist` against medmnist: the same answers, and answers where it has none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import medmnist
import numpy as np
import pytest
from medmnist import evaluator as theirs

from medfast.data import dataset as dataset_module
from medfast.errors import (
    ConfigError,
    CorruptDatasetError,
    DatasetNotFoundError,
    InvalidValueError,
    NotProbabilitiesWarning,
    ShapeError,
    StorageError,
    UndefinedMetricWarning,
)
from medfast.metrics import medmnist as ours

SETS = {"breastmnist": 1, "bloodmnist": 8, "retinamnist": 5, "chestmnist": 14}
N = {"train": 80, "val": 41, "test": 60}


def labels_of(flag: str, split: str) -> Any:
    rng = np.random.default_rng(len(flag) + N[split])
    if flag == "chestmnist":
        return rng.integers(0, 2, (N[split], 14)).astype(np.uint8)
    classes = max(2, SETS[flag])
    labels = rng.permutation(np.arange(N[split]) % classes)
    return labels[:, np.newaxis].astype(np.uint8)


def scores_of(flag: str, split: str = "test") -> Any:
    scores = np.random.default_rng(1).random((N[split], SETS[flag]), dtype=np.float32)
    return (scores * 20).round() / np.float32(20)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("medmnist")
    for flag in SETS:
        arrays = {f"{split}_labels": labels_of(flag, split) for split in N}
        arrays |= {f"{split}_images": np.zeros((N[split], 2, 2), np.uint8) for split in N}
        np.savez(folder / f"{flag}.npz", **arrays)
        np.savez(folder / f"{flag}_64.npz", **arrays)
    return folder


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("flag", SETS)
def test_the_functions_agree(flag: str, dtype: Any) -> None:
    task = medmnist.INFO[flag]["task"]
    truth = labels_of(flag, "test")
    scores = scores_of(flag).astype(dtype)
    tables = [scores]
    if flag == "breastmnist":
        tables += [scores.reshape(-1), np.hstack([1 - scores, scores])]
    for labels in {"table": truth, "flat": truth.squeeze()}.values():
        for table in tables:
            assert ours.getAUC(labels, table, task) == pytest.approx(
                theirs.getAUC(labels, table, task), rel=1e-12
            )
            for threshold in (0.0, 0.25, 0.5, 0.9):
                mine = ours.getACC(labels, table, task, threshold)
                other = theirs.getACC(labels, table, task, threshold=threshold)
                assert mine == pytest.approx(other, rel=1e-14)


@pytest.mark.parametrize("size", [None, 28, 64, "64"])
@pytest.mark.parametrize("split", list(N))
@pytest.mark.parametrize("flag", SETS)
def test_the_evaluators_agree(flag: str, split: str, size: Any, root: Path, tmp_path: Path) -> None:
    scores = scores_of(flag, split)
    mine = ours.Evaluator(flag, split, size=size, root=root)
    other = theirs.Evaluator(flag, split, size=size, root=str(root))
    assert np.array_equal(mine.labels, other.labels)
    assert (mine.flag, mine.split, mine.size_flag) == (other.flag, other.split, other.size_flag)
    assert mine.info.task.medmnist == other.info["task"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "other").mkdir()
    for run in ("first", 3, "v1.2"):
        found = mine.evaluate(scores, tmp_path / "mine", run)
        expected = other.evaluate(scores, str(tmp_path / "other"), run)
        assert (found._fields, found) == (expected._fields, pytest.approx(expected, rel=1e-12))
    names, others = (
        sorted(path.name for path in (tmp_path / who).iterdir()) for who in ("mine", "other")
    )
    assert names == others
    for name in names:
        tables = [np.loadtxt(tmp_path / who / name, delimiter=",") for who in ("mine", "other")]
        assert np.array_equal(tables[0].astype(np.float32), tables[1].astype(np.float32))
    assert mine.evaluate(scores) == found


@pytest.mark.parametrize("size", [None, 64])
@pytest.mark.parametrize("flag", SETS)
def test_each_reads_the_others_files(
    flag: str, size: Any, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theirs.Evaluator.__init__, "__defaults__", (None, str(root)))
    monkeypatch.setenv("MEDMNIST_ROOT", str(root))
    scores = scores_of(flag)
    expected = theirs.Evaluator(flag, "test", size, str(root)).evaluate(scores, str(tmp_path), "t")
    (their_file,) = tmp_path.iterdir()
    assert ours.Evaluator.parse_and_evaluate(their_file) == pytest.approx(expected, rel=1e-12)
    ours.Evaluator.parse_and_evaluate(str(their_file), run="again")
    assert sorted(path.name.split("@")[1] for path in tmp_path.iterdir()) == ["again.csv", "t.csv"]
    our_file = next(tmp_path.glob("*again*"))
    lines = our_file.read_text().splitlines()
    our_file.write_text("\n".join(reversed(lines)) + "\n")  # read in the order of the numbers
    assert theirs.Evaluator.parse_and_evaluate(str(our_file)) == pytest.approx(expected, rel=1e-12)
    assert ours.Evaluator.parse_and_evaluate(our_file, root=root) == ours.Evaluator(
        flag, "test", size, root
    ).evaluate(scores)


def test_a_class_without_samples_is_named_and_left_out() -> None:
    truth = np.array([[0], [1], [1], [0]])
    scores = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1], [0.8, 0.1, 0.1]])
    with pytest.warns(UndefinedMetricWarning, match=r"class 2.*left out") as caught:
        assert ours.getAUC(truth, scores, "multi-class") == 1.0
    assert caught[0].filename == __file__
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(ours.getAUC(truth, scores, "multi-class", undefined="nan"))
    with pytest.raises(InvalidValueError, match="class 2"):
        ours.getAUC(truth, scores, "multi-class", undefined="raise")
    columns = np.array([[1, 0], [1, 1], [1, 0]])
    with pytest.warns(UndefinedMetricWarning, match="class 0"):
        assert ours.getAUC(columns, columns.astype(float), "multi-label, binary-class") == 1.0


def test_a_single_sample_has_an_accuracy_and_no_auc() -> None:
    for task, truth, scores in (
        ("multi-class", [[1]], [[0.2, 0.5, 0.3]]),
        ("binary-class", [[1]], [[0.7]]),
        ("multi-label, binary-class", [[1, 0]], [[0.7, 0.2]]),
    ):
        with pytest.warns(UndefinedMetricWarning):
            assert np.isnan(ours.getAUC(truth, scores, task))
        assert ours.getACC(truth, scores, task) == 1.0
    with pytest.raises((ValueError, IndexError)):
        theirs.getACC(np.array([[1]]), np.array([[0.2, 0.5, 0.3]]), "multi-class")


def test_logits_are_told_from_probabilities(root: Path) -> None:
    truth, logits = [0, 1, 1, 0], np.array([-3.0, 0.2, 2.0, -0.1])
    with pytest.warns(NotProbabilitiesWarning, match=r"-3 to 2.*threshold=0") as caught:
        found = ours.getACC(truth, logits, "binary-class")
    assert caught[0].filename == __file__
    assert found == theirs.getACC(np.array(truth), logits, "binary-class") == 0.75
    assert ours.getACC(truth, logits, "binary-class", threshold=0) == 1.0
    assert ours.getACC([0, 1], [[3.0, -1.0], [-2.0, 5.0]], "multi-class") == 1.0
    with pytest.warns(NotProbabilitiesWarning):
        ours.Evaluator("breastmnist", "test", root=root).evaluate(scores_of("breastmnist") * 9)


def test_tensors_are_evaluated(root: Path) -> None:
    torch = pytest.importorskip("torch")
    evaluator = ours.Evaluator("breastmnist", "test", root=root)
    scores = scores_of("breastmnist")
    expected = evaluator.evaluate(scores)
    assert evaluator.evaluate(torch.tensor(scores, requires_grad=True)) == expected
    assert 0 <= evaluator.evaluate(torch.tensor(scores).bfloat16()).AUC <= 1


def test_dummy_predictions_have_the_right_shape(root: Path) -> None:
    for flag, columns in SETS.items():
        evaluator = ours.Evaluator(flag, "test", root=root)
        dummy = evaluator.get_dummy_prediction()
        assert dummy.shape == (N["test"], columns)
        assert 0 <= evaluator.evaluate(dummy).AUC <= 1


def test_labels_are_decoded_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset_module._remembered_labels.cache_clear()
    reads = []
    monkeypatch.setattr(
        dataset_module, "load_npz", lambda path, keys: reads.append(keys) or np.load(path)
    )
    first = ours.Evaluator("bloodmnist", "val", root=root).labels
    assert ours.Evaluator("bloodmnist", "val", root=root).labels is first
    assert reads == [["val_labels"]]
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1
    os.utime(root / "bloodmnist.npz")
    again = ours.Evaluator("bloodmnist", "val", root=root).labels
    assert np.array_equal(again, first)
    assert len(reads) == 2


def test_what_is_wrong_is_said(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match="medfast download breastmnist"):
        ours.Evaluator("breastmnist", "test", root=tmp_path)
    with pytest.raises(ConfigError, match="breastmnist"):
        ours.Evaluator("breastmnits", "test", root=root)
    with pytest.raises(ConfigError, match="test"):
        ours.Evaluator("breastmnist", "tests", root=root)
    for size in (30, "big", 28.7, [28]):
        with pytest.raises(ConfigError, match="size"):
            ours.Evaluator("breastmnist", "test", size, root=root)
    evaluator = ours.Evaluator("breastmnist", "test", root=root)
    with pytest.raises(ShapeError, match="60 samples"):
        evaluator.evaluate(np.zeros((7, 1)))
    for scores in (0.5, [[0.1], [0.2, 0.3]]):
        with pytest.raises(ShapeError, match="y_score"):
            evaluator.evaluate(scores)
    with pytest.raises(StorageError):
        evaluator.evaluate(scores_of("breastmnist"), tmp_path / "missing", "t")
    with pytest.raises(ConfigError, match="file name"):
        evaluator.evaluate(scores_of("breastmnist"), tmp_path, "../t")
    assert list(tmp_path.iterdir()) == []
    for name, match in (("scores.csv", "begin"), ("breastmnist_test.csv", "run=")):
        (tmp_path / name).write_text("0,0.5\n")
        with pytest.raises(ConfigError, match=match):
            ours.Evaluator.parse_and_evaluate(tmp_path / name, root=root)
    with pytest.raises(DatasetNotFoundError):
        ours.Evaluator.parse_and_evaluate(tmp_path / "breastmnist_test_@t.csv", root=root)
    (tmp_path / "breastmnist_test_@t.csv").write_text("0,0.5\n1,x\n")
    with pytest.raises(CorruptDatasetError, match=r"line 2, column 2.*'x'"):
        ours.Evaluator.parse_and_evaluate(tmp_path / "breastmnist_test_@t.csv", root=root)


def test_the_metrics_do_not_import_the_evaluator() -> None:
    code = (
        "import sys, medfast.metrics; "
        "assert not {'medfast.metrics.medmnist', 'medfast.data'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
