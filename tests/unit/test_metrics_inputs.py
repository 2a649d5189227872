"""What the metrics take, and what they say about what they do not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import torch

from medfast.errors import (
    InvalidValueError,
    MedfastError,
    ShapeError,
    UndefinedMetricWarning,
    UnsupportedError,
)
from medfast.metrics import (
    accuracy,
    average_precision_score,
    evaluate,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from medfast.metrics._inputs import read_scores

if TYPE_CHECKING:
    from pathlib import Path

Y = [0, 0, 1, 1]
SCORES = [0.1, 0.4, 0.35, 0.8]


def mapped(folder: Path, values: Any) -> np.ndarray:
    path = folder / "values.npy"
    np.save(path, values)
    return np.load(path, mmap_mode="r")


@pytest.mark.parametrize(
    "as_array",
    [
        list,
        tuple,
        np.array,
        pd.Series,
        lambda values: pd.Series(values, index=[9, 8, 7, 6]),
        lambda values: pd.Series(values).convert_dtypes(),
        lambda values: pd.DataFrame({"x": values}),
        torch.tensor,
        lambda values: torch.tensor([values, values]).T[:, 1],
        lambda values: np.array([values, values]).T[:, 0],
        lambda values: memoryview(np.array(values)),
    ],
)
def test_whatever_offers_itself_as_an_array(as_array: Any) -> None:
    assert roc_auc_score(as_array(Y), as_array(SCORES)) == 0.75
    weights = [1.0, 2.0, 3.0, 4.0]
    weighted = roc_auc_score(as_array(Y), as_array(SCORES), sample_weight=as_array(weights))
    assert weighted == (3 * 1 + 4 * 1 + 4 * 2) / (7 * 3)


def test_memory_maps_are_read_in_place(tmp_path: Path) -> None:
    scores = mapped(tmp_path, np.array(SCORES))
    assert roc_auc_score(Y, scores) == 0.75
    assert np.shares_memory(read_scores(scores), scores)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint64"])
def test_contiguous_scores_are_not_copied(dtype: str) -> None:
    table = np.arange(12).reshape(4, 3).astype(dtype)
    table.flags.writeable = False
    for scores in (table, table.T, table[0]):
        assert np.shares_memory(read_scores(scores), table)


def test_frozen_inputs_stay_as_they_were() -> None:
    y, scores = np.array(Y), np.array(SCORES)
    for array in (y, scores):
        array.flags.writeable = False
    assert roc_auc_score(y, scores) == 0.75
    assert y.tolist() == Y
    assert scores.tolist() == SCORES


def test_scores_are_compared_in_their_own_precision() -> None:
    close = np.array([1.0, 1.0 + 2.0**-40])
    assert roc_auc_score([0, 1], close) == 1.0
    assert roc_auc_score([0, 1], close.astype(np.float32)) == 0.5
    integers = np.array([2**60, 2**60 + 1])
    assert roc_auc_score([0, 1], integers) == 1.0
    assert roc_auc_score([0, 1], integers.astype(np.float64)) == 0.5
    assert roc_auc_score([0, 1], np.array([-1, 1], np.int64)) == 1.0
    assert roc_auc_score([0, 1], np.array([1, 2**64 - 1], np.uint64)) == 1.0


def test_scores_are_not_guessed_to_be_logits() -> None:
    big = [20.0, 40.0, 60.0, 80.0]
    # A sigmoid in float32 would tie the last three.
    assert roc_auc_score([0, 0, 0, 1], np.array(big, np.float32)) == 1.0
    assert accuracy([0, 1, 1, 1], [-0.7, 0.6, 0.4, 1.2], "binary") == 0.75


def test_bytes_of_a_bool_array_that_are_neither_0_nor_1() -> None:
    y = np.array([0, 0, 2, 2], np.uint8).view(np.bool_)
    assert roc_auc_score(y, SCORES) == 0.75


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_score_that_is_nan_is_named(dtype: str) -> None:
    scores = np.array(SCORES * 300, dtype)
    scores[[776, 777, 900]] = [np.inf, np.nan, np.nan]
    with pytest.raises(InvalidValueError, match="row 777,"):
        roc_auc_score(Y * 300, scores)
    with pytest.raises(InvalidValueError, match="row 777,"):
        evaluate(Y * 300, scores, "binary")
    with pytest.raises(InvalidValueError, match="row 777,"):
        accuracy(Y * 300, scores, "binary")
    for order in ("C", "F"):
        table = np.full((50, 3), 0.25, dtype, order=order)
        table[30, 0] = table[20, 2] = table[20, 1] = np.nan
        with pytest.raises(InvalidValueError, match="row 20, column 1,"):
            roc_auc_score(np.arange(50) % 3, table, multi_class="ovo")
        with pytest.raises(InvalidValueError, match="row 20, column 1,"):
            roc_auc_score(np.arange(150).reshape(50, 3) % 2, table, average="micro")
        with pytest.raises(InvalidValueError, match="row 20, column 1,"):
            evaluate(np.arange(50) % 3, table, "multi-class")


@pytest.mark.parametrize(
    ("y_true", "place"),
    [([0, 1, 0.5, 1], r"y_true\[2\] is 0.5"), ([0, 1, 1, np.nan], r"y_true\[3\] is nan")],
)
def test_a_label_that_is_no_label_is_named(y_true: Any, place: str) -> None:
    with pytest.raises(InvalidValueError, match=place):
        roc_auc_score(y_true, SCORES)


def test_places_in_a_table_of_labels_are_named() -> None:
    with pytest.raises(InvalidValueError, match=r"y_true\[1, 0\] is 0.25"):
        roc_auc_score([[0, 1], [0.25, 1]], [[0.1, 0.2], [0.3, 0.4]])
    with pytest.raises(InvalidValueError, match=r"y_true\[0, 1\] is 3"):
        roc_auc_score([[0, 3], [1, 3]], [[0.1, 0.2], [0.3, 0.4]])


def test_shape_errors_say_both_shapes() -> None:
    with pytest.raises(ShapeError, match=r"\(4,\).*\(3,\)"):
        roc_auc_score(Y, SCORES[:3])
    with pytest.raises(ShapeError, match=r"\(4, 2\).*y_score\[:, 1\]"):
        roc_auc_score(Y, np.ones((4, 2)))


def test_unknown_words_are_answered_with_known_ones() -> None:
    with pytest.raises(MedfastError, match="did you mean 'macro'"):
        roc_auc_score(Y, SCORES, average="marco")  # type: ignore[call-overload]
    with pytest.raises(MedfastError, match="did you mean 'skip'"):
        roc_auc_score(Y, SCORES, undefined="skp")  # type: ignore[call-overload]


def test_tensors_of_a_graph_are_read() -> None:
    scores = torch.tensor(SCORES, dtype=torch.float64, requires_grad=True)
    assert roc_auc_score(torch.tensor(Y), scores, sample_weight=2 * scores) == roc_auc_score(
        Y, SCORES, sample_weight=2 * np.array(SCORES)
    )
    assert np.shares_memory(read_scores(scores), scores.detach().numpy())


def test_bfloat16_tensors_are_read_as_the_same_float32() -> None:
    scores = torch.tensor(SCORES, dtype=torch.bfloat16, requires_grad=True)
    found = read_scores(scores)
    assert found.dtype == np.float32
    assert torch.equal(torch.from_numpy(found).bfloat16(), scores.detach())
    assert roc_auc_score(Y, scores) == roc_auc_score(Y, found) == 0.75


class OnADevice:
    """Stands for a tensor elsewhere: numpy cannot read it before it was copied."""

    def __init__(self, values: Any, calls: tuple[str, ...] = ()) -> None:
        self.tensor = torch.as_tensor(values)
        self.calls = calls

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def detach(self) -> OnADevice:
        return OnADevice(self.tensor, (*self.calls, "detach"))

    def cpu(self) -> torch.Tensor:
        assert self.calls == ("detach",)
        return self.tensor


def test_tensors_of_a_device_are_copied() -> None:
    assert roc_auc_score(OnADevice(Y), OnADevice(SCORES)) == 0.75  # type: ignore[call-overload]
    weights = [1.0, 2.0, 3.0, 4.0]
    expected = roc_auc_score(Y, SCORES, sample_weight=weights)
    assert roc_auc_score(Y, SCORES, sample_weight=OnADevice(weights)) == expected  # type: ignore[call-overload]
    assert evaluate(OnADevice(Y), OnADevice(SCORES), "binary").auc == 0.75  # type: ignore[arg-type]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_tensors_of_a_cuda_device_are_copied() -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        scores = torch.tensor(SCORES, dtype=dtype, device="cuda", requires_grad=True)
        assert roc_auc_score(torch.tensor(Y, device="cuda"), scores) == 0.75


def test_tensors_without_values_say_why() -> None:
    with pytest.raises(ShapeError, match=r"y_score cannot be read.*meta"):
        roc_auc_score(Y, torch.empty(4, device="meta"))


POLARS = {
    "numbers": (Y, SCORES),
    "booleans": ([False, False, True, True], SCORES),
    "strings": (["a", "a", "b", "b"], SCORES),
    "integers": (Y, [1, 4, 3, 8]),
}


@pytest.mark.parametrize("kind", POLARS)
def test_polars_columns(kind: str) -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    labels, scores = map(polars.Series, POLARS[kind])
    assert roc_auc_score(labels, scores) == 0.75
    assert average_precision_score(labels, scores, pos_label=labels[3]) == pytest.approx(5 / 6)
    assert evaluate(polars.Series(Y), scores, "binary").auc == 0.75
    table = polars.DataFrame({"a": scores, "b": scores})
    assert roc_auc_score(np.c_[Y, Y], table) == 0.75


METRICS = [roc_auc_score, average_precision_score, roc_curve, precision_recall_curve]


@pytest.mark.skipif(np.dtype("g").itemsize == 8, reason="longdouble is float64 here")
@pytest.mark.parametrize("metric", METRICS)
def test_longdouble_is_refused(metric: Any) -> None:
    wide = np.array(SCORES, np.longdouble)
    with pytest.raises(UnsupportedError, match="y_score must be of a real numeric dtype"):
        metric(Y, wide)
    with pytest.raises(UnsupportedError, match="y_true of dtype"):
        metric(np.array(Y, np.longdouble), SCORES)
    with pytest.raises(UnsupportedError, match="sample_weight must be"):
        metric(Y, SCORES, sample_weight=wide)


@pytest.mark.parametrize(
    "dtype",
    ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">f4", ">f8", ">i2"],
)
def test_thresholds_keep_the_dtype_of_the_scores(dtype: str) -> None:
    scores = np.array([0, 1, 1, 0, 1], dtype)
    thresholds = precision_recall_curve([0, 0, 1, 1, 1], scores)[2]
    assert thresholds.dtype == scores.dtype
    assert thresholds.tolist() == [0, 1]
    assert roc_curve([0, 0, 1, 1, 1], scores)[2].dtype == np.float64


def test_neither_torch_nor_scikit_learn_is_imported() -> None:
    code = (
        "import sys, medfast.metrics as m; m.roc_auc_score([0, 1], [0.1, 0.2]);"
        "print([name for name in ('torch', 'sklearn', 'pandas', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_date_is_no_class() -> None:
    labels = np.array(["2020-01-01", "NaT", "2020-01-01"], "M8[D]")
    with pytest.raises(InvalidValueError, match="NaT at row 1"):
        roc_auc_score(labels, [0.1, 0.9, 0.3])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_infinite_scores_are_the_ends(dtype: str) -> None:
    y = np.array([0, 1, 0, 1, 0])
    scores = np.array([-np.inf, -1.0, 2.0, np.inf, np.inf], dtype)
    ranks = np.array([0, 1, 2, 3, 3], dtype)
    weights = np.array([1, 2, 3, 4, 5])
    for options in ({}, {"sample_weight": weights}, {"max_fpr": 0.5}):
        assert roc_auc_score(y, scores, **options) == roc_auc_score(y, ranks, **options)
    table, labels = np.c_[scores, -scores], np.c_[y, 1 - y]
    finite = np.clip(table, -9, 9)
    for average in ("macro", "micro", "samples", "weighted"):
        expected = roc_auc_score(labels, finite, average=average)
        assert roc_auc_score(labels, table, average=average) == expected
    assert accuracy(y, scores, "binary", threshold=0.0) == 0.4


@pytest.mark.parametrize("multi_class", ["ovr", "ovo"])
@pytest.mark.parametrize("row", [[np.inf, 0, 0], [-np.inf, 1, 0], [np.inf, -np.inf, 1]])
def test_rows_with_infinities_are_no_probabilities(multi_class: Any, row: list[float]) -> None:
    table = np.full((6, 3), 1 / 3)
    table[4] = row
    with pytest.raises(InvalidValueError, match="row 4"):
        roc_auc_score([0, 1, 2, 0, 1, 2], table, multi_class=multi_class)


def test_the_largest_score_may_be_infinite() -> None:
    table = [[0.0, np.inf, 1.0], [-np.inf, -np.inf, 0.0], [-np.inf, -np.inf, -np.inf]]
    assert accuracy([1, 2, 0], table, "multi-class") == 1.0


def test_any_byte_but_zero_of_a_bool_is_true() -> None:
    labels = np.array([0, 1, 255, 2, 0], np.uint8).view(np.bool_)
    scores = [0.4, 0.1, 0.5, 0.6, 0.2]
    assert roc_auc_score(labels, scores) == roc_auc_score([0, 1, 1, 1, 0], scores)
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(roc_auc_score(labels[1:4], scores[1:4]))


def test_masked_values_are_refused() -> None:
    plain = np.ma.array([0, 1, 0, 1])
    assert roc_auc_score(plain, [0.1, 0.2, 0.3, 0.4]) == 0.75
    plain[2] = np.ma.masked
    for function in (roc_auc_score, roc_curve, precision_recall_curve):
        with pytest.raises(InvalidValueError, match="y_true is masked at row 2"):
            function(plain, [0.1, 0.2, 0.3, 0.4])
        with pytest.raises(InvalidValueError, match="y_score is masked at row 2"):
            function([0, 1, 0, 1], plain)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_missing_labels_are_named(missing: Any) -> None:
    labels = np.array(["a", "b", missing, "a"], object)
    with pytest.raises(UnsupportedError, match=r"at row 2; leave rows without a label out"):
        roc_auc_score(labels, [0.1, 0.2, 0.3, 0.4])


def test_numbers_beyond_floats_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="y_score must hold numbers"):
        roc_auc_score([0, 1], np.array([1, 10**400], object))
    with pytest.raises(UnsupportedError, match="sample_weight must hold numbers"):
        roc_auc_score([0, 1], [0.1, 0.2], sample_weight=np.array([1, 10**400], object))


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="numpy < 2 has no StringDType")
def test_strings_of_any_length_are_labels() -> None:
    labels = np.array(["a", "b", "a", "b"], np.dtypes.StringDType())
    assert roc_auc_score(labels, [0.1, 0.2, 0.3, 0.4]) == 0.75
