"""Figures over seeds and their differences."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import t

from medfast.errors import DegenerateIntervalWarning, UndefinedMetricWarning
from medfast.metrics import accuracy, evaluate, roc_auc_interval, roc_auc_test
from medfast.results.repeats import (
    Figure,
    acc_figure,
    auc_figure,
    compare_acc,
    compare_auc,
    compare_values,
    mean_over_sets,
)
from medfast.results.report.answers import Answers
from medfast.results.report.intervals import area_intervals
from medfast.results.runs import Outcome
from medfast.results.score import score_predictions
from medfast.task import Task

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = {Task.BINARY: 2, Task.MULTI_CLASS: 4, Task.ORDINAL: 5, Task.MULTI_LABEL: 3}


def outcomes(task: Task, runs: int, *, n: int = 120, skill: float = 1.0, seed: int = 0):
    """Runs on the same images, which have their own difficulty."""
    rng = np.random.default_rng(99)
    classes = CLASSES[task]
    if task is Task.MULTI_LABEL:
        labels = rng.integers(0, 2, (n, classes))
        truth = labels
    else:
        labels = rng.permutation(np.arange(n) % classes)[:, None]
        truth = labels == np.arange(classes)
    images = rng.normal(size=truth.shape)
    rng = np.random.default_rng([5, seed])
    found = []
    for _ in range(runs):
        logits = truth * (skill + rng.normal(0, 0.2)) + images + rng.normal(size=truth.shape) - 0.5
        scores = 1 / (1 + np.exp(-logits))
        if task is not Task.MULTI_LABEL:
            scores /= scores.sum(axis=1, keepdims=True)
        found.append(Outcome(labels.astype(np.uint8), scores.astype(np.float32), task))
    return found


def delong_components(truth: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """What each image contributes to the area, pair by pair; the sum of squares is the variance."""
    wins = (scores[truth == 1][:, None] > scores[truth == 0]) + 0.5 * (
        scores[truth == 1][:, None] == scores[truth == 0]
    )
    part = np.zeros(len(truth))
    for value, axis in ((1, 1), (0, 0)):
        own = wins.mean(axis=axis)
        part[truth == value] = (own - own.mean()) / math.sqrt(len(own) * (len(own) - 1))
    return part


@pytest.mark.parametrize("task", CLASSES)
def test_a_single_run_has_the_intervals_of_the_metrics(task: Task) -> None:
    (run,) = outcomes(task, 1)
    figure = auc_figure([run])
    if task is Task.BINARY:
        expected = roc_auc_interval(run.labels[:, 0], run.scores[:, 1])
    elif task is Task.MULTI_LABEL:
        expected = roc_auc_interval(run.labels, run.scores)
    else:
        expected = roc_auc_interval(run.labels[:, 0], run.scores, labels=range(CLASSES[task]))
    assert figure.mean == pytest.approx(expected.estimate, abs=1e-15)
    assert figure.interval == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert figure.interval == figure.of_images
    assert figure.variance == pytest.approx(expected.std_error**2)
    assert (figure.seed_variance, figure.df) == (0, math.inf)
    assert math.isnan(figure.std)
    assert math.isnan(figure.of_seeds[0])


@pytest.mark.parametrize("task", CLASSES)
def test_figures_are_the_means_of_the_metrics(task: Task) -> None:
    runs = outcomes(task, 3)
    areas, shares = auc_figure(runs), acc_figure(runs)
    for run, auc, acc in zip(runs, areas.values, shares.values, strict=True):
        assert auc == pytest.approx(evaluate(run.labels, run.scores, task).auc, abs=1e-15)
        assert acc == pytest.approx(accuracy(run.labels, run.scores, task), abs=1e-15)
    assert areas.mean == pytest.approx(np.mean(areas.values))
    assert shares.std == pytest.approx(np.std(shares.values, ddof=1))


def test_the_accuracy_of_one_run_has_wilsons_interval() -> None:
    (run,) = outcomes(Task.BINARY, 1)
    figure, n, z = acc_figure([run]), len(run.labels), 1.959963984540054
    p = figure.mean
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert figure.interval == pytest.approx((middle - reach, middle + reach), abs=1e-12)


def test_labels_of_one_image_are_no_independent_answers() -> None:
    (run,) = outcomes(Task.MULTI_LABEL, 1)
    same = Outcome(np.repeat(run.labels[:, :1], 3, 1), np.repeat(run.scores[:, :1], 3, 1), run.task)
    single = Outcome(run.labels[:, :1], run.scores[:, :1], Task.BINARY)
    assert acc_figure([same]).interval == pytest.approx(acc_figure([single]).interval, abs=1e-12)


def test_several_runs_have_the_variance_of_obuchowski_and_rockette() -> None:
    runs = outcomes(Task.BINARY, 4)
    figure = auc_figure(runs)
    parts = [delong_components(run.labels[:, 0], run.scores[:, 1]) for run in runs]
    covariance = np.array([[(a * b).sum() for b in parts] for a in parts])
    between = covariance[~np.eye(4, dtype=bool)].mean()
    seeds = np.var(figure.values, ddof=1)
    expected = seeds / 4 + between
    assert expected > covariance.mean()  # nothing is clamped here
    assert figure.variance == pytest.approx(expected)
    assert figure.df == pytest.approx(expected**2 / ((seeds / 4) ** 2 / 3))
    low, high = figure.of_seeds
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, 3) * math.sqrt(seeds / 4))
    logit = [math.log(x / (1 - x)) for x in (*figure.interval, figure.mean)]
    assert logit[0] + logit[1] == pytest.approx(2 * logit[2])
    error = math.sqrt(expected) / (figure.mean * (1 - figure.mean))
    assert logit[1] - logit[2] == pytest.approx(t.ppf(0.975, figure.df) * error)


@pytest.mark.parametrize("make", [auc_figure, acc_figure])
def test_seeds_never_make_the_variance_less_than_that_of_the_images(make) -> None:
    runs = outcomes(Task.BINARY, 3)
    mirrored = [runs[0], runs[0], runs[0]]
    figure, single = make(mirrored), make(runs[:1])
    assert figure.std == pytest.approx(0, abs=1e-12)
    assert figure.variance == pytest.approx(single.variance)
    assert figure.interval == pytest.approx(single.interval)


def test_a_higher_level_is_wider() -> None:
    runs = outcomes(Task.MULTI_CLASS, 3)
    for make in (auc_figure, acc_figure):
        narrow, wide = make(runs, level=0.5).interval, make(runs, level=0.99).interval
        assert wide[0] < narrow[0] < narrow[1] < wide[1]


@pytest.mark.parametrize("runs", [1, 2])
def test_a_split_of_one_class_has_no_auc(runs: int) -> None:
    found = [
        Outcome(np.zeros_like(run.labels), run.scores, run.task)
        for run in outcomes(Task.BINARY, runs)
    ]
    with pytest.warns(UndefinedMetricWarning):
        figure = auc_figure(found)
    values = (figure.mean, *figure.interval, *figure.of_images, figure.variance)
    assert all(map(math.isnan, values))
    assert 0 <= acc_figure(found).interval[0] <= 1


@pytest.mark.parametrize("images", [(1, 1, 1), (40, 40, 1)], ids=["each", "one of three"])
@pytest.mark.parametrize("runs", [1, 2])
def test_a_class_of_one_image_leaves_no_interval_whatever_the_command(
    runs: int, images: tuple[int, ...], tmp_path: Path
) -> None:
    """Nor does a bootstrap know of one, whose replicates all hold the same image of the class."""
    labels = np.repeat(np.arange(3, dtype=np.uint8), images)[:, None]
    scores = np.random.default_rng(0).dirichlet([1, 1, 1], (runs, len(labels))).astype(np.float32)
    with pytest.warns(DegenerateIntervalWarning):
        compared = auc_figure([Outcome(labels, one, Task.MULTI_CLASS) for one in scores])
    reported = area_intervals(
        [Answers(Task.MULTI_CLASS, ("a", "b", "c"), labels, one) for one in scores]
    )
    assert compared.mean == reported.mean.value
    assert np.isnan([*compared.interval, *compared.of_images, *reported.mean[1:]]).all()
    rows = np.column_stack([np.arange(len(labels)), labels, scores[0]])
    heading = "id,true_0,score_0,score_1,score_2"
    np.savetxt(tmp_path / "scores.csv", rows, "%.9g", ",", header=heading, comments="")
    scored = score_predictions(tmp_path / "scores.csv").auc
    assert scored.estimate == pytest.approx(compared.values[0])
    assert np.isnan([scored.low, scored.high]).all()


def test_a_perfect_ranking_has_a_point_for_an_interval_and_says_so() -> None:
    labels = np.arange(20)[:, None] % 2
    run = Outcome(labels, labels.astype(np.float32), Task.BINARY)
    with pytest.warns(DegenerateIntervalWarning):
        figure = auc_figure([run, run])
    assert figure.interval == (1, 1)
    share = acc_figure([run, run])
    assert share.interval[1] == 1
    assert share.interval[0] == pytest.approx(20 / (20 + 1.96**2), abs=1e-4)


@pytest.mark.parametrize("task", CLASSES)
def test_two_single_runs_are_compared_by_delong(task: Task) -> None:
    (a,), (b,) = outcomes(task, 1), outcomes(task, 1, skill=0.6, seed=1)
    found = compare_auc([a], [b], (auc_figure([a]), auc_figure([b])))
    if task is Task.BINARY:
        expected = roc_auc_test(a.labels[:, 0], a.scores[:, 1], b.scores[:, 1])
    elif task is Task.MULTI_LABEL:
        expected = roc_auc_test(a.labels, a.scores, b.scores)
    else:
        expected = roc_auc_test(a.labels[:, 0], a.scores, b.scores, labels=range(CLASSES[task]))
    assert found.test == "DeLong"
    assert found.p_value == pytest.approx(expected.p_value)
    assert found.interval == pytest.approx((expected.low, expected.high))


def test_two_single_runs_are_compared_by_mcnemar() -> None:
    labels = np.ones((30, 1), np.uint8)
    first, second = np.full((30, 1), 0.9, np.float32), np.full((30, 1), 0.9, np.float32)
    first[:2], second[2:10] = 0.1, 0.1
    a, b = (Outcome(labels, scores, Task.BINARY) for scores in (first, second))
    found = compare_acc([a], [b], (acc_figure([a]), acc_figure([b])))
    assert found.test == "McNemar"
    assert found.difference == pytest.approx(6 / 30)
    assert found.p_value == pytest.approx(2 * (1 + 10 + 45) / 2**10)  # 8 against 2
    same = compare_acc([a], [a], (acc_figure([a]), acc_figure([a])))
    assert (same.difference, same.p_value) == (0, 1)


def test_images_with_several_labels_or_runs_are_compared_by_sign() -> None:
    (a,), (b,) = outcomes(Task.MULTI_LABEL, 1), outcomes(Task.MULTI_LABEL, 1, seed=1)
    assert compare_acc([a], [b], (acc_figure([a]), acc_figure([b]))).test == "sign"
    c = outcomes(Task.BINARY, 3)
    found = compare_acc(c[:1], c[1:], (acc_figure(c[:1]), acc_figure(c[1:])))
    assert found.test == "sign"
    assert 0 < found.p_value <= 1


def test_several_runs_count_the_seeds_in() -> None:
    first, second = outcomes(Task.BINARY, 4), outcomes(Task.BINARY, 3, skill=0.5, seed=1)
    for make, compare in ((auc_figure, compare_auc), (acc_figure, compare_acc)):
        figures = (make(first), make(second))
        found = compare(first, second, figures)
        turned = compare(second, first, figures[::-1])
        assert found.test == "seeds and images"
        assert found.difference == pytest.approx(figures[0].mean - figures[1].mean)
        assert turned.difference == pytest.approx(-found.difference)
        assert turned.p_value == pytest.approx(found.p_value)


def test_the_variance_of_a_difference_is_that_of_its_parts() -> None:
    first, second = outcomes(Task.BINARY, 2), outcomes(Task.BINARY, 3, seed=1)
    figures = (auc_figure(first), auc_figure(second))
    found = compare_auc(first, second, figures)
    mean = [
        np.mean([delong_components(run.labels[:, 0], run.scores[:, 1]) for run in runs], axis=0)
        for runs in (first, second)
    ]
    variance = ((mean[0] - mean[1]) ** 2).sum() + sum(one.seed_variance for one in figures)
    shares = [np.var(one.values, ddof=1) / len(one.values) for one in figures]
    df = variance**2 / (shares[0] ** 2 / 1 + shares[1] ** 2 / 2)
    expected = 2 * t.sf(abs(found.difference) / math.sqrt(variance), df)
    assert found.p_value == pytest.approx(expected)


def test_the_same_runs_do_not_differ() -> None:
    runs = outcomes(Task.MULTI_CLASS, 1) * 2
    figures = (auc_figure(runs), auc_figure(runs))
    found = compare_auc(runs, runs, figures)
    assert (found.difference, found.p_value, found.interval) == (0, 1, (0, 0))


def test_sets_vary_independently() -> None:
    figures = [auc_figure(outcomes(Task.BINARY, 3)), acc_figure(outcomes(Task.MULTI_CLASS, 2))]
    mean = mean_over_sets(figures)
    assert mean.mean == pytest.approx((figures[0].mean + figures[1].mean) / 2)
    assert mean.variance == pytest.approx((figures[0].variance + figures[1].variance) / 4)
    assert mean.interval[0] < mean.mean < mean.interval[1]
    assert min(one.df for one in figures) < mean.df


def test_a_mean_over_sets_without_an_auc_is_undefined() -> None:
    figure = auc_figure(outcomes(Task.BINARY, 1))
    without = Figure(math.nan, (math.nan,), math.nan, *[(math.nan, math.nan)] * 3, *[math.nan] * 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(mean_over_sets([figure, without]).interval[0])


def test_measures_of_runs_are_compared_as_scipy_does() -> None:
    from scipy.stats import ttest_ind

    first, second = [0.3, 0.5, 0.1, 0.7], [1.4, 1.1, 1.9]
    found = compare_values(first, second, level=0.9)
    expected = ttest_ind(first, second, equal_var=False)
    assert found.difference == pytest.approx(np.mean(first) - np.mean(second))
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval(0.9)))
    assert found.test == "Welch"


def test_measures_of_single_runs_are_not_compared() -> None:
    found = compare_values([0.3], [0.1, 0.2])
    assert found.difference == pytest.approx(0.15)
    assert math.isnan(found.p_value)
    assert all(map(math.isnan, found.interval))
    assert math.isnan(compare_values([0.3, math.nan], [0.1, 0.2]).p_value)
    assert compare_values([2, 2], [2, 2]).p_value == 1


def test_runs_that_differ_much_have_the_widest_interval() -> None:
    labels = np.arange(40)[:, None] % 2
    perfect = labels.astype(np.float32)
    rng = np.random.default_rng(0)
    chance = rng.random((40, 1)).astype(np.float32)
    runs = [
        Outcome(labels, scores, Task.BINARY) for scores in (perfect * 0.8 + 0.2 * chance, chance)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateIntervalWarning)
        found = auc_figure(runs, level=1 - 1e-4)
    assert found.interval == (0, 1)


def test_the_same_networks_do_not_differ() -> None:
    """Their variance over images is 0, and their seeds' may be less than the runs show."""
    runs = outcomes(Task.BINARY, 3)
    found = compare_auc(runs, runs, (auc_figure(runs), auc_figure(runs)))
    assert (found.difference, found.p_value) == (0, 1)
    assert -1 < found.interval[0] == -found.interval[1]
    alike = runs[:1] * 2
    found = compare_auc(alike, alike, (auc_figure(alike), auc_figure(alike)))
    assert (found.difference, found.interval, found.p_value) == (0, (0, 0), 1)
