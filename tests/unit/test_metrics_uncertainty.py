"""Intervals and tests of areas against the papers' definitions, their policies and their errors."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from medfast import _native
from medfast.errors import (
    ConfigError,
    DegenerateIntervalWarning,
    InvalidValueError,
    LimitExceededError,
    ShapeError,
    UndefinedMetricWarning,
    UnsupportedError,
)
from medfast.metrics import roc_auc_interval, roc_auc_score, roc_auc_test
from slow_areas import NORMAL, columns_of, covariance, ends, exchanged

CLOSE: dict[str, Any] = {"rel": 1e-10, "abs": 1e-13}
KINDS = ["binary", "multi-class", "multi-label"]
ROWS = 46
GROUPS = np.random.default_rng(5).integers(0, 13, ROWS)


def problem(kind: str, *, ties: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels and the scores of two models that are right more often than not."""
    rng = np.random.default_rng(KINDS.index(kind))
    if kind == "multi-label":
        y = (rng.random((ROWS, 3)) < 0.4).astype(int)
        signal = y.astype(float)
    elif kind == "multi-class":
        y = rng.choice(3, ROWS, p=[0.5, 0.3, 0.2])
        signal = np.eye(3)[y]
    else:
        y = (rng.random(ROWS) < 0.4).astype(int)
        signal = y.astype(float)
    common = rng.normal(size=signal.shape)
    a = common + rng.normal(size=signal.shape) + 1.4 * signal
    b = common + rng.normal(size=signal.shape) + 0.6 * signal
    return (y, np.round(a), np.round(b)) if ties else (y, a, b)


def weights_of(y: np.ndarray, columns: int, average: str | None) -> np.ndarray:
    support = np.eye(columns)[y].sum(axis=0) if y.ndim == 1 and columns > 1 else y.sum(axis=0)
    weights = np.broadcast_to(support if average == "weighted" else 1.0, columns)
    return weights / weights.sum()


def every(result: Any) -> tuple[Any, ...]:
    return (result, *result.per_class)


# DeLong's interval


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("groups", [None, GROUPS], ids=["samples", "groups"])
@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("transform", ["logit", None])
@pytest.mark.parametrize("kind", KINDS)
def test_delong_is_its_definition(
    kind: str, transform: Any, average: Any, groups: Any, ties: bool
) -> None:
    y, scores, _ = problem(kind, ties=ties)
    found = roc_auc_interval(
        y, scores, level=0.9, transform=transform, average=average, groups=groups
    )
    areas, matrix = covariance(columns_of(y, scores), groups)
    whole = weights_of(y, len(areas), average)
    units = list(np.eye(len(areas))) if kind != "binary" else []
    assert len(found.per_class) == len(units)
    for result, weights in zip(every(found), [whole, *units], strict=True):
        estimate = weights @ areas
        std_error = math.sqrt(weights @ matrix @ weights)
        assert result.estimate == pytest.approx(estimate, **CLOSE)
        assert result.std_error == pytest.approx(std_error, **CLOSE)
        expected = ends(estimate, std_error, 0.9, transform)
        assert (result.low, result.high) == pytest.approx(expected, **CLOSE)
        assert (result.level, result.method, result.n_resamples) == (0.9, "delong", 0)
    assert [result.name for result in found.per_class] == list(range(len(units)))


