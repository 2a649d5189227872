"""roc_auc_score against scikit-learn's: the same values, warnings and refusals."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score as sklearn_roc_auc_score

from medfast.errors import MedfastError
from medfast.metrics import roc_auc_score


def answer(function: Any, *args: Any, **options: Any) -> tuple[Any, set[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = function(*args, **options)
    return value, {warning.category.__name__ for warning in caught}


def assert_same(*args: Any, **options: Any) -> None:
    expected, expected_warnings = answer(sklearn_roc_auc_score, *args, **options)
    found, found_warnings = answer(roc_auc_score, *args, **options)
    assert isinstance(found, np.ndarray if np.ndim(expected) else float)
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert found_warnings == expected_warnings


LABELS = {
    "0 and 1": lambda y: y,
    "bool": lambda y: y.astype(bool),
    "-1 and 1": lambda y: 2 * y - 1,
    "-7 and -3": lambda y: 4 * y - 7,
    "float": lambda y: y.astype(np.float64),
    "uint8": lambda y: y.astype(np.uint8),
    "uint64": lambda y: y.astype(np.uint64) + np.uint64(2**63),
    "far apart": lambda y: np.where(y, 2**62, -(2**62)),
    "strings": lambda y: np.where(y, "malignant", "benign"),
    "objects": lambda y: np.where(y, "malignant", "benign").astype(object),
    "list": lambda y: y.tolist(),
    "column": lambda y: y[:, np.newaxis],
}

SCORES = {
    "probabilities": lambda z: 1 / (1 + np.exp(-z)),
    "float32": lambda z: (1 / (1 + np.exp(-z))).astype(np.float32),
    "float16": lambda z: (1 / (1 + np.exp(-z))).astype(np.float16),
    "logits": lambda z: 20 * z,
    "float32 logits": lambda z: (20 * z).astype(np.float32),
    "negative": lambda z: -np.exp(z),
    "ties": lambda z: np.round(z),
    "integers": lambda z: np.round(10 * z).astype(np.int64),
    "int8": lambda z: np.round(10 * z).astype(np.int8),
    "uint64": lambda z: np.round(1e3 * np.exp(z)).astype(np.uint64) + np.uint64(2**63),
    "close integers": lambda z: 2**62 + np.round(10 * z).astype(np.int64),
    "bool": lambda z: z > 0,
    "constant": lambda z: np.full_like(z, 0.25),
    "two zeros": lambda z: np.where(z > 0, 0.0, -0.0),
    "subnormal": lambda z: z * 5e-322,
    "huge": lambda z: z * 1e307,
    "column": lambda z: z[:, np.newaxis],
    "list": lambda z: z.tolist(),
}


def sample(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    y[:2] = 0, 1
    z = rng.normal(size=n) + y / 2
    weights = rng.integers(0, 4, n) * rng.random(n)
    weights[:2] = 1
    return y, z, weights


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("n", [2, 7, 900])
def test_binary_labels(labels: str, n: int) -> None:
    y, z, weights = sample(n, n)
    assert_same(LABELS[labels](y), z)
    assert_same(LABELS[labels](y), z, sample_weight=weights)


@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("n", [2, 7, 900])
def test_binary_scores(scores: str, n: int) -> None:
    y, z, weights = sample(n, n)
    assert_same(y, SCORES[scores](z))
    assert_same(y, SCORES[scores](z), sample_weight=weights)


@pytest.mark.parametrize("max_fpr", [1, 1.0, 0.5, 0.37, 0.1, 1e-3])
@pytest.mark.parametrize("scores", ["logits", "ties", "constant"])
@pytest.mark.parametrize("weighted", [False, True])
def test_partial_area(max_fpr: float, scores: str, weighted: bool) -> None:
    for seed, n in enumerate((2, 7, 40, 900)):
        y, z, weights = sample(seed, n)
        weight = weights if weighted else None
        assert_same(y, SCORES[scores](z), max_fpr=max_fpr, sample_weight=weight)


@pytest.mark.parametrize(
    "weight",
    [
        np.ones(60),
        np.arange(60),
        np.arange(60.0, dtype=np.float32) / 7,
        np.arange(60) % 2 == 0,
        np.full(60, 1e300),
        np.full(60, 1e-300),
        np.ones((60, 1)),
        [0.5] * 60,
    ],
)
def test_weights_of_every_kind(weight: Any) -> None:
    y, z, _ = sample(0, 60)
    assert_same(y, z, sample_weight=weight)


def test_negative_weights_of_positives_count() -> None:
    y, z, weights = sample(0, 60)
    weights[np.flatnonzero(y)[::5]] *= -0.5
    assert_same(y, z, sample_weight=weights)


def table(seed: int, n: int, classes: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    scores = rng.random((n, classes)) + np.eye(classes)[y]
    if ties:
        scores = np.round(4 * scores)
    scores += 0.25
    return y, scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("n", "classes"), [(3, 3), (50, 5), (900, 11)])
@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
def test_one_vs_rest(average: Any, n: int, classes: int, ties: bool) -> None:
    y, scores = table(n, n, classes, ties)
    options = {"average": average, "multi_class": "ovr"}
    assert_same(y, scores, **options)
    assert_same(y - 3, scores, **options)
    assert_same(y, scores.astype(np.float32), max_fpr=1.0, **options)
    assert_same(y, np.asfortranarray(scores), sample_weight=np.arange(1, n + 1), **options)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("n", "classes"), [(3, 3), (50, 5), (900, 11)])
@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_one_vs_one(average: str, n: int, classes: int, ties: bool) -> None:
    y, scores = table(n, n, classes, ties)
    options = {"average": average, "multi_class": "ovo"}
    assert_same(y, scores, **options)
    assert_same(y * 10 - 5, np.asfortranarray(scores.astype(np.float32)), **options)


def test_many_classes() -> None:
    y, scores = table(0, 700, 300, ties=False)
    assert_same(y, scores, multi_class="ovr")
    assert_same(y, scores, multi_class="ovr", average="micro", labels=range(300))


@pytest.mark.parametrize("multi_class", ["ovr", "ovo"])
@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_labels_name_the_columns(multi_class: str, average: str) -> None:
    y, scores = table(0, 50, 4, ties=True)
    names = np.array(["a", "b", "c", "d"])
    options = {"multi_class": multi_class, "average": average}
    assert_same(names[y], scores, **options)
    assert_same(names[y], scores, labels=names, **options)
    assert_same(names[y].astype(object), scores, labels=names.tolist(), **options)
    assert_same(y, scores, labels=[0.0, 1.0, 2.0, 3.0], **options)
    wider = np.insert(scores, 2, 0, axis=1)
    assert_same(np.array([0, 1, 5, 9])[y], wider, labels=[0, 1, 3, 5, 9], **options)
    assert_same(y // 2, scores, labels=range(4), **options)


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", "samples", None])
@pytest.mark.parametrize("max_fpr", [None, 0.3])
def test_multi_label(average: Any, max_fpr: float | None) -> None:
    rng = np.random.default_rng(0)
    for n, labels in ((4, 2), (60, 5), (300, 4)):
        y = rng.integers(0, 2, (n, labels))
        y[:, :2] = rng.permuted(np.tile([0, 1], (n, 1)), axis=1)
        y[0], y[1] = np.arange(labels) % 2, 1 - np.arange(labels) % 2
        options = {"average": average, "max_fpr": max_fpr}
        for scores in (rng.random((n, labels)), rng.integers(0, 4, (n, labels))):
            assert_same(y, scores, **options)
            assert_same(y.astype(bool), np.asfortranarray(scores), **options)
            assert_same(y.tolist(), scores.tolist(), sample_weight=rng.random(n), **options)


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", "samples", None])
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 0.0, 3.0]])
def test_undefined_areas_are_nan_with_a_warning(average: Any, weight: Any) -> None:
    scores = np.random.default_rng(0).random((4, 3))
    y = np.array([[0, 1, 0], [1, 0, 0], [1, 1, 1], [0, 0, 1]])
    never, always = y.copy(), y.copy()
    never[:, 1], always[:, 1] = 0, 1
    for labels in (y, never, always, np.ones_like(y)):
        assert_same(labels, scores, average=average, sample_weight=weight)


def test_one_class_is_nan_with_a_warning() -> None:
    for labels in ([1, 1, 1], [0, 0, 0], ["a", "a", "a"]):
        assert_same(labels, [0.1, 0.2, 0.3])
    assert_same([1], [0.1])
    assert_same([0, 1], [0.1, 0.2], sample_weight=[0, 1])


BINARY = (np.array([0, 1, 1, 0]), np.array([0.1, 0.4, 0.35, 0.8]))
MULTI_CLASS = (np.array([0, 1, 2, 1]), np.full((4, 3), 1 / 3))
MULTI_LABEL = (np.array([[0, 1], [1, 0], [1, 1]]), np.full((3, 2), 0.5))

WRONG_CALLS: dict[str, tuple[tuple[Any, Any], dict[str, Any]]] = {
    "lengths": ((BINARY[0], BINARY[1][:3]), {}),
    "empty": (([], []), {}),
    "scalars": ((1, 0.5), {}),
    "nothing": ((None, BINARY[1]), {}),
    "text": (("0110", BINARY[1]), {}),
    "ragged": ((BINARY[0], [[0.1], [0.2, 0.3], [0.4], [0.5]]), {}),
    "three dimensions": ((MULTI_LABEL[0][np.newaxis], MULTI_LABEL[1][np.newaxis]), {}),
    "NaN score": ((BINARY[0], [0.1, np.nan, 0.2, 0.3]), {}),
    "complex score": ((BINARY[0], BINARY[1] + 0j), {}),
    "text score": ((BINARY[0], ["0.1", "0.2", "0.3", "0.4"]), {}),
    "object score": ((BINARY[0], np.array([0.1, "x", 0.2, 0.3], object)), {}),
    "two columns": ((BINARY[0], np.c_[1 - BINARY[1], BINARY[1]]), {}),
    "a row of scores": ((BINARY[0], BINARY[1][np.newaxis]), {}),
    "continuous labels": (([0.5, 1, 0, 1], BINARY[1]), {}),
    "NaN label": (([np.nan, 1, 0, 1], BINARY[1]), {}),
    "bytes labels": ((np.array([b"a", b"b", b"a", b"b"]), BINARY[1]), {}),
    "numbers as objects": ((BINARY[0].astype(object), BINARY[1]), {}),
    "mixed labels": ((np.array(["a", 1, "a", 1], object), BINARY[1]), {}),
    "missing label": ((["a", None, "a", "b"], BINARY[1]), {}),
    "average": (BINARY, {"average": "mean"}),
    "multi_class": (BINARY, {"multi_class": "ova"}),
    "max_fpr 0": (BINARY, {"max_fpr": 0}),
    "max_fpr 2": (BINARY, {"max_fpr": 2.0}),
    "max_fpr NaN": (BINARY, {"max_fpr": np.nan}),
    "max_fpr text": (BINARY, {"max_fpr": "0.5"}),
    "weight length": (BINARY, {"sample_weight": [1, 2]}),
    "weight scalar": (BINARY, {"sample_weight": 2.0}),
    "weight table": (BINARY, {"sample_weight": np.ones((4, 2))}),
    "weight NaN": (BINARY, {"sample_weight": [1, np.nan, 1, 1]}),
    "weight infinite": (BINARY, {"sample_weight": [1, np.inf, 1, 1]}),
    "weight complex": (BINARY, {"sample_weight": np.ones(4) + 1j}),
    "weight text": (BINARY, {"sample_weight": ["a", "b", "c", "d"]}),
    "weights 0": (BINARY, {"sample_weight": [0, 0, 0, 0]}),
    "falling rate": (([0, 0, 0, 1], BINARY[1]), {"sample_weight": [1, 4, -1, 1]}),
    "multi_class missing": (MULTI_CLASS, {}),
    "scores without classes": ((MULTI_CLASS[0], BINARY[1]), {"multi_class": "ovr"}),
    "multi-class lengths": ((MULTI_CLASS[0][:3], MULTI_CLASS[1]), {"multi_class": "ovr"}),
    "not probabilities": ((MULTI_CLASS[0], 2 * MULTI_CLASS[1]), {"multi_class": "ovr"}),
    "too many columns": ((MULTI_CLASS[0], np.full((4, 4), 0.25)), {"multi_class": "ovr"}),
    "multi-class max_fpr": (MULTI_CLASS, {"multi_class": "ovr", "max_fpr": 0.5}),
    "multi-class samples": (MULTI_CLASS, {"multi_class": "ovr", "average": "samples"}),
    "ovo micro": (MULTI_CLASS, {"multi_class": "ovo", "average": "micro"}),
    "ovo None": (MULTI_CLASS, {"multi_class": "ovo", "average": None}),
    "ovo weights": (MULTI_CLASS, {"multi_class": "ovo", "sample_weight": np.ones(4)}),
    "few labels": (MULTI_CLASS, {"multi_class": "ovr", "labels": [0, 1]}),
    "labels unordered": (MULTI_CLASS, {"multi_class": "ovr", "labels": [0, 2, 1]}),
    "labels repeated": (MULTI_CLASS, {"multi_class": "ovr", "labels": [0, 1, 1]}),
    "labels foreign": (MULTI_CLASS, {"multi_class": "ovr", "labels": [0, 1, 5]}),
    "labels of text": (MULTI_CLASS, {"multi_class": "ovr", "labels": ["a", "b", "c"]}),
    "flat scores": ((MULTI_LABEL[0], MULTI_LABEL[1][:, 0]), {}),
    "1 and 2": ((MULTI_LABEL[0] + 1, MULTI_LABEL[1]), {}),
    "three values": (([[0, 1], [2, 0], [1, 1]], MULTI_LABEL[1]), {}),
    "fractions": ((MULTI_LABEL[0] / 2, MULTI_LABEL[1]), {}),
    "text indicator": ((MULTI_LABEL[0].astype(str), MULTI_LABEL[1]), {}),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_calls_are_refused(call: str) -> None:
    args, options = WRONG_CALLS[call]
    with pytest.raises((ValueError, TypeError, NotImplementedError)) as theirs:
        sklearn_roc_auc_score(*args, **options)
    with pytest.raises(MedfastError) as ours:
        roc_auc_score(*args, **options)
    # Whoever catches what scikit-learn raises catches ours.
    caught = [kind for kind in (ValueError, TypeError, NotImplementedError)
              if isinstance(theirs.value, kind)]  # fmt: skip
    assert isinstance(ours.value, tuple(caught))
    assert isinstance(ours.value, ValueError)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_infinite_scores_are_ranked_here_alone() -> None:
    """docs/PARITY.md: infinities are ordered."""
    scores = [0.1, np.inf, -np.inf, 0.3]
    with pytest.raises(ValueError, match="infinity"):
        sklearn_roc_auc_score(BINARY[0], scores)
    assert roc_auc_score(BINARY[0], scores) == sklearn_roc_auc_score(BINARY[0], [1, 3, 0, 2])


@st.composite
def problems(draw: st.DrawFn) -> tuple[tuple[Any, Any], dict[str, Any]]:
    n = draw(st.integers(2, 30))
    classes = draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(["binary", "ovr", "ovo", "multi-label"]))
    levels = draw(st.sampled_from([2, 5, 10**6]))
    weight = draw(st.sampled_from([None, "random", "integers"]))
    options: dict[str, Any] = {}
    if weight and kind != "ovo":
        options["sample_weight"] = (
            rng.random(n) if weight == "random" else rng.integers(0, 3, n) + 1
        )
    if kind == "binary":
        y = rng.integers(0, 2, n)
        options["max_fpr"] = draw(st.sampled_from([None, 0.2, 0.7]))
        return (y, rng.integers(0, levels, n) / levels), options
    if kind == "multi-label":
        y = rng.integers(0, 2, (n, classes + 1))
        options["average"] = draw(st.sampled_from(["macro", "micro", "samples", None]))
        options["max_fpr"] = draw(st.sampled_from([None, 0.2, 0.7]))
        return (y, rng.integers(0, levels, y.shape) / levels), options
    classes += 2
    scores = rng.integers(0, levels, (n, classes)) + 1.0
    y = np.concatenate([[0, 1], rng.integers(0, classes, n - 2)])
    averages = ["macro", "weighted"] if kind == "ovo" else ["macro", "weighted", "micro", None]
    options |= {
        "multi_class": kind,
        "labels": range(classes),
        "average": draw(st.sampled_from(averages)),
    }
    return (y, scores / scores.sum(axis=1, keepdims=True)), options


@given(problems())
def test_any_problem(problem: tuple[tuple[Any, Any], dict[str, Any]]) -> None:
    args, options = problem
    assert_same(*args, **options)


class TestDivergences:
    """Where scikit-learn 1.9 answers, or fails, in a way that is not followed."""

    version = tuple(map(int, sklearn.__version__.split(".")[:2]))

    def test_no_positives_at_all_are_not_an_area_of_zero(self) -> None:
        y, scores = np.zeros((4, 2), int), np.random.default_rng(0).random((4, 2))
        if self.version == (1, 9):
            assert sklearn_roc_auc_score(y, scores, average="weighted") == 0
        found, found_warnings = answer(roc_auc_score, y, scores, average="weighted")
        assert np.isnan(found)
        assert found_warnings == {"UndefinedMetricWarning"}

    def test_support_of_labels_minus_one_and_one_is_the_number_of_positives(self) -> None:
        y = np.random.default_rng(0).integers(0, 2, (20, 3))
        scores = np.random.default_rng(1).random((20, 3))
        found = roc_auc_score(2 * y - 1, scores, average="weighted")
        assert found == roc_auc_score(y, scores, average="weighted")

    def test_columns_without_labels_are_refused(self) -> None:
        y, scores = np.array([[0, 1, 0], [1, 0, 1]]), np.random.default_rng(0).random((2, 2))
        with pytest.raises(MedfastError, match=r"\(2, 3\).*\(2, 2\)"):
            roc_auc_score(y, scores)

    def test_one_class_alone_has_no_pair(self) -> None:
        scores = np.full((4, 3), 1 / 3)
        for average in ("macro", "weighted"):
            found, found_warnings = answer(
                roc_auc_score, [1, 1, 1, 1], scores,
                labels=[0, 1, 2], multi_class="ovo", average=average,
            )  # fmt: skip
            assert np.isnan(found)
            assert found_warnings == {"UndefinedMetricWarning"}

    def test_a_column_of_labels_works_one_vs_one(self) -> None:
        y, scores = table(0, 30, 3, ties=True)
        column = roc_auc_score(y[:, np.newaxis], scores, multi_class="ovo")
        assert column == roc_auc_score(y, scores, multi_class="ovo")

    def test_weights_near_the_largest_double_do_not_overflow(self) -> None:
        y, z, _ = sample(0, 60)
        weighted = roc_auc_score(y, z, sample_weight=np.full(60, 1e308))
        assert weighted == pytest.approx(roc_auc_score(y, z), rel=1e-15)

    def test_float32_weights_are_added_in_double(self) -> None:
        rng = np.random.default_rng(0)
        y, scores = rng.integers(0, 2, (500, 3)), rng.random((500, 3))
        weights = rng.random(500).astype(np.float32)
        found = roc_auc_score(y, scores, average="weighted", sample_weight=weights)
        exact = sklearn_roc_auc_score(
            y, scores, average="weighted", sample_weight=weights.astype(np.float64)
        )
        assert found == pytest.approx(exact, abs=1e-12)

    def test_long_double_scores_are_refused(self) -> None:
        if np.dtype(np.longdouble) == np.dtype(np.float64):
            pytest.skip("long double is double here")
        with pytest.raises(MedfastError, match="float64"):
            roc_auc_score(BINARY[0], BINARY[1].astype(np.longdouble))
