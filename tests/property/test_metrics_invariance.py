"""What must not change a metric: one table of all metrics, one test for each kind of change.

A metric joins by a row in `METRICS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

from medfast import _native
from medfast.metrics import (
    accuracy,
    average_precision_score,
    evaluate,
    precision_recall_curve,
    roc_auc_interval,
    roc_auc_score,
    roc_auc_test,
    roc_curve,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Kind = Literal["binary", "multi-class", "multi-label"]


@dataclass(frozen=True)
class Metric:
    """A row of the table.

    Attributes
    ----------
    kind : {"binary", "multi-class", "multi-label"}
        Of what problem it is.
    call : callable
        ``call(y_true, y_score)``, and ``sample_weight=`` if `weighted`: a number, an array, or a
        tuple of them.
    weighted : bool
        Whether it takes sample weights.
    thresholds : bool
        Whether the last array returned holds scores, which transforms of the scores change.
    per_class : bool
        Whether the arrays have an entry for each class, in their order.
    ranks : bool
        Whether the order of the scores alone counts, and any scores will do.
    sums_rows : bool
        Whether it is made of sums over the samples, whose last bits depend on their order.
    rounding : float
        How far those last bits, or those of a mean over the classes, may move it.
    draws : bool
        Whether it draws samples by their rows and their classes' places, with a seed.
    ties_by_class : bool
        Whether ties between the scores of a sample go by the order of the classes.
    threads : callable, optional
        ``threads(y_true, y_score, weights, number)``: the native call on that many threads, which
        takes truth as bool or uint8.
    """

    kind: Kind
    call: Callable[..., Any]
    weighted: bool = True
    thresholds: bool = False
    per_class: bool = False
    ranks: bool = True
    sums_rows: bool = False
    rounding: float = 1e-15
    draws: bool = False
    ties_by_class: bool = False
    threads: Callable[..., Any] | None = None


def average_precision(kind: Kind, average: Any, **options: Any) -> Metric:
    return Metric(
        kind,
        lambda y, s, **o: average_precision_score(y, s, average=average, **o),
        per_class=average is None,
        sums_rows=average == "samples",
        **options,
    )


def area(kind: Kind, average: Any, **options: Any) -> Metric:
    extra = {"multi_class": "ovr"} if kind == "multi-class" else {}
    return Metric(
        kind,
        lambda y, s, **o: roc_auc_score(y, s, average=average, **extra, **o),
        per_class=average is None,
        ranks=kind != "multi-class",
        sums_rows=average == "samples",
        **options,
    )


def evaluated(kind: Kind, part: Callable[..., Any], **options: Any) -> Metric:
    return Metric(kind, lambda y, s: part(evaluate(y, s, kind)), weighted=False, **options)


def figures(found: Any, names: Sequence[str]) -> Any:
    """Read numbers off a result, or a row of them off each of several."""
    if isinstance(found, tuple):
        return np.array([figures(one, names) for one in found])
    return tuple(getattr(found, name) for name in names)


def interval(kind: Kind, average: Any, **options: Any) -> Metric:
    names = ("estimate", "std_error", "low", "high")
    draws = "random_state" in options

    def threads(y: Any, s: Any, _: Any, number: int) -> Any:
        if draws:
            return _native.roc_auc_bootstrap(y, [s], 20, 0, None, None, number)
        return np.append(*_native.roc_auc_covariance(y, [s], None, number))

    return Metric(
        kind,
        lambda y, s: figures(roc_auc_interval(y, s, average=average, **options), names),
        weighted=False,
        per_class=average is None,
        sums_rows=True,
        rounding=1e-13,
        draws=draws,
        threads=None if kind == "binary" else threads,
    )


def coarser(s: Any) -> np.ndarray:
    """Give the scores of another model, which tells every third of the distinct ones apart."""
    scores = np.asarray(s)
    places = np.unique(scores, return_inverse=True)[1].reshape(scores.shape)
    return (places // 3).astype(scores.dtype)


def difference(kind: Kind, average: Any, **options: Any) -> Metric:
    names = ("difference", "low", "high", "std_error", "statistic", "p_value")

    def threads(y: Any, s: Any, _: Any, number: int) -> Any:
        return _native.roc_auc_exchanges(y, [s, coarser(s)], None, (20, 0), number)

    return Metric(
        kind,
        lambda y, s: figures(roc_auc_test(y, s, coarser(s), average=average, **options), names),
        weighted=False,
        per_class=average is None,
        sums_rows=True,
        rounding=1e-12,
        draws="random_state" in options,
        threads=None if kind == "binary" else threads,
    )


BOOTSTRAP: dict[str, Any] = {"method": "bootstrap", "n_resamples": 50, "random_state": 0}
PERMUTATION: dict[str, Any] = {"method": "permutation", "n_resamples": 50, "random_state": 0}

METRICS: dict[str, Metric] = {
    "roc_auc_score": Metric("binary", roc_auc_score),
    "roc_auc_score, max_fpr": Metric("binary", lambda *a, **o: roc_auc_score(*a, max_fpr=0.3, **o)),
    "roc_curve": Metric("binary", roc_curve, thresholds=True),
    "roc_curve, every point": Metric(
        "binary", lambda *a, **o: roc_curve(*a, drop_intermediate=False, **o), thresholds=True
    ),
    "precision_recall_curve": Metric("binary", precision_recall_curve, thresholds=True),
    "precision_recall_curve, corners": Metric(
        "binary",
        lambda *a, **o: precision_recall_curve(*a, drop_intermediate=True, **o),
        thresholds=True,
    ),
    "average_precision_score": Metric("binary", average_precision_score),
    **{
        f"roc_auc_score, multi-label, {average}": area("multi-label", average)
        for average in ("macro", "weighted", "micro")
    },
    "roc_auc_score, multi-label, samples": area(
        "multi-label",
        "samples",
        threads=lambda y, s, _, n: _native.roc_auc_per_sample(y, s, 1.0, n),
    ),
    "roc_auc_score, multi-label, None": area(
        "multi-label",
        None,
        threads=lambda y, s, w, n: _native.roc_auc_per_class(y, s, w, 1.0, n),
    ),
    **{
        f"roc_auc_score, ovr, {average}": area("multi-class", average)
        for average in ("macro", "weighted", "micro")
    },
    "roc_auc_score, ovr, None": area(
        "multi-class",
        None,
        threads=lambda y, s, w, n: _native.roc_auc_per_class(y, s, w, 1.0, n),
    ),
    **{
        f"roc_auc_score, ovo, {average}": Metric(
            "multi-class",
            lambda y, s, average=average: roc_auc_score(y, s, average=average, multi_class="ovo"),
            weighted=False,
            ranks=False,
            threads=lambda y, s, _, n, average=average: _native.roc_auc_one_vs_one(
                y, s, average == "weighted", n
            ),
        )
        for average in ("macro", "weighted")
    },
    **{
        f"average_precision_score, {kind}, {average}": average_precision(kind, average)
        for kind in ("multi-label", "multi-class")
        for average in ("macro", "weighted", "micro")
    },
    "average_precision_score, multi-label, samples": average_precision(
        "multi-label",
        "samples",
        threads=lambda y, s, _, n: _native.average_precision_per_sample(y, s, n),
    ),
    "average_precision_score, multi-class, samples": average_precision("multi-class", "samples"),
    **{
        f"average_precision_score, {kind}, None": average_precision(
            kind, None, threads=lambda y, s, w, n: _native.average_precision_per_class(y, s, w, n)
        )
        for kind in ("multi-label", "multi-class")
    },
    **{
        f"{name}, {kind}, {average}": row(kind, average)
        for name, row in {"roc_auc_interval": interval, "roc_auc_test": difference}.items()
        for kind, averages in {
            "binary": (None,),
            "multi-label": ("macro", "weighted", None),
            "multi-class": ("macro", "weighted", None),
        }.items()
        for average in averages
    },
    **{
        f"roc_auc_interval, {kind}, bootstrap": interval(kind, "macro", **BOOTSTRAP)
        for kind in ("binary", "multi-label", "multi-class")
    },
    **{
        f"roc_auc_test, {kind}, permutation": difference(kind, "macro", **PERMUTATION)
        for kind in ("binary", "multi-label", "multi-class")
    },
    "evaluate, binary": evaluated("binary", lambda e: (e.auc, e.per_class_auc)),
    **{
        f"evaluate, {kind}, {name}": evaluated(
            kind, lambda e, name=name: getattr(e, name), per_class=name == "per_class_auc"
        )
        for kind in ("multi-class", "multi-label")
        for name in ("auc", "per_class_auc")
    },
    **{
        f"accuracy, {kind}": Metric(
            kind,
            lambda y, s, kind=kind: accuracy(y, s, kind),
            weighted=False,
            ranks=False,
            ties_by_class=kind == "multi-class",
        )
        for kind in ("binary", "multi-class", "multi-label")
    },
}


def metrics(which: Callable[[Metric], Any] = lambda _: True) -> pytest.MarkDecorator:
    """Run a test for the metrics of which this is true."""
    chosen = {name: metric for name, metric in METRICS.items() if which(metric)}
    return pytest.mark.parametrize("metric", chosen.values(), ids=chosen.keys())


def problem(kind: Kind, rows: int = 240, columns: int = 5) -> tuple[np.ndarray, ...]:
    """Labels, scores with ties that every float type holds exactly, and weights.

    Every sample and every class has both sides, and the scores of a sample sum to 1.
    """
    rng = np.random.default_rng(0)
    scores = rng.multinomial(64, np.full(columns, 1 / columns), rows) / 64
    weights = rng.integers(1, 4, rows).astype(np.float64)
    if kind == "multi-class":
        y = np.concatenate([np.arange(columns), rng.integers(0, columns, rows - columns)])
    elif kind == "multi-label":
        y = (rng.random((rows, columns)) < 0.4).astype(np.int64)
        alike = y.all(axis=1) | ~y.any(axis=1)
        y[alike] = np.arange(columns) % 2
    else:
        y, scores = rng.integers(0, 2, rows), scores[:, 0]
    return y, scores, weights


def arrays(result: Any) -> list[np.ndarray]:
    if not isinstance(result, tuple):
        result = (result,)
    return [np.asarray(part) for part in result]


def assert_equal(found: Any, expected: Any, tolerance: float = 0.0, *, but: int = 0) -> None:
    """Compare all but the last `but` arrays."""
    found, expected = arrays(found), arrays(expected)
    assert len(found) == len(expected) > but
    for part, other in zip(found[: len(found) - but], expected, strict=False):
        assert part.shape == other.shape
        np.testing.assert_allclose(part, other, rtol=0, atol=tolerance)


@metrics(lambda metric: not metric.draws)
def test_order_of_the_rows(metric: Metric) -> None:
    y, scores, weights = problem(metric.kind)
    rows = np.random.default_rng(1).permutation(len(y))
    tolerance = metric.rounding if metric.sums_rows else 0.0
    assert_equal(metric.call(y[rows], scores[rows]), metric.call(y, scores), tolerance)
    if metric.weighted:
        found = metric.call(y[rows], scores[rows], sample_weight=weights[rows])
        assert_equal(found, metric.call(y, scores, sample_weight=weights), 1e-13)


@metrics()
@pytest.mark.parametrize("dtype", ["f2", "f4", ">f2", ">f4", ">f8", "O"])
def test_dtype_of_the_scores(metric: Metric, dtype: str) -> None:
    y, scores, weights = problem(metric.kind)
    assert_equal(metric.call(y, scores.astype(dtype)), metric.call(y, scores))
    if metric.weighted:
        found = metric.call(y, scores.astype(dtype), sample_weight=weights.astype(dtype))
        assert_equal(found, metric.call(y, scores, sample_weight=weights))


@metrics(lambda metric: metric.ranks)
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_integer_scores(metric: Metric, dtype: str) -> None:
    y, scores, _ = problem(metric.kind)
    found = metric.call(y, (scores * 64).astype(dtype))
    assert_equal(found, metric.call(y, scores), but=int(metric.thresholds))


@metrics()
@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "u8", "f2", "f4", "f8", ">i2", ">f4"])
def test_dtype_of_the_labels(metric: Metric, dtype: str) -> None:
    y, scores, _ = problem(metric.kind)
    assert_equal(metric.call(y.astype(dtype), scores), metric.call(y, scores))


@metrics(lambda metric: metric.kind != "multi-class")
def test_truth_values_as_labels(metric: Metric) -> None:
    y, scores, _ = problem(metric.kind)
    assert_equal(metric.call(y.astype(bool), scores), metric.call(y, scores))


@metrics()
def test_memory(metric: Metric) -> None:
    y, scores, weights = problem(metric.kind)
    expected = metric.call(y, scores)

    def layouts(array: np.ndarray) -> list[Any]:
        odd = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
        odd[...] = array
        frozen = array.copy()
        frozen.flags.writeable = False
        return [
            np.repeat(array, 3, axis=0)[::3],
            array[::-1].copy()[::-1],
            np.asfortranarray(array),
            np.stack([array, array], axis=-1)[..., 0],
            odd,
            frozen,
            array.tolist(),
        ]

    for labels, same, weight in zip(*map(layouts, (y, scores, weights)), strict=True):
        assert_equal(metric.call(labels, same), expected)
        if metric.weighted:
            found = metric.call(labels, same, sample_weight=weight)
            assert_equal(found, metric.call(y, scores, sample_weight=weights))


@metrics(lambda metric: metric.kind != "binary" and not metric.draws)
def test_permutation_of_the_classes(metric: Metric) -> None:
    y, scores, weights = problem(metric.kind)
    order = np.random.default_rng(2).permutation(scores.shape[1])
    permuted = np.argsort(order)[y] if metric.kind == "multi-class" else y[:, order]
    if metric.ties_by_class:
        scores = scores + np.linspace(0, 1 / 256, scores.size).reshape(scores.shape)
    for options in [{}, {"sample_weight": weights}] if metric.weighted else [{}]:
        found = metric.call(permuted, scores[:, order], **options)
        expected = metric.call(y, scores, **options)
        if metric.per_class:
            found, expected = np.asarray(found), np.asarray(expected)[order]
        assert_equal(found, expected, metric.rounding)


@metrics(lambda metric: metric.threads)
def test_number_of_threads(metric: Metric) -> None:
    assert metric.threads is not None
    y, scores, weights = problem(metric.kind, rows=20_000)
    truth = y.astype(bool) if metric.kind == "multi-label" else y.astype(np.uint8)
    for dtype in (np.float32, np.float64):
        for table in (scores.astype(dtype), np.asfortranarray(scores.astype(dtype))):
            for weight in (None, weights):
                bits = {
                    np.asarray(metric.threads(truth, table, weight, number)).tobytes()
                    for number in (1, 2, 7)
                }
                assert len(bits) == 1


TRANSFORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "ranks": lambda s: np.unique(s, return_inverse=True)[1].reshape(s.shape),
    "shifted": lambda s: s - 7.5,
    "scaled up": lambda s: s * 1e300,
    "scaled down": lambda s: (s + 1) * 1e-300,
    "exponential": np.exp,
    "cubed logits": lambda s: (s - 0.2) ** 3,
}


@metrics(lambda metric: metric.ranks)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_transforms_that_keep_the_order(metric: Metric, transform: str) -> None:
    y, scores, weights = problem(metric.kind)
    transformed = TRANSFORMS[transform](scores)
    but = int(metric.thresholds)
    assert_equal(metric.call(y, transformed), metric.call(y, scores), but=but)
    if metric.weighted:
        found = metric.call(y, transformed, sample_weight=weights)
        assert_equal(found, metric.call(y, scores, sample_weight=weights), but=but)


@metrics(lambda metric: metric.weighted)
def test_weights(metric: Metric) -> None:
    y, scores, weights = problem(metric.kind)
    plain = metric.call(y, scores)
    assert_equal(metric.call(y, scores, sample_weight=np.ones(len(y))), plain, 1e-13)
    expected = metric.call(y, scores, sample_weight=weights)
    assert_equal(metric.call(y, scores, sample_weight=weights * 2.0**900), expected)
    counts = weights.astype(int)
    repeated = metric.call(np.repeat(y, counts, axis=0), np.repeat(scores, counts, axis=0))
    assert_equal(repeated, expected, 1e-13)
    # A sample of weight 0 is as good as absent.
    more = [np.concatenate([array, array[:9]]) for array in (y, scores)]
    found = metric.call(*more, sample_weight=np.concatenate([weights, np.zeros(9)]))
    assert_equal(found, expected, 1e-15)
