"""roc_auc_score against the definition, counted pair by pair, and what must not change it."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from medfast import _native
from medfast.errors import UndefinedMetricWarning
from medfast.metrics import roc_auc_score

SCORE_DTYPES = ["float16", "float32", "float64", "int8", "int64", "uint64"]


def by_pairs(y: Any, scores: Any, weights: Any = None) -> Fraction:
    """Count, in exact arithmetic, the share of pairs in the right order."""
    weights = np.ones(len(y)) if weights is None else weights
    samples = list(zip(y, np.asarray(scores).tolist(), map(Fraction, weights), strict=True))
    right = total = Fraction(0)
    for positive, high, p in samples:
        for other, low, n in samples:
            if positive and not other:
                total += p * n
                right += p * n * Fraction((high > low) + (high >= low), 2)
    return right / total


@st.composite
def binary(draw: st.DrawFn, max_size: int = 60) -> tuple[np.ndarray, np.ndarray]:
    y = draw(npst.arrays(np.bool_, st.integers(2, max_size)))
    assume(0 < y.sum() < len(y))
    dtype = np.dtype(draw(st.sampled_from(SCORE_DTYPES)))
    elements = npst.from_dtype(dtype, allow_nan=False)
    if draw(st.booleans()):
        elements = st.sampled_from(draw(st.lists(elements, min_size=1, max_size=4)))
    return y, draw(npst.arrays(dtype, len(y), elements=elements))


@given(binary())
def test_is_the_correctly_rounded_share_of_pairs(problem: Any) -> None:
    y, scores = problem
    assert roc_auc_score(y, scores) == float(by_pairs(y, scores))


@given(binary(max_size=30), st.data())
def test_weighted_pairs(problem: Any, data: st.DataObject) -> None:
    y, scores = problem
    weights = data.draw(npst.arrays(np.float64, len(y), elements=st.floats(1e-3, 1e3)))
    expected = float(by_pairs(y, scores, weights))
    assert roc_auc_score(y, scores, sample_weight=weights) == pytest.approx(expected, abs=1e-14)


@given(binary(max_size=30), st.data())
def test_whole_weights_repeat_samples(problem: Any, data: st.DataObject) -> None:
    y, scores = problem
    weights = data.draw(npst.arrays(np.int64, len(y), elements=st.integers(0, 4)))
    assume(weights[y].sum() > 0 and weights[~y].sum() > 0)
    repeated = roc_auc_score(np.repeat(y, weights), np.repeat(scores, weights))
    assert roc_auc_score(y, scores, sample_weight=weights) == pytest.approx(repeated, abs=1e-15)


@given(binary(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(problem: Any, random: Any) -> None:
    y, scores = problem
    rows = list(range(len(y)))
    random.shuffle(rows)
    assert roc_auc_score(y[rows], scores[rows]) == roc_auc_score(y, scores)


@given(binary())
def test_swapping_the_classes_or_the_order_mirrors_the_area(problem: Any) -> None:
    y, scores = problem
    share = by_pairs(y, scores)
    assert roc_auc_score(~y, scores) == float(1 - share)
    ranks = np.unique(scores, return_inverse=True)[1]
    assert roc_auc_score(y, -ranks) == float(1 - share)


@given(binary())
def test_only_the_ranks_count(problem: Any) -> None:
    y, scores = problem
    ranks = np.unique(scores, return_inverse=True)[1]
    expected = roc_auc_score(y, scores)
    for transformed in (ranks, ranks - 7.5, np.exp(ranks), (ranks / 64).astype(np.float32) - 0.5):
        assert roc_auc_score(y, transformed) == expected
        assert roc_auc_score(y, transformed, max_fpr=0.3) == roc_auc_score(y, scores, max_fpr=0.3)


@given(binary())
def test_strides_and_byte_orders_change_nothing(problem: Any) -> None:
    y, scores = problem
    expected = roc_auc_score(y, scores)
    every_third = np.repeat(scores, 3)[::3]
    reversed_scores = scores[::-1].copy()[::-1]
    swapped = scores.astype(scores.dtype.newbyteorder())
    unaligned = np.frombuffer(b"x" + scores.tobytes(), np.uint8)[1:].view(scores.dtype)
    for same in (every_third, reversed_scores, swapped, unaligned, scores[:, np.newaxis]):
        assert roc_auc_score(np.repeat(y, 2)[::2], same) == expected


def tables(seed: int, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.integers(1, 50, (rows, columns)) + 0.5
    codes = np.concatenate([np.arange(columns), rng.integers(0, columns, rows - columns)])
    return codes, rng.random((rows, columns)) < 0.3, scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_number_of_threads_changes_no_bit(dtype: str) -> None:
    codes, indicator, scores = tables(0, 9000, 7)
    scores = scores.astype(dtype)
    weights = np.random.default_rng(1).random(9000)
    for truth in (indicator, codes.astype(np.uint8)):
        for weight in (None, weights):
            one, two, seven = (
                _native.roc_auc_per_class(truth, scores, weight, 1.0, threads).tobytes()
                for threads in (1, 2, 7)
            )
            assert one == two == seven
    by_sample = [
        _native.roc_auc_per_sample(indicator, scores, 1.0, threads).tobytes()
        for threads in (1, 2, 7)
    ]
    assert len(set(by_sample)) == 1
    pairs = {
        _native.roc_auc_one_vs_one(codes.astype(np.uint8), scores, True, threads)
        for threads in (1, 2, 7)
    }
    assert len(pairs) == 1


@pytest.mark.parametrize(
    ("kind", "average"),
    [
        (kind, average)
        for kind in ("multi-label", "ovr", "ovo")
        for average in ("macro", "weighted", "micro")
        if (kind, average) != ("ovo", "micro")
    ],
)
def test_permuting_the_classes_changes_nothing(kind: str, average: Any) -> None:
    codes, indicator, scores = tables(0, 300, 5)
    order = np.random.default_rng(0).permutation(5)
    if kind == "multi-label":
        permuted = roc_auc_score(indicator[:, order], scores[:, order], average=average)
        expected = roc_auc_score(indicator, scores, average=average)
    else:
        places = np.argsort(order)
        options: dict[str, Any] = {"average": average, "multi_class": kind}
        permuted = roc_auc_score(places[codes], scores[:, order], **options)
        expected = roc_auc_score(codes, scores, **options)
    assert permuted == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("order", ["C", "F"])
def test_tables_are_their_columns_rows_and_entries(order: Any) -> None:
    codes, indicator, scores = tables(0, 60, 4)
    indicator[:, 0], indicator[0] = codes == 1, [True, False, True, False]
    scores = np.asarray(scores, order=order)
    columns = [roc_auc_score(indicator[:, c], scores[:, c]) for c in range(4)]
    assert roc_auc_score(indicator, scores, average=None).tolist() == columns
    entries = roc_auc_score(indicator.ravel(), scores.ravel())
    assert roc_auc_score(indicator, scores, average="micro") == entries
    mixed = indicator.any(axis=1) & ~indicator.all(axis=1)
    rows = [roc_auc_score(y, s) for y, s in zip(indicator[mixed], scores[mixed], strict=True)]
    with pytest.warns(UndefinedMetricWarning, match="left out"):
        by_sample = roc_auc_score(indicator, scores, average="samples", undefined="skip")
    assert by_sample == pytest.approx(np.mean(rows), abs=1e-15)
    one_hot = codes[:, np.newaxis] == np.arange(4)
    for average in ("macro", "weighted", "micro"):
        as_labels = roc_auc_score(one_hot, scores, average=average)
        assert roc_auc_score(codes, scores, average=average, multi_class="ovr") == as_labels


def test_one_vs_one_is_the_mean_over_pairs_of_many_classes() -> None:
    codes, _, scores = tables(0, 600, 260)
    means, sizes = [], []
    for a, b in combinations(range(260), 2):
        pair = (codes == a) | (codes == b)
        of_a, of_b = codes[pair] == a, scores[pair]
        means.append((roc_auc_score(of_a, of_b[:, a]) + roc_auc_score(~of_a, of_b[:, b])) / 2)
        sizes.append(pair.sum())
    macro = roc_auc_score(codes, scores, multi_class="ovo")
    assert macro == pytest.approx(np.mean(means), abs=1e-13)
    weighted = roc_auc_score(codes, scores, multi_class="ovo", average="weighted")
    assert weighted == pytest.approx(np.average(means, weights=sizes), abs=1e-13)


def test_a_million_samples_are_counted_exactly() -> None:
    n = 1_000_000
    scores = np.random.default_rng(0).permutation(n)
    y = scores % 3 == 0
    below = np.cumsum(np.arange(n) % 3 != 0)
    right = int(below[np.arange(n) % 3 == 0].sum())
    expected = float(Fraction(right, int(y.sum()) * int((~y).sum())))
    assert roc_auc_score(y, scores) == expected
    assert roc_auc_score(y, scores - n / 2) == expected
    assert roc_auc_score(y, (scores / 2**20).astype(np.float32)) == expected
    assert roc_auc_score(y, scores / 7e8) == expected
