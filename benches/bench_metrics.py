"""AUC against scikit-learn, torchmetrics and medmnist, after a check that all agree.

pytest benches/bench_metrics.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sklearn.metrics
import torch
from medmnist.evaluator import getAUC
from sklearn.metrics import roc_auc_score as sklearn_roc_auc_score
from torchmetrics.functional.classification import (
    binary_auroc,
    multiclass_auroc,
    multilabel_auroc,
)

import medfast.metrics
from medfast.metrics import roc_auc_score

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

CHEST_SHAPE = (22_433, 14)
MULTI_CLASS_SHAPE = (22_433, 9)

# torchmetrics adds up float32 trapezoids.
TOLERANCE = {"torchmetrics": 1e-4}


def run(
    benchmark: BenchmarkFixture,
    group: str,
    items: int,
    peer: str,
    calls: dict[str, Callable[[], Any]],
) -> None:
    expected = float(calls["sklearn"]())
    assert float(calls[peer]()) == pytest.approx(expected, abs=TOLERANCE.get(peer, 1e-12))
    benchmark.group = group
    benchmark.extra_info.update(peer=peer, items=items, unit="scores")
    benchmark(calls[peer])


@pytest.mark.parametrize("peer", ["medfast", "sklearn", "torchmetrics"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [200, 1_000_000])
def bench_binary(benchmark: BenchmarkFixture, n: int, dtype: str, peer: str) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    scores = rng.random(n).astype(dtype)
    tensors = torch.from_numpy(scores), torch.from_numpy(y)
    calls = {
        "medfast": lambda: roc_auc_score(y, scores),
        "sklearn": lambda: sklearn_roc_auc_score(y, scores),
        "torchmetrics": lambda: binary_auroc(*tensors),
    }
    run(benchmark, f"binary AUC, {n:,} {dtype} scores", n, peer, calls)


@pytest.mark.parametrize("peer", ["medfast", "np.sort"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def bench_sorting(benchmark: BenchmarkFixture, dtype: str, peer: str) -> None:
    """Against the sort of the same scores: a yardstick, which answers another question."""
    rng = np.random.default_rng(0)
    n = 1_000_000
    y, scores = rng.integers(0, 2, n), rng.random(n).astype(dtype)
    expected = sklearn_roc_auc_score(y, scores)
    assert roc_auc_score(y, scores) == pytest.approx(expected, abs=1e-12)
    calls = {
        "medfast": lambda: roc_auc_score(y, scores),
        "np.sort": lambda: np.sort(scores),
    }
    benchmark.group = f"binary AUC and np.sort, {n:,} {dtype} scores"
    benchmark.extra_info.update(peer=peer, items=n, unit="scores")
    benchmark(calls[peer])


SHAPES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "integer": lambda rng, n: rng.integers(0, 1_000_000, n),
    "10 distinct": lambda rng, n: rng.integers(0, 10, n).astype(np.float32),
    "sorted": lambda rng, n: np.sort(rng.random(n, np.float32)),
    "reverse-sorted": lambda rng, n: np.sort(rng.random(n, np.float32))[::-1].copy(),
}


@pytest.mark.parametrize("peer", ["medfast", "sklearn"])
@pytest.mark.parametrize("shape", SHAPES)
def bench_shapes(benchmark: BenchmarkFixture, shape: str, peer: str) -> None:
    rng = np.random.default_rng(0)
    n = 1_000_000
    y, scores = rng.integers(0, 2, n), SHAPES[shape](rng, n)
    calls = {
        "medfast": lambda: roc_auc_score(y, scores),
        "sklearn": lambda: sklearn_roc_auc_score(y, scores),
    }
    run(benchmark, f"binary AUC, {n:,} {shape} scores", n, peer, calls)


@pytest.mark.parametrize("peer", ["medfast", "sklearn"])
@pytest.mark.parametrize("shape", ["float32", "10 distinct"])
def bench_weighted(benchmark: BenchmarkFixture, shape: str, peer: str) -> None:
    rng = np.random.default_rng(0)
    n = 1_000_000
    y, weights = rng.integers(0, 2, n), rng.random(n)
    scores = rng.random(n, np.float32) if shape == "float32" else SHAPES[shape](rng, n)
    calls = {
        "medfast": lambda: roc_auc_score(y, scores, sample_weight=weights),
        "sklearn": lambda: sklearn_roc_auc_score(y, scores, sample_weight=weights),
    }
    run(benchmark, f"weighted binary AUC, {n:,} {shape} scores", n, peer, calls)


@pytest.mark.parametrize("peer", ["medfast", "sklearn", "torchmetrics", "medmnist"])
def bench_multi_label(benchmark: BenchmarkFixture, peer: str) -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(CHEST_SHAPE) < 0.1).astype(np.int64)
    scores = rng.random(CHEST_SHAPE, np.float32)
    tensors = torch.from_numpy(scores), torch.from_numpy(y)
    calls = {
        "medfast": lambda: roc_auc_score(y, scores),
        "sklearn": lambda: sklearn_roc_auc_score(y, scores),
        "torchmetrics": lambda: multilabel_auroc(*tensors, num_labels=CHEST_SHAPE[1]),
        "medmnist": lambda: getAUC(y, scores, "multi-label, binary-class"),
    }
    shape = f"{CHEST_SHAPE[0]:,} x {CHEST_SHAPE[1]}"
    run(benchmark, f"multi-label AUC, {shape}", scores.size, peer, calls)


@pytest.mark.parametrize(
    ("multi_class", "peer"),
    [
        *(("ovr", peer) for peer in ("medfast", "sklearn", "torchmetrics", "medmnist")),
        *(("ovo", peer) for peer in ("medfast", "sklearn")),
    ],
)
def bench_multi_class(benchmark: BenchmarkFixture, multi_class: Any, peer: str) -> None:
    rng = np.random.default_rng(0)
    rows, classes = MULTI_CLASS_SHAPE
    y = rng.integers(0, classes, rows)
    scores = rng.random(MULTI_CLASS_SHAPE, np.float32)
    scores /= scores.sum(axis=1, keepdims=True)
    tensors = torch.from_numpy(scores), torch.from_numpy(y)
    calls = {
        "medfast": lambda: roc_auc_score(y, scores, multi_class=multi_class),
        "sklearn": lambda: sklearn_roc_auc_score(y, scores, multi_class=multi_class),
        "torchmetrics": lambda: multiclass_auroc(*tensors, num_classes=classes),
        "medmnist": lambda: getAUC(y, scores, "multi-class"),
    }
    run(benchmark, f"multi-class AUC {multi_class}, {rows:,} x {classes}", scores.size, peer, calls)


@pytest.mark.parametrize("peer", ["medfast", "sklearn"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("metric", ["roc_curve", "precision_recall_curve"])
def bench_curves(
    benchmark: BenchmarkFixture, metric: str, dtype: str, weighted: bool, peer: str
) -> None:
    rng = np.random.default_rng(0)
    n = 1_000_000
    y, scores, weights = rng.integers(0, 2, n), rng.random(n).astype(dtype), rng.random(n)
    options = {"sample_weight": weights} if weighted else {}
    calls = {
        "medfast": lambda: getattr(medfast.metrics, metric)(y, scores, **options),
        "sklearn": lambda: getattr(sklearn.metrics, metric)(y, scores, **options),
    }
    for found, expected in zip(calls[peer](), calls["sklearn"](), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    benchmark.group = f"{'weighted ' if weighted else ''}{metric}, {n:,} {dtype} scores"
    benchmark.extra_info.update(peer=peer, items=n, unit="scores")
    benchmark(calls[peer])


@pytest.mark.parametrize("peer", ["medfast", "sklearn"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [200, 1_000_000])
def bench_average_precision(benchmark: BenchmarkFixture, n: int, dtype: str, peer: str) -> None:
    rng = np.random.default_rng(0)
    y, scores = rng.integers(0, 2, n), rng.random(n).astype(dtype)
    calls = {
        "medfast": lambda: medfast.metrics.average_precision_score(y, scores),
        "sklearn": lambda: sklearn.metrics.average_precision_score(y, scores),
    }
    run(benchmark, f"average precision, {n:,} {dtype} scores", n, peer, calls)


@pytest.mark.parametrize("peer", ["medfast", "sklearn"])
def bench_multi_label_average_precision(benchmark: BenchmarkFixture, peer: str) -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(CHEST_SHAPE) < 0.1).astype(np.int64)
    scores = rng.random(CHEST_SHAPE, np.float32)
    calls = {
        "medfast": lambda: medfast.metrics.average_precision_score(y, scores),
        "sklearn": lambda: sklearn.metrics.average_precision_score(y, scores),
    }
    shape = f"{CHEST_SHAPE[0]:,} x {CHEST_SHAPE[1]}"
    run(benchmark, f"multi-label average precision, {shape}", scores.size, peer, calls)
