"""The figures of a report, against the libraries that define them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, norm
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
)
from torchmetrics.functional.classification import (
    binary_calibration_error,
    multiclass_calibration_error,
)

from medfast.metrics import accuracy, roc_auc_interval, roc_curve
from medfast.results.report.answers import Answers
from medfast.results.report.calibration import calibrate
from medfast.results.report.classes import class_figures, confusion_counts, label_counts
from medfast.results.report.curves import precision_recall_points, roc_band
from medfast.results.report.intervals import (
    accuracy_interval,
    area_intervals,
    exact_bounds,
    wilson_interval,
)
from medfast.results.report.samples import choose_samples
from medfast.task import Task

N = 200


def answers(task: Task, seed: int = 0, *, classes: int = 4, labels: Any = None) -> Answers:
    rng = np.random.default_rng(9)
    classes = 2 if task is Task.BINARY else classes
    if labels is None:
        shape, high = ((N, classes), 2) if task is Task.MULTI_LABEL else ((N, 1), classes)
        labels = rng.integers(0, high, shape).astype(np.uint8)
    noise = np.random.default_rng(seed).normal(0, 1.5, (len(labels), classes))
    if task is Task.MULTI_LABEL:
        scores = 1 / (1 + np.exp(-(2.0 * labels - 1 + noise)))
    else:
        odds = np.exp(2.0 * (labels == np.arange(classes)) + noise)
        scores = odds / odds.sum(axis=1, keepdims=True)
    return Answers(task, tuple("abcdefgh"[:classes]), labels, scores.astype(np.float32))


@pytest.mark.parametrize("task", list(Task))
def test_decisions_are_those_of_the_accuracy(task: Task) -> None:
    found = answers(task)
    assert found.right.mean() == accuracy(found.labels, found.scores, task)
    assert found.truth.shape == found.decided.shape == found.scores.shape


@pytest.mark.parametrize("task", list(Task))
def test_figures_of_classes_are_scikit_learns(task: Task) -> None:
    found = answers(task)
    figures = class_figures(found)
    for column in range(len(found.names)):
        truth, said = found.truth[:, column], found.decided[:, column]
        assert figures.support[column] == truth.sum()
        assert figures.precision[column] == pytest.approx(precision_score(truth, said))
        assert figures.recall[column] == pytest.approx(recall_score(truth, said))
        assert figures.f1[column] == pytest.approx(f1_score(truth, said))


def test_what_was_never_named_has_no_precision() -> None:
    labels = np.array([[0], [1], [1]], np.uint8)
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]], np.float32)
    figures = class_figures(Answers(Task.BINARY, ("a", "b"), labels, scores))
    assert np.isnan(figures.precision[1])
    assert figures.recall.tolist() == [1, 0]


def test_pairs_and_labels_are_counted() -> None:
    found = answers(Task.MULTI_CLASS)
    expected = confusion_matrix(found.labels[:, 0], found.scores.argmax(axis=1))
    assert np.array_equal(confusion_counts(found), expected)
    absent = np.zeros((5, 1), np.uint8)
    assert confusion_counts(answers(Task.MULTI_CLASS, labels=absent)).shape == (4, 4)
    found = answers(Task.MULTI_LABEL)
    for column, counts in enumerate(label_counts(found)):
        expected = confusion_matrix(found.labels[:, column], found.scores[:, column] > 0.5)
        assert np.array_equal(counts, expected)


def test_the_calibration_error_is_that_of_torchmetrics() -> None:
    found = answers(Task.BINARY)
    scores, truth = torch.tensor(found.scores), torch.tensor(found.labels[:, 0].astype(int))
    expected = binary_calibration_error(scores[:, 1].contiguous(), truth, n_bins=10)
    assert calibrate(found).ece == pytest.approx(float(expected), abs=1e-6)
    found = answers(Task.MULTI_CLASS)
    scores, truth = torch.tensor(found.scores), torch.tensor(found.labels[:, 0].astype(int))
    expected = multiclass_calibration_error(scores, truth, num_classes=4, n_bins=10)
    assert calibrate(found).ece == pytest.approx(float(expected), abs=1e-6)
    found = answers(Task.MULTI_LABEL)
    pooled = torch.tensor(found.scores.ravel()), torch.tensor(found.labels.ravel().astype(int))
    expected = binary_calibration_error(*pooled, n_bins=10)
    assert calibrate(found).ece == pytest.approx(float(expected), abs=1e-6)


def test_the_brier_score_is_scikit_learns() -> None:
    found = answers(Task.BINARY)
    expected = brier_score_loss(found.labels[:, 0], found.scores[:, 1])
    assert calibrate(found).brier == pytest.approx(expected)
    found = answers(Task.MULTI_CLASS)
    parts = [brier_score_loss(found.truth[:, c], found.scores[:, c]) for c in range(4)]
    assert calibrate(found).brier == pytest.approx(sum(parts))
    found = answers(Task.MULTI_LABEL)
    parts = [brier_score_loss(found.truth[:, c], found.scores[:, c]) for c in range(4)]
    calibration = calibrate(found)
    assert calibration.brier == pytest.approx(np.mean(parts))
    shares = np.broadcast_to(found.truth.mean(axis=0), found.truth.shape)
    parts = [brier_score_loss(found.truth[:, c], shares[:, c]) for c in range(4)]
    assert calibration.brier_of_shares == pytest.approx(np.mean(parts))


@pytest.mark.parametrize("task", list(Task))
def test_calibration_bins_hold_every_probability(task: Task) -> None:
    found = calibrate(answers(task))
    assert found.counts.sum() == N * (4 if task is Task.MULTI_LABEL else 1)
    assert np.allclose(found.hits / found.counts, found.observed)
    assert (np.abs(found.stated - found.centres) <= 0.05 + 1e-9).all()


def test_areas_are_those_of_the_metrics() -> None:
    found = answers(Task.MULTI_CLASS)
    areas = area_intervals([found])
    expected = roc_auc_interval(found.labels[:, 0], found.scores, labels=range(4))
    assert areas.mean == pytest.approx((expected.estimate, expected.low, expected.high), abs=1e-12)
    for ours, theirs in zip(areas.per_class, expected.per_class, strict=True):
        assert ours == pytest.approx((theirs.estimate, theirs.low, theirs.high), abs=1e-12)
    assert areas.absent == ()
    found = answers(Task.BINARY)
    areas = area_intervals([found])
    assert areas.per_class == (areas.mean, areas.mean)
    assert areas.mean.value == roc_auc_interval(found.labels[:, 0], found.scores[:, 1]).estimate


def test_runs_are_averaged() -> None:
    runs = [answers(Task.MULTI_LABEL, seed) for seed in range(3)]
    alone = [area_intervals([run]) for run in runs]
    together = area_intervals(runs)
    assert together.of_runs == tuple(one.mean.value for one in alone)
    assert together.mean.value == pytest.approx(np.mean(together.of_runs))
    assert together.std == pytest.approx(np.std(together.of_runs, ddof=1))
    for column in range(4):
        values = [one.per_class[column].value for one in alone]
        assert together.per_class[column].value == pytest.approx(np.mean(values))
    right = [run.right.mean() for run in runs]
    assert accuracy_interval(runs).value == pytest.approx(np.mean(right))


def test_a_class_without_an_area_is_left_out() -> None:
    labels = np.random.default_rng(0).integers(0, 2, (N, 3)).astype(np.uint8)
    labels[:, 1] = 0
    areas = area_intervals([answers(Task.MULTI_LABEL, classes=3, labels=labels)])
    assert areas.absent == (1,)
    assert np.isnan(areas.per_class[1].value)
    defined = [areas.per_class[column].value for column in (0, 2)]
    assert areas.mean.value == pytest.approx(np.mean(defined))
    nothing = area_intervals([answers(Task.BINARY, labels=np.ones((5, 1), np.uint8))])
    assert nothing.absent == (0, 1)
    assert not nothing.mean.has_interval


@pytest.mark.parametrize("runs", [1, 3])
def test_a_mean_with_a_class_of_a_single_image_has_no_interval(runs: int) -> None:
    labels = np.random.default_rng(0).integers(0, 2, (N, 3)).astype(np.uint8)
    labels[:, 1] = np.arange(N) == 7
    found = [answers(Task.MULTI_LABEL, seed, classes=3, labels=labels) for seed in range(runs)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        areas = area_intervals(found)
    assert areas.lone == (1,)
    assert areas.mean.value > 0.5
    assert [one.has_interval for one in (areas.mean, *areas.per_class)] == [0, 1, 0, 1]


def test_bounds_of_shares_are_scipys() -> None:
    low, high = exact_bounds(np.arange(13), 12, 0.97)
    for count in range(13):
        expected = binomtest(count, 12).proportion_ci(0.97, method="exact")
        assert (low[count], high[count]) == pytest.approx((expected.low, expected.high))
    assert exact_bounds(np.array([0, 1]), 1, 0.95)[0][0] == 0
    share = wilson_interval(3, 12)
    assert share.value == 0.25
    assert 0 < share.low < 0.25 < share.high < 1


def test_the_band_holds_the_curve_of_the_sample() -> None:
    found = answers(Task.BINARY)
    truth, scores = found.truth[:, 1], found.scores[:, 1]
    band = roc_band(truth, scores)
    fpr, tpr, _ = roc_curve(truth, scores, drop_intermediate=False)
    assert (band.low <= np.interp(band.fpr, fpr, tpr)).all()
    steps = tpr[np.searchsorted(fpr, band.fpr, side="right") - 1]
    assert (steps <= band.high + 1e-12).all()
    assert (np.diff(band.low) >= 0).all()
    assert (np.diff(band.high) >= 0).all()


@pytest.mark.parametrize("distance", [1.0, 2.5])
def test_the_band_holds_the_true_curve_in_95_tests_of_100(distance: float) -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat([True, False], [42, 114])
    held = []
    for _ in range(200):
        band = roc_band(truth, rng.normal(distance * truth, 1))
        curve = norm.sf(norm.isf(band.fpr) - distance)
        held.append(((band.low <= curve + 1e-12) & (curve <= band.high + 1e-12)).all())
    assert np.mean(held) >= 0.95


def test_precision_and_recall_end_without_a_spike() -> None:
    found = answers(Task.BINARY)
    truth, scores = found.truth[:, 1], found.scores[:, 1]
    curve = precision_recall_points(truth, scores)
    assert curve.average_precision == pytest.approx(average_precision_score(truth, scores))
    assert curve.prevalence == truth.mean()
    assert curve.recall[-1] == 0
    assert curve.precision[-1] == curve.precision[-2]


def test_samples_are_what_they_are_said_to_be() -> None:
    found = answers(Task.MULTI_CLASS)
    chosen = choose_samples(found, 8)
    of_truth = found.scores[found.truth]
    assert found.right[chosen.right].all()
    assert not found.right[chosen.wrong].any()
    wrong = np.flatnonzero(~found.right[:, 0])
    assert set(chosen.wrong) == set(wrong[np.argsort(of_truth[wrong])][:8])
    assert chosen.wrong[0] == wrong[of_truth[wrong].argmin()]
    assert found.scores[chosen.uncertain].max(axis=1).mean() < found.scores.max(axis=1).mean()
    again = choose_samples(found, 8)
    assert all(np.array_equal(a, b) for a, b in zip(chosen, again, strict=True))


def test_samples_of_certain_and_of_few_answers() -> None:
    labels = np.array([[0, 1], [1, 1], [0, 0]], np.uint8)
    certain = Answers(Task.MULTI_LABEL, ("a", "b"), labels, np.float32(1 - labels))
    chosen = choose_samples(certain, 8)
    assert len(chosen.right) == 0
    assert sorted(chosen.wrong) == [0, 1, 2]
