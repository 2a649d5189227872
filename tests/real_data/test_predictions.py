"""Real prediction files: the figures in their names, and scikit-learn's."""

from __future__ import annotations

import csv
import math
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn.metrics import accuracy_score
from sklearn.metrics import roc_auc_score as sklearn_roc_auc_score

from medfast.metrics import evaluate, roc_auc_interval, roc_auc_score, roc_auc_test
from medfast.metrics.medmnist import Evaluator
from medfast.results.score import score_predictions
from medfast.task import Task

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_data

TASKS = {
    "breastmnist": Task.BINARY,
    "pneumoniamnist": Task.BINARY,
    "dermamnist": Task.MULTI_CLASS,
    "octmnist": Task.MULTI_CLASS,
    "organmnist_coronal": Task.MULTI_CLASS,
    "retinamnist": Task.ORDINAL,
    "chestmnist": Task.MULTI_LABEL,
}

FILES = (
    "chestmnist_val",
    "octmnist_test",
    "organmnist_coronal_test",
    "pneumoniamnist_val",
    "retinamnist_test",
)


@pytest.fixture(scope="module")
def predictions(medmnist_root: Path) -> Path:
    folder = medmnist_root.parent / "predictions"
    if not folder.is_dir():
        pytest.skip(f"no prediction files in {folder}")
    return folder


def read_rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))


def labels_of(flag: str, split: str, root: Path, predictions: Path) -> np.ndarray:
    if flag == "dermamnist":
        return np.load(predictions / "dermamnist_y_true_flat.npy")
    with np.load(root / f"{flag}.npz") as arrays:
        return arrays[f"{split}_labels"]


def official(
    flag: str, root: Path, predictions: Path
) -> tuple[np.ndarray, np.ndarray, tuple[str, str]]:
    """Labels, scores, and the AUC and ACC in the name of their file."""
    (path,) = predictions.glob(f"{flag}_*@*.csv")
    match = re.fullmatch(rf"{flag}_(\w+)_\[AUC\]([\d.]+)_\[ACC\]([\d.]+)@.*\.csv", path.name)
    assert match is not None
    split, auc, acc = match.groups()
    rows = sorted((int(row[0]), *map(float, row[1:])) for row in read_rows(path))
    scores = np.array(rows)[:, 1:].astype(np.float32)
    return labels_of(flag, split, root, predictions), scores, (auc, acc)


@pytest.mark.parametrize("flag", ["breastmnist", "pneumoniamnist", "dermamnist"])
def test_the_figures_in_the_name_reproduce(
    flag: str, medmnist_root: Path, predictions: Path
) -> None:
    y_true, scores, (auc, acc) = official(flag, medmnist_root, predictions)
    found = evaluate(y_true, scores, TASKS[flag])
    assert f"{found.auc:.3f}" == auc
    assert f"{found.acc:.3f}" == acc
    assert str(found) == f"AUC {auc} ACC {acc}"


def labels_and_scores(name: str, predictions: Path) -> tuple[np.ndarray, np.ndarray]:
    header, *rows = read_rows(predictions / f"Resnet-18_{name}.csv")
    table = np.array(rows, np.float64)
    y_true = table[:, [column.startswith("true_") for column in header]]
    return y_true, table[:, [column.startswith("score_") for column in header]]


@pytest.mark.parametrize("name", FILES)
def test_equal_to_scikit_learn(name: str, predictions: Path) -> None:
    y_true, scores = labels_and_scores(name, predictions)
    task = TASKS[name.rpartition("_")[0]]
    found = evaluate(y_true, scores, task)
    if task is Task.BINARY:
        truths, columns = [y_true[:, 0]], [scores[:, 1]]
        right = accuracy_score(y_true[:, 0], scores[:, 1] > 0.5)
    elif task is Task.MULTI_LABEL:
        truths, columns = list(y_true.T), list(scores.T)
        right = np.mean([accuracy_score(y, s > 0.5) for y, s in zip(truths, columns, strict=True)])
        for average in ("macro", "micro", "weighted", None):
            expected = sklearn_roc_auc_score(y_true, scores, average=average)
            ours = roc_auc_score(y_true, scores, average=average)
            np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)
    else:
        truths = [y_true[:, 0] == label for label in range(scores.shape[1])]
        columns = list(scores.T)
        right = accuracy_score(y_true[:, 0], scores.argmax(axis=1))
        for multi_class in ("ovr", "ovo"):
            expected = sklearn_roc_auc_score(y_true[:, 0], scores, multi_class=multi_class)
            ours = roc_auc_score(y_true, scores, multi_class=multi_class)
            assert ours == pytest.approx(expected, abs=1e-12)
    expected = [sklearn_roc_auc_score(y, s) for y, s in zip(truths, columns, strict=True)]
    np.testing.assert_allclose(found.per_class_auc, expected, rtol=0, atol=1e-12)
    assert found.auc == pytest.approx(np.mean(expected), abs=1e-12)
    assert found.acc == pytest.approx(right, abs=1e-12)


@pytest.mark.parametrize("flag", ["breastmnist", "pneumoniamnist", "dermamnist"])
def test_scoring_a_file_gives_the_figures_in_its_name(
    flag: str, medmnist_root: Path, predictions: Path
) -> None:
    (path,) = predictions.glob(f"{flag}_*@*.csv")
    labels = predictions / "dermamnist_y_true_flat.npy" if flag == "dermamnist" else None
    dataset = None if labels else flag
    found = score_predictions(path, dataset=dataset, labels=labels, root=medmnist_root)
    assert f"_[AUC]{found.auc.estimate:.3f}_[ACC]{found.acc:.3f}@" in path.name
    assert found.auc.low < found.auc.estimate < found.auc.high
    assert not found.notes


