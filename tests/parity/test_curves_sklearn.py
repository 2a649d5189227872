"""The curves and average precision against scikit-learn's: values, dtypes, warnings, refusals."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
import torch
from hypothesis import given
from hypothesis import strategies as st

import medfast.metrics
from medfast.errors import MedfastError, UndefinedMetricWarning

CURVES = ["roc_curve", "precision_recall_curve"]
NAMES = [*CURVES, "average_precision_score", "roc_auc_score"]


def both(name: str) -> tuple[Any, Any]:
    return getattr(sklearn.metrics, name), getattr(medfast.metrics, name)


def answer(function: Any, *args: Any, **options: Any) -> tuple[Any, bool]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = function(*args, **options)
    if function.__module__.startswith("medfast"):
        assert {warning.category for warning in caught} <= {UndefinedMetricWarning}
    return value, bool(caught)


def assert_same(name: str, *args: Any, **options: Any) -> None:
    theirs, ours = both(name)
    expected, warned = answer(theirs, *args, **options)
    found, warns = answer(ours, *args, **options)
    assert warns == warned
    if name in CURVES:
        assert isinstance(found, tuple)
        for part, other in zip(found[:2], expected[:2], strict=True):
            assert part.dtype == other.dtype
            assert part.shape == other.shape
            np.testing.assert_allclose(part, other, rtol=0, atol=1e-12)
        assert found[2].dtype == expected[2].dtype
        np.testing.assert_array_equal(found[2], expected[2], strict=True)
        assert all(part.flags.writeable for part in found)
    else:
        assert isinstance(found, np.ndarray if np.ndim(expected) else float)
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_signatures(name: str) -> None:
    theirs, ours = (inspect.signature(function).parameters for function in both(name))
    kinds = {key: (parameter.kind, parameter.default) for key, parameter in ours.items()}
    assert kinds.pop("undefined") == (inspect.Parameter.KEYWORD_ONLY, "nan")
    assert kinds == {key: (parameter.kind, parameter.default) for key, parameter in theirs.items()}


def sample(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    y[:2] = 0, 1
    z = rng.normal(size=n) + y / 2
    weights = rng.integers(0, 4, n) * rng.random(n)
    weights[:2] = 1
    return y, z, weights


LABELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "0 and 1": (lambda y: y, {}),
    "0 named": (lambda y: y, {"pos_label": 0}),
    "bool": (lambda y: y.astype(bool), {}),
    "False named": (lambda y: y.astype(bool), {"pos_label": False}),
    "bool for ints": (lambda y: y, {"pos_label": True}),
    "float for ints": (lambda y: y, {"pos_label": 1.0}),
    "-1 and 1": (lambda y: 2 * y - 1, {}),
    "-7 and -3": (lambda y: 4 * y - 7, {"pos_label": -3}),
    "the lesser": (lambda y: 4 * y - 7, {"pos_label": -7}),
    "float": (lambda y: y.astype(np.float64), {}),
    "float16": (lambda y: y.astype(np.float16), {}),
    "big-endian": (lambda y: y.astype(">i4"), {}),
    "uint8": (lambda y: y.astype(np.uint8), {}),
    "uint64": (lambda y: y.astype(np.uint64) + np.uint64(2**63), {"pos_label": 2**63 + 1}),
    "strings": (lambda y: np.where(y, "malignant", "benign"), {"pos_label": "malignant"}),
    "objects": (lambda y: np.where(y, "m", "b").astype(object), {"pos_label": "b"}),
    "a list of strings": (lambda y: np.where(y, "m", "b").tolist(), {"pos_label": "m"}),
    "a list": (lambda y: y.tolist(), {}),
    "a column": (lambda y: y[:, np.newaxis], {}),
    "a Series": (lambda y: pd.Series(y, index=range(7, len(y) + 7)), {}),
    "a Series of strings": (lambda y: pd.Series(np.where(y, "m", "b")), {"pos_label": "m"}),
    "strided": (lambda y: np.repeat(y, 3)[::3], {}),
}

SCORES: dict[str, Any] = {
    "probabilities": lambda z: 1 / (1 + np.exp(-z)),
    "float32": lambda z: (1 / (1 + np.exp(-z))).astype(np.float32),
    "float16": lambda z: (1 / (1 + np.exp(-z))).astype(np.float16),
    "big-endian": lambda z: z.astype(">f8"),
    "logits": lambda z: 20 * z,
    "ties": lambda z: np.round(z),
    "integers": lambda z: np.round(10 * z).astype(np.int64),
    "int8": lambda z: np.round(10 * z).astype(np.int8),
    "uint8": lambda z: np.round(10 * z).astype(np.int8).view(np.uint8),
    "uint64": lambda z: np.round(1e3 * np.exp(z)).astype(np.uint64) + np.uint64(2**63),
    "close integers": lambda z: 2**62 + np.round(10 * z).astype(np.int64),
    "bool": lambda z: z > 0,
    "constant": lambda z: np.full_like(z, 0.25),
    "two zeros": lambda z: np.where(z > 0, 0.0, -0.0),
    "subnormal": lambda z: z * 5e-322,
    "huge": lambda z: z * 1e307,
    "a column": lambda z: z[:, np.newaxis],
    "a list": lambda z: z.tolist(),
    "a list of integers": lambda z: np.round(10 * z).astype(int).tolist(),
    "a Series": lambda z: pd.Series(z, index=range(7, len(z) + 7)),
    "strided": lambda z: np.repeat(z, 3)[::3],
    "reversed": lambda z: z[::-1],
}


def options_of(name: str, weights: Any = None) -> list[dict[str, Any]]:
    drops = [{}] if name not in CURVES else [{"drop_intermediate": d} for d in (True, False)]
    weighted: list[dict[str, Any]] = [{}] if weights is None else [{}, {"sample_weight": weights}]
    return [drop | weight for drop in drops for weight in weighted]


@pytest.mark.parametrize("name", [*CURVES, "average_precision_score"])
@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("n", [2, 7, 900])
def test_labels(name: str, labels: str, n: int) -> None:
    y, z, weights = sample(n, n)
    as_labels, named = LABELS[labels]
    for options in options_of(name, weights):
        assert_same(name, as_labels(y), z, **named, **options)


@pytest.mark.parametrize("name", [*CURVES, "average_precision_score"])
@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("n", [2, 7, 900])
def test_scores(name: str, scores: str, n: int) -> None:
    y, z, weights = sample(n, n)
    for options in options_of(name, weights):
        assert_same(name, y, SCORES[scores](z), **options)


def parts(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("name", [*CURVES, "average_precision_score"])
def test_memory_maps_and_tensors(name: str, tmp_path: Any) -> None:
    y, z, weights = sample(0, 60)
    np.save(tmp_path / "z.npy", z)
    assert_same(name, y, np.load(tmp_path / "z.npy", mmap_mode="r"))
    theirs, ours = both(name)
    expected = theirs(y, z, sample_weight=weights)
    found = ours(torch.tensor(y), torch.tensor(z), sample_weight=torch.tensor(weights))
    for part, other in zip(parts(found), parts(expected), strict=True):
        np.testing.assert_allclose(part, other, rtol=0, atol=1e-12)


WEIGHTS: dict[str, Any] = {
    "ones": np.ones(300),
    "integers": np.arange(300),
    "float32": np.arange(300.0, dtype=np.float32) / 7,
    "tenths": np.full(300, 0.1),
    "alternating": np.arange(300) % 2 == 0,
    "large": np.full(300, 1e300),
    "small": np.full(300, 1e-300),
    "a column": np.ones((300, 1)),
    "a list": [0.5] * 300,
    "negative": np.where(np.arange(300) % 9, 1.0, -0.5),
    "far apart": 10.0 ** np.random.default_rng(0).uniform(-9, 9, 300),
}


@pytest.mark.parametrize("name", [*CURVES, "average_precision_score"])
@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("ties", [False, True])
def test_weights_of_every_kind(name: str, weight: str, ties: bool) -> None:
    y, z, _ = sample(0, 300)
    for options in options_of(name):
        assert_same(
            name, y, np.round(z, 1) if ties else z, sample_weight=WEIGHTS[weight], **options
        )


@pytest.mark.parametrize("name", [*CURVES, "average_precision_score"])
@pytest.mark.parametrize("label", [0, 1, -1])
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 0.0]])
def test_one_side_is_missing(name: str, label: int, weight: Any) -> None:
    for options in options_of(name):
        assert_same(name, [label] * 3, [0.3, 0.1, 0.2], sample_weight=weight, **options)
        assert_same(name, [label] * 3, [0.3, 0.1, 0.2], pos_label=5, **options)


@pytest.mark.parametrize("name", CURVES)
def test_a_side_without_weight_and_labels_that_no_sample_has(name: str) -> None:
    assert_same(name, [0, 1, 1], [0.3, 0.1, 0.2], sample_weight=[0, 1, 1])
    assert_same(name, [0, 1, 1], [0.3, 0.1, 0.2], sample_weight=[1, 0, 0])
    assert_same(name, [0, 1, 2], [0.3, 0.1, 0.2], pos_label=7)
    assert_same(name, [0, 1, 2], [0.3, 0.1, 0.2], pos_label=2)
    assert_same(name, ["a", "b", "c"], [0.3, 0.1, 0.2], pos_label="b")


AVERAGES = ["macro", "weighted", "micro", "samples", None]


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize(("n", "classes"), [(4, 2), (60, 5), (300, 4)])
def test_multi_label_average_precision(average: Any, n: int, classes: int) -> None:
    rng = np.random.default_rng(n)
    y = rng.integers(0, 2, (n, classes))
    for scores in (rng.random((n, classes)), rng.integers(0, 4, (n, classes))):
        for same in (y, y.astype(bool), y.tolist(), np.asfortranarray(y)):
            assert_same("average_precision_score", same, scores, average=average)
        weights = rng.random(n)
        for table in (scores, np.asfortranarray(scores), scores.astype(np.float32)):
            assert_same("average_precision_score", y, table, average=average, sample_weight=weights)


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize(("n", "classes"), [(3, 3), (60, 5), (700, 300)])
def test_multi_class_average_precision(average: Any, n: int, classes: int) -> None:
    rng = np.random.default_rng(n)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    names = np.array([f"class {number:03}" for number in range(classes)])
    for scores in (rng.normal(size=(n, classes)), rng.integers(0, 4, (n, classes))):
        for same in (y, y - 2, names[y], y[:, np.newaxis]):
            assert_same("average_precision_score", same, scores, average=average)
        weights = rng.random(n)
        assert_same("average_precision_score", y, scores, average=average, sample_weight=weights)


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 0.0, 3.0]])
def test_classes_without_positives(average: Any, weight: Any) -> None:
    scores = np.random.default_rng(0).random((4, 3))
    y = np.array([[0, 1, 0], [1, 0, 0], [1, 1, 1], [0, 0, 1]])
    never, always = y.copy(), y.copy()
    never[:, 1], always[:, 1] = 0, 1
    for labels in (y, never, always, np.ones_like(y), np.zeros_like(y)):
        assert_same(
            "average_precision_score", labels, scores, average=average, sample_weight=weight
        )


BINARY = (np.array([0, 1, 1, 0]), np.array([0.1, 0.4, 0.35, 0.8]))
MULTI_CLASS = (np.array([0, 1, 2, 1]), np.full((4, 3), 1 / 3))
MULTI_LABEL = (np.array([[0, 1], [1, 0], [1, 1]]), np.full((3, 2), 0.5))

EVERY_WRONG_CALL: dict[str, tuple[tuple[Any, Any], dict[str, Any]]] = {
    "lengths": ((BINARY[0], BINARY[1][:3]), {}),
    "scalars": ((1, 0.5), {}),
    "nothing": ((None, BINARY[1]), {}),
    "no scores": ((BINARY[0], None), {}),
    "text": (("0110", BINARY[1]), {}),
    "ragged": ((BINARY[0], [[0.1], [0.2, 0.3], [0.4], [0.5]]), {}),
    "three dimensions": ((MULTI_LABEL[0][np.newaxis], MULTI_LABEL[1][np.newaxis]), {}),
    "NaN score": ((BINARY[0], [0.1, np.nan, 0.2, 0.3]), {}),
    "two columns": ((BINARY[0], np.c_[1 - BINARY[1], BINARY[1]]), {}),
    "three columns": ((BINARY[0], np.c_[BINARY[1], BINARY[1], BINARY[1]]), {}),
    "a row of scores": ((BINARY[0], BINARY[1][np.newaxis]), {}),
    "continuous labels": (([0.5, 1, 0, 1], BINARY[1]), {}),
    "NaN label": (([np.nan, 1, 0, 1], BINARY[1]), {}),
    "bytes labels": ((np.array([b"a", b"b", b"a", b"b"]), BINARY[1]), {}),
    "numbers as objects": ((BINARY[0].astype(object), BINARY[1]), {}),
    "mixed labels": ((np.array(["a", 1, "a", 1], object), BINARY[1]), {}),
    "missing label": ((["a", None, "a", "b"], BINARY[1]), {}),
    "strings without pos_label": ((["a", "b", "a", "b"], BINARY[1]), {}),
    "pos_label list": (BINARY, {"pos_label": [1]}),
    "pos_label complex": (BINARY, {"pos_label": 1j}),
    "weight length": (BINARY, {"sample_weight": [1, 2]}),
    "weight scalar": (BINARY, {"sample_weight": 2.0}),
    "weight table": (BINARY, {"sample_weight": np.ones((4, 2))}),
    "weight NaN": (BINARY, {"sample_weight": [1, np.nan, 1, 1]}),
    "weight infinite": (BINARY, {"sample_weight": [1, np.inf, 1, 1]}),
    "weight text": (BINARY, {"sample_weight": ["a", "b", "c", "d"]}),
    "weights 0": (BINARY, {"sample_weight": [0, 0, 0, 0]}),
    "fractions": ((MULTI_LABEL[0] / 2, MULTI_LABEL[1]), {}),
    "text indicator": ((MULTI_LABEL[0].astype(str), MULTI_LABEL[1]), {}),
    "three values": (([[0, 1], [2, 0], [1, 1]], MULTI_LABEL[1]), {}),
}

CURVE_WRONG_CALLS: dict[str, tuple[tuple[Any, Any], dict[str, Any]]] = {
    "empty": (([], []), {}),
    "1 and 2": ((BINARY[0] + 1, BINARY[1]), {}),
    "0 and 2": ((BINARY[0] * 2, BINARY[1]), {}),
    "2 alone": (([2, 2, 2, 2], BINARY[1]), {}),
    "three classes": (([0, 1, 2, 0], BINARY[1]), {}),
    "three classes, columns": ((MULTI_CLASS[0], MULTI_CLASS[1]), {"pos_label": 1}),
    "multi-label": (MULTI_LABEL, {}),
    "multi-label, pos_label": (MULTI_LABEL, {"pos_label": 1}),
    "drop_intermediate number": (BINARY, {"drop_intermediate": 1}),
    "drop_intermediate text": (BINARY, {"drop_intermediate": "yes"}),
    "drop_intermediate nothing": (BINARY, {"drop_intermediate": None}),
}

AVERAGE_WRONG_CALLS: dict[str, tuple[tuple[Any, Any], dict[str, Any]]] = {
    "average": (BINARY, {"average": "mean"}),
    "pos_label nothing": (BINARY, {"pos_label": None}),
    "pos_label foreign": (BINARY, {"pos_label": 2}),
    "pos_label of another kind": ((["a", "b", "a", "b"], BINARY[1]), {"pos_label": "c"}),
    "multi-label pos_label": (MULTI_LABEL, {"pos_label": 0}),
    "multi-class pos_label": (MULTI_CLASS, {"pos_label": 2}),
    "multi-class flat": ((MULTI_CLASS[0], BINARY[1]), {}),
    "multi-class columns": ((MULTI_CLASS[0], np.full((4, 4), 0.25)), {}),
    "multi-label lengths": ((MULTI_LABEL[0], MULTI_LABEL[1][:2]), {}),
}

WRONG_CALLS = [
    (name, call)
    for name, more in [
        *((curve, CURVE_WRONG_CALLS) for curve in CURVES),
        ("average_precision_score", AVERAGE_WRONG_CALLS),
    ]
    for call in (EVERY_WRONG_CALL | more).items()
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "call"), WRONG_CALLS, ids=[f"{name}-{call[0]}" for name, call in WRONG_CALLS]
)
def test_wrong_calls_are_refused(name: str, call: Any) -> None:
    args, options = call[1]
    theirs, ours = both(name)
    with pytest.raises((ValueError, TypeError)) as expected:
        theirs(*args, **options)
    with pytest.raises(MedfastError) as found:
        ours(*args, **options)
    # Whoever catches what scikit-learn raises catches ours.
    assert isinstance(found.value, ValueError)
    if not isinstance(expected.value, ValueError):
        assert isinstance(found.value, TypeError)


@st.composite
def problems(draw: st.DrawFn) -> tuple[str, tuple[Any, Any], dict[str, Any]]:
    name = draw(st.sampled_from([*CURVES, "average_precision_score"]))
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    levels = draw(st.sampled_from([2, 5, 10**6]))
    weight = draw(st.sampled_from([None, "random", "integers", "tenths"]))
    options: dict[str, Any] = {}
    if weight:
        choices = {
            "random": rng.random(n),
            "integers": rng.integers(0, 3, n) + (np.arange(n) == 0),
            "tenths": rng.integers(0, 3, n) * 0.1 + 0.1,
        }
        options["sample_weight"] = choices[weight]
    shape: tuple[int, ...] = (n,)
    if name in CURVES:
        options["drop_intermediate"] = draw(st.booleans())
    elif draw(st.booleans()):
        shape = n, draw(st.integers(2, 5))
        options["average"] = draw(st.sampled_from(AVERAGES))
    y = rng.integers(0, 2, shape)
    if name in CURVES or len(shape) == 1:
        options["pos_label"] = draw(st.sampled_from([0, 1])) if len(np.unique(y)) == 2 else 1
    return name, (y, rng.integers(0, levels, shape) / levels), options


@given(problems())
def test_any_problem(problem: Any) -> None:
    name, args, options = problem
    assert_same(name, *args, **options)
