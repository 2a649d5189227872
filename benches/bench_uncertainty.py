"""Intervals and tests of areas against PyPI's, after a check that all agree.

pytest benches/bench_uncertainty.py

The rows of confidenceinterval and MLstatkit are skipped where those are not installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score as sklearn_roc_auc_score

from medfast.metrics import roc_auc_interval, roc_auc_score, roc_auc_test

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

BINARY_ROWS = 100_000
MULTI_CLASS_SHAPE = (7_180, 9)
# As many for both: a loop of 1,000 takes scikit-learn half a minute.
REPLICATES = 20

# confidenceinterval adds up float32 ranks.
TOLERANCE = {"confidenceinterval": 1e-4}


def binary() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, and the scores of two models that have much in common."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, BINARY_ROWS)
    a = rng.normal(size=BINARY_ROWS) + y
    return y, a, a + rng.normal(size=BINARY_ROWS)


def multi_class() -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities that are right more often than not."""
    rng = np.random.default_rng(0)
    rows, classes = MULTI_CLASS_SHAPE
    y = rng.integers(0, classes, rows)
    scores = np.exp(rng.normal(size=MULTI_CLASS_SHAPE) + 2 * np.eye(classes)[y])
    return y, scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("peer", ["medfast", "medfast, roc_auc_score alone", "confidenceinterval"])
def bench_interval(benchmark: BenchmarkFixture, peer: str) -> None:
    """Against the area alone too: a yardstick, which answers another question."""
    y, scores, _ = binary()
    calls: dict[str, Callable[[], Any]] = {
        "medfast": lambda: roc_auc_interval(y, scores, transform=None),
        "medfast, roc_auc_score alone": lambda: roc_auc_score(y, scores),
    }
    expected = calls["medfast"]()
    if peer == "confidenceinterval":
        their = pytest.importorskip("confidenceinterval")
        calls[peer] = lambda: their.roc_auc_score(y, scores, confidence_level=0.95)
        area, ends = calls[peer]()
        ours = expected.estimate, expected.low, expected.high
        assert (area, *ends) == pytest.approx(ours, abs=TOLERANCE[peer])
    assert expected.estimate == pytest.approx(sklearn_roc_auc_score(y, scores), abs=1e-12)
    benchmark.group = f"AUC with DeLong's interval, {BINARY_ROWS:,} float64 scores"
    benchmark.extra_info.update(peer=peer, items=BINARY_ROWS, unit="scores")
    benchmark(calls[peer])


@pytest.mark.parametrize("peer", ["medfast", "MLstatkit"])
def bench_test(benchmark: BenchmarkFixture, peer: str) -> None:
    y, a, b = binary()
    calls: dict[str, Callable[[], Any]] = {"medfast": lambda: roc_auc_test(y, a, b)}
    if peer == "MLstatkit":
        their = pytest.importorskip("MLstatkit")
        calls[peer] = lambda: their.Delong_test(y, a, b)
        expected = calls["medfast"]()
        # Its z is of the second model against the first.
        z, p_value, _, _, *areas, _ = calls[peer]()
        ours = -expected.statistic, expected.p_value, expected.estimate_a, expected.estimate_b
        assert (z, p_value, *areas) == pytest.approx(ours, rel=1e-9)
    benchmark.group = f"DeLong's test of two models, {BINARY_ROWS:,} float64 scores"
    benchmark.extra_info.update(peer=peer, items=2 * BINARY_ROWS, unit="scores")
    benchmark(calls[peer])


def sklearn_replicates(y: np.ndarray, scores: np.ndarray) -> list[float]:
    """Return the macro areas of samples that are drawn within each class."""
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(y == label) for label in range(scores.shape[1])]
    found = []
    for _ in range(REPLICATES):
        rows = np.concatenate([rng.choice(of_class, len(of_class)) for of_class in members])
        found.append(sklearn_roc_auc_score(y[rows], scores[rows], multi_class="ovr"))
    return found


def medfast_replicates(y: np.ndarray, scores: np.ndarray, replicates: int) -> Any:
    return roc_auc_interval(y, scores, method="bootstrap", n_resamples=replicates, random_state=0)


def check_bootstrap(y: np.ndarray, scores: np.ndarray) -> None:
    """Hold the spread of our replicates to that of theirs: the draws differ, the law does not."""
    theirs = sklearn_replicates(y, scores)
    ours = medfast_replicates(y, scores, 2000)
    assert ours.estimate == pytest.approx(
        sklearn_roc_auc_score(y, scores, multi_class="ovr"), abs=1e-12
    )
    # Five standard errors of the mean of 20 replicates, and of their spread.
    error = ours.std_error / np.sqrt(REPLICATES)
    assert np.mean(theirs) == pytest.approx(ours.estimate, abs=5 * error)
    assert np.std(theirs, ddof=1) == pytest.approx(ours.std_error, abs=5 * error / np.sqrt(2))


@pytest.mark.parametrize("peer", ["medfast", "sklearn, a loop of draws"])
def bench_bootstrap(benchmark: BenchmarkFixture, peer: str) -> None:
    y, scores = multi_class()
    check_bootstrap(y, scores)
    calls = {
        "medfast": lambda: medfast_replicates(y, scores, REPLICATES),
        "sklearn, a loop of draws": lambda: sklearn_replicates(y, scores),
    }
    rows, classes = MULTI_CLASS_SHAPE
    benchmark.group = f"bootstrap of the AUC ovr, {REPLICATES} replicates of {rows:,} x {classes}"
    benchmark.extra_info.update(peer=peer, items=REPLICATES, unit="replicates")
    benchmark(calls[peer])


def bench_bootstrap_in_full(benchmark: BenchmarkFixture) -> None:
    """Without a peer: what a user waits for."""
    y, scores = multi_class()
    check_bootstrap(y, scores)
    rows, classes = MULTI_CLASS_SHAPE
    benchmark.group = f"bootstrap of the AUC ovr, 1,000 replicates of {rows:,} x {classes}"
    benchmark.extra_info.update(peer="medfast", items=1000, unit="replicates")
    benchmark(medfast_replicates, y, scores, 1000)