@pytest.mark.parametrize("flag", ["breastmnist", "pneumoniamnist"])
def test_the_drop_in_evaluator_gives_the_figures_in_the_name(
    flag: str, medmnist_root: Path, predictions: Path, tmp_path: Path
) -> None:
    (path,) = predictions.glob(f"{flag}_*@*.csv")
    copied = tmp_path / path.name
    copied.write_bytes(path.read_bytes())
    with copied.open() as file:
        metrics = Evaluator.parse_and_evaluate(copied, root=medmnist_root)
        assert f"_[AUC]{metrics.AUC:.3f}_[ACC]{metrics.ACC:.3f}@" in path.name
        assert len(file.readlines()) == len(np.load(medmnist_root / f"{flag}.npz")["test_labels"])
    assert list(tmp_path.iterdir()) == [copied]  # written again under the same name


def test_files_with_labels_score_by_themselves(predictions: Path) -> None:
    for path in sorted(predictions.glob("Resnet-18_*.csv")):
        task = TASKS[path.stem.removeprefix("Resnet-18_").rpartition("_")[0]]
        header, *rows = read_rows(path)
        table = np.array(rows, np.float64)
        y_true = table[:, [column.startswith("true_") for column in header]]
        scores = table[:, [column.startswith("score_") for column in header]]
        expected = evaluate(y_true, scores, task)
        found = score_predictions(path)
        assert found.task is (Task.MULTI_CLASS if task is Task.ORDINAL else task)
        assert found.acc == expected.acc
        assert found.auc.estimate == pytest.approx(expected.auc, rel=1e-14)
        assert found.n_samples == len(rows)


def error_by_mid_ranks(positive: np.ndarray, scores: np.ndarray) -> float:
    """DeLong's standard error as Sun and Xu compute it, with scipy's ranks."""
    ranks = rankdata(scores)
    sides = []
    for side in (positive, ~positive):
        components = (ranks[side] - rankdata(scores[side])) / np.count_nonzero(~side)
        sides.append(np.var(components, ddof=1) / np.count_nonzero(side))
    return math.sqrt(sum(sides))


@pytest.mark.parametrize(
    ("flag", "ends", "plain"),
    [
        ("breastmnist", "[0.849, 0.951]", "[0.863, 0.962]"),
        ("pneumoniamnist", "[0.946, 0.976]", "[0.949, 0.979]"),
        ("dermamnist", "[0.907, 0.926]", "[0.907, 0.926]"),
    ],
)
def test_intervals_of_the_figures_in_the_name(
    flag: str, ends: str, plain: str, medmnist_root: Path, predictions: Path
) -> None:
    y_true, scores, (auc, _) = official(flag, medmnist_root, predictions)
    scores = scores[:, 1] if scores.shape[1] == 2 else scores
    assert str(roc_auc_interval(y_true, scores)) == f"AUC {auc} {ends}"
    symmetric = roc_auc_interval(y_true, scores, transform=None)
    assert str(symmetric) == f"AUC {auc} {plain}"
    found = roc_auc_interval(y_true, scores, method="bootstrap", random_state=0)
    assert found.std_error == pytest.approx(symmetric.std_error, rel=0.06)
    reach = symmetric.high - symmetric.low
    assert (found.low, found.high) == pytest.approx((symmetric.low, symmetric.high), abs=reach / 15)


@pytest.mark.parametrize("name", FILES)
def test_standard_errors_of_every_class(name: str, predictions: Path) -> None:
    y_true, scores = labels_and_scores(name, predictions)
    if scores.shape[1] == 2:
        found = [roc_auc_interval(y_true, scores[:, 1])]
        problems = [(y_true[:, 0] == 1, scores[:, 1])]
    else:
        whole = roc_auc_interval(y_true, scores)
        found = list(whole.per_class)
        if y_true.shape[1] > 1:
            problems = list(zip(y_true.T == 1, scores.T, strict=True))
        else:
            problems = [(y_true[:, 0] == label, column) for label, column in enumerate(scores.T)]
        # The classes share samples, which makes their areas vary together. 500 replicates tell a
        # spread to about 3 %.
        resampled = roc_auc_interval(
            y_true, scores, method="bootstrap", n_resamples=500, random_state=0
        )
        assert resampled.std_error == pytest.approx(whole.std_error, rel=0.15)
    for result, (positive, column) in zip(found, problems, strict=True):
        assert result.std_error == pytest.approx(error_by_mid_ranks(positive, column), rel=1e-9)
        assert result.estimate == pytest.approx(sklearn_roc_auc_score(positive, column), abs=1e-12)


def test_models_that_are_alike_are_compared_closely(predictions: Path) -> None:
    y_true, scores = labels_and_scores("chestmnist_val", predictions)
    found = roc_auc_test(y_true, scores, np.round(scores, 3))
    areas = [sklearn_roc_auc_score(y_true, table) for table in (scores, np.round(scores, 3))]
    assert (found.estimate_a, found.estimate_b) == pytest.approx(tuple(areas), abs=1e-12)
    alone = roc_auc_interval(y_true, scores)
    assert found.std_error < alone.std_error / 5
    assert abs(found.difference) < 1e-3