@pytest.mark.parametrize("kind", KINDS)
def test_estimates_are_those_of_roc_auc_score(kind: str) -> None:
    y, scores, _ = problem(kind, ties=True)
    if kind == "multi-class":
        scores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    options: dict[str, Any] = {"multi_class": "ovr"} if kind == "multi-class" else {}
    for average in ("macro", "weighted", None):
        found = roc_auc_interval(y, scores, average=average)
        expected = roc_auc_score(y, scores, average=average, **options)
        results = found if isinstance(found, tuple) else (found,)
        estimates = [result.estimate for result in results]
        np.testing.assert_allclose(estimates, np.atleast_1d(expected), rtol=0, atol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_classes_alone_are_those_of_the_whole(kind: str) -> None:
    y, a, b = problem(kind)
    for whole, alone in (
        (roc_auc_interval(y, a), roc_auc_interval(y, a, average=None)),
        (roc_auc_test(y, a, b), roc_auc_test(y, a, b, average=None)),
    ):
        assert alone == (whole if kind == "binary" else whole.per_class)


@pytest.mark.parametrize("kind", KINDS)
def test_groups_of_one_are_no_groups(kind: str) -> None:
    y, scores, _ = problem(kind)
    alone = np.random.default_rng(0).permutation(ROWS)
    grouped, plain = roc_auc_interval(y, scores, groups=alone), roc_auc_interval(y, scores)
    for one, other in zip(every(grouped), every(plain), strict=True):
        assert one.std_error == pytest.approx(other.std_error, **CLOSE)


@pytest.mark.parametrize(
    "as_groups",
    [
        lambda g: g.astype(float),
        lambda g: g * 1000 - 7,
        lambda g: np.array([f"patient {number}" for number in g]),
        lambda g: np.array([f"patient {number}" for number in g], object),
        lambda g: g[:, np.newaxis],
        lambda g: g.tolist(),
        lambda g: g.astype("M8[D]"),
    ],
)
def test_groups_of_any_type(as_groups: Any) -> None:
    y, scores, _ = problem("binary")
    expected = roc_auc_interval(y, scores, groups=GROUPS)
    found = roc_auc_interval(y, scores, groups=as_groups(GROUPS))
    assert found.std_error == pytest.approx(expected.std_error, **CLOSE)
    plain = roc_auc_interval(y, scores).std_error
    assert found.std_error != pytest.approx(plain, rel=1e-3)


def test_repeated_samples_of_a_group_are_no_more_samples() -> None:
    y, scores, _ = problem("binary")
    once = roc_auc_interval(y, scores)
    groups = np.repeat(np.arange(ROWS), 4)
    repeated = roc_auc_interval(np.repeat(y, 4), np.repeat(scores, 4), groups=groups)
    assert repeated.std_error == pytest.approx(once.std_error, **CLOSE)
    ungrouped = roc_auc_interval(np.repeat(y, 4), np.repeat(scores, 4))
    assert ungrouped.std_error < 0.55 * once.std_error


def test_an_interval_on_the_logit_scale_stays_within() -> None:
    y, scores = np.repeat([0, 1], 10), np.arange(20.0)
    scores[10] = 8.5
    logit = roc_auc_interval(y, scores, level=0.999)
    plain = roc_auc_interval(y, scores, level=0.999, transform=None)
    assert 0 < logit.low < plain.low < plain.estimate == logit.estimate < logit.high < 1
    assert plain.high == 1.0


# The bootstrap


def seeded(random_state: Any, kind: str = "binary", **options: Any) -> Any:
    y, scores, _ = problem(kind)
    return roc_auc_interval(
        y, scores, method="bootstrap", n_resamples=200, random_state=random_state, **options
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: seed,
        np.int64,
        np.random.default_rng,
        np.random.RandomState,
        lambda seed: 2**64 - 1 - seed,
    ],
    ids=["int", "np.int64", "Generator", "RandomState", "large int"],
)
def test_a_seed_gives_one_interval(make: Any) -> None:
    assert seeded(make(3)) == seeded(make(3))
    assert seeded(make(3)) != seeded(make(4))


def test_a_generator_goes_on_and_no_seed_is_a_new_one() -> None:
    for state in (np.random.default_rng(3), np.random.RandomState(3), None):
        assert seeded(state) != seeded(state)


def test_global_seeds_are_left_alone() -> None:
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    seeded(None)
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("groups", [False, True])
@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_bootstrap_agrees_with_delong(kind: str, average: Any, groups: bool) -> None:
    y, scores, _ = (np.concatenate([part] * 6) for part in problem(kind))
    scores = scores + np.random.default_rng(1).normal(size=scores.shape)
    of_sample = np.arange(len(y)) // 2 if groups else None
    options: dict[str, Any] = {"average": average, "groups": of_sample}
    delong = roc_auc_interval(y, scores, transform=None, **options)
    found = roc_auc_interval(
        y, scores, method="bootstrap", random_state=0, n_resamples=4000, **options
    )
    for one, other in zip(every(found), every(delong), strict=True):
        assert one.estimate == other.estimate
        # The spread of 4,000 replicates is known to about 1 %; 46 samples repeated, to a few.
        assert one.std_error == pytest.approx(other.std_error, rel=0.08)
        reach = other.high - other.low
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.08 * reach)
        assert (one.n_resamples, one.method) == (4000, "bootstrap")


def test_percentiles_of_the_replicates() -> None:
    y, scores, _ = problem("multi-class")
    strata = y.astype(np.uintp)
    replicates = _native.roc_auc_bootstrap(
        y.astype(np.uint8), [scores], 200, 11, strata, None, None
    )
    found = seeded(11, "multi-class", level=0.8, average="weighted")
    whole = replicates @ weights_of(y, 3, "weighted")
    for result, areas in zip(every(found), [whole, *replicates.T], strict=True):
        assert result.std_error == pytest.approx(np.std(areas, ddof=1), **CLOSE)
        expected = np.quantile(areas, [0.1, 0.9])
        assert (result.low, result.high) == pytest.approx(tuple(expected), **CLOSE)


def test_replicates_keep_the_sizes_of_the_classes() -> None:
    # The area of class 0 is the share of class 1 among the rest, whichever samples are drawn.
    y = np.repeat([0, 1, 2], [4, 5, 15])
    scores = np.stack([np.array([1.0, 0.0, 2.0])[y], np.arange(24.0), np.arange(24.0)[::-1]], 1)
    with pytest.warns(DegenerateIntervalWarning, match="class 0"):
        found = roc_auc_interval(y, scores, method="bootstrap", random_state=0, n_resamples=50)
    assert (found.per_class[0].low, found.per_class[0].high) == (0.25, 0.25)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateIntervalWarning)
        free = roc_auc_interval(
            y, scores, method="bootstrap", random_state=0, n_resamples=50, groups=np.arange(24)
        )
    assert free.per_class[0].low < 0.25 < free.per_class[0].high


