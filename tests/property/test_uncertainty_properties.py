"""Intervals and tests of areas against their definitions, on whatever scores hypothesis finds."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from medfast.errors import DegenerateIntervalWarning
from medfast.metrics import roc_auc_interval, roc_auc_score, roc_auc_test
from slow_areas import columns_of, covariance, ends, exchanged

CLOSE: dict[str, Any] = {"rel": 1e-10, "abs": 1e-12, "nan_ok": True}


@st.composite
def problems(draw: st.DrawFn, most: int = 24) -> tuple[np.ndarray, ...]:
    """Labels of two or three classes, scores of two models with ties, and groups."""
    classes = draw(st.sampled_from([2, 3]))
    y = draw(npst.arrays(np.int64, st.integers(classes, most), elements=st.integers(0, 2)))
    y = np.minimum(y, classes - 1)
    assume(len(np.unique(y)) == classes)
    shape = (len(y),) if classes == 2 else (len(y), classes)
    elements = st.sampled_from(
        draw(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=8, unique=True))
    )
    a, b = (draw(npst.arrays(np.float64, shape, elements=elements)) for _ in range(2))
    groups = draw(npst.arrays(np.int64, len(y), elements=st.integers(0, 6)))
    return y, a, b, groups


def quiet(call: Any, *args: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateIntervalWarning)
        return call(*args, **options)


def every(result: Any) -> tuple[Any, ...]:
    return (result, *result.per_class)


def interval(result: Any) -> tuple[float, ...]:
    return result.estimate, result.std_error, result.low, result.high


def assert_variance(std_error: float, variance: float) -> None:
    # Sums of products of numbers up to 1 leave a variance of 0 uncertain by some 1e-17.
    expected = max(variance, 0.0)
    assert std_error**2 == pytest.approx(expected, rel=1e-10, abs=1e-15, nan_ok=True)


def assert_alike(found: Any, expected: Any) -> None:
    for one, other in zip(every(found), every(expected), strict=True):
        assert_variance(one.std_error, other.std_error**2)
        if not one.std_error < 1e-7:
            assert interval(one) == pytest.approx(interval(other), **CLOSE)


@given(problems(), st.booleans(), st.sampled_from(["logit", None]), st.floats(0.5, 0.999))
def test_an_interval_is_its_definition(
    problem: Any, grouped: bool, transform: Any, level: float
) -> None:
    y, scores, _, groups = problem
    of_sample = groups if grouped else None
    found = quiet(roc_auc_interval, y, scores, level=level, transform=transform, groups=of_sample)
    areas, matrix = covariance(columns_of(y, scores), of_sample)
    whole = np.full(len(areas), 1 / len(areas))
    units = [] if scores.ndim == 1 else list(np.eye(len(areas)))
    for result, weights in zip(every(found), [whole, *units], strict=True):
        used = weights != 0
        variance = weights[used] @ matrix[np.ix_(used, used)] @ weights[used]
        assert result.estimate == pytest.approx(weights @ areas, abs=1e-14)
        assert_variance(result.std_error, variance)
        if math.isnan(variance):
            assert math.isnan(result.low)
            assert math.isnan(result.high)
        elif variance > 1e-14:
            expected = ends(weights @ areas, math.sqrt(variance), level, transform)
            assert (result.low, result.high) == pytest.approx(expected, rel=1e-9, abs=1e-9)
        if not math.isnan(variance):
            assert 0 <= result.low <= result.high <= 1
            assert result.low <= result.estimate + 1e-15
            assert result.high >= result.estimate - 1e-15


@given(problems(), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_the_samples_is_no_matter(problem: Any, grouped: bool, random: Any) -> None:
    y, a, b, groups = problem
    rows = random.sample(range(len(y)), len(y))
    plain: dict[str, Any] = {"groups": groups} if grouped else {}
    moved: dict[str, Any] = {"groups": groups[rows]} if grouped else {}
    assert_alike(
        quiet(roc_auc_interval, y[rows], a[rows], **moved), quiet(roc_auc_interval, y, a, **plain)
    )
    found = quiet(roc_auc_test, y[rows], a[rows], b[rows], **moved)
    expected = quiet(roc_auc_test, y, a, b, **plain)
    for one, other in zip(every(found), every(expected), strict=True):
        assert one.difference == pytest.approx(other.difference, abs=1e-14)
        if not other.std_error < 1e-7:
            assert one.statistic == pytest.approx(other.statistic, **CLOSE)
            assert one.p_value == pytest.approx(other.p_value, **CLOSE)


@given(problems(), st.sampled_from([np.arctan, np.cbrt, lambda s: s * 1e290 - 3, lambda s: s / 7]))
def test_transforms_that_keep_the_order_change_no_bit(problem: Any, transform: Any) -> None:
    y, a, b, groups = problem
    transformed = transform(a)
    assume(len(np.unique(transformed)) == len(np.unique(a)))
    calls: list[Any] = [
        lambda s: roc_auc_interval(y, s),
        lambda s: roc_auc_interval(y, s, groups=groups),
        lambda s: roc_auc_interval(y, s, method="bootstrap", n_resamples=9, random_state=1),
        lambda s: roc_auc_test(y, s, b),
        lambda s: roc_auc_test(y, s, b, method="permutation", n_resamples=9, random_state=1),
    ]
    for call in calls:
        # NaN equals nothing, so what is printed is compared, to the last digit.
        assert repr(quiet(call, transformed)) == repr(quiet(call, a))


@given(problems())
def test_a_mirror_image_mirrors_the_interval(problem: Any) -> None:
    y, scores, _, _ = problem
    for transform in ("logit", None):
        found = quiet(roc_auc_interval, y, -scores, transform=transform)
        expected = quiet(roc_auc_interval, y, scores, transform=transform)
        for one, other in zip(every(found), every(expected), strict=True):
            assert one.estimate == pytest.approx(1 - other.estimate, abs=1e-14)
            if not other.std_error < 1e-7:
                assert one.std_error == pytest.approx(other.std_error, **CLOSE)
                mirrored = 1 - other.high, 1 - other.low
                assert (one.low, one.high) == pytest.approx(mirrored, **CLOSE)


@given(problems(), st.booleans())
def test_the_statistic_is_its_definition(problem: Any, grouped: bool) -> None:
    y, a, b, groups = problem
    of_sample = groups if grouped else None
    found = quiet(roc_auc_test, y, a, b, groups=of_sample)
    areas, matrix = covariance([*columns_of(y, a), *columns_of(y, b)], of_sample)
    columns = len(areas) // 2
    weights = np.full(columns, 1 / columns)
    contrast = np.concatenate([weights, -weights])
    variance = contrast @ matrix @ contrast
    assert found.difference == pytest.approx(contrast @ areas, abs=1e-14)
    assert_variance(found.std_error, variance)
    if variance > 1e-14:
        assert found.statistic == pytest.approx(
            contrast @ areas / math.sqrt(variance), rel=1e-9, abs=1e-9
        )


@settings(max_examples=30)
@given(problems(most=6), st.booleans())
def test_the_permutation_test_is_its_definition(problem: Any, grouped: bool) -> None:
    y, a, b, groups = problem
    of_sample = groups if grouped else None
    found = quiet(roc_auc_test, y, a, b, method="permutation", groups=of_sample)
    differences = exchanged(columns_of(y, a), columns_of(y, b), of_sample).mean(axis=1)
    assert found.n_resamples == len(differences)
    assert found.difference == pytest.approx(differences[0], abs=1e-14)
    assert found.p_value == np.mean(np.abs(differences) >= abs(differences[0]) - 1e-12)


@settings(max_examples=50)
@given(problems())
def test_the_estimate_is_that_of_roc_auc_score(problem: Any) -> None:
    y, scores, _, _ = problem
    found = quiet(roc_auc_interval, y, scores)
    if scores.ndim == 1:
        assert found.estimate == roc_auc_score(y, scores)
    for label, result in enumerate(found.per_class):
        assert result.estimate == roc_auc_score(y == label, scores[:, label])
