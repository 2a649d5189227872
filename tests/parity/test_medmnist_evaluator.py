"""evaluate and accuracy against medmnist's getAUC and getACC."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from medmnist.evaluator import getACC, getAUC

from medfast.metrics import accuracy, evaluate


def problem(task: str, n: int, seed: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    if task == "binary-class":
        y = rng.integers(0, 2, (n, 1))
        scores = rng.random((n, 2))
        y[:2, 0] = 0, 1
    elif task == "multi-label, binary-class":
        y = rng.integers(0, 2, (n, 6))
        y[0], y[1] = 0, 1
        scores = rng.random((n, 6))
    else:
        y = np.concatenate([np.arange(7), rng.integers(0, 7, n - 7)])[:, np.newaxis]
        scores = rng.normal(size=(n, 7))
    return y, np.round(4 * scores) / 4 if ties else scores


TASKS = ["binary-class", "multi-label, binary-class", "multi-class", "ordinal-regression"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", [10, 333])
def test_the_same_figures(task: str, dtype: str, ties: bool, n: int) -> None:
    y, scores = problem(task, n, n, ties)
    scores = scores.astype(dtype)
    for labels in (y, y.astype(np.uint8), y.astype(np.float64)):
        found = evaluate(labels, scores, task)
        assert found.auc == pytest.approx(getAUC(labels, scores, task), abs=1e-12)
        assert found.acc == pytest.approx(getACC(labels, scores, task), abs=1e-12)
        assert found.absent_classes == ()
    for threshold in (0.0, 0.3, 0.75):
        expected = getACC(y, scores, task, threshold=threshold)
        assert accuracy(y, scores, task, threshold=threshold) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("scores", [lambda s: s[:, 1], lambda s: s[:, 1:]])
def test_one_column_of_binary_scores(scores: Any) -> None:
    y, both = problem("binary-class", 50, 0, ties=True)
    found = evaluate(y[:, 0], scores(both), "binary-class")
    assert found == evaluate(y, both, "binary-class")
    assert found.auc == pytest.approx(getAUC(y, scores(both), "binary-class"), abs=1e-12)


class TestDivergences:
    """Where medmnist 3.0.2 fails or lies."""

    def test_a_single_sample(self) -> None:
        y, scores = np.array([[1]]), np.array([[0.2, 0.8]])
        with pytest.raises((TypeError, IndexError, AssertionError)):
            getACC(y, scores, "binary-class")
        assert accuracy(y, scores, "binary-class") == 1.0

    @pytest.mark.filterwarnings("ignore:Only one class is present")
    def test_an_absent_class(self) -> None:
        y, scores = problem("multi-class", 60, 0, ties=False)
        y[y == 3] = 2
        assert not getAUC(y, scores, "multi-class") >= 0
        found = evaluate(y, scores, "multi-class")
        defined = [area for area in found.per_class_auc if area == area]
        assert found.auc == pytest.approx(np.mean(defined), abs=1e-15)
        assert found.absent_classes == (3,)

    def test_labels_outside_the_classes(self) -> None:
        y, scores = problem("multi-class", 60, 0, ties=False)
        assert getACC(y + 90, scores, "multi-class") == 0
        with pytest.raises(ValueError, match="7 columns"):
            accuracy(y + 90, scores, "multi-class")

    def test_nan_scores(self) -> None:
        y, scores = problem("multi-class", 60, 0, ties=False)
        scores[4] = np.nan
        assert getACC(y, scores, "multi-class") >= 0
        with pytest.raises(ValueError, match="row 4, column 0"):
            accuracy(y, scores, "multi-class")