def test_groups_are_drawn_whole() -> None:
    # A pair in order and a pair out of order: twice the one, twice the other, or both.
    y, scores = np.array([[False], [True], [False], [True]]), np.array([[0.1], [0.4], [0.3], [0.2]])
    groups = np.array([0, 0, 1, 1], np.uintp)
    areas = _native.roc_auc_bootstrap(y, [scores], 400, 0, None, groups, None)
    assert set(areas.ravel().tolist()) == {0.0, 0.75, 1.0}
    free = _native.roc_auc_bootstrap(y, [scores], 400, 0, None, None, None)
    assert 0.5 in free


def test_replicates_without_an_area_are_left_out() -> None:
    # A replicate has no positives with probability (1/3)^3, no negatives with (2/3)^3.
    with pytest.warns(DegenerateIntervalWarning) as caught:
        found = roc_auc_interval(
            [0, 0, 1, 1],
            [0.3, 0.4, 0.1, 0.5],
            method="bootstrap",
            random_state=0,
            n_resamples=900,
            groups=["a", "a", "b", "c"],
        )
    assert {warning.filename for warning in caught} == {__file__}
    assert "a single positive or negative (or group of them)" in str(caught[0].message)
    assert f"whole ({900 - found.n_resamples}) had" in str(caught[1].message)
    assert 0.6 < found.n_resamples / 900 < 0.73
    assert (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("units", ["samples", "strata", "clusters"])
def test_replicates_do_not_depend_on_the_threads(units: str, dtype: Any) -> None:
    rng = np.random.default_rng(2)
    y = rng.integers(0, 4, 3000).astype(np.uint8)
    scores = rng.integers(0, 300, (3000, 4)).astype(dtype)
    strata = y.astype(np.uintp) if units == "strata" else None
    clusters = np.arange(3000, dtype=np.uintp) // 3 if units == "clusters" else None
    found = {
        _native.roc_auc_bootstrap(y, [scores], 130, 5, strata, clusters, threads).tobytes()
        for threads in (1, 2, 7)
    }
    assert len(found) == 1


# Areas that are not defined, intervals that say nothing

ABSENT = np.array([0, 0, 1, 1, 0, 1, 0, 1])
ABSENT_SCORES = np.random.default_rng(3).random((8, 3))
INDICATOR = np.stack([ABSENT == 0, ABSENT == 1, np.zeros(8, bool)], axis=1)
CALLS: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "multi-label": (INDICATOR, {}, 2),
    "one-vs-rest": (ABSENT, {"labels": [0, 1, 2]}, 2),
    "named": (np.array(["a", "b"])[ABSENT], {"labels": ["a", "b", "c"]}, "c"),
}
METHODS: dict[str, Any] = {
    "delong": roc_auc_interval,
    "bootstrap": lambda *a, **o: roc_auc_interval(
        *a, method="bootstrap", n_resamples=50, random_state=0, **o
    ),
    "test": lambda y, s, **o: roc_auc_test(y, s, s[::-1].copy(), **o),
    "permutation": lambda y, s, **o: roc_auc_test(y, s, s[::-1].copy(), method="permutation", **o),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("call", CALLS)
def test_nan_warns_and_names_the_class(call: str, method: str) -> None:
    y, options, name = CALLS[call]
    with pytest.warns(UndefinedMetricWarning, match=f"(column|class) .*{name}: ") as caught:
        found = METHODS[method](y, ABSENT_SCORES, **options)
    assert [warning.filename for warning in caught] == [__file__]
    for result in (found, found.per_class[2]):
        assert math.isnan(result.estimate)
        assert math.isnan(result.std_error)
        assert math.isnan(result.low)
        assert math.isnan(result.high)
    assert found.per_class[0].low < found.per_class[0].estimate
    assert found.per_class[2].name == name
    assert found.left_out == ()


@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("call", CALLS)
def test_skip_lists_what_is_left_out(call: str, method: str, average: Any) -> None:
    y, options, name = CALLS[call]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = METHODS[method](y, ABSENT_SCORES, undefined="skip", average=average, **options)
    kept = [result for result in found.per_class if not math.isnan(result.estimate)]
    assert found.left_out == (name,)
    assert f"no AUC for class {name}" in str(found)
    support = [4, 4] if average == "weighted" else [1, 1]
    expected = np.average([result.estimate for result in kept], weights=support)
    assert found.estimate == pytest.approx(expected, abs=1e-15)
    assert found.low < found.estimate < found.high


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("call", CALLS)
def test_raise_names_the_class(call: str, method: str) -> None:
    y, options, name = CALLS[call]
    with pytest.raises(InvalidValueError, match=f"(column|class) .*{name}; |{name}: "):
        METHODS[method](y, ABSENT_SCORES, undefined="raise", **options)


@pytest.mark.parametrize("average", ["macro", "weighted", None])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("undefined", ["nan", "skip"])
def test_nothing_defined_is_nan_with_one_warning(undefined: Any, method: str, average: Any) -> None:
    with pytest.warns(UndefinedMetricWarning, match="column 0, 1, 2: ") as caught:
        found = METHODS[method](
            np.zeros((8, 3), int), ABSENT_SCORES, undefined=undefined, average=average
        )
    assert [warning.filename for warning in caught] == [__file__]
    for result in found if average is None else (found,):
        assert math.isnan(result.estimate)
        assert math.isnan(result.low)


def test_one_class_alone() -> None:
    for undefined in ("nan", "skip"):
        with pytest.warns(UndefinedMetricWarning, match="class dog: "):
            found = roc_auc_interval(["dog"] * 3, [0.1, 0.2, 0.3], undefined=undefined)
        assert math.isnan(found.estimate)
    with pytest.raises(InvalidValueError, match="class dog: "):
        roc_auc_interval(["dog"] * 3, [0.1, 0.2, 0.3], undefined="raise")


@pytest.mark.parametrize("transform", ["logit", None])
@pytest.mark.parametrize("method", ["delong", "bootstrap"])
@pytest.mark.parametrize("area", [0, 1])
def test_samples_without_variation_have_no_width(area: int, method: Any, transform: Any) -> None:
    y = np.repeat([0, 1], 5)
    with pytest.warns(DegenerateIntervalWarning, match=r"no width, for its 10 samples") as caught:
        found = roc_auc_interval(
            y, y if area else -y, method=method, transform=transform, n_resamples=20
        )
    assert [warning.filename for warning in caught] == [__file__]
    assert (found.estimate, found.low, found.high, found.std_error) == (area, area, area, 0.0)


@pytest.mark.parametrize("method", ["delong", "bootstrap"])
@pytest.mark.parametrize("classes", [3, 6, 9, 11, 49])
def test_the_mean_of_perfect_classes_is_perfect(classes: int, method: Any) -> None:
    y = np.repeat(np.arange(classes), 3)
    scores = np.eye(classes)[y]
    for average in ("macro", "weighted"):
        with pytest.warns(DegenerateIntervalWarning, match=r"AUC of the whole, class 0, .* no wid"):
            found = roc_auc_interval(y, scores, method=method, average=average, n_resamples=20)
        assert (found.estimate, found.low, found.high, found.std_error) == (1.0, 1.0, 1.0, 0.0)


def test_equal_scores_have_no_width() -> None:
    with pytest.warns(DegenerateIntervalWarning, match="no width"):
        found = roc_auc_interval([0, 1, 0, 1], [3, 3, 3, 3])
    assert (found.estimate, found.low, found.high) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("y", "groups"),
    [([0, 0, 0, 1], None), ([1, 1, 1, 0], None), ([0, 0, 1, 1], [0, 1, 2, 2])],
    ids=["one positive", "one negative", "one group of positives"],
)
def test_nothing_to_estimate_a_variance_from(y: Any, groups: Any) -> None:
    first, second = [0.1, 0.4, 0.2, 0.3], [0.4, 0.1, 0.5, 0.3]
    for call in (
        lambda: roc_auc_interval(y, first, groups=groups),
        lambda: roc_auc_test(y, first, second, groups=groups),
    ):
        with pytest.warns(DegenerateIntervalWarning, match="the whole has no interval") as caught:
            found = call()
        assert [warning.filename for warning in caught] == [__file__]
        assert not math.isnan(found.estimate)
        assert all(map(math.isnan, (found.low, found.high, found.std_error)))
        assert found.to_dict()["low"] is None
        assert "nan" in str(found)


