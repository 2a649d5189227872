"""The curves and average precision against their definitions, threshold by threshold."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from medfast.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

SCORE_DTYPES = ["float16", "float32", "float64", "int8", "int64", "uint64"]


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels with a positive and a negative, scores of any dtype, and whole weights."""
    y = draw(npst.arrays(np.bool_, st.integers(2, 40)))
    assume(0 < y.sum() < len(y))
    dtype = np.dtype(draw(st.sampled_from(SCORE_DTYPES)))
    elements = npst.from_dtype(dtype, allow_nan=False, allow_infinity=False)
    if draw(st.booleans()):
        elements = st.sampled_from(draw(st.lists(elements, min_size=1, max_size=4)))
    scores = draw(npst.arrays(dtype, len(y), elements=elements))
    weights = draw(npst.arrays(np.int64, len(y), elements=st.integers(0, 4)))
    assume(weights[y].any() and weights[~y].any())
    return y, scores, weights


def points(y: Any, scores: Any, weights: Any) -> list[tuple[Any, int, int]]:
    """Count, for each distinct score from the highest down, who scores as much or more."""
    samples = [
        (score, positive, weight)
        for score, positive, weight in zip(
            scores.tolist(), y.tolist(), weights.tolist(), strict=True
        )
        if weight
    ]
    found = []
    for threshold in sorted({score for score, _, _ in samples}, reverse=True):
        above = [sample for sample in samples if sample[0] >= threshold]
        positives = sum(weight for _, positive, weight in above if positive)
        found.append((threshold, positives, sum(weight for _, _, weight in above) - positives))
    return found


@given(problems(), st.booleans())
def test_roc_curve_is_its_definition(problem: Any, weighted: bool) -> None:
    y, scores, weights = problem
    weights = weights if weighted else np.ones_like(weights)
    fpr, tpr, thresholds = roc_curve(y, scores, sample_weight=weights, drop_intermediate=False)
    expected = points(y, scores, weights)
    _, positives, negatives = expected[-1]
    assert fpr.tolist() == [0, *(wrong / negatives for _, _, wrong in expected)]
    assert tpr.tolist() == [0, *(right / positives for _, right, _ in expected)]
    assert thresholds.tolist() == [math.inf, *(float(threshold) for threshold, _, _ in expected)]


@given(problems(), st.booleans())
def test_precision_recall_curve_is_its_definition(problem: Any, weighted: bool) -> None:
    y, scores, weights = problem
    weights = weights if weighted else np.ones_like(weights)
    precision, recall, thresholds = precision_recall_curve(y, scores, sample_weight=weights)
    expected = points(y, scores, weights)[::-1]
    _, positives, _ = expected[0]
    assert precision.tolist() == [*(right / (right + wrong) for _, right, wrong in expected), 1]
    assert recall.tolist() == [*(right / positives for _, right, _ in expected), 0]
    assert thresholds.tolist() == [threshold for threshold, _, _ in expected]
    assert thresholds.dtype == scores.dtype


@given(problems(), st.booleans())
def test_average_precision_is_its_definition(problem: Any, weighted: bool) -> None:
    y, scores, weights = problem
    weights = weights if weighted else np.ones_like(weights)
    expected, before = Fraction(0), 0
    counted = points(y, scores, weights)
    for _, right, wrong in counted:
        expected += Fraction(right - before, counted[-1][1]) * Fraction(right, right + wrong)
        before = right
    for options in [{"sample_weight": weights}] if weighted else [{}, {"sample_weight": weights}]:
        found = average_precision_score(y, scores, **options)
        assert found == pytest.approx(float(expected), abs=1e-15)


@given(problems(), st.booleans())
def test_corners_are_the_whole_curve(problem: Any, weighted: bool) -> None:
    y, scores, weights = problem
    options = {"sample_weight": weights} if weighted else {}
    x, height, thresholds = roc_curve(y, scores, drop_intermediate=False, **options)
    corners = roc_curve(y, scores, drop_intermediate=True, **options)
    every = zip(x, height, thresholds, strict=True)
    assert set(zip(*corners, strict=True)) <= set(every)
    # A vertical step is two points of one x, so both curves are asked beside it.
    for beside in (x - 1e-9, x + 1e-9):
        found, expected = np.interp(beside, *corners[:2]), np.interp(beside, x, height)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@given(problems())
def test_the_area_is_that_under_the_curve(problem: Any) -> None:
    y, scores, weights = problem
    for options in ({}, {"sample_weight": weights}):
        for drop in (False, True):
            x, height, _ = roc_curve(y, scores, drop_intermediate=drop, **options)
            under = np.sum(np.diff(x) * (height[1:] + height[:-1])) / 2
            assert roc_auc_score(y, scores, **options) == pytest.approx(under, abs=1e-14)
        precision, recall, _ = precision_recall_curve(y, scores, **options)
        under = -np.sum(np.diff(recall) * precision[:-1])
        assert average_precision_score(y, scores, **options) == pytest.approx(under, abs=1e-14)


@given(problems())
def test_either_label_can_be_the_positive_one(problem: Any) -> None:
    y, scores, _ = problem
    names = np.where(y, "a", "b")
    for curve in (roc_curve, precision_recall_curve):
        named, expected = curve(names, scores, pos_label="b"), curve(~y, scores)
        for part, other in zip(named, expected, strict=True):
            np.testing.assert_array_equal(part, other)
    named = average_precision_score(names, scores, pos_label="b")
    assert named == average_precision_score(~y, scores)


def test_infinite_scores_are_ordered() -> None:
    y, scores = np.array([0, 0, 1, 1]), np.array([-np.inf, 0.5, np.inf, 0.25])
    finite = np.array([-1.0, 0.5, 1.0, 0.25])
    fpr, tpr, thresholds = roc_curve(y, scores, drop_intermediate=False)
    expected = roc_curve(y, finite, drop_intermediate=False)
    assert (fpr.tolist(), tpr.tolist()) == (expected[0].tolist(), expected[1].tolist())
    assert thresholds.tolist() == [np.inf, np.inf, 0.5, 0.25, -np.inf]
    precision, recall, thresholds = precision_recall_curve(y, scores)
    expected = precision_recall_curve(y, finite)
    assert (precision.tolist(), recall.tolist()) == (expected[0].tolist(), expected[1].tolist())
    assert thresholds.tolist() == [-np.inf, 0.25, 0.5, np.inf]
    assert average_precision_score(y, scores) == average_precision_score(y, finite)
