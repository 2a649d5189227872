"""The three answers to a class without positives or negatives."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from medfast.errors import InvalidValueError, UndefinedMetricWarning
from medfast.metrics import evaluate, roc_auc_score

SCORES = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1]])
CLASSES = [0, 1, 1, 1]
INDICATOR = [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0]]
OVR = {"multi_class": "ovr", "labels": [0, 1, 2]}

CALLS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "multi-label": (INDICATOR, {}, "column 2"),
    "one-vs-rest": (CLASSES, OVR, "class 2"),
    "named": (np.array(["a", "b"])[CLASSES], {**OVR, "labels": ["a", "b", "c"]}, "class c"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("average", ["macro", "weighted", None])
def test_nan_warns_and_names_the_class(call: str, average: Any) -> None:
    y_true, options, name = CALLS[call]
    with pytest.warns(UndefinedMetricWarning, match=f"{name}: ") as caught:
        area = roc_auc_score(y_true, SCORES, average=average, **options)
    assert [warning.filename for warning in caught] == [__file__]
    if average is None:
        np.testing.assert_array_equal(area, [1, 1, np.nan])
    elif average == "macro":
        assert math.isnan(area)
    else:
        assert area == 1.0


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("average", ["macro", "weighted", None])
def test_skip_is_silent(call: str, average: Any) -> None:
    y_true, options, _ = CALLS[call]
    area = roc_auc_score(y_true, SCORES, average=average, undefined="skip", **options)
    np.testing.assert_array_equal(area, 1 if average else [1, 1, np.nan])


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("average", ["macro", "weighted", None])
def test_raise_names_the_class(call: str, average: Any) -> None:
    y_true, options, name = CALLS[call]
    with pytest.raises(InvalidValueError, match=f"{name}: "):
        roc_auc_score(y_true, SCORES, average=average, undefined="raise", **options)


@pytest.mark.parametrize("undefined", ["nan", "skip"])
def test_nothing_defined_is_nan_with_a_warning(undefined: Any) -> None:
    for y_true, scores in (([1, 1], [0.1, 0.2]), (np.zeros((4, 3)), SCORES)):
        with pytest.warns(UndefinedMetricWarning) as caught:
            assert math.isnan(roc_auc_score(y_true, scores, undefined=undefined))
        assert [warning.filename for warning in caught] == [__file__]


def test_raise_on_one_class() -> None:
    with pytest.raises(InvalidValueError, match="class dog"):
        roc_auc_score(["dog", "dog"], [0.1, 0.2], undefined="raise")


def test_rows_and_long_lists() -> None:
    y_true = np.zeros((50, 2), int)
    y_true[7] = 1, 0
    scores = np.tile([0.6, 0.4], (50, 1))
    with pytest.warns(UndefinedMetricWarning, match=r"row 0, 1, .* and 39 more"):
        assert math.isnan(roc_auc_score(y_true, scores, average="samples"))
    assert roc_auc_score(y_true, scores, average="samples", undefined="skip") == 1.0


def test_weights_of_samples_can_leave_an_undefined_row_out() -> None:
    y_true, scores = [[1, 0], [1, 1]], [[0.6, 0.4], [0.5, 0.5]]
    with pytest.warns(UndefinedMetricWarning, match="row 1"):
        assert roc_auc_score(y_true, scores, average="samples", sample_weight=[1, 0]) == 1.0


def test_one_vs_one_leaves_absent_classes_out() -> None:
    options: dict[str, Any] = {"multi_class": "ovo", "labels": [0, 1, 2]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert roc_auc_score(CLASSES, SCORES, **options) == 1.0
        assert roc_auc_score(CLASSES, SCORES, undefined="skip", **options) == 1.0
    with pytest.raises(InvalidValueError, match="class 2: "):
        roc_auc_score(CLASSES, SCORES, undefined="raise", **options)
    with pytest.warns(UndefinedMetricWarning, match="class 0, 1, 2: ") as caught:
        assert math.isnan(roc_auc_score([1, 1, 1, 1], SCORES, **options))
    assert [warning.filename for warning in caught] == [__file__]


def test_evaluate_follows_the_policy() -> None:
    assert evaluate(CLASSES, SCORES, "multi-class").auc == 1.0
    with pytest.warns(UndefinedMetricWarning, match="class 2: ") as caught:
        assert math.isnan(evaluate(CLASSES, SCORES, "multi-class", undefined="nan").auc)
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.raises(InvalidValueError, match="class 2: "):
        evaluate(CLASSES, SCORES, "multi-class", undefined="raise")