def test_a_single_positive_of_a_class_is_named() -> None:
    y = [0, 0, 0, 1, 1, 1, 2]
    scores = np.random.default_rng(0).random((7, 3))
    with pytest.warns(DegenerateIntervalWarning, match="the AUC of the whole, class 2 has no"):
        found = roc_auc_interval(y, scores)
    assert math.isnan(found.low)
    assert found.per_class[0].low < found.per_class[0].estimate
    with pytest.warns(DegenerateIntervalWarning, match="the AUC of class 2 has no"):
        roc_auc_interval(y, scores, average=None)


def test_a_bootstrap_of_a_single_positive_is_too_narrow_and_says_so() -> None:
    rng = np.random.default_rng(0)
    options: Any = {"method": "bootstrap", "n_resamples": 200, "random_state": 0}
    y = np.zeros(40, int)
    y[0] = 1
    for truth in (y, 1 - y):
        with pytest.warns(DegenerateIntervalWarning, match=r"the whole has .* without") as caught:
            roc_auc_interval(truth, rng.random(40), **options)
        assert caught[0].filename == __file__
    with pytest.warns(DegenerateIntervalWarning, match=r"AUC of class 2 has .* without"):
        roc_auc_interval([0, 0, 0, 1, 1, 1, 2], rng.random((7, 3)), **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DegenerateIntervalWarning)
        y[1] = 1
        roc_auc_interval(y, rng.random(40), **options)


