"""evaluate and accuracy: MedMNIST's figures where medmnist itself fails or lies."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from medfast.errors import (
    ConfigError,
    InvalidValueError,
    ShapeError,
    UndefinedMetricWarning,
    UnsupportedError,
)
from medfast.metrics import Evaluation, accuracy, evaluate
from medfast.task import Task

TABLE = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.3, 0.6], [0.1, 0.8, 0.1]])


@pytest.mark.parametrize("y_shape", [(4,), (4, 1)])
@pytest.mark.parametrize("scores", [lambda s: s, lambda s: s[:, None], lambda s: np.c_[1 - s, s]])
def test_binary_shapes(y_shape: tuple[int, ...], scores: Any) -> None:
    y_true = np.array([0, 0, 1, 1]).reshape(y_shape)
    y_score = scores(np.array([0.1, 0.4, 0.35, 0.8]))
    assert evaluate(y_true, y_score, "binary") == Evaluation(0.75, 0.75, (0.75,), ())


def test_words_for_the_tasks() -> None:
    for task in (Task.BINARY, "binary", "binary-class"):
        assert evaluate([0, 1], [0.1, 0.9], task).auc == 1.0
    with pytest.raises(ConfigError, match="did you mean 'binary'"):
        evaluate([0, 1], [0.1, 0.9], "binry")


def test_multi_class_rows_need_not_sum_to_one() -> None:
    logits = 5 * TABLE - 2
    for task in ("multi-class", "ordinal"):
        found = evaluate([[0], [1], [2], [1]], logits, task)
        assert found == Evaluation(1.0, 1.0, (1.0, 1.0, 1.0), ())


def test_an_absent_class_is_left_out_and_listed() -> None:
    found = evaluate([0, 1, 1, 1], TABLE, "multi-class")
    assert found.auc == np.mean(found.per_class_auc[:2])
    assert math.isnan(found.per_class_auc[2])
    assert found.absent_classes == (2,)
    assert str(found) == "AUC 1.000 ACC 0.750 (no AUC for class 2)"


def test_a_label_that_every_sample_has_is_left_out_and_listed() -> None:
    found = evaluate([[1, 0], [1, 1]], [[0.9, 0.1], [0.8, 0.7]], "multi-label")
    assert found.auc == 1.0
    assert found.absent_classes == (0,)
    assert found.acc == 1.0


@pytest.mark.parametrize(("label", "absent"), [(0, 1), (1, 0)])
def test_one_class_of_a_binary_task(label: int, absent: int) -> None:
    with pytest.warns(UndefinedMetricWarning, match="class 1: "):
        found = evaluate([label, label], [0.6, 0.4], "binary")
    assert math.isnan(found.auc)
    assert found.acc == 0.5
    assert found.absent_classes == (absent,)


@pytest.mark.parametrize(
    ("y_true", "y_score", "task", "acc"),
    [
        ([[1]], [[0.2, 0.8]], "binary", 1.0),
        ([[2]], [[0.2, 0.1, 0.7]], "multi-class", 1.0),
        ([[0, 1]], [[0.2, 0.4]], "multi-label", 0.5),
    ],
)
def test_a_single_sample(y_true: Any, y_score: Any, task: str, acc: float) -> None:
    with pytest.warns(UndefinedMetricWarning, match="ROC AUC is not defined"):
        assert evaluate(y_true, y_score, task).acc == acc


@pytest.mark.parametrize(
    ("y_true", "y_score", "task", "message"),
    [
        ([0, 2], [0.1, 0.9], "binary", r"y_true\[1\] is 2"),
        ([0, -1], [0.1, 0.9], "binary", r"y_true\[1\] is -1"),
        ([[0], [1], [3], [1]], TABLE, "multi-class", r"y_true\[2, 0\] is 3.*3 columns"),
        ([0, -1, 2, 1], TABLE, "ordinal", r"y_true\[1\] is -1"),
        ([[0, 1], [2, 0]], [[0.1, 0.2], [0.3, 0.4]], "multi-label", r"y_true\[1, 0\] is 2"),
        ([0, 0.5], [0.1, 0.9], "binary", r"y_true\[1\] is 0.5"),
    ],
)
def test_labels_outside_the_classes(y_true: Any, y_score: Any, task: str, message: str) -> None:
    for function in (evaluate, accuracy):
        with pytest.raises(InvalidValueError, match=message):
            function(y_true, y_score, task)


def test_names_are_no_class_numbers() -> None:
    with pytest.raises(UnsupportedError, match="class numbers"):
        evaluate(["a", "b", "c", "b"], TABLE, "multi-class")


@pytest.mark.parametrize(
    ("y_true", "y_score", "task"),
    [
        (np.zeros(3), np.zeros(4), "binary"),
        (np.zeros(3), np.zeros((3, 3)), "binary"),
        (np.zeros((3, 2)), np.zeros(3), "binary"),
        (np.zeros(3), np.zeros(3), "multi-class"),
        (np.zeros((3, 2)), np.zeros((3, 4)), "multi-class"),
        (np.zeros(4), np.zeros((3, 4)), "ordinal"),
        (np.zeros((3, 4)), np.zeros((3, 5)), "multi-label"),
        (np.zeros(3), np.zeros((3, 4)), "multi-label"),
        (np.zeros((1, 3)), np.zeros(3), "binary"),
    ],
)
def test_shape_errors_say_both_shapes(y_true: Any, y_score: Any, task: str) -> None:
    shapes = f"{y_true.shape} and y_score has shape {y_score.shape}"
    for function in (evaluate, accuracy):
        with pytest.raises(ShapeError) as error:
            function(y_true, y_score, task)
        assert shapes in str(error.value)


def test_the_threshold_is_strict_and_in_the_precision_of_the_scores() -> None:
    assert accuracy([0, 1], [0.5, 0.6], "binary") == 1.0
    assert accuracy([1, 1], [0.5, 0.6], "binary") == 0.5
    assert accuracy([1, 1], [0.5, 0.6], "binary", threshold=0.4) == 1.0
    for dtype in (np.float16, np.float32, np.float64):
        scores = np.array([0.3, 0.3], dtype)
        assert accuracy([0, 0], scores, "binary", threshold=0.3) == 1.0
        assert accuracy([1, 1], np.nextafter(scores, dtype(1)), "binary", threshold=0.3) == 1.0


def test_the_first_of_equal_scores_is_the_prediction() -> None:
    assert accuracy([0, 1], [[0.4, 0.4], [0.4, 0.4]], "multi-class") == 0.5


def test_a_float32_tie_is_no_tie_in_float64() -> None:
    scores = np.array([[0.5, 0.5 + 2.0**-40]])
    assert accuracy([1], scores, "multi-class") == 1.0
    assert accuracy([0], scores.astype(np.float32), "multi-class") == 1.0


def test_dictionaries_are_json() -> None:
    found = evaluate([0, 1, 1, 1], TABLE, "multi-class").to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        "auc": 1.0,
        "acc": 0.75,
        "per_class_auc": [1.0, 1.0, None],
        "absent_classes": [2],
    }


def test_evaluations_are_frozen() -> None:
    with pytest.raises(AttributeError):
        evaluate([0, 1], [0.1, 0.9], "binary").auc = 1.0  # type: ignore[misc]


def test_a_threshold_that_is_nan_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="threshold is NaN"):
        accuracy([0, 1], [0.2, 0.7], "binary", threshold=float("nan"))
