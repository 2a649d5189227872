"""The three answers to a class without positives or negatives."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from medfast.errors import ConfigError, InvalidValueError, UndefinedMetricWarning
from medfast.metrics import (
    average_precision_score,
    evaluate,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

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
def test_skip_says_what_is_left_out(call: str, average: Any) -> None:
    y_true, options, name = CALLS[call]
    if average is None:
        area = roc_auc_score(y_true, SCORES, average=None, undefined="skip", **options)
        np.testing.assert_array_equal(area, [1, 1, np.nan])
        return
    with pytest.warns(UndefinedMetricWarning, match=f"{name}: .* left out") as caught:
        area = roc_auc_score(y_true, SCORES, average=average, undefined="skip", **options)
    assert [warning.filename for warning in caught] == [__file__]
    assert area == 1


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
    with pytest.warns(UndefinedMetricWarning, match=r"and 39 more: .* left out"):
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
    with pytest.warns(UndefinedMetricWarning, match=r"class 2: .* left out"):
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


@pytest.mark.parametrize("undefined", ["nan", "skip"])
def test_evaluate_warns_if_nothing_is_defined(undefined: Any) -> None:
    with pytest.warns(UndefinedMetricWarning, match="class 0, 1, 2: ") as caught:
        evaluation = evaluate([1, 1, 1, 1], SCORES, "multi-class", undefined=undefined)
    assert [warning.filename for warning in caught] == [__file__]
    assert math.isnan(evaluation.auc)
    assert evaluation.acc == 0.5


MISSING_POSITIVES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "multi-label": (INDICATOR, {}, "column 2"),
    "micro": (np.zeros((4, 3), int), {"average": "micro"}, "all entries together"),
    "samples": ([[1, 0, 0], [0, 0, 0], [1, 0, 0], [0, 1, 0]], {"average": "samples"}, "row 1"),
}


@pytest.mark.parametrize("call", MISSING_POSITIVES)
def test_average_precision_follows_the_policy(call: str) -> None:
    y_true, options, name = MISSING_POSITIVES[call]
    with pytest.warns(UndefinedMetricWarning, match=rf"for {name}\. No positive") as caught:
        counted = average_precision_score(y_true, SCORES, **options)
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.warns(UndefinedMetricWarning, match=rf"for {name}\. No positive") as caught:
        skipped = average_precision_score(y_true, SCORES, undefined="skip", **options)
    assert [warning.filename for warning in caught] == [__file__]
    if call == "micro":
        assert counted == 0.0
        assert math.isnan(skipped)
    else:
        defined = {"multi-label": 2 / 3, "samples": 3 / 4}[call]
        assert counted == pytest.approx(skipped * defined, abs=1e-15)
    with pytest.raises(InvalidValueError, match=f"for {name}"):
        average_precision_score(y_true, SCORES, undefined="raise", **options)


def test_average_precision_of_one_class_without_positives() -> None:
    def call(undefined: Any) -> float:
        return average_precision_score([0, 0], [0.1, 0.2], undefined=undefined)

    with pytest.warns(UndefinedMetricWarning, match=r"class 1\. No positive"):
        assert call("nan") == 0.0
    with pytest.warns(UndefinedMetricWarning, match=r"class 1\. No positive"):
        assert math.isnan(call("skip"))
    with pytest.raises(InvalidValueError, match=r"class 1\. No positive"):
        call("raise")


def test_average_precision_of_the_classes_one_by_one() -> None:
    def call(undefined: Any) -> list[float]:
        areas = average_precision_score(INDICATOR, SCORES, average=None, undefined=undefined)
        return np.asarray(areas).tolist()

    with pytest.warns(UndefinedMetricWarning, match="column 2"):
        assert call("nan") == [1.0, 1.0, 0.0]
    np.testing.assert_equal(call("skip"), [1.0, 1.0, math.nan])


def test_curves_follow_the_policy() -> None:
    for labels, side in (([0, 0], "positive"), ([1, 1], "negative")):
        for undefined in ("nan", "skip"):
            with pytest.warns(UndefinedMetricWarning, match=f"No {side} samples") as caught:
                fpr, tpr, thresholds = roc_curve(labels, [0.1, 0.2], undefined=undefined)
            assert [warning.filename for warning in caught] == [__file__]
            missing, other = (tpr, fpr) if side == "positive" else (fpr, tpr)
            np.testing.assert_equal(missing, [np.nan] * 3)
            assert other.tolist() == [0, 0.5, 1]
            assert thresholds.tolist() == [np.inf, 0.2, 0.1]
        with pytest.raises(InvalidValueError, match=f"No {side} samples"):
            roc_curve(labels, [0.1, 0.2], undefined="raise")


@pytest.mark.parametrize(("undefined", "recall"), [("nan", 1.0), ("skip", math.nan)])
def test_recall_follows_the_policy(undefined: Any, recall: float) -> None:
    with pytest.warns(UndefinedMetricWarning, match="No positive class") as caught:
        found = precision_recall_curve([0, 0], [0.1, 0.2], undefined=undefined)
    assert [warning.filename for warning in caught] == [__file__]
    np.testing.assert_equal(found[1].tolist(), [recall, recall, 0.0])
    with pytest.raises(InvalidValueError, match="No positive class"):
        precision_recall_curve([0, 0], [0.1, 0.2], undefined="raise")


@pytest.mark.parametrize("metric", [roc_curve, precision_recall_curve, average_precision_score])
def test_a_policy_that_is_none_is_refused(metric: Any) -> None:
    with pytest.raises(ConfigError, match="did you mean 'skip'"):
        metric([0, 1], [0.1, 0.2], undefined="skp")