def test_one_label_alone_is_undefined_in_an_unpaired_test_too() -> None:
    for alone in ([0, 0], [1, 1]):
        with pytest.warns(UndefinedMetricWarning):
            found = roc_auc_test(([0, 1], alone), [0.1, 0.2], [0.3, 0.4], paired=False)
        assert math.isnan(found.p_value)
    with pytest.raises(ShapeError, match="labels="):
        roc_auc_test(([0, 1], [1, 2]), [0.1, 0.2], [0.3, 0.4], paired=False)


# Result objects


def test_an_interval_speaks_for_itself() -> None:
    y, options, _ = CALLS["named"]
    found = roc_auc_interval(y, ABSENT_SCORES, undefined="skip", **options)
    low, high = f"{found.low:.3f}", f"{found.high:.3f}"
    assert str(found) == f"AUC {found.estimate:.3f} [{low}, {high}] (no AUC for class c)"
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["estimate"] == found.estimate
    assert plain["left_out"] == ["c"]
    assert [entry["name"] for entry in plain["per_class"]] == ["a", "b", "c"]
    assert plain["per_class"][2]["estimate"] is None
    with pytest.raises(FrozenInstanceError):
        found.low = 0.0


def test_a_test_speaks_for_itself() -> None:
    y, a, b = problem("binary")
    found = roc_auc_test(y, a, b)
    assert found.estimate == found.difference
    assert str(found).startswith(f"AUC {found.estimate_a:.3f} - {found.estimate_b:.3f} = ")
    assert f"z = {found.statistic:.2f}, p = {found.p_value:.3g}" in str(found)
    assert "z = " not in str(roc_auc_test(y, a, b, method="permutation", n_resamples=50))
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["p_value"] == found.p_value
    with pytest.raises(FrozenInstanceError):
        found.p_value = 0.0
    with pytest.warns(DegenerateIntervalWarning, match="no width"):
        far = roc_auc_test([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1])
    assert (far.difference, far.std_error) == (1.0, 0.0)
    assert math.isnan(far.statistic)
    assert math.isnan(far.p_value)
    assert json.loads(json.dumps(far.to_dict(), allow_nan=False))["statistic"] is None


# DeLong's test


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("groups", [None, GROUPS], ids=["samples", "groups"])
@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_paired_test_is_its_definition(
    kind: str, average: Any, groups: Any, ties: bool
) -> None:
    y, a, b = problem(kind, ties=ties)
    areas, matrix = covariance([*columns_of(y, a), *columns_of(y, b)], groups)
    columns = len(areas) // 2
    units = list(np.eye(columns)) if kind != "binary" else []
    found = {
        alternative: roc_auc_test(
            y, a, b, level=0.9, average=average, groups=groups, alternative=alternative
        )
        for alternative in ("two-sided", "less", "greater")
    }
    for place, weights in enumerate([weights_of(y, columns, average), *units]):
        contrast = np.concatenate([weights, -weights])
        difference, std_error = contrast @ areas, math.sqrt(contrast @ matrix @ contrast)
        z = difference / std_error
        reach = NORMAL.inv_cdf(0.95) * std_error
        p_values = {
            "two-sided": 2 * NORMAL.cdf(-abs(z)),
            "less": NORMAL.cdf(z),
            "greater": NORMAL.cdf(-z),
        }
        for alternative, p_value in p_values.items():
            result = every(found[alternative])[place]
            assert result.estimate_a == pytest.approx(weights @ areas[:columns], **CLOSE)
            assert result.estimate_b == pytest.approx(weights @ areas[columns:], **CLOSE)
            assert result.difference == pytest.approx(difference, **CLOSE)
            assert result.std_error == pytest.approx(std_error, **CLOSE)
            assert (result.low, result.high) == pytest.approx(
                (difference - reach, difference + reach), **CLOSE
            )
            assert result.statistic == pytest.approx(z, **CLOSE)
            assert result.p_value == pytest.approx(p_value, **CLOSE)
            assert (result.alternative, result.method) == (alternative, "delong")
            assert result.n_resamples == 0


@pytest.mark.parametrize("kind", KINDS)
def test_swapped_models_swap_the_signs(kind: str) -> None:
    y, a, b = problem(kind)
    for one, other in zip(every(roc_auc_test(y, a, b)), every(roc_auc_test(y, b, a)), strict=True):
        assert one.difference == -other.difference != 0
        assert one.statistic == pytest.approx(-other.statistic, **CLOSE)
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low), **CLOSE)
        assert one.p_value == pytest.approx(other.p_value, **CLOSE)
        assert (one.estimate_a, one.estimate_b) == (other.estimate_b, other.estimate_a)
    less, greater = (
        roc_auc_test(y, *models, alternative=alternative).p_value
        for models, alternative in (((a, b), "less"), ((b, a), "greater"))
    )
    assert less == pytest.approx(greater, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_the_two_sides_sum_to_one(kind: str) -> None:
    y, a, b = problem(kind)
    less, greater, both = (
        roc_auc_test(y, a, b, alternative=alternative).p_value
        for alternative in ("less", "greater", "two-sided")
    )
    assert less + greater == pytest.approx(1, abs=1e-15)
    assert both == pytest.approx(2 * min(less, greater), **CLOSE)


def test_the_same_model_twice_does_not_differ() -> None:
    y, a, _ = problem("multi-class")
    with pytest.warns(DegenerateIntervalWarning, match="the whole, class 0, class 1, class 2 has"):
        found = roc_auc_test(y, a, np.exp(a))
    for result in every(found):
        assert (result.difference, result.std_error, result.statistic) == (0.0, 0.0, 0.0)
        assert result.p_value == 1.0


@pytest.mark.parametrize("groups", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_unpaired_models_add_their_variances(kind: str, groups: bool) -> None:
    y, a, b = problem(kind)
    first, second = slice(0, 20), slice(20, ROWS)
    of_models = (GROUPS[first], GROUPS[second]) if groups else None
    found = roc_auc_test((y[first], y[second]), a[first], b[second], paired=False, groups=of_models)
    parts = [
        roc_auc_interval(y[rows], scores[rows], groups=GROUPS[rows] if groups else None)
        for rows, scores in ((first, a), (second, b))
    ]
    for result, one, other in zip(every(found), *map(every, parts), strict=True):
        difference = one.estimate - other.estimate
        assert result.difference == pytest.approx(difference, **CLOSE)
        std_error = math.hypot(one.std_error, other.std_error)
        assert result.std_error == pytest.approx(std_error, **CLOSE)
        assert result.p_value == pytest.approx(
            2 * NORMAL.cdf(-abs(difference / std_error)), **CLOSE
        )


def test_models_of_any_two_float_types() -> None:
    y, a, b = problem("binary", ties=True)
    expected = roc_auc_test(y, a, b)
    assert roc_auc_test(y, a.astype(np.float32), b) == expected
    assert roc_auc_test(y, a.astype(np.float16), b[:, np.newaxis]) == expected
    assert roc_auc_test(y, a.astype(int), b.astype(np.int64)) == expected


# The permutation test


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
@pytest.mark.parametrize("groups", [None, [0, 1, 1, 2, 0, 3, 3, 4]], ids=["samples", "groups"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_exchanges_are_enumerated(kind: str, groups: Any, alternative: Any) -> None:
    rng = np.random.default_rng(7)
    y = {
        "binary": np.array([0, 1, 0, 1, 0, 1, 0, 1]),
        "multi-class": np.array([0, 1, 2, 1, 0, 2, 0, 1]),
        "multi-label": np.array(
            [[0, 0, 1], [1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0], [1, 1, 1]]
        ),
    }[kind]
    shape = (8,) if kind == "binary" else (8, 3)
    a, b = rng.integers(0, 9, shape), rng.integers(0, 4, shape) * 100
    found = roc_auc_test(
        y, a, b, method="permutation", groups=groups, alternative=alternative, average="weighted"
    )
    differences = exchanged(columns_of(y, a), columns_of(y, b), groups)
    columns = differences.shape[1]
    units = list(np.eye(columns)) if kind != "binary" else []
    whole = weights_of(y, columns, "weighted")
    for result, weights in zip(every(found), [whole, *units], strict=True):
        of_exchange = differences @ weights
        given = of_exchange[0]
        extreme = {
            "two-sided": np.abs(of_exchange) >= abs(given) - 1e-12,
            "less": of_exchange <= given + 1e-12,
            "greater": of_exchange >= given - 1e-12,
        }[alternative]
        assert result.statistic == result.difference == pytest.approx(given, abs=1e-14)
        assert result.p_value == np.mean(extreme)
        assert result.n_resamples == 2 ** (8 if groups is None else 5)
        assert (result.method, result.alternative) == ("permutation", alternative)
    delong = roc_auc_test(y, a, b, groups=groups, average="weighted")
    assert (found.low, found.high, found.std_error) == (delong.low, delong.high, delong.std_error)


def test_random_exchanges_count_the_given_one() -> None:
    y, a, b = problem("binary")
    one, same, other = (
        roc_auc_test(y, a, b, method="permutation", n_resamples=999, random_state=seed)
        for seed in (1, 1, 2)
    )
    assert one == same != other
    assert one.n_resamples == 999
    assert (one.p_value * 1000) == pytest.approx(round(one.p_value * 1000), abs=1e-9)
    assert one.p_value == pytest.approx(roc_auc_test(y, a, b).p_value, abs=0.05)
    y, a = np.repeat([0, 1], 20), np.arange(40)
    a[[19, 20]] = a[[20, 19]]
    far = roc_auc_test(y, a, -a, method="permutation", n_resamples=99, random_state=0)
    assert far.p_value == 1 / 100


def test_random_exchanges_approach_all_of_them() -> None:
    rng = np.random.default_rng(4)
    y, a, b = np.repeat([0, 1], 6), rng.random(12), rng.random(12)
    exact = roc_auc_test(y, a, b, method="permutation").p_value
    found = roc_auc_test(y, a, b, method="permutation", n_resamples=4095, random_state=0)
    assert roc_auc_test(y, a, b, method="permutation", n_resamples=4096).p_value == exact
    assert found.n_resamples == 4095
    # Five standard deviations of a share of 4,095.
    assert found.p_value == pytest.approx(exact, abs=5 * math.sqrt(exact * (1 - exact) / 4095))
    assert 0.05 < exact < 0.95


@pytest.mark.parametrize(("rows", "every_one"), [(24, True), (25, False)])
def test_more_exchanges_than_can_be_enumerated_are_random(
    rows: int, every_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def exchanges(*args: Any) -> np.ndarray:
        asked.append(args[3])
        return np.zeros((1, 1))

    monkeypatch.setattr(_native, "roc_auc_exchanges", exchanges)
    y, a = np.arange(rows) % 2, np.random.default_rng(0).random((2, rows))
    roc_auc_test(y, *a, method="permutation", n_resamples=2**25, random_state=7)
    assert asked == [None if every_one else (2**25, 7)]


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("random", [None, (300, 9)], ids=["every", "random"])
def test_exchanges_do_not_depend_on_the_threads(random: Any, clustered: bool) -> None:
    rows = 13 if random is None else 3000
    rng = np.random.default_rng(6)
    y = (np.arange(rows) % 3).astype(np.uint8)
    tables = [rng.integers(0, 50, (rows, 3)).astype(np.float64) for _ in range(2)]
    clusters = np.arange(rows, dtype=np.uintp) // 2 if clustered else None
    found = {
        _native.roc_auc_exchanges(y, tables, clusters, random, threads).tobytes()
        for threads in (1, 2, 7)
    }
    assert len(found) == 1


# What is refused

Y, A, B = [0, 1, 0, 1], [0.1, 0.4, 0.3, 0.8], [0.2, 0.1, 0.3, 0.9]

OPTIONS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "level of 1": ({"level": 1}, ConfigError, r"level=1; it must lie between 0 and 1"),
    "level of 95": ({"level": 95}, ConfigError, r"level=95; it must lie"),
    "level of 0": ({"level": 0.0}, ConfigError, r"level=0.0; it must lie"),
    "NaN level": ({"level": math.nan}, ConfigError, r"level=nan; it must lie"),
    "level of a word": ({"level": "high"}, ConfigError, r"level='high'; it must lie"),
    "no level": ({"level": None}, ConfigError, r"level=None; it must lie"),
    "method": ({"method": "delongs"}, ConfigError, "method='delongs'; did you mean 'delong'"),
    "average": ({"average": "macr"}, ConfigError, "average='macr'; did you mean 'macro'"),
    "micro": ({"average": "micro"}, ConfigError, "average='micro'; .*(or None)"),
    "samples": ({"average": "samples"}, ConfigError, "average='samples'; "),
    "one-vs-one": ({"multi_class": "ovo"}, ConfigError, "multi_class='ovo'; .* take 'ovr'"),
    "undefined": ({"undefined": "skp"}, ConfigError, "undefined='skp'; did you mean 'skip'"),
    "short groups": ({"groups": [1, 2]}, ShapeError, r"groups has shape \(2,\), .* expected \(4,"),
    "wide groups": ({"groups": [[1, 2]] * 4}, ShapeError, r"groups has shape \(4, 2\)"),
    "NaN group": ({"groups": [1, 2, math.nan, 3]}, InvalidValueError, "groups is nan at row 2"),
    "NaN object": (
        {"groups": np.array([1, math.nan, 2, 3], object)},
        InvalidValueError,
        "groups is nan at row 1",
    ),
    "NaT group": (
        {"groups": np.array(["2026", "NaT", "NaT", "2027"], "M8[Y]")},
        InvalidValueError,
        "groups is NaT at row 1",
    ),
    "mixed groups": (
        {"groups": np.array(["a", 1, "b", "b"], object)},
        ShapeError,
        "groups must hold values of one type",
    ),
    "None among groups": (
        {"groups": np.array(["a", None, "b", "b"], object)},
        InvalidValueError,
        "groups is None at row 1",
    ),
}
INTERVAL_OPTIONS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "transform": ({"transform": "log"}, ConfigError, "transform='log'; it must be 'logit' or None"),
    "permutation": ({"method": "permutation"}, ConfigError, "method='permutation'; known: boot"),
}
TEST_OPTIONS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "alternative": (
        {"alternative": "lesser"},
        ConfigError,
        "alternative='lesser'; did you mean 'less'",
    ),
    "bootstrap": ({"method": "bootstrap"}, ConfigError, "method='bootstrap'; known: delong"),
    "unpaired permutation": (
        {"method": "permutation", "paired": False},
        ConfigError,
        "exchanges scores of the same samples: paired=True",
    ),
    "unpaired labels": ({"paired": False}, ShapeError, r"y_true must be a pair, .* but is list"),
}
RESAMPLING: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "one": ({"n_resamples": 1}, ConfigError, "n_resamples=1; it must be an integer of 2 up"),
    "negative": ({"n_resamples": -5}, ConfigError, "n_resamples=-5; it must be an integer"),
    "fraction": ({"n_resamples": 99.5}, ConfigError, r"n_resamples=99\.5; it must be an int"),
    "many": ({"n_resamples": 2**32}, LimitExceededError, "n_resamples=4294967296 with 1 class"),
    "negative seed": ({"random_state": -1}, ConfigError, "random_state=-1; it must be None, an"),
    "large seed": ({"random_state": 2**64}, ConfigError, "random_state=18446744073709551616; "),
    "word": ({"random_state": "seed"}, ConfigError, "random_state='seed'; it must be None"),
    "float seed": ({"random_state": 1.0}, ConfigError, r"random_state=1\.0; it must be None"),
}


@pytest.mark.parametrize("option", [*OPTIONS, *INTERVAL_OPTIONS])
def test_options_of_an_interval_are_refused(option: str) -> None:
    options, error, message = (OPTIONS | INTERVAL_OPTIONS)[option]
    with pytest.raises(error, match=message):
        roc_auc_interval(Y, A, **options)


@pytest.mark.parametrize("option", [*OPTIONS, *TEST_OPTIONS])
def test_options_of_a_test_are_refused(option: str) -> None:
    options, error, message = (OPTIONS | TEST_OPTIONS)[option]
    with pytest.raises(error, match=message):
        roc_auc_test(Y, A, B, **options)


@pytest.mark.parametrize("option", RESAMPLING)
def test_options_of_resampling_are_refused(option: str) -> None:
    options, error, message = RESAMPLING[option]
    with pytest.raises(error, match=message):
        roc_auc_interval(Y, A, method="bootstrap", **options)
    with pytest.raises(error, match=message):
        roc_auc_test(Y, A, B, method="permutation", **options)


def test_shapes_that_do_not_go_together_are_refused() -> None:
    table = np.random.default_rng(0).random((4, 3))
    with pytest.raises(ShapeError, match="4 and 3 samples"):
        roc_auc_interval(Y, A[:3])
    with pytest.raises(ShapeError, match="4 and 3 samples"):
        roc_auc_test(Y, A, B[:3])
    with pytest.raises(
        ShapeError, match=r"score_a has shape \(4,\) and score_b has shape \(4, 3\)"
    ):
        roc_auc_test(Y, A, table, labels=[0, 1, 2])
    with pytest.raises(ShapeError, match="3 distinct labels, but y_score has 2 columns"):
        roc_auc_test([0, 1, 2, 1], table, table[:, :2])


def test_ratings_are_compared_with_probabilities() -> None:
    ratings = [1, 2, 4, 3]
    assert roc_auc_test(Y, A, ratings) == roc_auc_test(Y, A, np.array(ratings, float))
    with pytest.raises(UnsupportedError, match=r"beyond 2\*\*53"):
        roc_auc_test(Y, A, [1, 2, 3, 2**53 + 1])


def test_pairs_that_do_not_go_together_are_refused() -> None:
    table = np.random.default_rng(0).random((4, 3))
    with pytest.raises(ShapeError, match=r"with paired=False, y_true must be a pair"):
        roc_auc_test((Y, Y, Y), A, B, paired=False)
    with pytest.raises(ShapeError, match=r"with paired=False, groups must be a pair, .* ndarray"):
        roc_auc_test((Y, Y), A, B, paired=False, groups=np.arange(4))
    with pytest.raises(ShapeError, match=r"binary with classes .* multi-class with classes"):
        roc_auc_test((Y, [0, 1, 2, 1]), A, table, paired=False)
    with pytest.raises(ShapeError, match=r"classes \['a', 'b', 'c'\], .*; name the classes of"):
        roc_auc_test((list("abca"), list("abda")), table, table, paired=False)


def test_scores_without_an_order_are_refused() -> None:
    bad = [0.1, math.nan, 0.3, 0.4]
    with pytest.raises(InvalidValueError, match="NaN"):
        roc_auc_interval(Y, bad)
    with pytest.raises(InvalidValueError, match="NaN"):
        roc_auc_interval(Y, bad, method="bootstrap")
    with pytest.raises(InvalidValueError, match="NaN"):
        roc_auc_test(Y, A, bad)
    with pytest.raises(UnsupportedError, match="real numeric dtype"):
        roc_auc_interval(Y, np.array(A, complex))
